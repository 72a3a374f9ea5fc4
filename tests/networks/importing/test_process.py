"""The process of a model: what it answers is data, what it does has limits, and every failure is one line."""

import json
import sys

import pytest

from symbp.errors import NoModelError, SpecError
from symbp.networks.importing import process
from symbp.networks.places import Model, place


@pytest.fixture
def answering(tmp_path):
    """A Python that runs a few lines in the place of the child; ``folder`` is that of the request."""

    def python(lines):
        program = tmp_path / "python"
        body = f"import json, os, sys\nfolder = sys.argv[-1]\n{lines}"
        program.write_text(f"#!{sys.executable}\n{body}")
        program.chmod(0o755)
        return str(program)

    return python


@pytest.fixture
def model(tmp_path):
    file = tmp_path / "model.py"
    file.write_text("def make(): ...")
    return Model(file, "make")


NAME = "model.py:make"


def leaving(answer):
    return f"open(folder + '/answer.json', 'w').write({json.dumps(answer)!r})"


def test_what_is_asked_for(answering):
    program = answering("open(folder + '/answer.json', 'w').write(open(folder + '/request.json').read())")
    found = process.answer(process.TORCH, {"source": "model.py"}, NAME, python=program)
    assert found == {"source": "model.py"}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"missing": "torch"}, "model.py:make: the Python that runs it has no PyTorch: pip install torch, or"),
        (
            {"refused": [{"line": 3, "what": "topk"}, {"line": None, "what": "a\nb"}]},
            r"model.py, line 3: topk; model.py: a b\Z",
        ),
        ({"refused": [{"line": 3, "what": "x"}] * 50}, "and 10 more"),
        (
            {"error": "ValueError", "says": "no\x1b[2J", "line": 7, "while": "calling"},
            r"model.py, line 7: make\(\) raised ValueError: no \[2J\Z",
        ),
        (
            {"error": "SystemExit", "says": "", "line": None, "while": "loading"},
            "model.py: loading it raised SystemExit",
        ),
    ],
)
def test_an_answer_that_is_no_model(answer, said):
    with pytest.raises(SpecError, match=said) as raised:
        process.told(answer, process.TORCH, NAME)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "answer",
    [{"refused": 3}, {"refused": [3]}, {"error": ["x"], "says": 1, "line": 0, "while": []}, {"error": "x"}, [1]],
)
def test_an_answer_that_nobody_of_ours_wrote(answer):
    with pytest.raises((TypeError, ValueError, LookupError)):
        process.told(answer, process.TORCH, NAME)


def test_a_name_that_is_no_model():
    with pytest.raises(NoModelError, match=r"model.py:make is a dict, and no model: return a module"):
        process.told({"other": "a dict"}, process.TORCH, NAME)


@pytest.mark.long  # Processes; the supervisor they have in common has short tests of its own.
@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("os._exit(3)", r"without an answer \(exit code 3\)"),
        (leaving({"refused": 3}), "cannot be read"),
        ("os.kill(os.getpid(), 9)", r"without an answer \(signal 9\)"),
        ("sys.stdout.write('x' * 3_000_000)", "without an answer"),
        ("import time; time.sleep(60)", "not done within 1 s"),
        ("os.fork() and os._exit(0); import time; time.sleep(60)", r"\(exit code 0\)"),
        ("open(folder + '/answer.json', 'w').write('[' * 100_000)", "cannot be read"),
        ("open(folder + '/answer.json', 'wb').write(bytes(range(256)))", "cannot be read"),
        ("os.mkfifo(folder + '/answer.json')", "a pipe"),
    ],
    ids=["exit", "wrong", "signal", "prints", "hangs", "forks", "deep", "no text", "pipe"],
)
def test_a_process_without_an_answer(answering, lines, said):
    with pytest.raises(SpecError, match=said):
        process.answer(process.TORCH, {}, NAME, python=answering(lines), seconds=1)


def test_a_python_that_is_not_there():
    with pytest.raises(SpecError, match="--python nosuchpython: no such program"):
        process.answer(process.TORCH, {}, NAME, python="nosuchpython")


def test_the_package_that_is_missing():
    with pytest.raises(SpecError, match=r"a.onnx: the Python that runs it has no package onnx: pip install onnx\Z"):
        process.told({"missing": "onnx"}, process.ONNX, "a.onnx")


def test_names_of_models(model, tmp_path):
    assert place(f"{model.path}:make") == model
    for name, said in (
        (f"{model.path}", "name what returns the model, as in model.py:make"),
        (f"{model.path}:", "as in model.py:make"),
        (f"{model.path}:a b", "as in model.py:make"),
        (f"{tmp_path}/none.py:make", "no such file"),
    ):
        with pytest.raises(SpecError, match=said):
            place(name)
