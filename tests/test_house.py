"""The floors of the house: a file imports only from lower floors, at its top; a few modules are loaded late."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import symbp

ROOT = Path(symbp.__file__).parent
FLOORS = {
    "errors": 0,
    "guard": 0,
    "limits": 0,
    "resources": 0,
    "representation": 0,
    "roles": 0,
    "inputs": 1,
    "sample": 1,
    "domain": 1,
    "executors": 1,
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
    "judging": 9,
    "views": 9,
    "worked": 9,
    "maths": 10,
    "pages": 11,
    "writing": 12,
    "grading": 13,
    "cli": 14,
    "extend": 14,
    "testing": 14,
}
FILES = sorted(
    path for path in ROOT.rglob("*.py") if path.name not in ("__init__.py", "__main__.py") or path.parent != ROOT
)


def room(module: str) -> str:
    return module.split(".")[1]


parsed = cache(ast.parse)
"""The tree of a source: several tests walk the same."""


def is_call_of(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def own_imports(tree: ast.AST, by_name: bool = False) -> list[tuple[int, str]]:
    """Line and module of every import of ours that is executed; ``by_name`` has what is imported from it, too."""
    unseen = {
        id(inner) for node in ast.walk(tree) if is_for_types(node) for each in node.body for inner in ast.walk(each)
    }
    found = []
    for node in ast.walk(tree):
        if id(node) in unseen:
            continue
        if isinstance(node, ast.ImportFrom) and node.level:
            found.append((node.lineno, "relative import"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("symbp."):
            found.append((node.lineno, node.module or ""))
            found += [(node.lineno, f"{node.module}.{each.name}") for each in node.names if by_name]
        elif isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names if alias.name.startswith("symbp.")]
    return found


def faults(room_of_file: str, source: str) -> list[str]:
    """Imports that go up, or sideways into another room, or stand inside a function."""
    tree = parsed(source)
    found, imports = [], own_imports(tree)
    for line, module in imports:
        other = room(module) if "." in module else module
        sideways = other != room_of_file and FLOORS.get(other, 99) >= FLOORS[room_of_file]
        if sideways:
            found.append(f"line {line}: {room_of_file} imports {module}")
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    within = {line for each in functions for line in range(each.lineno, (each.end_lineno or 0) + 1)}
    return found + [f"line {line}: import of {module} in a function" for line, module in imports if line in within]


def test_imports_go_down():
    found = {}
    for path in FILES:
        relative = path.relative_to(ROOT)
        found[str(relative)] = faults(relative.parts[0].removesuffix(".py"), path.read_text(encoding="utf-8"))
    assert {file: wrong for file, wrong in found.items() if wrong} == {}


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
    assert room == "writing"
    assert missing == []


def test_the_test_sees_a_knot():
    assert faults("ops", "from symbp.networks.network import Network")
    assert faults("ops", "def f():\n    from symbp.op import rule")
    assert faults("networks", "from symbp.derivation import derive")
    assert not faults("networks", "from symbp.ops.losses import LOSSES")


LATE = {
    "cli.analyze": ("cli.flow", "cli.sweep"),
    "cli.check": (
        "checking.check",
        "cli.verdict",
        "numeric.autodiff",
        "pages.tell.check",
        "pages.tell.derivation",
        "worked.given",
        "worked.run",
        "writing.text",
    ),
    "cli.console": ("pages.words",),
    "cli.derive": (
        "checking.check",
        "judging.diagnosis.reading",
        "maths.axes",
        "maths.notation",
        "worked.given",
        "worked.run",
        "writing.derivation_data",
        "writing.render",
        "writing.text",
    ),
    "cli.grade": ("cli.bar", "grading.grade", "grading.page", "grading.submissions", "writing.text"),
    "cli.list": (
        "analysis.initialisations",
        "maths.notation",
        "networks.examples",
        "networks.operations",
        "ops.activations",
        "ops.loss_table",
        "writing.formats",
        "pages.tell.notations",
        "writing.text",
    ),
    "cli.main": ("cli.app",),
    "cli.notation": ("maths.axes",),
    "cli.output": (
        "cli.config",
        "writing.files",
        "writing.pdf",
        "writing.render",
        "writing.templates",
        "writing.text",
        "writing.unused",
    ),
    "cli.schema": ("networks.spec", "writing.page_json"),
    "cli.sharing": ("executors",),
    "cli.what": (
        "derivation",
        "networks.files",
        "networks.hessian",
        "networks.network",
        "pages.words",
        "pages.tell.model",
    ),
    "derivation": ("networks.hessian", "networks.importing.models", "networks.sizes"),
    "networks.files": ("networks.spec_network", "networks.importing.models"),
    "networks.network": ("networks.files", "networks.matrix_expressions", "networks.recognition"),
    "ops.activations": ("ops.letters",),
    "ops.loss_table": ("ops.letters",),
    "testing": (
        "derivation",
        "pages.tell.derivation",
        "checking.operation",
        "pages.tell.operations",
        "writing.render",
        "judging.same_process",
        "pages.tell.verdict",
        "writing.text",
    ),
    "writing.files": ("writing.render",),
    "writing.render": (
        "networks.equation_text",
        "numeric.differentiable",
        "pages.tell.program",
        "pages.tell.worked",
        "worked.run",
        "writing.identifiers",
        "writing.page_beamer",
        "writing.page_html",
        "writing.page_json",
        "writing.page_notebook",
        "writing.page_typst",
        "writing.svg",
        "writing.tikz",
    ),
}
"""Every late import of a module of ours, by the file that it stands in."""

BY_TABLE = {"__init__", "cli.app", "networks.operations"}
"""The public names, the commands and the operations derived alone: late imports whose modules are those of a table."""


def late_imports(source: str) -> tuple[tuple[str, ...], list[str]]:
    """The modules of ours that a file loads late, and what is wrong with how it says so."""
    tree, wrong = parsed(source), []
    pairs, known = [], []
    for node in filter(is_for_types, tree.body):
        imports = [each for each in node.body if isinstance(each, ast.ImportFrom)]
        typed = {(each.asname or each.name): f"{node.module}.{each.name}" for node in imports for each in node.names}
        for each in node.orelse:
            known.append(each.value)
            name, module = each.targets[0].id, each.value.args[0].value
            pairs.append(module.removeprefix("symbp."))
            if typed.get(name) != module:
                wrong.append(f"line {each.lineno}: {name} is {typed.get(name)} to mypy and {module} to Python")
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "later"
            and node not in known
        ):
            wrong.append(f"line {node.lineno}: later() stands in the else of an if TYPE_CHECKING")
        if isinstance(node, ast.Name | ast.alias) and "import_module" in ast.unparse(node):
            wrong.append(f"line {node.lineno}: an import by name that no type checker sees; errors.later is the one")
        if isinstance(node, ast.Name) and node.id == "__import__":
            wrong.append(f"line {node.lineno}: __import__")
    return tuple(pairs), wrong


@pytest.mark.long
def test_late_imports_are_those_of_the_list():
    found, wrong = {}, {}
    for path in sorted(ROOT.rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if module == "errors" or module in BY_TABLE:
            continue
        late, faulty = late_imports(path.read_text(encoding="utf-8"))
        found |= {module: late} if late else {}
        wrong |= {module: faulty} if faulty else {}
    assert wrong == {}
    assert found == LATE


def test_the_test_sees_a_late_import_that_is_none():
    right = 'if TYPE_CHECKING:\n    from symbp.a import b\nelse:\n    b = later("symbp.a.b")'
    assert late_imports(right) == (("a.b",), [])
    assert late_imports(right.replace('"symbp.a.b"', '"symbp.a.c"'))[1]
    assert late_imports('def f():\n    return later("symbp.a.b").c')[1]
    assert late_imports('from importlib import import_module\nb = import_module("symbp.a.b")')[1]
    assert late_imports('b = __import__("symbp.a.b")')[1]


def test_a_late_module_is_imported_when_it_is_used():
    source = (
        "import sys; from symbp.errors import later; name = 'symbp.ops.activations'; a = later(name); "
        "assert name not in sys.modules; a.ACTIVATIONS; assert name in sys.modules"
    )
    subprocess.run([sys.executable, "-c", source], check=True)


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Modules each of which imports the next, the last the first; nothing where there is no circle."""
    done: set[str] = set()

    def walk(module: str, path: list[str]) -> list[str]:
        if module in path:
            return path[path.index(module) :]
        if module in done:
            return []
        for each in sorted(graph.get(module, ())):
            if found := walk(each, [*path, module]):
                return found
        done.add(module)
        return []

    return next((found for module in graph if (found := walk(module, []))), [])


