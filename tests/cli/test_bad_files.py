"""The bad input that files hold, as given to the command: one clear line each, exit code 2, in bounded time."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from symbp import BatchNorm, Network, ShapeError, derive
from symbp.cli.main import main
from symbp.limits import MAX_FILE
from symbp.networks.layers import Linear

DENSE = '[[layers]]\ntype = "dense"\nunits = 4\n'
IMAGE = "inputs = { channels = 1, height = 6, width = 6 }\n"
CONV = IMAGE + '[[layers]]\ntype = "conv2d"\nchannels = 2\n'

BAD = {
    "TOML that is not TOML": ("n.toml", "layers = [", "n.toml: not TOML: "),
    "JSON that is not JSON": ("n.json", '{"layers": [],}', "n.json: not JSON: "),
    "a wrong type": ("n.toml", 'layers = [{ type = "dense", units = "5" }]', "layers[0].units is '5', expected a"),
    "not a number": ("n.toml", "inputs = nan\n" + DENSE, "inputs is nan: give a finite number"),
    "not a number in JSON": ("n.json", '{"inputs": NaN, "layers": []}', "NaN is not a number of JSON"),
    "a negative stride": ("n.toml", CONV + "kernel = 2\nstride = -1", "cannot have stride -1: give a whole number"),
    "a kernel larger than its input": ("n.toml", CONV + "kernel = 9", "a window of 9×9 does not fit into an image"),
    "heads that do not divide": (
        "n.toml", 'inputs = 4\n[[layers]]\ntype = "attention"\ntokens = 3\nheads = 3',
        "3 heads do not divide a width of 4: give 1, 2, 4 heads",
    ),
    "statistics of one example": (
        "n.txt", "W: 4 x 3\nX: 3 x 1 input\nY: 4 x 1\nN = batchnorm(W @ X)\nloss = mse(N, Y)",
        "statistics over the batch need at least two examples, and N_1 is 4×1",
    ),
    "a skip between different shapes": (
        "n.toml", 'inputs = 3\nlayers = [{ type = "residual", layers = [{ type = "linear", units = 4 }] }]',
        "layers[0]: the residual block that ends in Z1 adds X, 3×m, to Z1, 4×m: give it a projection to 4 units",
    ),
    "a cycle": ("n.txt", "X: 3 x m\nA = B\nB = A\nloss = sum(A * X)", "a cycle in 'A = B': B needs A itself"),
    "two layers of one name": (
        "n.toml", 'layers = [{ type = "dense", name = "a" }, { type = "dense", name = "a" }]',
        "layers[1].name is a, the name of layers[0] already",
    ),
    "an empty network": ("n.toml", "layers = []", "layers is empty: a network needs at least one layer"),
    "an empty file": ("n.toml", "", "layers is missing: give layers"),
    "an empty text": ("n.txt", "", "no equations: write lines such as"),
    "ten million layers": ("n.toml", DENSE + "repeat = 10_000_000", "10,000,000 layers with their repeats"),
    "repeats in repeats": (
        "n.toml",
        "layers = [" + '{ type = "residual", repeat = 9999, layers = [' * 9 + '{ type = "linear" }' + "] }" * 9 + "]",
        "more than 10^15 layers",
    ),
    "deeply nested tables": ("n.toml", "\n".join(f"[{'.'.join('a' * k)}]" for k in range(1, 80)), "more than 32 deep"),
    "deeply nested inline tables": ("n.toml", "a = " + "{ b = " * 9000 + "1" + " }" * 9000, "nested too deeply"),
    "deeply nested JSON": ("n.json", '{"a":' * 9000 + "1" + "}" * 9000, "nested"),
    "a name for TeX": ("n.toml", DENSE + r'name = "\\input{/etc/passwd}"', "expected a name of letters, digits and _"),
    "a name between dollars": ("n.toml", DENSE + 'name = "$x$"', "name is '$x$', expected a name of letters"),
    "a name for Python": ("n.toml", DENSE + 'name = "__class__"', "name is '__class__', expected a name of letters"),
    "a name for the shell": ("n.toml", DENSE + 'name = "$(reboot)"', "name is '$(reboot)', expected a name of letters"),
    "a long name": ("n.toml", DENSE + f'name = "{"a" * 9000}"', "expected a name of letters"),
    "a look-alike of a key": ("n.toml", '[[layers]]\ntype = "dense"\n"unitѕ" = 4', r"unit\u0455: no such key"),
    "a name of an equation for TeX": ("n.txt", "X: 3 x m\n\\input{x} = X\nloss = sum(X)", "is not a name: use letters"),
    "a zero byte": ("n.toml", "inputs = 3\0", "n.toml: not TOML: "),
    "YAML": ("n.toml", "layers:\n  - type: dense\n", "n.toml: not TOML: "),
    "TOML by another name": ("n.cfg", DENSE, "reads like TOML: give the file a name that ends in .toml"),
    "a huge number": ("n.toml", f"inputs = {'9' * 4000}\n" + DENSE, "999999… (4,000 digits), expected at most"),
    "a number of 50,000 digits": ("n.toml", "inputs = " + "9" * 50_000, "a number with thousands of digits"),
    "many brackets": ("n.txt", f"X: 3 x m\nloss = sum({'(' * 40_000}X{')' * 40_000})", "at most 1000 are read"),
    "a large file": ("n.toml", "#" * (MAX_FILE + 1), "larger than 1 MB"),
    "no parameter": ("n.txt", "X: 3 x m\nloss = sum(X * X)", "no parameter to differentiate by"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("command", ["derive", "check"])
@pytest.mark.parametrize(("name", "content", "said"), BAD.values(), ids=BAD)
def test_a_bad_file_is_one_line_and_exit_code_2(
    command: str, name: str, content: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    start = time.perf_counter()
    assert main([command, name]) == 2
    out, err = capsys.readouterr()
    assert said in err
    assert err.startswith("symbp: ")
    assert (out, err.count("\n")) == ("", 1)
    assert len(err) < 400
    assert time.perf_counter() - start < 5
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_places_that_hold_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "zero.toml").symlink_to("/dev/zero")
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    (tmp_path / "gone.toml").symlink_to("nowhere.toml")
    for name, said in {
        "pipe.toml": "not a file that can be read again", "zero.toml": "not a file that can be read again",
        "folder.toml": "a folder", "loop.toml": "no such file", "gone.toml": "no such file", "a\nb": "no such file",
    }.items():  # fmt: skip
        assert main(["derive", name]) == 2
        err = capsys.readouterr().err
        assert said in err
        assert err.count("\n") == 1


@pytest.mark.parametrize("written", ["utf-8-sig", "dos"])
def test_a_byte_order_mark_and_lines_of_dos_are_read(written: str, tmp_path: Path) -> None:
    text = 'inputs = 3\nloss = "mse"\n' + DENSE + 'activation = "tanh"\n'
    data = text.encode("utf-8-sig") if written == "utf-8-sig" else text.replace("\n", "\r\n").encode()
    (tmp_path / "n.toml").write_bytes(data)
    assert main(["check", "n.toml"]) == 0


def test_standard_input_without_end_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Endless:
        def read(self, size: int = -1) -> bytes:
            assert 0 < size <= 10 * MAX_FILE, "all of it would be read"
            return b"A = X\n" * (size // 6) + b"A" * (size % 6)

    class Stdin:
        buffer = Endless()

    monkeypatch.setattr(sys, "stdin", Stdin())
    assert main(["derive", "-"]) == 2
    assert "larger than 1 MB" in capsys.readouterr().err


def test_a_batch_of_one_has_no_statistics() -> None:
    net = Network([Linear(4), BatchNorm()], 3, "mse", batch=True)
    compiled = derive(net).compile()
    values = {each.name: np.ones([int(size) for size in each.shape]) for each in net.parameters}
    with pytest.raises(ShapeError, match="X has one column, and N1 is normalised over the batch: give at least two"):
        compiled(values, np.ones((3, 1)), np.ones((4, 1)))
    loss, _ = compiled(values, np.ones((3, 2)), np.ones((4, 2)))  # No variance, and ε > 0.
    assert loss == 0
