"""Several verdicts of one gradient as one: a failure is never outvoted."""

import pytest

from symbp.checking.merging import together
from symbp.checking.report import FAILED, Verdict


@pytest.mark.parametrize("failed", [Verdict.NOT_FINITE, Verdict.WRONG])
@pytest.mark.parametrize("other", Verdict)
def test_one_failure_fails_whatever_else_was_found(failed, other):
    assert failed in FAILED
    assert together([failed, other]) in FAILED
    assert together([other, failed]) in FAILED


@pytest.mark.parametrize("other", [each for each in Verdict if each not in FAILED])
def test_one_proof_proves(other):
    assert together([other, Verdict.AGREES]) is Verdict.AGREES
