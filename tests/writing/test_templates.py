"""Templates of users: one replaces one of ours, and its mistakes are named with file and line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from helpers.selection import short
from report_cases import derivation

from symbp.checking.check import check
from symbp.derivation import derive
from symbp.errors import SpecError, TemplateError
from symbp.networks.network import Network
from symbp.writing import environment, templates
from symbp.writing.files import write
from symbp.writing.formats import FORMAT_ALIASES, FORMATS, SUFFIXES
from symbp.writing.render import PAGES, render

HOSTILE = r"\input{x} $y$ `z` | <b> & # % _ ^ ~ {{ \VAR{doc}"


MARKDOWN = "page-markdown.j2"


def with_macro(folder: Path, text: str, macro: str = "heading(text, level)") -> str:
    """Return a page whose headings are made by somebody's macro."""
    (folder / MARKDOWN).write_text(f"\\BLOCK{{macro {macro}}}{text}\\BLOCK{{endmacro}}", encoding="utf-8")
    return render(derivation("layers-1"), template_dir=folder)


def test_one_macro_replaces_one_of_ours(tmp_path: Path) -> None:
    text = with_macro(tmp_path, "\n\n*\\VAR{text}*\n")
    assert "\n*Notation*\n" in text
    assert "## " not in text
    assert "| symbol | meaning | shape |" in text


MISTAKES = [
    ("\n\\BLOCK{if}", r"page-markdown\.j2, line 2: "),
    ("\n\n\\VAR{text.nothing}", r"page-markdown\.j2, line 3: .*nothing"),
    ("\\VAR{nobody}", r"page-markdown\.j2, line 1: 'nobody' is undefined"),
    ("\\VAR{1/0}", r"page-markdown\.j2, line 1: .*zero"),
    ("\\BLOCK{include 'missing.j2'}", r"no template named 'missing.j2'"),
    ("\\VAR{text.__class__.__mro__}", r"page-markdown\.j2, line 1: .*unsafe"),
    ("\\BLOCK{for x in text}", r"page-markdown\.j2, line 1: "),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES, ids=[text.strip() for text, _ in MISTAKES])
def test_a_mistake_is_named_with_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message) as caught:
        with_macro(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_a_macro_that_nothing_calls_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"page-markdown\.j2: none of its macros .* did you mean 'heading'\?"):
        with_macro(tmp_path, "x", macro="headding(text, level)")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="there is no such folder"):
        render(derivation("layers-1"), template_dir=tmp_path / "none")


ENDLESS = {
    "loops": "\\BLOCK{for i in range(90000)}\\BLOCK{for j in range(90000)}\\BLOCK{endfor}\\BLOCK{endfor}",
    "a huge number when it is compiled": "\\VAR{9**(9**9)}",
    "a huge number": "\\BLOCK{for n in [9]}\\VAR{n**(n**n)}\\BLOCK{endfor}",
}
GREEDY = {
    "a text that doubles": (
        "\\BLOCK{set n = namespace(x='ab')}\\BLOCK{for i in range(60)}\\BLOCK{set n.x = n.x ~ n.x}\\BLOCK{endfor}"
    ),
    "a long text": "\\VAR{'a' * 10**10}",
    "lines without end": "\\BLOCK{for i in range(90000)}\\BLOCK{for j in range(90000)}"
    + "a" * 1000
    + "\\BLOCK{endfor}\\BLOCK{endfor}",
    "a macro in itself": "\\BLOCK{macro m()}\\VAR{m()}\\BLOCK{endmacro}\\VAR{m()}",
    "itself": "\\BLOCK{include 'page-markdown.j2'}\\VAR{heading(text, level)}",
    "a long range": "\\BLOCK{for i in range(10**12)}\\BLOCK{endfor}",
    "half a character": "\\VAR{'\\ud800'}",
    "loops in loops": "\\BLOCK{for i in 'a'}" * 30 + "\\BLOCK{endfor}" * 30,
    "brackets": "\\VAR{" + "(" * 9000 + "1" + ")" * 9000 + "}",
}


