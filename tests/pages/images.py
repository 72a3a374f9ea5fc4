"""Images as a person reads them: sizes from the table of notation, what a kernel slides over from its line.

An image is a column of C·H·W values in C order, a kernel a matrix of C_out rows. NumPy alone, with loops.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from spelling import UnreadableError
from sympy import MatrixSymbol

from symbp.maths.tree import Node, Num, Tag, walk
from symbp.pages.page import Page, Para, Table, Text
from symbp.symbols import Adjoint

Sizes = tuple[int, ...]

PLACES = "all places of its channel"
"""What a sentence says of a bias that is added to a whole channel."""


@dataclass(frozen=True)
class Slide:
    """What a kernel slides over: image and map (channels, rows, columns), window, and the settings below its sign."""

    image: Sizes
    map: Sizes
    window: Sizes
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    groups: int = 1

    def groups_of(self, outputs: Any, inputs: Any, kernel: Any) -> list[tuple[Any, Any, Any]]:
        """Return the map's channels, those of the image and the kernels of every group."""
        parts = (np.split(each, self.groups) for each in (outputs, inputs, kernel))
        return list(zip(*parts, strict=True))

    def pairs(self) -> Iterator[tuple[Sizes, Sizes, Sizes]]:
        """Yield place of the map, entry of the window, and the place of the image below, where there is one."""
        for place in np.ndindex(*self.map[1:]):
            for entry in np.ndindex(*self.window):
                steps = zip(place, entry, strict=True)
                under = tuple(self.stride * p + self.dilation * e - self.padding for p, e in steps)
                if all(0 <= at < size for at, size in zip(under, self.image[1:], strict=True)):
                    yield place, entry, under


def columns(array: Any, sizes: Sizes) -> Any:
    """Return columns as images, their number last."""
    if len(array) != prod(sizes):
        raise UnreadableError(f"an image of {sizes} in {len(array)} rows")
    return array.reshape(*sizes, -1)


