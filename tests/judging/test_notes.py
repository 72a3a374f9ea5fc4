"""Notes: the equations of a file with their lines, marks and macros; what cannot be read is named."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from symbp.cli.main import main
from symbp.judging.notes import equations

TEX = r"""\documentclass{article}
\newcommand{\W}[1]{W^{(#1)}}
\newcommand{\dl}[1]{\delta^{(#1)}}
\begin{document}
The error of the last layer, $\dl{3} = \frac{\partial L}{\partial z^{(3)}}$, goes back: % $\dl{1} = 0$
\begin{align}
  \dl{2} &= (\W{3})^\top \dl{3} \odot \sigma'(z^{(2)}), \\
  \dl{1} &= \W{2} \dl{2} \odot \sigma'(z^{(1)}), \\
  \frac{\partial L}{\partial \W{l}} &= \dl{l} (a^{(l-1)})^\top, \qquad \frac{\partial L}{\partial b^{(2)}} = \dl{2}
\end{align}
\[ \frac{\partial L}{\partial \W{3}} = \dl{3} (a^{(3)})^\top \]
\[ \delta^{(2) = 3 \]
\[ \delta^{(2)} = \unknown{x} \]
\begin{verbatim} \[ \delta^{(2)} = 1 \] \end{verbatim}
\end{document}
"""

MARKDOWN = r"""# Notes

$$\newcommand{\dl}{\delta} a = b$$

<!-- symbp: dW2 -->
```math
G = \dl^{(2)} (a^{(1)})^\top
```

```python
# $\delta^{(1)} = 0$
```

The error $`\delta^{(1)} = 0`$ is not marked; <!-- symbp: dZ1 --> $D = W_1^\top \delta_2$ is.
"""

NETWORK = ["--layers", "3", "--activation", "sigmoid", "--loss", "mse"]


def run(name: str, text: str, folder: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, list[str]]:
    place = folder / name
    place.write_text(text, encoding="utf-8")
    code = main(["check", *NETWORK, str(place), *more])
    return code, capsys.readouterr().out.splitlines()


def test_notes_are_judged_where_they_stand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run("notes.tex", TEX, tmp_path, capsys)
    assert code == 1
    assert out == [
        r"notes.tex:8: wrong: W^{(2)} must be transposed; everything else is right; "
        r"right: (W^{(2)})^{\top} \delta^{(2)} \odot\sigma'(z^{(1)})",
        r"notes.tex:11: wrong: a^{(3)} in place of a^{(2)}; everything else is right; "
        r"right: \delta^{(3)} (a^{(2)})^\top",
        "notes.tex:12: cannot be read: unbalanced braces: there is a { too many",
        r"notes.tex:13: cannot be read: unknown command \unknown: define it with \newcommand, or write it out",
        "notes.tex: 8 equations: 4 right, 2 wrong, 2 could not be read",
    ]


def test_marked_equations_of_markdown_alone_are_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run("notes.md", MARKDOWN, tmp_path, capsys)
    assert code == 1
    assert out[0].startswith("notes.md:14: wrong: ")
    assert out[-1] == "notes.md: 2 equations: 1 right, 1 wrong"


def test_right_notes_return_zero_and_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run("n.tex", r"\[\frac{\partial L}{\partial b^{(1)}} = \delta^{(1)}\]", tmp_path, capsys, "--json")
    assert code == 0
    assert json.loads("\n".join(out))["equations"][0]["verdict"] == "right"


REFUSED = {
    "no gradient": (r"\[ a = b \]", [], "no equation whose left side is a gradient"),
    "an output": (TEX, ["-o", "x.md"], "leave out -t and -o"),
    "a reduction": (TEX, ["--reduction", "sum"], "notes have none"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_judged_is_refused(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, more, said = REFUSED[case]
    (tmp_path / "n.tex").write_text(text, encoding="utf-8")
    assert main(["check", *NETWORK, str(tmp_path / "n.tex"), *more]) == 2
    assert said in capsys.readouterr().err


HOSTILE = {
    "a loop of macros": r"\newcommand{\a}{\a\a} \[ \delta^{(1)} = \a \]",
    "no end": r"\begin{align} \delta^{(1)} = x",
    "many braces": r"\[ \delta^{(1)} = " + "{" * 200 + "}" * 200 + r" \]",
    "very long": r"\[ \delta^{(1)} = " + "x + " * 20_000 + r"x \]",
    "an argument without end": r"\newcommand{\f}[1]{#1} \[ \delta^{(1)} = \f{x \]",
    "nothing": r"\[ \delta^{(1)} = \]",
    "bytes": "\\[ \\delta^{(1)} = \0\ufffd \\]",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_notes_are_named_with_their_line(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run("n.tex", HOSTILE[case] + "\n\\[ \\delta^{(3)} = \\delta^{(3)} \\]\n", tmp_path, capsys)
    assert code == 3
    assert out[0].startswith("n.tex:1: cannot be read: ")
    assert case == "no end" or out[-1].endswith("1 right, 1 could not be read")


def test_lines_rows_and_marks() -> None:
    rows = ["a &= b \\\\ % symbp: dW1", "&= c \\\\[2pt]", "d &= e + \\\\", "& f \\\\ % symbp: skip", "g &= h % symbp"]
    text = "\n".join(["\\begin{align}", *rows, "\\end{align}"])
    found = equations(text, markdown=False)
    assert [(each.line, each.text, each.mark) for each in found] == [(2, "a &= b = c", "dW1"), (6, "g &= h", "")]


PIECES = ("\\begin{align}\n", "$", "\\[", "{", "\\newcommand{\\a}[1]{", "% symbp: dW1\n")


@pytest.mark.long
@pytest.mark.parametrize(("piece", "size"), [("x" * 79 + "\n", 50_000_000), *((each, 5_000_000) for each in PIECES)])
def test_a_large_file_takes_seconds(piece: str, size: int) -> None:
    text = piece * (size // len(piece))
    start = time.process_time()
    equations(text, markdown=False)
    assert time.process_time() - start < 30