@pytest.mark.long
def test_no_file_imports_itself_by_way_of_others():
    graph = {}
    for path in FILES:
        module = ".".join(("symbp", *path.relative_to(ROOT).with_suffix("").parts))
        graph[module] = {name for _, name in own_imports(ast.parse(path.read_text(encoding="utf-8")), True)}
    graph = {module: names & set(graph) for module, names in graph.items()}
    assert circle(graph) == []
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]


MADE_IN_NODES = {"MatMul", "MatAdd", "HadamardProduct", "Transpose", "OneMatrix", "ZeroMatrix"}
RULES_AND_LAYERS = ("calculus", "networks", "ops")


def sympy_constructors(source: str) -> list[str]:
    """Calls of SymPy's constructors for nodes that symbp.nodes makes, without the checks that System makes once."""
    calls = [node for node in ast.walk(parsed(source)) if isinstance(node, ast.Call)]
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


def is_of_re(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "re"


def strings(source: str) -> list[tuple[int, str]]:
    """The strings of a file, those of messages of errors, docstrings and patterns left out."""
    tree = parsed(source)
    said: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            said.add(id(node.value))
        if isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and is_of_re(node.func)):
            said.update(map(id, ast.walk(node)))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [(node.lineno, node.value) for node in found if id(node) not in said]


LATEX = re.compile(r"\\(?!input\{)[a-z][A-Za-z]+|\\[,;!]")
OF_LATEX = {"latex.py", "macros.py", "page_latex.py", "page_markdown.py", "expanded.py", "single.py"}
"""The writers of LaTeX: formulas, pages, numbers in Markdown, gradients multiplied out, words, one equation alone."""

OF_READERS = ("hands.py", "notes.py")
"""What a repair puts into somebody's own LaTeX, and the environments of somebody's notes: files of judging/."""


def latex_in(source: str) -> list[str]:
    return [f"line {line}: {text}" for line, text in strings(source) if LATEX.search(text)]


def test_latex_is_what_its_writer_writes():
    files = [path for path in FILES if path.parent.name != "writing" or path.name not in OF_LATEX]
    files = [path for path in files if path.parent.name != "judging" or path.name not in OF_READERS]
    found = {str(path.relative_to(ROOT)): latex_in(path.read_text(encoding="utf-8")) for path in files}
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