@dataclass
class Images:
    """What a page says of images: the sizes of its letters, the biases of channels; slides as lines are read."""

    sizes: Mapping[str, Sizes] = field(default_factory=dict)
    added: frozenset[str] = frozenset()
    slides: dict[str, Slide] = field(default_factory=dict)

    @classmethod
    def of(cls, page: Page) -> Images:
        """Read the table of notation and the sentences."""
        sizes = {}
        for block in page.blocks:
            if isinstance(block, Table) and len(block.head) == 3:
                sizes |= dict(_sizes(block))
        said = [block.text for block in page.blocks if isinstance(block, Para)]
        return cls(sizes, frozenset(name for spans in said for name in _added(spans)))

    def image(self, rows: int) -> Sizes:
        """Return the sizes of the image with so many values, which all images of the page with so many have."""
        found = {each for each in self.sizes.values() if len(each) == 3 and prod(each) == rows}
        if len(found) != 1:
            raise UnreadableError(f"an image of {rows} values: {sorted(found)}")
        return found.pop()

    def slid(self, sign: str, left: Any, right: Any, keys: Sequence[str], settings: str, target: str) -> Any:
        """Return K ⋆ X, G ⋆ X (where the gradient of a kernel is wanted) or K ∗ G."""
        if sign == "⋆" and len(self.sizes.get(keys[0], ())) == 4 and keys[0] not in self.slides:
            self.slides[keys[0]] = self._slide(keys[0], self.image(len(right)), settings)
        elif sign == "∗" and keys[0] in self.sizes and keys[0] not in self.slides:  # Laid over the result.
            self.slides[keys[0]] = self._slide(keys[0], self.result(settings, target), settings)
        if sign == "⋆" and keys[0] in self.slides and not keys[0].startswith("d"):
            return self._forward(self.slides[keys[0]], left, right)
        kernel = keys[0] if sign == "∗" else target.removeprefix("d")
        if kernel not in self.slides:
            raise UnreadableError(f"{sign} of a kernel that slides over nothing: {kernel!r}, {sorted(self.slides)}")
        slide = self.slides[kernel]
        return self._back(slide, left, right) if sign == "∗" else self._gradient(slide, left, right)

    def result(self, settings: str, target: str) -> Sizes:
        """Return the sizes of what a line makes, which the table says of its letter or of what it is a part of."""
        if target not in self.sizes:
            raise UnreadableError(f"the image {target} is of no size: {settings}")
        return self.sizes[target]

    def _slide(self, kernel: str, image: Sizes, settings: str) -> Slide:
        pairs = (each.replace("↑", "s=").partition("=") for each in settings.split(",") if each)
        said = {name.strip(): int(value) for name, _, value in pairs}
        outputs, _, *window = self.sizes[kernel]
        stride, padding, dilation = said.get("s", 1), said.get("p", 0), said.get("d", 1)
        sides = [dilation * (side - 1) + 1 for side in window]
        places = [(size + 2 * padding - side) // stride + 1 for size, side in zip(image[1:], sides, strict=True)]
        return Slide(image, (outputs, *places), tuple(window), stride, padding, dilation, said.get("g", 1))

    @staticmethod
    def _forward(slide: Slide, k: Any, x: Any) -> Any:
        kernel, image = k.reshape(slide.map[0], -1, *slide.window), columns(x, slide.image)
        found = np.zeros((*slide.map, image.shape[-1]), dtype=np.result_type(k, x))
        for own, under_it, of_group in slide.groups_of(found, image, kernel):
            for place, entry, under in slide.pairs():
                own[:, *place] += of_group[:, :, *entry] @ under_it[:, *under]
        return found.reshape(-1, image.shape[-1])

    @staticmethod
    def _gradient(slide: Slide, g: Any, x: Any) -> Any:
        errors, image = columns(g, slide.map), columns(x, slide.image)
        channels = slide.image[0] // slide.groups
        found = np.zeros((slide.map[0], channels, *slide.window), dtype=np.result_type(g, x))
        for own, under_it, of_group in slide.groups_of(errors, image, found):
            for place, entry, under in slide.pairs():
                of_group[:, :, *entry] += own[:, *place] @ under_it[:, *under].T
        return found.reshape(slide.map[0], -1)

    @staticmethod
    def _back(slide: Slide, k: Any, g: Any) -> Any:
        kernel, errors = k.reshape(slide.map[0], -1, *slide.window), columns(g, slide.map)
        found = np.zeros((*slide.image, errors.shape[-1]), dtype=np.result_type(k, g))
        for own, under_it, of_group in slide.groups_of(errors, found, kernel):
            for place, entry, under in slide.pairs():
                under_it[:, *under] += of_group[:, :, *entry].T @ own[:, *place]
        return found.reshape(-1, errors.shape[-1])

    def spread(self, bias: Any, rows: int) -> Any:
        """Return a bias of channels at every place of an image of so many values."""
        if rows % len(bias):
            raise UnreadableError(f"{len(bias)} channels in {rows} values")
        return np.repeat(bias, rows // len(bias), axis=0)

    # Pooling: the word has the sides of the window below it, which moves by its own size.

    def pooled(self, sides: list[int], x: Any, choose: Any) -> Any:
        """Return what is chosen of the values under every place of a window."""
        slide = self._pool(sides, len(x))
        image = columns(x, slide.image)
        found = np.zeros((*slide.map, image.shape[-1]), dtype=x.dtype)
        for place in np.ndindex(*slide.map[1:]):
            under = [image[:, *u] for p, _, u in slide.pairs() if p == place]
            found[:, *place] = choose(np.stack(under))
        return found.reshape(-1, image.shape[-1])

    def _pool(self, sides: list[int], rows: int) -> Slide:
        image = self.image(rows)
        places = [size // side for size, side in zip(image[1:], sides[:2], strict=True)]
        return Slide(image, (image[0], *places), tuple(sides[:2]), sides[0])

    def shared(self, sides: list[int], g: Any) -> Any:
        """Return equal shares of an error at the places that it is the mean of."""
        maps = {each for each in self.sizes.values() if len(each) == 3 and prod(each) == len(g)}
        fits = {
            image: slide
            for image in {each for each in self.sizes.values() if len(each) == 3}
            if (slide := self._pool(sides, prod(image))).map in maps
        }
        if len(fits) != 1:
            raise UnreadableError(f"shares of {len(g)} values over {sorted(fits)}")
        (slide,) = fits.values()
        errors = columns(g, slide.map)
        found = np.zeros((*slide.image, errors.shape[-1]), dtype=g.dtype)
        for place, _, under in slide.pairs():
            found[:, *under] += errors[:, *place] / prod(sides[:2])
        return found.reshape(-1, errors.shape[-1])


@dataclass
class Maxima:
    """Max pooling and what it makes of errors: which value was the largest is remembered with the result."""

    images: Images
    known: list[tuple[Any, Any, list[int]]] = field(default_factory=list)

    def pool(self, sides: list[int], x: Any) -> Any:
        """Return the largest value under every place."""
        found = self.images.pooled(sides, x, lambda under: under.real.max(axis=0))
        self.known.append((found, x, sides))
        return found

    def back(self, result: Any, g: Any) -> Any:
        """Return each error at the first place where the value is the largest, 0 elsewhere."""
        x, sides = next((x, sides) for found, x, sides in self.known if np.array_equal(found, result))
        slide = self.images._pool(sides, len(x))
        image, errors = columns(x, slide.image), columns(g, slide.map)
        largest = columns(result, slide.map)
        found, taken = np.zeros_like(image), np.zeros(largest.shape, dtype=bool)
        for place, _, under in slide.pairs():
            here = (image[:, *under] == largest[:, *place]) & ~taken[:, *place]
            found[:, *under] += np.where(here, errors[:, *place], 0)
            taken[:, *place] |= here
        return found.reshape(-1, errors.shape[-1])


def _added(spans: Text) -> Iterator[str]:
    """Yield the names that a sentence says are added at every place: those right before it says so."""
    before: list[str] = []
    for span in spans:
        if isinstance(span, Tag) and isinstance(span.of, MatrixSymbol):
            before.append(span.of.name)
        elif isinstance(span, str) and PLACES in span:
            yield from before
        elif isinstance(span, str) and span.strip() not in (",", "and"):
            before = []


def _sizes(table: Table) -> Iterator[tuple[str, Sizes]]:
    """Yield the sizes of letters of one row each: 2 × 1 × 3 × 3, by the names of their symbols."""
    for letters, _, shape in table.rows:
        numbers = [
            int(node.digits) for each in shape if isinstance(each, Node) for node in walk(each) if isinstance(node, Num)
        ]
        if len(shape) != 1 or len(numbers) < 3:
            continue
        for piece in letters:
            tags = [node for node in walk(piece) if isinstance(node, Tag)] if isinstance(piece, Node) else []
            for tag in tags:
                if isinstance(tag.of, MatrixSymbol) and not isinstance(tag.of, Adjoint):
                    yield tag.of.name, tuple(numbers)
