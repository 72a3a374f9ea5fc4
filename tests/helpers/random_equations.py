"""Random networks in the whole language of equations: text with shapes, for a comparison that knows nothing of symbp.

A text is made from the shape that is wanted down to names. Numbers stay small, what is divided by, what a logarithm or
a root is taken of stays away from zero, and an inverse has a matrix that has one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np

Shape = tuple[str, str]

SIZES = ("1", "2", "3", "4", "m")
EXAMPLES = 5
DEPTH = 3

ENTRYWISE = (
    "tanh({})", "sigmoid({})", "relu({})", "softplus({})", "silu({})", "gelu({})", "elu({})", "sin({})", "cos({})",
    "abs({})", "exp(tanh({}))", "log(2 + tanh({}))", "sqrt(1 + ({})**2)", "({})**2", "(1.5 + sigmoid({}))**0.5",
    "clip({}, -1, 1)", "max({}, 0)", "max(0, {})", "min({}, 1)", "-({})", "2 * ({})", "1 - ({})", "({}) / 3",
    "stop({})", "1 / (1.5 + sigmoid({}))",
)  # fmt: skip
OF_TWO = (
    "({}) + ({})", "({}) - ({})", "({}) * ({})", "({}) / (1.5 + sigmoid({}))", "(1.5 + sigmoid({}))**({})",
    "max({}, {})", "min({}, {})",
)  # fmt: skip
ALONG = ("sum", "mean", "max", "min", "logsumexp", "norm", "var", "std")
ALIKE = ("softmax({})", "softmax({}, axis=1)", "log_softmax({}, axis=0)", "cumsum({}, axis=0)", "cumsum({}, axis=1)")
NORMS = {0: ("layernorm({})", "rmsnorm({})"), 1: ("batchnorm({})",)}
OF_ALL = ("sum", "mean", "norm", "max", "min", "logsumexp")


@dataclass
class RandomNetwork:
    """The lines of a random network, the shapes of what is given, and numbers for it."""

    random: Random
    lines: list[str] = field(default_factory=list)
    shapes: dict[str, Shape] = field(default_factory=dict)
    masks: set[str] = field(default_factory=set)
    known: dict[str, Shape] = field(default_factory=dict)

    @property
    def inputs(self) -> list[str]:
        """What is given and not differentiated by."""
        return [name for name in self.shapes if name[0] in "XN"]

    def declared(self) -> dict[str, tuple[int | str, int | str]]:
        """Return the shapes as symbp takes them."""
        return {name: tuple(int(s) if s.isdigit() else s for s in size) for name, size in self.shapes.items()}  # type: ignore[misc]

    def values(self, seed: int) -> dict[str, Any]:
        """Return an array for everything that is given; a mask has zeros and ones."""
        random = np.random.default_rng(seed)
        sizes = {name: tuple(EXAMPLES if s == "m" else int(s) for s in size) for name, size in self.shapes.items()}
        return {
            name: random.integers(0, 2, size).astype(float) if name in self.masks else random.normal(size=size)
            for name, size in sizes.items()
        }

    def given(self, letter: str, shape: Shape) -> str:
        """Return a new name of what is given."""
        name = f"{letter}{1 + len(self.shapes)}"
        self.shapes[name] = shape
        return name

    def leaf(self, shape: Shape) -> str:
        """Return a name of a shape, a new one now and then."""
        fitting = [name for name, size in {**self.shapes, **self.known}.items() if size == shape]
        fitting = [name for name in fitting if name not in self.masks]
        if fitting and self.random.random() < 0.7:
            return self.random.choice(fitting)
        return self.given("X" if "m" in shape else "W", shape)

    def text(self, shape: Shape, depth: int) -> str:
        """Return an expression of a shape."""
        if depth == 0 or self.random.random() < 0.1:
            return self.leaf(shape)
        while True:
            found = self.random.choice(PRODUCTIONS)(self, shape, depth - 1)
            if found is not None:
                return found

    def define(self, name: str, text: str, shape: Shape) -> None:
        """Add a line."""
        self.lines.append(f"{name} = {text}")
        self.known[name] = shape

    def shape(self) -> Shape:
        """Return a shape with one dimension at least that is no 1."""
        return self.random.choice(SIZES[1:]), self.random.choice(SIZES)


def _entrywise(net: RandomNetwork, shape: Shape, depth: int) -> str:
    return net.random.choice(ENTRYWISE).format(net.text(shape, depth))


def _of_two(net: RandomNetwork, shape: Shape, depth: int) -> str:
    """One of two may be repeated, as NumPy does."""
    narrow = tuple(net.random.choice((size, size, "1")) for size in shape)
    sides = [net.text(shape, depth), net.text(narrow, depth)]  # type: ignore[arg-type]
    net.random.shuffle(sides)
    return net.random.choice(OF_TWO).format(*sides)


def _where(net: RandomNetwork, shape: Shape, depth: int) -> str:
    mask = net.given("N", shape)
    net.masks.add(mask)
    return f"where({mask}, {net.text(shape, depth)}, {net.text(shape, depth)})"


def _product(net: RandomNetwork, shape: Shape, depth: int) -> str:
    inner = net.random.choice(SIZES)
    return f"({net.text((shape[0], inner), depth)}) @ ({net.text((inner, shape[1]), depth)}) / 2"


def _transpose(net: RandomNetwork, shape: Shape, depth: int) -> str:
    return f"({net.text(shape[::-1], depth)}).T"


def _part(net: RandomNetwork, shape: Shape, depth: int) -> str | None:
    rows, columns = shape
    if net.random.random() < 0.5:
        return f"({net.text((str(int(rows) + 1), columns), depth)})[1:{int(rows) + 1}]" if rows in "123" else None
    return f"({net.text((rows, str(int(columns) + 1)), depth)})[:, 0:{columns}]" if columns in "123" else None


def _stack(net: RandomNetwork, shape: Shape, depth: int) -> str | None:
    at = net.random.randint(0, 1)
    if not shape[at].isdigit() or shape[at] == "1":
        return None
    first = net.random.randint(1, int(shape[at]) - 1)
    parts = [str(first), str(int(shape[at]) - first)]
    sizes = [(part, shape[1]) if at == 0 else (shape[0], part) for part in parts]
    return f"{'vh'[at]}stack({', '.join(net.text(size, depth) for size in sizes)})"


def _along(net: RandomNetwork, shape: Shape, depth: int) -> str | None:
    axis = net.random.randint(0, 1)
    if shape[axis] != "1":
        return None
    size = net.random.choice(SIZES[2:])
    of = (size, shape[1]) if axis == 0 else (shape[0], size)
    return f"{net.random.choice(ALONG)}({net.text(of, depth)}, axis={axis})"


def _of_all(net: RandomNetwork, shape: Shape, depth: int) -> str | None:
    return f"{net.random.choice(OF_ALL)}({net.text(net.shape(), depth)})" if shape == ("1", "1") else None


def _alike(net: RandomNetwork, shape: Shape, depth: int) -> str:
    return net.random.choice(ALIKE).format(net.text(shape, depth))


def _norm(net: RandomNetwork, shape: Shape, depth: int) -> str | None:
    axis = net.random.randint(0, 1)
    return net.random.choice(NORMS[axis]).format(net.text(shape, depth)) if shape[axis] in "34m" else None


def _regular(net: RandomNetwork, size: str) -> str:
    """A matrix with an inverse."""
    name = net.leaf((size, size))
    return f"({name} @ {name}.T + 2 * eye({size}))"


def _square(net: RandomNetwork, shape: Shape, depth: int) -> str | None:
    size = net.random.choice(SIZES[1:4])
    if shape == ("1", "1"):
        return net.random.choice(("trace({})", "logdet({})", "det({}) / 50")).format(_regular(net, size))
    if shape[0] not in "234":
        return None
    if shape[1] == "1" and net.random.random() < 0.5:
        return f"diag({net.text((shape[0], shape[0]), depth)})"
    if shape[0] == shape[1]:
        if net.random.random() < 0.5:
            return f"inv({_regular(net, shape[0])})"
        return f"diag({net.text((shape[0], '1'), depth)})"
    return f"solve({_regular(net, shape[0])}, {net.text(shape, depth)})"


def _made(net: RandomNetwork, shape: Shape, depth: int) -> str:
    rows, columns = shape
    if rows == columns and net.random.random() < 0.5:
        return f"eye({rows}) + ({net.text(shape, depth)})"
    return f"ones({rows}, {columns}) - ({net.text(shape, depth)})"


PRODUCTIONS: tuple[Callable[[RandomNetwork, Shape, int], str | None], ...] = (
    _entrywise, _entrywise, _of_two, _of_two, _where, _product, _product, _transpose, _part, _stack, _along, _along,
    _of_all, _alike, _norm, _square, _made,
)  # fmt: skip


def _repeat(net: RandomNetwork) -> None:
    """A state that goes through three steps."""
    shape = net.shape()
    net.lines += [f"S[0] = {net.text(shape, 1)}", "repeat t = 1..3:"]
    net.known["S[t-1]"] = shape
    net.lines.append(f"    S[t] = tanh({net.text(shape, 2)} + S[t-1] / t)")
    del net.known["S[t-1]"]
    net.known["S[3]"] = shape


def _gradient(net: RandomNetwork) -> None:
    """A gradient of a number by something given, which it holds."""
    by = net.leaf(net.shape())
    if by in net.known:
        return
    net.define("L", f"mean(sin({net.text(net.shapes[by], 2)}) * tanh({by}))", ("1", "1"))
    net.define("G", f"grad(L, {by})", net.shapes[by])


def random_network(seed: int) -> RandomNetwork:
    """Return a network of two to four lines, steps and a gradient of a gradient among them now and then."""
    net = RandomNetwork(Random(seed))
    for number in range(1, net.random.randint(2, 4)):
        shape = net.shape()
        net.define(f"H{number}", net.text(shape, DEPTH), shape)
    if net.random.random() < 0.3:
        _repeat(net)
    if net.random.random() < 0.3:
        _gradient(net)
    used = "\n".join(net.lines)
    loose = [name for name in net.known if name != "L" and used.count(name) == 1 + (name[0] == "S")]
    terms = [f"mean(({name}) * ({net.text(net.known[name], 1)}))" for name in loose or net.known]
    net.lines.append(f"loss = {' + '.join(terms)} + sum(tanh({net.given('W', ('2', '3'))}))")
    return net
