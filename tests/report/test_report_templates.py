"""Templates of users: one replaces one of ours, and its mistakes are named with file and line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from report_cases import derivation

from symbp.derivation import derive
from symbp.errors import SpecError, TemplateError
from symbp.networks.network import Network
from symbp.report import escape, templates
from symbp.report.formats import FORMAT_ALIASES, FORMATS, SUFFIXES
from symbp.report.render import render
from symbp.report.rich import words

HOSTILE = r"\input{x} $y$ `z` | <b> & # % _ ^ ~ {{ \VAR{doc}"


def with_template(folder: Path, name: str, text: str) -> str:
    file = folder / name
    file.parent.mkdir(exist_ok=True, parents=True)
    file.write_text(text, encoding="utf-8")
    return render(derivation("layers-1"), template_dir=folder)


def test_one_template_replaces_one_of_ours(tmp_path: Path) -> None:
    text = with_template(tmp_path, "sections/footer.j2", "The end of \\VAR{doc.title}.\n")
    assert text.rstrip().endswith("The end of Backpropagation through 1 layer.")
    assert "## Forward pass" in text


MISTAKES = [
    ("\n\\BLOCK{if}", r"footer\.j2, line 2: "),
    ("\n\n\\VAR{doc.nothing}", r"footer\.j2, line 3: .*nothing"),
    ("\\VAR{nobody}", r"footer\.j2, line 1: 'nobody' is undefined"),
    ("\\VAR{1/0}", r"footer\.j2, line 1: .*zero"),
    ("\\BLOCK{include 'missing.j2'}", r"no template named 'missing.j2'"),
    ("\\VAR{doc.__class__.__mro__}", r"footer\.j2, line 1: .*unsafe"),
    ("\\BLOCK{for x in doc.title}", r"footer\.j2, line 1: "),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES, ids=[text.strip() for text, _ in MISTAKES])
def test_a_mistake_is_named_with_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message) as caught:
        with_template(tmp_path, "sections/footer.j2", text)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="is not a folder of templates"):
        render(derivation("layers-1"), template_dir=tmp_path / "none")


def test_what_a_user_typed_is_text() -> None:
    found = render(derivation("layers-1"), "latex", command=HOSTILE)
    assert r"\input{x}" not in found
    assert r"\textbackslash{}input\{x\}" in found
    assert render(derivation("layers-1"), command=HOSTILE).rstrip().endswith(f"``{HOSTILE}``</sub>")


@pytest.mark.parametrize("text", ["a_b", r"\x", "{", "$", "#", "%", "&", "~", "^", "😀", "ᵀ", "é"])
def test_tex_gets_no_command_from_text(text: str) -> None:
    found = escape.tex(text)
    assert found.isascii()
    assert found != text or text == "a"


def test_code_spans_hold_backticks() -> None:
    assert escape.markdown_code("a`b") == "``a`b``"
    assert escape.markdown_code("`a") == "`` `a ``"


def test_words_are_set_as_mathematics_and_code() -> None:
    kinds = [(span.kind, span.value) for span in words("n_L/2 times MSELoss")]
    assert kinds == [("math", "n_L"), ("text", "/2 times "), ("code", "MSELoss")]


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
    ("forward", "gfm", r"z^{(2)} &= W^{(2)} a^{(1)} + b^{(2)}"), ("backward", "latex", r"\delta^{(1)}"),
    ("W1", "text", "∂ℒ/∂W₁ = δ₁ xᵀ\n       = D₁ W₂ᵀ D₂ g xᵀ\n"), ("Z2", "text", "z₂ = W₂ a₁ + b₂\n"),
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
    found = render(derivation("layers-100"), show=(1, 2, 50))
    assert "Layers 3 to 49 and 51 to 100 repeat the same steps and are left out." in found
    assert r"\cdots" in found
    with pytest.raises(SpecError, match="no layer 101 to show: give layers from 1 to 100"):
        render(derivation("layers-100"), show=(1, 101))
    assert "left out" not in render(derivation("layers-8"))
    assert "roles" not in render(derivation("layers-2"), roles=False)
    assert "underbrace" not in render(derivation("layers-2"), roles=False)


def test_the_program_is_marked_and_runs() -> None:
    found = render(derivation("tanh-softmax-ce"), "numpy")
    assert found.startswith("# Written by symbp")
    compile(found, "backprop.py", "exec")


def test_the_gradient_of_the_inputs_is_no_sum_over_the_examples() -> None:
    of = derive(Network.mlp(layers=2, batch=True), wrt=["W1", "X"])
    found = render(of, only="X")
    assert r"\sum" not in found
    assert r"\sum_{i=1}^{m}" in render(of, only="W1")
    rows = [line for line in render(of, "text").splitlines() if "∂ℒ/∂X" in line or "∂ℒ/∂W₁" in line]
    assert ["Σ" in row for row in rows] == [True, False]


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
    for to in ("gfm", "markdown", "latex", "text"):
        assert "symbp" in render(of, to).splitlines()[0]


def test_compiled_templates_stand_beside_compiled_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modules = tmp_path / "__pycache__"
    monkeypatch.setattr(templates.sys, "dont_write_bytecode", False)
    monkeypatch.setattr(templates, "__file__", str(tmp_path / "templates.py"))
    assert templates._bytecode(None) is None
    modules.mkdir()
    assert templates._bytecode("mine") is None
    templates._environment.cache_clear()
    expected = render(derive(layers=2))
    kept = list(modules.glob("template-*.cache"))
    assert kept
    templates._environment.cache_clear()
    assert render(derive(layers=2)) == expected
    templates._environment.cache_clear()
    templates._environment(None)
    for each in kept:
        each.unlink()
    modules.rmdir()
    assert render(derive(layers=2)) == expected
    templates._environment.cache_clear()
