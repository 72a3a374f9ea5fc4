"""The floors of the house: a file imports only from lower floors, and only at its top."""

import ast
import re
from pathlib import Path

import pytest

import symbp

ROOT = Path(symbp.__file__).parent
FLOORS = {
    "errors": 0,
    "guard": 0,
    "limits": 0,
    "resources": 0,
    "roles": 0,
    "inputs": 1,
    "domain": 1,
    "symbols": 1,
    "collector": 0,
    "nodes": 1,
    "equations": 2,
    "op": 3,
    "ops": 4,
    "calculus": 4,
    "networks": 5,
    "numeric": 6,
    "derivation": 7,
    "checking": 8,
    "analysis": 8,
    "views": 9,
    "worked": 9,
    "maths": 10,
    "pages": 11,
    "writing": 12,
    "report": 13,
    "cli": 14,
    "testing": 14,
}
FILES = sorted(
    path for path in ROOT.rglob("*.py") if path.name not in ("__init__.py", "__main__.py") or path.parent != ROOT
)


def room(module: str) -> str:
    return module.split(".")[1]


def own_imports(tree: ast.AST) -> list[tuple[int, str]]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            found.append((node.lineno, "relative import"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("symbp."):
            found.append((node.lineno, node.module or ""))
        elif isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names if alias.name.startswith("symbp.")]
    return found


def faults(room_of_file: str, source: str) -> list[str]:
    """Imports that go up, or sideways into another room, or stand inside a function."""
    tree = ast.parse(source)
    found = []
    for line, module in own_imports(tree):
        other = room(module) if "." in module else module
        sideways = other != room_of_file and FLOORS.get(other, 99) >= FLOORS[room_of_file]
        if sideways:
            found.append(f"line {line}: {room_of_file} imports {module}")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found += [f"line {line}: import of {module} inside {node.name}" for line, module in own_imports(node)]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down(path):
    relative = path.relative_to(ROOT)
    assert faults(relative.parts[0].removesuffix(".py"), path.read_text(encoding="utf-8")) == []


def test_the_floors_are_those_of_the_documentation():
    text = (ROOT.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (.+?) \|", text, re.MULTILINE)
    told = {name: int(floor) for floor, names in rows for name in re.findall(r"`(\w+)(?:\.py|/)`", names)}
    assert told == FLOORS
    there = {path.stem for path in ROOT.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert there - {"__init__", "__main__"} == set(FLOORS)


ROOM_FILES = re.compile(r"^\| (?:`(\w+)/`)? ?\| [^|]+ \| (`.+) \|$", re.MULTILINE)


def test_the_files_that_the_documentation_names_exist():
    text = (ROOT.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    room, missing = "", []
    for named, files in ROOM_FILES.findall(text.partition("The larger rooms")[2]):
        room = named or room
        names = {each.stem for each in (ROOT / room).iterdir()}
        missing += [
            f"{room}/{name}"
            for name in re.findall(r"`([\w…]+)/?`", files)
            if not any(re.fullmatch(name.replace("…", r"\w*"), each) for each in names)
        ]
    assert room == "report"
    assert missing == []


def test_the_test_sees_a_knot():
    assert faults("ops", "from symbp.networks.network import Network")
    assert faults("ops", "def f():\n    from symbp.op import rule")
    assert faults("networks", "from symbp.derivation import derive")
    assert not faults("networks", "from symbp.ops.losses import LOSSES")


MADE_IN_NODES = {"MatMul", "MatAdd", "HadamardProduct", "Transpose", "OneMatrix", "ZeroMatrix"}
RULES_AND_LAYERS = ("calculus", "networks", "ops")


def sympy_constructors(source: str) -> list[str]:
    """Calls of SymPy's constructors for nodes that symbp.nodes makes, without the checks that System makes once."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    names = [(node.lineno, ast.unparse(node.func).rpartition(".")[2]) for node in calls]
    return [f"line {line}: {name}" for line, name in names if name in MADE_IN_NODES]


@pytest.mark.parametrize("folder", RULES_AND_LAYERS)
def test_rules_and_layers_make_their_nodes_in_one_place(folder):
    found = {path: sympy_constructors(path.read_text(encoding="utf-8")) for path in (ROOT / folder).rglob("*.py")}
    assert {path.name: calls for path, calls in found.items() if calls} == {}


def test_the_test_sees_a_constructor():
    assert sympy_constructors("def vjp(node):\n    return MatMul(a, sympy.Transpose(b))") == [
        "line 2: MatMul",
        "line 2: Transpose",
    ]
    assert not sympy_constructors("@rule(MatMul, 'why')\ndef vjp(node: MatMul):\n    return matmul(a, b)")


def strings(source: str) -> list[tuple[int, str]]:
    """The strings of a file, those of messages of errors and docstrings left out."""
    tree = ast.parse(source)
    said: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            said.add(id(node.value))
        if isinstance(node, ast.Raise):
            said.update(map(id, ast.walk(node)))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [(node.lineno, node.value) for node in found if id(node) not in said]


LATEX = re.compile(r"\\(?!input\{)[a-z][A-Za-z]+|\\[,;!]")
NO_LATEX = ("calculus", "cli", "maths", "numeric", "pages", "views", "writing")
"""Rooms without LaTeX; operations, networks and diagnosis have that of the documents of report/ until it is gone."""

OF_LATEX = {"latex.py", "page_latex.py", "expanded.py", "escape.py", "single.py"}
"""The writer of LaTeX: formulas, pages, gradients multiplied out, words, one equation by itself."""


def latex_in(source: str) -> list[str]:
    return [f"line {line}: {text}" for line, text in strings(source) if LATEX.search(text)]


@pytest.mark.parametrize("folder", NO_LATEX)
def test_latex_is_what_its_writer_writes(folder):
    files = [path for path in (ROOT / folder).rglob("*.py") if path.name not in OF_LATEX]
    found = {path.name: latex_in(path.read_text(encoding="utf-8")) for path in files}
    assert {name: texts for name, texts in found.items() if texts} == {}


def test_the_test_sees_latex():
    assert latex_in('"""Doc: \\\\frac."""\nx = "\\\\frac{1}{2}"') == ["line 2: \\frac{1}{2}"]
    assert latex_in('x = r"a\\,b"')
    assert not latex_in('raise SpecError("\\\\frac")\nx = "a\\n"')


SENTENCE = re.compile(r"[^\W\d_]{2,} [^\W\d_]{2,}")


def sentences_in(source: str) -> list[str]:
    return [f"line {line}: {text}" for line, text in strings(source) if SENTENCE.search(text)]


def test_sentences_of_pages_are_words_of_a_language():
    """What a page says stands in words/, by key: pages/ holds keys and letters alone."""
    found = {path.name: sentences_in(path.read_text(encoding="utf-8")) for path in (ROOT / "pages").rglob("*.py")}
    assert {name: texts for name, texts in found.items() if texts} == {}


def test_the_test_sees_a_sentence():
    assert sentences_in('Para(("The error comes back",))') == ["line 1: The error comes back"]
    assert not sentences_in('c.words("section.result")\nraise SpecError("no such line")')
