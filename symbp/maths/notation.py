"""Notations: everything people disagree about, as rows of a table.

A notation names roles and places, never symbols: a symbol knows its role, and the row says which letter that is. Every
field is an axis: two pages of one network differ in the axes in which their rows differ and in nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, cast

from symbp.errors import SpecError, nearest, shown
from symbp.maths.tree import Accent, Id, Node, Style
from symbp.roles import Role

if TYPE_CHECKING:
    from sympy import Expr

Face = Literal["italic", "bold", "bold-italic"]
Mark = Literal["round", "bracket", "bare", "below"]
Derivative = Literal["slash", "fraction", "nabla", "d", "update"]


@dataclass(frozen=True)
class Notation:
    """One way to write it all down. ``about`` says whose it is, every other field is an axis.

    Letters: those of a batch, of which one example has the small ones; of parameters as they stand. ``error`` is the
    letter of the gradient by what stands before an activation, ``loss_gradient`` that of the gradient by what the loss
    is taken of: both may be ``derivative``, the second ``nabla``. ``slopes`` is the diagonal matrix of f′, ``kernel``
    slides over an image.
    """

    name: str
    about: str
    input: str = "X"
    target: str = "Y"
    weight: str = "W"
    bias: str = "b"
    preactivation: str = "Z"
    activation: str = "A"
    function: str = "f"
    loss: str = "ℒ"
    error: str = "δ"
    loss_gradient: str = "g"
    slopes: str = "D"
    kernel: str = "K"
    # How letters are set.
    matrices: Face = "italic"
    vectors: Face = "italic"
    errors: Face = "italic"
    # The number of a layer: its mark, its letters, its first value, what stands at a parameter, before and behind f.
    layer: Mark = "round"
    index: str = "l"
    last: str = "L"
    first: int = 1
    parameter_number: str = "l"
    preactivation_number: str = "l"
    activation_number: str = "l"
    error_number: str = "as z"
    errors_in: Literal["names", "place"] = "names"
    function_index: Literal["below", "above", "none"] = "below"
    # Signs, and the order of terms and factors.
    transpose: Literal["top", "T", "roman"] = "top"
    transpose_place: Literal["inside", "brackets", "outside"] = "inside"
    entrywise: Literal["odot", "star", "circ", "bullet", "otimes"] = "odot"
    slope: Literal["after", "before", "diagonal"] = "after"
    product_brackets: bool = True
    arguments: Literal["round", "square"] = "round"
    relu_slope: Literal["prime", "indicator", "sign"] = "prime"
    gradient: Derivative = "slash"
    bias_place: Literal["last", "first", "threshold"] = "last"
    # Entry by entry: which equations, the letters of indices in order, what stands first.
    form: Literal["matrix", "parameters", "entries"] = "matrix"
    entry_letters: str = "ijk"
    entry_order: Literal["error", "value"] = "error"
    entry_commas: bool = True
    # What changes equations: views.
    examples: Literal["one", "batch"] = "one"
    units: Literal["all", "one"] = "all"
    sums: Literal["ones", "columns"] = "ones"
    layout: str = "columns"
    scale: str = "loss"
    count: str = "m"

    @cached_property
    def below(self) -> Mapping[Role, str]:
        """The word below the letter of a role, where it has one: in of z_in."""
        return {role: text.partition("_")[2] for role, text in self._letters.items()}

    @property
    def _letters(self) -> Mapping[Role, str]:
        return {
            Role.INPUT: self.input,
            Role.TARGET: self.target,
            Role.WEIGHT: self.weight,
            Role.BIAS: self.bias,
            Role.PREACTIVATION: self.preactivation,
            Role.ACTIVATION: self.activation,
        }

    @cached_property
    def letters(self) -> Mapping[Role, Node]:
        """The letter of every role."""
        found: dict[Role, Node] = {role: Id(text.partition("_")[0]) for role, text in self._letters.items()}
        made = {
            Role.SCALE: Id("γ"),
            Role.SHIFT: Id("β"),
            Role.NORMALISED: Accent(found[Role.PREACTIVATION], "hat"),
            Role.SHIFTED: Id("U"),
            Role.BLOCK: Id("S"),
        }
        return MappingProxyType(found | made)

    @property
    def loss_letter(self) -> Id:
        """The letter of the loss: ℒ in script, any other as it is."""
        return Id("L", "script") if self.loss == "ℒ" else Id(self.loss)

    @property
    def named_error(self) -> bool:
        """Whether the error has a letter of its own; else it is written as the derivative that it is."""
        return self.error != DERIVATIVE

    @property
    def has_one_error(self) -> bool:
        """Whether one letter is for the errors of all layers, where one matrix is enough for them."""
        return self.errors_in == "place" and self.named_error and self.form == "matrix"

    @property
    def named_loss_gradient(self) -> bool:
        """Whether the gradient by what the loss is taken of has a letter of its own."""
        return self.loss_gradient not in (DERIVATIVE, NABLA)

    @property
    def has_other_values(self) -> bool:
        """Whether what it writes is not what a network holds: one unit, thresholds, steps of gradient descent."""
        return self.units == "one" or self.bias_place == "threshold" or self.gradient == "update"

    @property
    def own_letters(self) -> frozenset[str]:
        """The letters that stand for no matrix of the network."""
        return frozenset({self.error, self.slopes, self.loss_gradient} - {DERIVATIVE, NABLA})

    def number(self, axis: str, index: Expr, last: Expr) -> Expr:
        """Return the number that stands at something in a layer, by its axis: 2l + 1 of l."""
        factor, offset, from_last = affine(getattr(self, axis))
        return (last if from_last else 0) + factor * index + offset

    def style(self, *, column: bool, error: bool = False) -> Style:
        """Return how the letter of a matrix, a column or an error is set."""
        return cast("Style", self.errors if error else self.vectors if column else self.matrices)


def affine(text: str) -> tuple[int, int, bool]:
    """Return the factor and the offset of a number such as ``2l + 1``, and whether it is counted from L: ``L - l + 1``.

    Raises:
        SpecError: it is something else.
    """
    found = _AFFINE.match(text)
    if found is None:
        raise SpecError(f"{shown(text)}: a number of a layer is written as l, l - 1, 2l + 1 or L - l + 1")
    from_last, factor, offset = bool(found[1]), int(found[2] or 1), int((found[3] or "0").replace(" ", ""))
    return -factor if from_last else factor, offset, from_last


_AFFINE = re.compile(r"(L ?- ?)?([1-9]?)l( ?[+-] ?[0-9])?\Z", re.ASCII)

DERIVATIVE, NABLA = "derivative", "nabla"
"""In place of a letter: what it stands for, in the way in which ``gradient`` writes derivatives; as ∇ in any case."""

AS_Z = "as z"
"""Where an error has the number of what stands before its activation."""

NUMBERED: Mapping[Role, str] = MappingProxyType(
    {
        Role.WEIGHT: "parameter_number",
        Role.BIAS: "parameter_number",
        Role.PREACTIVATION: "preactivation_number",
        Role.ACTIVATION: "activation_number",
        Role.BLOCK: "activation_number",
    }
)
"""The axis of the number that a role has."""

STANDARD = Notation("standard", "layers as upper indices in round brackets, one example or examples as columns")

_BOLD = MappingProxyType({"matrices": "bold", "vectors": "bold", "errors": "bold"})
_BOLD_ITALIC = MappingProxyType({"matrices": "bold-italic", "vectors": "bold-italic", "errors": "bold-italic"})


def _row(name: str, about: str, *shared: Mapping[str, object], **axes: object) -> Notation:
    merged = {key: value for each in (*shared, axes) for key, value in each.items()}
    return replace(STANDARD, name=name, about=about, **merged)  # type: ignore[arg-type]


_ROWS = (
    STANDARD,
    _row(
        "ng", "Andrew Ng, deeplearning.ai: a batch, dZ is m times the gradient, 1/m in dW and db",
        loss="J", function="g", loss_gradient=DERIVATIVE, error=DERIVATIVE, gradient="d", layer="bracket",
        function_index="above", transpose="T", entrywise="star", product_brackets=False,
        examples="batch", sums="columns", scale="gradients",
    ),
    _row(
        "nielsen", "Nielsen, Neural Networks and Deep Learning, chapter 2: layer 1 is the input",
        weight="w", function="σ", loss="C", loss_gradient=NABLA, gradient="fraction", layer="bare", first=2,
        function_index="none", transpose="T", transpose_place="brackets", form="parameters", entry_letters="jk",
        entry_order="value", entry_commas=False,
    ),
    _row(
        "d2l", "Zhang et al., Dive into Deep Learning, backprop.md", _BOLD,
        activation="H", function="ϕ", loss="J", error=DERIVATIVE, loss_gradient=DERIVATIVE, gradient="fraction",
        function_index="none", transpose_place="outside",
    ),
    _row(
        "goodfellow", "Goodfellow et al., Deep Learning, algorithms 6.3 and 6.4", _BOLD_ITALIC,
        preactivation="A", activation="H", function="f", loss="J", error="g", loss_gradient=DERIVATIVE,
        gradient="nabla", function_index="none", bias_place="first", index="k", last="l", errors_in="place",
    ),
    _row(
        "bishop", "Bishop, Pattern Recognition and Machine Learning, 5.3: entry by entry",
        target="T", weight="w", bias="w_0", preactivation="A", activation="Z", function="h", loss="E",
        loss_gradient=DERIVATIVE, gradient="fraction", function_index="none", slope="before", form="entries",
        entry_letters="jik", entry_commas=False,
    ),
    _row(
        "prince", "Prince, Understanding Deep Learning, chapter 7", _BOLD,
        weight="Ω", bias="β", preactivation="F", activation="H", function="a", loss="ℓ", error=DERIVATIVE,
        loss_gradient=DERIVATIVE, gradient="fraction", layer="below", index="k", last="K", first=0,
        activation_number="l + 1", function_index="none", arguments="square", transpose="T", slope="before",
        relu_slope="indicator", bias_place="first",
    ),
    _row(
        "murphy", "Murphy, Probabilistic Machine Learning, 13.3: variables count operations", _BOLD,
        matrices="bold", preactivation="X", activation="X", function="φ", error="u", loss_gradient=DERIVATIVE,
        gradient="fraction", layer="below", index="k", last="K", preactivation_number="2l", activation_number="2l + 1",
        error_number="l", function_index="none", layout="bias-rows",
    ),
    _row(
        "cs224n-notes", "Stanford CS224n, notes 3: weights count by the layer they leave",
        loss="J", index="k", preactivation_number="l + 1", activation_number="l + 1", function_index="none",
        transpose="T", entrywise="circ", slope="before", gradient="nabla", loss_gradient=DERIVATIVE,
    ),
    _row(
        "ufldl", "Stanford UFLDL tutorial: weights count by the layer they leave",
        loss="J", preactivation_number="l + 1", activation_number="l + 1", function_index="none",
        transpose="T", transpose_place="brackets", entrywise="bullet", gradient="nabla", loss_gradient=DERIVATIVE,
    ),
    _row(
        "lmu", "LMU Munich, Introduction to Deep Learning: weights in × out, columns", _BOLD,
        preactivation="Z_in", activation="Z_out", function="σ", loss="L", loss_gradient=DERIVATIVE,
        gradient="fraction", index="i", last="O", function_index="none", transpose="T", product_brackets=False,
        layout="in-out", form="parameters", entry_letters="jk",
    ),
    _row(
        "cs224n", "Clark, Computing Neural Network Gradients (Stanford CS224n): errors are rows", _BOLD_ITALIC,
        activation="H", loss="J", loss_gradient=DERIVATIVE, gradient="fraction", layer="below",
        error_number="L - l + 1", function_index="none", transpose="T", entrywise="circ", product_brackets=False,
        relu_slope="sign", layout="shape",
    ),
    _row(
        "cs231n", "Stanford CS231n, case study: examples as rows, the names of programs",
        activation="H", loss="L", error=DERIVATIVE, loss_gradient=DERIVATIVE, gradient="d", layer="below",
        last="K", function_index="none", transpose="T", relu_slope="indicator", sums="columns", layout="code-rows",
        count="N",
    ),
    _row(
        "parr-howard", "Parr and Howard, The Matrix Calculus You Need For Deep Learning: gradients are rows", _BOLD,
        loss="C", error=DERIVATIVE, loss_gradient=DERIVATIVE, gradient="fraction", layer="below",
        function_index="none", transpose="T", entrywise="otimes", slope="diagonal", layout="row-gradients",
    ),
    _row(
        "mml", "Deisenroth et al., Mathematics for Machine Learning, 5.6: gradients are rows", _BOLD_ITALIC,
        weight="A", preactivation="Z", activation="F", function="σ", loss="L", error=DERIVATIVE,
        loss_gradient=DERIVATIVE, gradient="fraction", layer="below", index="i", last="K", parameter_number="l - 1",
        slope="diagonal", layout="row-gradients",
    ),
    _row(
        "qiu", "邱锡鹏, 神经网络与深度学习, chapter 4",
        vectors="bold", gradient="fraction", loss_gradient=DERIVATIVE, transpose="roman", transpose_place="brackets",
        slope="before",
    ),
    _row(
        "zhou", "周志华, 机器学习, chapter 5: thresholds, and steps of gradient descent in place of gradients",
        weight="w", bias="θ", preactivation="β", activation="B", loss="E", error="g", loss_gradient=DERIVATIVE,
        gradient="update", function_index="none", slope="before", bias_place="threshold", layout="in-out",
        form="entries", entry_letters="jhi", entry_commas=False,
    ),
    _row(
        "index", "every equation entry by entry",
        weight="w", form="entries", entry_letters="ijk", entry_commas=False,
    ),
    _row(
        "scalar", "one unit in each layer: every matrix is a number, as in a first lecture",
        weight="w", loss="L", last="N", error=DERIVATIVE, loss_gradient=DERIVATIVE, gradient="d", layer="below",
        slope="before", units="one",
    ),
    _row(
        "rows", "examples as rows, weights in × out, as PyTorch and NumPy code has them",
        layout="rows",
    ),
)  # fmt: skip

NOTATIONS: dict[str, Notation] = {row.name: row for row in _ROWS}
"""Every notation by name."""


def notation_named(name: str | Notation) -> Notation:
    """Return a notation by name; one that is made already is itself.

    Raises:
        SpecError: no such notation; the message suggests the nearest.
    """
    if isinstance(name, Notation):
        return name
    try:
        return NOTATIONS[name.lower()]
    except KeyError:
        hint = nearest(name, NOTATIONS) or f"; known: {', '.join(NOTATIONS)}"
        raise SpecError(f"unknown notation {name!r}{hint}") from None