@pytest.mark.parametrize("case", short([*ENDLESS, *GREEDY], {"loops", "a long text", "itself"}))
def test_what_does_not_end_or_grows_is_ended_and_named(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(templates, "SECONDS", 1 if case in ENDLESS else 20)
    monkeypatch.setattr(templates, "MEMORY", 2 * 10**8)
    said = "did not end within 1 s" if case in ENDLESS else MARKDOWN
    with pytest.raises(TemplateError, match=said) as caught:
        with_macro(tmp_path, (ENDLESS | GREEDY)[case])
    assert MARKDOWN in str(caught.value)
    assert "\n" not in str(caught.value)


FOLDERS = {
    (): "no template in it; copy one of",
    ("notes.txt",): "none of ours is named 'notes.txt'; ours are page-latex.j2, page-markdown.j2",
    ("page_latex.j2",): "did you mean 'page-latex.j2'?",
    ("mine/page-markdwn.j2",): "did you mean 'page-markdown.j2'?",
    ("page.j2",): "none of ours is named 'page.j2'; did you mean",
    ("report.j2",): "report.j2: pages have no sections any more; change the macro open_page of page-latex.j2",
    ("sections/footer.j2",): "change the macro names of page-latex.j2 or page-markdown.j2 in its place",
    ("sections/backward.j2", "page-latex.j2"): "sections/backward.j2: pages have no sections any more",
}


@pytest.mark.parametrize("names", FOLDERS, ids=str)
def test_a_folder_that_replaces_nothing(names: tuple[str, ...], tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    with pytest.raises(TemplateError) as caught:
        render(derivation("layers-1"), template_dir=tmp_path)
    assert FOLDERS[names] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_that_replaces_nothing_of_this_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page-latex.j2").write_text("")
    with pytest.raises(SpecError, match=r"template_dir: page-html\.j2, which makes html, is not in it"):
        render(derivation("layers-1"), "html", template_dir=tmp_path)


def test_no_name_of_a_folder_is_no_folder() -> None:
    with pytest.raises(TemplateError, match="there is no such folder"):
        render(derivation("layers-1"), template_dir="")


def test_every_macro_that_an_old_template_is_sent_to_is_there() -> None:
    for file in templates.PAGES:
        text = (environment.templates_folder() / file).read_text(encoding="utf-8")
        assert all(f"macro {macro}(" in text for macro in set(templates.SECTIONS.values()) - {"steps"})
    assert "macro steps(" in (environment.templates_folder() / "page-latex.j2").read_text(encoding="utf-8")


def test_a_template_is_a_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / MARKDOWN)
    with pytest.raises(TemplateError, match=r"page-markdown\.j2: a pipe or a device"):
        render(derivation("layers-1"), template_dir=tmp_path)


@pytest.mark.parametrize("to", short(["gfm", "markdown", "latex", "html"], {"latex"}))
def test_a_process_of_its_own_gives_the_same_text(to: str, tmp_path: Path) -> None:
    for file in templates.PAGES:
        (tmp_path / file).write_bytes((environment.templates_folder() / file).read_bytes())
    of = derivation("tanh-softmax-ce")
    report = check(of)
    assert render(of, to, check=report, template_dir=tmp_path) == render(of, to, check=report)


def test_what_a_user_typed_is_text() -> None:
    found = render(derivation("layers-1"), "latex", command=HOSTILE)
    assert r"\input{x}" not in found
    assert r"\textbackslash{}input\{x\}" in found
    first, *_ = render(derivation("layers-1"), command=f"{HOSTILE} -->\n# a title").splitlines()
    assert first.startswith("<!-- Written by symbp: ")
    assert first.count(">") == 1
    assert first.endswith("a title -->")


def test_formats_and_their_names() -> None:
    assert {*FORMAT_ALIASES.values(), *SUFFIXES.values()} <= {*FORMATS}
    assert not {*FORMAT_ALIASES} & {*FORMATS}
    with pytest.raises(SpecError, match="unknown format 'latx'; did you mean 'latex'"):
        render(derivation("layers-1"), "latx")
    with pytest.raises(SpecError, match="unknown notation"):
        render(derivation("layers-1"), notation="mine")


ONLY = [
    ("W1", "gfm", "```math\n"), ("b2", "latex", "\\[\n"),
    ("delta2", "markdown", "$$\n"), ("dZ2", "gfm", r"\delta^{(2)}"),
    ("forward", "gfm", r"z^{(l)} & = W^{(l)}\,a^{(l-1)} + b^{(l)}"), ("backward", "latex", r"\delta^{(1)}"),
    ("W1", "text", "∂ℒ/∂W₁ = δ₁ xᵀ\n∂ℒ/∂W₁ = D₁ W₂ᵀ D₂ g xᵀ\n"), ("Z2", "text", "z₂ = W₂ a₁ + b₂\n"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "to", "expected"), ONLY, ids=[f"{name}-{to}" for name, to, _ in ONLY])
def test_one_equation_alone(name: str, to: str, expected: str) -> None:
    found = render(derivation("layers-2"), to, only=name)
    assert expected in found
    assert "symbp" not in found


def test_an_equation_nobody_has() -> None:
    with pytest.raises(SpecError, match="no equation named 'W9'"):
        render(derivation("layers-2"), only="W9")


def test_layers_to_show() -> None:
    found = render(derivation("layers-100"), "text", show=(1, 2, 50))
    assert "Of 100 such lines three are shown" in " ".join(found.split())
    rows = [line.split()[0] for line in found.partition("all gradients")[2].splitlines() if "∂ℒ/∂W" in line]
    assert rows == ["∂ℒ/∂W₅₀", "∂ℒ/∂W₂", "∂ℒ/∂W₁"]
    assert "⋯" in found
    with pytest.raises(SpecError, match="no layer 101 to show: give layers from 1 to 100"):
        render(derivation("layers-100"), show=(1, 101))
    assert "are shown" not in render(derivation("layers-8"))


def test_roles_are_left_out() -> None:
    assert "underbrace" in render(derivation("layers-2"))
    assert "underbrace" not in render(derivation("layers-2"), roles=False)
    assert "activation derivative" not in " ".join(render(derivation("layers-2"), "text", roles=False).split())


UNUSED: list[tuple[str, str, dict[str, Any], str]] = [
    ("layers-2", "gfm", {"standalone": True}, "standalone: gfm has no standalone form"),
    ("layers-2", "text", {"standalone": True}, "standalone: text has no"),
    ("layers-2", "text", {"template_dir": "."}, "template_dir: text has no template"),
    ("layers-2", "gfm", {"pair": (1, 2)}, "pair: the network has no recurrent layer"),
    ("layers-2", "gfm", {"by_output": True}, "by_output: the page is the same without it"),
    ("layers-2", "gfm", {"show": (1, 2)}, "show: the page is the same without it"),
    ("layers-2", "latex", {"only": "W1", "roles": False}, "roles: one equation has no role labels"),
    ("layers-2", "latex", {"only": "W1", "show": (1,)}, "show: one equation has no layers"),
    ("layers-2", "gfm", {"only": "W1", "template_dir": "."}, "template_dir: one equation has no template"),
    ("tanh-softmax-ce", "numpy", {"roles": False}, "roles: a program has no role labels"),
    ("tanh-softmax-ce", "equations", {"notation": "ng"}, "notation: "),
    ("attention", "gfm", {"notation": "ng"}, "notation: attention alone has the letters of its literature"),
    ("attention", "gfm", {"show": (1,)}, "show: attention alone has no layers"),
]


@pytest.mark.parametrize(("name", "to", "options", "said"), UNUSED, ids=str)
def test_an_option_that_changes_nothing_is_refused(
    name: str, to: str, options: dict[str, Any], said: str, tmp_path: Path
) -> None:
    of = derive(name) if name == "attention" else derivation(name)
    with pytest.raises(SpecError) as caught:
        render(of, to, **options)
    assert str(caught.value).startswith(said)
    assert str(caught.value).endswith(f"; leave out {next(each for each in options if each != 'only')}")
    with pytest.raises(SpecError):
        write(of, tmp_path / "page", to, **options)
    assert list(tmp_path.iterdir()) == []


USED: list[tuple[str, str, dict[str, Any]]] = [
    ("layers-2", "latex", {"standalone": True}), ("layers-2", "latex", {"only": "W1", "standalone": True}),
    ("layers-2", "gfm", {"notation": "ng"}), ("layers-2", "gfm", {"roles": False}),
    ("layers-2", "text", {"show": (1,)}),
    ("layers-2", "gfm", {"only": "W1", "notation": "ng"}),
    ("elu", "gfm", {"by_output": True}), ("elu", "text", {"by_output": True}),
    ("elu", "gfm", {"only": "dZ2", "by_output": True}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "to", "options"), USED, ids=str)
def test_an_option_that_changes_something_does(name: str, to: str, options: dict[str, Any]) -> None:
    of = derive(layers=2, activation="elu", loss="mse") if name == "elu" else derivation(name)
    only = {"only": options["only"]} if "only" in options else {}
    assert render(of, to, **options) != render(of, to, **only)


def test_the_program_is_marked_and_runs() -> None:
    found = render(derivation("tanh-softmax-ce"), "numpy")
    assert found.startswith("# Written by symbp")
    compile(found, "backprop.py", "exec")


def test_the_gradient_of_the_inputs() -> None:
    of = derive(Network.mlp(layers=2, batch=True), wrt=["W1", "X"])
    assert render(of, "text", only="X").splitlines()[0] == "∂ℒ/∂X = W₁ᵀ δ₁"
    assert render(of, "text", only="W1").splitlines()[0].endswith("δ₁ Xᵀ")
    (line,) = [line for line in render(of).splitlines() if line.startswith(r"| $`\partial\mathcal{L}/\partial X =")]
    assert "| an input" in line


def test_a_product_over_layers_is_shown_where_every_layer_has_its_gradient() -> None:
    assert "∏" in render(derive(layers=3), "text") or "Π" in render(derive(layers=3), "text")
    alone = render(derive(Network.mlp(layers=2, activation="tanh", loss="mse"), wrt=["W1", "X"]), "text")
    assert "Without the recursion" not in alone


ODD: list[tuple[dict[str, Any], list[str] | None]] = [
    ({"layers": 2}, ["W2"]), ({"layers": 2}, ["X"]), ({"layers": 2, "batch": True}, ["b1", "X"]),
    ({"layers": 1, "activation": "identity", "loss": "mae"}, None),
    ({"layers": 2, "activation": "selu", "output_activation": "tanh", "loss": "hinge"}, None),
    ({"layers": 2, "activation": "leaky_relu(0.2)", "output_activation": "leaky_relu(0.5)", "loss": "(a-y)**4"}, None),
    ({"layers": 2, "activation": "tanh", "bias": False}, None),
    ({"layers": 12, "activation": "relu", "loss": "bce", "batch": True}, None),
]  # fmt: skip


@pytest.mark.parametrize(("options", "wrt"), ODD, ids=str)
def test_every_network_has_a_report_in_every_format(options: dict[str, Any], wrt: list[str] | None) -> None:
    of = derive(Network.mlp(**options), wrt=wrt)
    for to in PAGES:
        assert any("Written by symbp" in line for line in render(of, to).splitlines()[:3])


def test_compiled_templates_stand_beside_compiled_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modules = tmp_path / "__pycache__"
    monkeypatch.setattr(environment.sys, "dont_write_bytecode", False)
    monkeypatch.setattr(environment, "__file__", str(tmp_path / "environment.py"))
    assert environment._bytecode() is None
    modules.mkdir()
    environment.ours.cache_clear()
    expected = render(derive(layers=2))
    kept = list(modules.glob("template-*.cache"))
    assert kept
    environment.ours.cache_clear()
    assert render(derive(layers=2)) == expected
    environment.ours.cache_clear()
    environment.ours()
    for each in kept:
        each.unlink()
    modules.rmdir()
    assert render(derive(layers=2)) == expected
    environment.ours.cache_clear()
