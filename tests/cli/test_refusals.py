"""Bad input: exit code 2, one line on stderr that names the option and the value, nothing computed or written."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from symbp.cli.main import main

BAD = [
    (["derive", "--layers", "0"], ["--layers 0", "from 1 to"]),
    (["derive", "--layers", "-1"], ["--layers -1", "from 1 to"]),
    (["derive", "--layers=-1"], ["--layers -1"]),
    (["derive", "--layers", "abc"], ["--layers abc", "whole number"]),
    (["derive", "--layers", "1e9"], ["--layers 1e9", "whole number"]),
    (["derive", "--layers", "1_0"], ["--layers 1_0", "whole number"]),
    (["derive", "--layers", " 4 "], ["--layers ' 4 '", "whole number"]),
    (["derive", "--layers", "٤"], ["--layers ٤", "whole number"]),
    (["derive", "--layers", "4.0"], ["--layers 4.0", "whole number"]),
    (["derive", "--layers", ""], ["--layers ''", "whole number"]),
    (["derive", "--layers", "4\n5"], ["--layers 4\\n5", "whole number"]),
    (["derive", "--layers", "100001"], ["--layers 100001", "at most 100000", "GB of memory"]),
    (["derive", "--layers", "9" * 5000], ["--layers 999", "whole number"]),
    (["derive", "--layers"], ["--layers", "needs a value"]),
    (["derive", "--layers", "l"], ["--layers l", "whole number"]),
    (["derive", "--layers", "L", "--widths", "3,5"], ["--widths 3,5", "one width for all"]),
    (["derive", "--layers", "L", "--show", "1"], ["--show", "number in the place of L"]),
    (["derive", "--layers", "L", "--only", "W1"], ["--only W1", "number in the place of L"]),
    (["derive", "--layers", "L", "--wrt", "W3"], ["--wrt W3", "no parameter"]),
    (["derive", "--layers", "L", "--json"], ["--json", "number in the place of L"]),
    (["check", "--layers", "L", "--formula", "dW1 = dZ1"], ["number in the place of L"]),
    (["analyze", "--layers", "L", "--activation", "tanh"], ["--layers L", "whole number"]),
    (["derive", "--widths", "3,,2"], ["--widths 3,,2", "3,5,2"]),
    (["derive", "--widths", ""], ["--widths ''"]),
    (["derive", "--widths", "3,0,2"], ["--widths 3,0,2", "0 is not a width"]),
    (["derive", "--widths", "nan"], ["--widths nan", "nan is not a width"]),
    (["derive", "--widths", "3,inf"], ["--widths 3,inf", "inf is not a width"]),
    (["derive", "--widths", "3,1000001"], ["--widths 3,1000001", "from 1 to 1000000"]),
    (["derive", "--widths", "3,-2"], ["--widths 3,-2", "-2 is not a width"]),
    (["derive", "--layers", "4", "--widths", "3,5,2"], ["--widths 3,5,2", "--layers 4 takes 5"]),
    (["derive", "--activation", ""], ["--activation ''", "name or an expression"]),
    (["derive", "--loss", "  "], ["--loss '  '", "name or an expression"]),
    (["derive", "--let", "beta"], ["--let beta", "NAME=NUMBER"]),
    (["derive", "--let", "a b=1"], ["--let a b=1", "NAME=NUMBER"]),
    (["derive", "--let", "x=1", "--let", "x=2"], ["--let x=2", "already given as 1"]),
    (["derive", "--show", "0"], ["--show 0", "from 1 to 3"]),
    (["derive", "--show", "2-1"], ["--show 2-1", "from 1 to 3"]),
    (["derive", "--show", "1-4"], ["--show 1-4", "from 1 to 3"]),
    (["derive", "--show", "1-2-3"], ["--show 1-2-3"]),
    (["derive", "--seed", "-1"], ["--seed -1", "from 0 to"]),
    (["derive", "--seed", "4294967296"], ["--seed 4294967296", "from 0 to"]),
    (["derive", "--layers", "2", "--python", "python3"], ["--python: no model is named", "model.py:make"]),
    (["derive", "lstm", "--input", "3x4"], ["--input: lstm is no model"]),
    (["check", "lstm", "--input", "3x"], ["--input 3x", "length of each axis", "5x3x8"]),
    (["derive", "none.py:make"], ["none.py:make: no such file"]),
    (["derive", __file__], ["name what returns the model", "test_refusals.py:make"]),
    (["derive", f"{__file__}:make", "--batch"], ["--batch", "its own batch"]),
    (["analyze", f"{__file__}:make", "--layers", "3"], ["--layers", "says the whole network"]),
    (["derive", "--lyers", "3"], ["--lyers", "did you mean --layers?"]),
    (["derive", "--batch=3"], ["--batch", "takes no value"]),
    (["derive", "stray"], ["stray: no such file, and no example or operation of that name", "residual-mlp"]),
    (["derive", "stray", "more"], ["more", "symbp derive --help"]),
    (["derive", "-q"], ["-q", "symbp derive --help"]),
    (["check", "--layers", "0"], ["--layers 0"]),
    (["check", "--only", "W1"], ["--only", "no such option"]),
    (["list", "activation"], ["list activation", "did you mean 'activations'?"]),
    (["deriv"], ["no command deriv; did you mean derive?"]),
    (["dervie"], ["no command dervie; did you mean derive?"]),
    (["Derive", "--layers", "4"], ["no command Derive; did you mean derive?"]),
    (["derivatoin"], ["no command derivatoin; did you mean derivation?"]),
    (["zzz"], ["no command zzz; the commands are derive, check, analyze, grade, list"]),
    (["derive\nx" * 40], ["no command"]),
    (["derive", "--layer", "3"], ["--layer: no such option; did you mean --layers?"]),
    (["derive", "--no-biases"], ["--no-biases: no such option; did you mean --no-bias?"]),
    (["derive", "--activaton=tanh"], ["--activaton: no such option; did you mean --activation?"]),
    (["analyze", "--sweeps", "layers=2"], ["--sweeps: no such option; did you mean --sweep?"]),
    (["derive", "--zzzz"], ["--zzzz: no such option; symbp derive --help lists the options"]),
    (["--nope"], ["--nope", "symbp derive --layers 4"]),
    (["--layers", "4"], ["--layers", "symbp derive --layers 4"]),
]


@pytest.mark.parametrize(("argv", "words"), BAD, ids=lambda each: " ".join(each)[:40] if isinstance(each, list) else "")
def test_bad_input_is_refused_in_one_line(
    argv: list[str],
    words: list[str],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("symbp: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    for word in words:
        assert word in err
    assert list(tmp_path.iterdir()) == []


def test_an_unexpected_error_is_one_line_that_says_how_to_see_more(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(argv: object) -> int:
        raise ZeroDivisionError("by\nzero")

    monkeypatch.setattr(sys.modules["symbp.cli.app"] if "symbp.cli.app" in sys.modules else _app(), "run", broken)
    assert main([]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "ZeroDivisionError: by zero" in err
    assert "SYMBP_DEBUG=1" in err
    monkeypatch.setenv("SYMBP_DEBUG", "1")
    assert main([]) == 1
    assert "Traceback" in capsys.readouterr().err


def _app() -> object:
    main(["--help"])
    return sys.modules["symbp.cli.app"]
