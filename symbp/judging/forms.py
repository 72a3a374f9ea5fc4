"""In which form somebody's arrays are: examples in columns, rows or one by one, weights turned, images, labels.

A form turns our matrices into theirs and theirs back; it says nothing of which argument takes what.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from symbp.derivation import Derivation
from symbp.equations import nodes
from symbp.judging.cases import Case, uncertain
from symbp.judging.layouts import BY_COLUMNS, BY_ROWS, COLUMNS, COLUMNS_FLAT, Layout
from symbp.numeric.values import target_kinds
from symbp.ops.convolution import Convolve
from symbp.symbols import BATCH, Adjoint, Role, Variable

DATA = (Role.INPUT, Role.TARGET, Role.MASK, Role.CONSTANT, Role.UPSTREAM)

SIGNALS = ("NCW", "NWC")
"""The forms of images without a height."""

EACH = "@"
"""Before the name of an array whose first axis counts the examples."""


@dataclass(frozen=True)
class Geometry:
    """What of a network is an image and what a kernel: the sizes of an example, and of a kernel."""

    derivation: Derivation

    @cached_property
    def images(self) -> Mapping[str, tuple[int, int]]:
        """Height and width of every image by name, that of its gradient from above too."""
        found = {
            v.name: (i.height, i.width) for v, i in self.derivation.network.images.items() if isinstance(v, Variable)
        }
        above = [each for each in self.derivation.forward.given if isinstance(each, Adjoint)]
        return found | {each.name: found[each.of.name] for each in above if each.of.name in found}

    @cached_property
    def kernels(self) -> Mapping[str, tuple[int, int]]:
        """Height and width of every kernel by the name of its weights."""
        convolutions = [n for each in self.derivation.forward for n in nodes(each.rhs) if isinstance(n, Convolve)]
        return {str(n.args[0]): (int(n.window.kh), int(n.window.kw)) for n in convolutions}


@dataclass(frozen=True)
class Form:
    """One form: a layout; labels from 0 or 1 in place of one-hot targets; one example at a time, as vectors or not.

    ``images`` is how the axes of an image follow each other: NCHW, NHWC, NCW for signals, empty for flat columns.
    ``masks`` are zeros and ones, and not scaled; so are targets that may be probabilities where they are ``certain``.
    """

    layout: Layout
    labels: int | None = None
    each: bool = False
    vectors: bool = False
    images: str = ""
    masks: bool = False
    certain: bool = False

    @property
    def said(self) -> str:
        """What it is, in words."""
        parts = [f"one example at a time, {self.layout.name}" if self.each else self.layout.name]
        if self.vectors:
            parts = ["one example at a time, as a vector"]
        if self.images:
            parts = [f"images in {self.images}"]
        if self.labels is not None:
            parts.append("targets as class labels" + (" from 1" if self.labels else ""))
        elif self.certain:
            parts.append("targets as zeros and ones")
        return ", ".join(parts)


@dataclass(frozen=True)
class Shaper:
    """Turns arrays of one network into a form and back."""

    derivation: Derivation
    form: Form

    @cached_property
    def geometry(self) -> Geometry:
        """What is an image, what a kernel."""
        return Geometry(self.derivation)

    @property
    def iterated(self) -> list[str]:
        """What is another array for every example."""
        return [v.name for v in self.derivation.forward.given if is_data(v)] if self.form.each else []

    def given(self, case: Case) -> dict[str, Any]:
        """Return the arrays of a case as somebody writes them, by our names; with ``EACH`` one example each."""
        import numpy as np

        network = self.derivation.network
        known = {**network.by_name, **{each.name: each for each in self.derivation.forward.given}}
        found: dict[str, Any] = {}
        for name, variable in known.items():
            value = case.known.get(name)
            if value is None or np.ndim(value) != 2 or name == network.loss.name:
                continue
            array = np.asarray(value, dtype=float)
            if isinstance(variable, Variable) and variable.role is Role.MASK and self.form.masks:
                array = (array > 0).astype(float)
            if is_data(variable):
                parts = self._examples(variable, array, case.examples)
                found[EACH + name] = parts
                found[name] = parts if self.form.each else self.theirs(variable, array)
            elif not (self.form.each and variable.shape[1].has(BATCH)):
                found[name] = self.theirs(variable, array)
            if isinstance(variable, Variable) and variable.role is Role.TARGET and self.form.labels is not None:
                labels = array.argmax(axis=0) + self.form.labels
                found[name] = found[EACH + name] = labels
        found["m"] = np.array(1 if self.form.each else case.examples)
        return found

    def _examples(self, variable: Variable, array: Any, examples: int) -> Any:
        import numpy as np

        width = array.shape[1] // examples if examples and array.shape[1] % examples == 0 else array.shape[1]
        pieces = [array[:, at : at + width] for at in range(0, array.shape[1], width)]
        if self.form.vectors and width == 1:
            return np.stack([each[:, 0] for each in pieces])
        return np.stack([self.theirs(variable, each) for each in pieces])

    def theirs(self, variable: Variable, array: Any) -> Any:
        """Return one of our matrices as they write it."""
        folded = self._folded(variable, array.shape)
        if folded is None:
            return self.form.layout.theirs(variable, array)
        split, order = folded
        return array.reshape(split).transpose(order).copy()

    def _folded(self, variable: Variable, shape: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
        """Return the axes that a matrix splits into, and their order in an image or kernel of theirs."""
        if not self.form.images:
            return None
        name, last = variable.name, self.form.images[-1] == "C"
        split: tuple[int, ...]
        if name in self.geometry.images:
            height, wide = self.geometry.images[name]
            split, flat = (shape[0] // (height * wide), height, wide, shape[1]), 1
            axes, order = "CHWN", "NHWC" if last else "NCHW"
        elif name in self.geometry.kernels:
            high, wide = self.geometry.kernels[name]
            split, flat = (shape[0], shape[1] // (high * wide), high, wide), 2
            axes, order = "FCHW", "HWCF" if last else "FCHW"
        else:
            return None
        if self.form.images in SIGNALS:  # A signal has no height.
            split = split[:flat] + split[flat + 1 :]
            axes, order = axes.replace("H", ""), order.replace("H", "")
        return split, tuple(axes.index(each) for each in order)

    def shape(self, variable: Variable, ours: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape they should give a matrix of our shape."""
        folded = self._folded(variable, ours)
        if folded is None:
            return self.form.layout.shape(variable, ours)
        split, order = folded
        return tuple(split[each] for each in order)

    def ours(self, variable: Variable, array: Any, shape: tuple[int, ...]) -> Any | None:
        """Return one of their arrays as a matrix of our shape; None where it does not fit."""
        wanted = self.shape(variable, shape)
        folded = self._folded(variable, shape)
        if array.shape == wanted:
            if folded is None:
                return self.form.layout.ours(variable, array)
            order = folded[1]
            back = tuple(order.index(at) for at in range(len(order)))
            return array.transpose(back).reshape(shape)
        single = math.prod(wanted) == 1 and array.size == 1
        if single or (
            array.size == math.prod(wanted)
            and any(size == 1 for size in variable.shape)
            and _without_ones(array.shape) == _without_ones(wanted)
        ):
            return array.reshape(shape)
        return None


