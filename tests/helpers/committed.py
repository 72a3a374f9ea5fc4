"""The pages that are committed, and how each is made anew: the gallery, README.md and docs/."""

import contextlib
import io
import os
import re
import shlex
from pathlib import Path

from symbp import Network, check, derive, render
from symbp.cli.main import main
from symbp.maths.notation import NOTATIONS, STANDARD
from symbp.networks.examples import EXAMPLES, VALUES
from symbp.networks.operations import OPERATIONS
from symbp.worked.given import read_given
from symbp.worked.run import Worked
from symbp.writing.formats import FORMATS

ROOT = Path(__file__).parents[2]
UPDATE = os.environ.get("SYMBP_UPDATE") == "1"
GALLERY = ROOT / "output" / "gallery"
MLP = {
    "backprop-4": {"layers": 4},
    "general": {"layers": "L"},
    "tanh-softmax-batch": {"layers": 3, "activation": "tanh", "loss": "cross_entropy", "batch": True},
}
NUMBERS = {f"{name}-numbers": name for name in VALUES}
"""Pages with numbers, by the example that comes with them."""

NOTATED = {f"notation-{name}": name for name in NOTATIONS if name != STANDARD.name}
"""Pages of one network, one in each notation."""

MODELS = {f"pytorch-{file.stem}": file for file in sorted((ROOT / "examples" / "models").glob("*.py"))}
"""Models of PyTorch, which stands behind long."""

NAMES = (*MLP, *EXAMPLES, *OPERATIONS, *NUMBERS)
SUFFIXES = {".md": "gfm", ".tex": "latex"}

IN_FORMATS = {f"format-{name}": name for name in FORMATS if name not in SUFFIXES.values()}
"""Pages of one network, one in each format that no other page of the gallery is in."""


def formats_of(name):
    """Return the formats of the pages of a name, by what their files end in."""
    return {FORMATS[IN_FORMATS[name]].suffix: IN_FORMATS[name]} if name in IN_FORMATS else SUFFIXES


def derivation(name):
    if name in OPERATIONS:
        return derive(OPERATIONS[name].build())
    if name in MODELS:
        return derive(f"{MODELS[name]}:make")
    if name in NOTATED:
        return derive(Network.mlp(layers=3))
    if name in IN_FORMATS:
        return derive(Network.mlp(layers=3, activation="tanh", loss="mse"))
    name = NUMBERS.get(name, name)
    return derive(Network.mlp(**MLP[name]) if name in MLP else Network.load(EXAMPLES[name]))


def gallery(name):
    """Return the pages of one name as symbp writes them now, by file name."""
    found = derivation(name)
    command = None if name in MLP else f"symbp derive {name}"
    if name in MODELS:
        command = f"symbp derive {MODELS[name].relative_to(ROOT)}:make"
    numbers = {}
    if name in NOTATED:
        command, numbers = f"symbp derive --layers 3 --notation {NOTATED[name]}", {"notation": NOTATED[name]}
    if name in IN_FORMATS:
        command = f"symbp derive --layers 3 --activation tanh --loss mse -t {IN_FORMATS[name]}"
    if name in NUMBERS:
        command = f"symbp derive {NUMBERS[name]} --values {NUMBERS[name]}"
        numbers = {"numbers": Worked.of(found, read_given(VALUES[NUMBERS[name]]))}
    report = check(found, thorough=False, at=numbers["numbers"].values if name in NUMBERS else None)
    assert report.passed
    return {
        f"{name}{suffix}": render(found, to=form, check=report, command=command, **numbers)
        for suffix, form in formats_of(name).items()
    }


DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CUT = "⋮\n"


def shortened(shown, whole):
    """Leave out of the whole output what is left out of the one shown: the lines between its beginning and its end."""
    if CUT not in shown:
        return whole
    head, tail = (part.count("\n") for part in shown.split(CUT))
    lines = whole.splitlines(keepends=True)
    return "".join([*lines[:head], CUT, *lines[len(lines) - tail :]])


class Reader:
    """Reads a page as somebody would who tries everything on it."""

    def __init__(self, page, folder, capsys):
        self.page, self.folder, self.capsys = page, folder, capsys
        self.names, self.printed, self.end = {}, None, 0

    def command(self, line):
        self.capsys.readouterr()
        code = main(shlex.split(line, comments=True)[1:])
        out, err = self.capsys.readouterr()
        return code, out or err

    def block(self, match):
        kind, body = match.groups()
        behind_code = self.printed is not None and match.start() <= self.end + 2
        self.end, printed, self.printed = match.end(), self.printed, None
        if kind == "python":
            self.code(body)
        elif kind == "text" and behind_code:
            body = printed
        elif kind == "console":
            body = self.console(body)
        elif kind == "sh":
            for line in body.splitlines():
                assert not line.startswith("symbp") or self.command(line)[0] == 0, line
        return f"```{kind}\n{body}```"

    def code(self, body):
        """Run a block; as a file, so that the source of its functions is where Python looks for it."""
        name = re.match(r"# (\w+\.py)\n", body)
        path = self.folder / (name[1] if name else f"{self.page.stem}-{self.end}.py")
        path.write_text(body, encoding="utf-8")
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(body, str(path), "exec"), self.names)
        self.printed = out.getvalue()

    def console(self, body):
        command, _, shown = body.partition("\n")
        code, printed = self.command(command.removeprefix("$ "))
        assert code in (0, 1) or "symbp: " in shown, printed
        return f"{command}\n{shortened(shown, printed) if shown else ''}"


def document(page, folder, capsys):
    """Return a page with everything in it run in a folder of its own, and what that prints in its place."""
    with contextlib.chdir(folder):
        return BLOCK.sub(Reader(page, folder, capsys).block, page.read_text(encoding="utf-8"))