def _without_ones(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def is_data(variable: Any) -> bool:
    """Whether a matrix holds examples."""
    if isinstance(variable, Adjoint):
        return True
    return (
        isinstance(variable, Variable)
        and variable.role in DATA
        and bool(variable.shape[1].has(BATCH) or variable.role in (Role.INPUT, Role.TARGET))
    )


def forms(derivation: Derivation, *, rows: bool = False) -> Iterator[Form]:
    """Yield the forms that are tried: the whole batch first, then one example at a time."""
    geometry = Geometry(derivation)
    if geometry.images and derivation.network.alone:
        signals = all(height == 1 for height, _ in geometry.images.values())
        for images in SIGNALS if signals else ("NCHW", "NHWC"):
            yield Form(BY_ROWS[1], images=images)
        return
    order = (*BY_ROWS, *BY_COLUMNS) if rows else (*BY_COLUMNS, *BY_ROWS)
    one_hot = "one_hot" in target_kinds(derivation.forward).values() or any(
        each.role is Role.TARGET and each.shape[0] != 1
        for each in derivation.forward.given
        if isinstance(each, Variable)
    )
    unsure = uncertain(derivation.forward)
    masks = any(isinstance(each, Variable) and each.role is Role.MASK for each in derivation.forward.given)
    batch = [Form(layout) for layout in order]
    if masks:
        batch += [replace(each, masks=True) for each in batch]
    singles = [Form(layout, each=True) for layout in order] if _has_examples(derivation) else []
    singles += [Form(layout, each=True, vectors=True) for layout in (COLUMNS, COLUMNS_FLAT)] if singles else []
    for group in (batch, singles):
        yield from group
        if unsure:
            yield from (replace(each, certain=True) for each in group)
        for labels in (0, 1) if one_hot else ():
            yield from (replace(each, labels=labels, certain=unsure) for each in group)


def _has_examples(derivation: Derivation) -> bool:
    return any(each.shape[1].has(BATCH) for each in derivation.forward.given)
