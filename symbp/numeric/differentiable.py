"""A program as an operation that another library differentiates: its forward pass, its backward pass, a check of both.

A backend is a row: the words of a library, and how a file in it is laid out. The lines of both passes are those of the
NumPy program.
"""

from __future__ import annotations

import math
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType

from symbp.equations import ForwardSystem, nodes
from symbp.numeric import engines
from symbp.numeric.dialect import JAX, NUMPY, TORCH, Dialect
from symbp.numeric.sizes import Sizes, given_sizes
from symbp.numeric.source import LINE, Program, definitions_of, docstring, passed, wrapped
from symbp.numeric.values import Values, positive_only, target_kinds
from symbp.ops.stop import Stop
from symbp.symbols import Adjoint, Role, Variable, examples_are_rows

ROOM = 28
"""What stands beside a list of names in its line."""

EXAMPLES = 4
"""How many examples the check of a program draws."""

MOST_ENTRIES = 500
"""Of more numbers than these a check takes a random direction, not every entry."""


@dataclass(frozen=True)
class Backend:
    """A library that differentiates: its words, and the layout of a file with fields in braces."""

    dialect: Dialect
    layout: str

    def source(self, program: Program, forward: ForwardSystem) -> str:
        """Return a program in these words and this layout; its check draws numbers for what ``forward`` is given."""
        parts = _Parts(program, self._words(program), forward)
        layout = self.layout.strip("\n")
        if not has_differences(forward):
            layout = layout.partition(CHECK)[0].rstrip("\n")
        text = "".join(line for each in layout.split("\n") for line in _filled(each, parts))
        return text if "math." in text else text.replace("import math\n\n", "")

    def _words(self, program: Program) -> Dialect:
        """Return its words, with its error function for that of the program."""
        own = () if program.erf is None else ((f"{program.erf}(x)", f"{self.dialect.erf}(x)"),)
        return replace(self.dialect, rows=(*own, *self.dialect.rows))


CHECK = 'if __name__ == "__main__":'
"""Where the check of a program begins."""


def has_differences(forward: ForwardSystem) -> bool:
    """Whether differences of the loss are its gradients: a gradient that is stopped is none."""
    return not any(isinstance(node, Stop) for equation in forward for node in nodes(equation.rhs))


_FIELD = re.compile(r"\{([a-z]+)\}")


def _filled(line: str, parts: _Parts) -> Iterable[str]:
    """Yield the lines that a line of a layout becomes, all of them set in as it is; of an empty field alone, none."""
    body = line.lstrip(" ")
    found = _FIELD.fullmatch(body)
    lines = parts.of(found[1]) if found else _FIELD.sub(lambda field: "\n".join(parts.of(field[1])), body).split("\n")
    indent = " " * (len(line) - len(body))
    yield from (f"{indent}{each}".rstrip() + "\n" for each in lines)


class _Parts:
    """The fields of a layout, each as lines."""

    def __init__(self, program: Program, words: Dialect, forward: ForwardSystem) -> None:
        self.program, self.words, self.drawn_for = program, words, forward
        self.names = program.names
        self.given = (*program.inputs, *program.targets, *program.parameters)
        self.is_wanted = {*program.wrt}

    def of(self, field: str) -> list[str]:
        """Return one field."""
        found = getattr(self, f"_{field}")()
        return [found] if isinstance(found, str) else list(found)

    def _title(self) -> str:
        return self.program.title

    def _definitions(self) -> Iterable[str]:
        text = definitions_of(self.program.writer.definitions, self.program.erf)
        if text:
            yield from ("", "") if text.startswith("def ") else ()
            yield from self.words.translated(text, self.program.constants).splitlines()
        yield ""

    def _given(self) -> Iterable[str]:
        return _listed([self.names[each] for each in self.given])

    def _arguments(self) -> Iterable[str]:
        return _listed([f'"{each.name}"' for each in self.given])

    def _gradients(self) -> Iterable[str]:
        return _listed([f'"{each.name}"' for each in self.given if each in self.is_wanted])

    def _forward(self) -> Iterable[str]:
        equations, lines, _ = self.program.passes()[0]
        yield from self._columns
        yield from self._translated([*passed(self.program, equations, lines)])

    def _backward(self) -> Iterable[str]:
        equations, lines, _ = self.program.passes()[1]
        yield from self._columns
        yield from self._translated([*passed(self.program, equations, lines, by_layer=True, noted=True)])

    def _translated(self, lines: Sequence[str]) -> list[str]:
        return self.words.translated("\n".join(lines), {"m", *self.program.constants}).splitlines()

    @property
    def _columns(self) -> list[str]:
        return [] if self.program.columns is None else [f"m = {self.program.columns.code}"]

    def _loss(self) -> str:
        return self.words.translated(self.program.loss.code)

    def _kept(self) -> Iterable[str]:
        (_, ahead, _), (_, back, _) = self.program.passes()
        columns = (self.program.columns,) if self.program.columns is not None else ()
        used = {name for line in (*back, *columns) for name in line.used} - {line.name for line in back}
        names = [*(self.names[each] for each in self.given), *(line.name for line in ahead)]
        return _listed([each for each in names if each in used])

    def _results(self) -> Iterable[str]:
        own = (self.names[Adjoint(each)] if each in self.is_wanted else None for each in self.given)
        return _listed([f"upstream * {name}" if name else "None" for name in own], room=15)

    def _signature(self) -> str:
        return self.program.signature

    def _docstring(self) -> Iterable[str]:
        program = self.program
        return docstring(program.inputs, program.targets, program.parameters, program.names)

    def _named(self) -> str:
        """Return what the function is given as one mapping by name."""
        pieces = []
        for several, group in (("inputs", self.program.inputs), ("targets", self.program.targets)):
            pieces += [f"**{several}"] if len(group) > 1 else [f'"{each.name}": {self.names[each]}' for each in group]
        return f"{{{', '.join([*pieces, '**parameters'])}}}"

    def _called(self) -> str:
        """Return what the function is called with, out of a mapping by name."""
        keys = [[each.name for each in group] for group in (self.program.inputs, self.program.targets)]
        several = (", ".join(f'"{key}": given["{key}"]' for key in group) for group in keys if len(group) > 1)
        one = (f'given["{group[0]}"]' if len(group) == 1 else f"{{{next(several)}}}" for group in keys if group)
        return ", ".join(["parameters", *one])

    def _parameters(self) -> Iterable[str]:
        return _listed([f'"{each.name}"' for each in self.program.parameters])

    def _drawn(self) -> Iterable[str]:
        """Yield how each array is drawn; where the loss is no number otherwise, all data are positive."""
        positive = positive_only(self.drawn_for)
        codes = self._codes(positive)
        if self._is_lost(codes):
            codes = self._codes({*positive, *self.program.inputs, *self.program.targets})
        yield from (f'"{name}": {code},' for name, code in codes.items())

    def _codes(self, positive: Container[Variable]) -> dict[str, str]:
        kinds, shapes = target_kinds(self.drawn_for), self._sizes.shapes
        codes = {each: _drawn(each, shapes[each.name], kinds.get(each, "real")) for each in self.given}
        return {each.name: f"abs({code})" if each in positive else code for each, code in codes.items()}

    def _is_lost(self, codes: Mapping[str, str]) -> bool:
        """Whether the loss is no number at what these lines draw."""
        import numpy as np

        scope = {"np": np, "random": np.random.default_rng(0)}
        values = {name: eval(code, scope) for name, code in codes.items()}
        groups = (self.program.parameters, self.program.inputs, self.program.targets)
        parameters, inputs, targets = ({each.name: values[each.name] for each in group} for group in groups)
        with np.errstate(all="ignore"):
            loss, _ = engines.real().run(self.program)(*Values(parameters, inputs, targets).arguments())
        return math.isnan(loss)

    def _fast(self) -> str:
        shapes = [self._sizes.shapes[each.name] for each in self.program.wrt]
        return ", fast_mode=True" if sum(rows * columns for rows, columns in shapes) > MOST_ENTRIES else ""

    @cached_property
    def _sizes(self) -> Sizes:
        return given_sizes(self.drawn_for, examples=EXAMPLES)


def _listed(pieces: Sequence[str], room: int = ROOM) -> list[str]:
    """Return a tuple: a line that leaves room beside it, or lines between brackets."""
    whole = f"{', '.join(pieces)}{',' * (len(pieces) == 1)}"
    return [whole] if len(whole) <= LINE - room else ["(", *wrapped(pieces, "    ", ","), ")"]


_DRAWN: Mapping[str, str] = MappingProxyType(
    {
        "real": "random.normal(size={shape})",
        "any": "random.normal(size={shape})",
        "count": "random.poisson(1.5, {shape}).astype(float)",
        "share": "random.random({shape})",
        "binary": "random.integers(0, 2, {shape}).astype(float)",
        "sign": "2.0 * random.integers(0, 2, {shape}) - 1",
        "distribution": "random.dirichlet(np.ones({rows}), {columns}).T",
        "one_hot": "np.eye({rows})[:, random.integers({rows}, size={columns})]",
        "parameter": "random.normal(size={shape}) / {columns}**0.5",
        "column": "random.normal(size={shape}) / 2",
        "padding": "(np.arange({rows})[:, None] < random.integers(1, {rows} + 1, {columns})).astype(float)",
    }
)
"""How numbers for a check are drawn: targets by their kind, parameters, masks."""

_OF_ROLE: Mapping[Role, str] = MappingProxyType(
    {
        Role.INPUT: "real", Role.CONSTANT: "real", Role.DIRECTION: "real", Role.FROZEN: "parameter",
        Role.MASK: "binary", Role.PADDING: "padding", Role.WEIGHT: "parameter",
    }
)  # fmt: skip


def _drawn(symbol: Variable, shape: tuple[int, int], kind: str) -> str:
    is_target = symbol.role in (Role.TARGET, Role.UPSTREAM)
    turned = is_target and examples_are_rows(symbol)
    rows, columns = shape[::-1] if turned else shape
    row = kind if is_target else _OF_ROLE.get(symbol.role, "column")
    code = _DRAWN[row].format(shape=(rows, columns), rows=rows, columns=columns)
    return f"({code}).T" if turned else code


BACKENDS: Mapping[str, Backend] = MappingProxyType(
    {
        "torch": Backend(
            TORCH,
            '''
"""{title}; needs PyTorch alone, and works in its default precision."""

import math

import torch

ARGUMENTS = {arguments}
GRADIENTS = {gradients}
{definitions}

class Loss(torch.autograd.Function):
    """The loss as one operation: Loss.apply of the arrays that ARGUMENTS names."""

    @staticmethod
    def forward(ctx, *arrays):
        """Return the loss, and keep what the backward pass reads."""
        {given} = arrays
        {forward}
        kept = {kept}
        ctx.save_for_backward(*kept)
        return {loss}

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, upstream):
        """Return the gradient by each argument of forward, times upstream; None where nothing asks for it."""
        {kept} = ctx.saved_tensors
        {backward}

        return {results}


def loss_and_gradients({signature}):
    {docstring}
    given = {named}
    given |= {name: given[name].detach().requires_grad_() for name in GRADIENTS}
    loss = Loss.apply(*(given[name] for name in ARGUMENTS))
    gradients = torch.autograd.grad(loss, [given[name] for name in GRADIENTS])
    return loss.detach(), dict(zip(GRADIENTS, gradients))


if __name__ == "__main__":
    import numpy as np

    torch.set_default_dtype(torch.float64)
    random = np.random.default_rng(0)
    given = {
        {drawn}
    }
    arrays = [torch.tensor(given[name], requires_grad=name in GRADIENTS) for name in ARGUMENTS]
    assert torch.autograd.gradcheck(Loss.apply, arrays{fast})
    print("right: the gradients agree with differences of the loss")
''',
        ),
        "jax": Backend(
            JAX,
            '''
"""{title}; needs JAX alone."""

import math

import jax
import jax.numpy as jnp

ARGUMENTS = {arguments}
GRADIENTS = {gradients}
{definitions}

def forward(*arrays):
    """Return the loss, and what the backward pass reads."""
    {given} = arrays
    {forward}
    kept = {kept}
    return {loss}, kept


def backward(kept, upstream):
    """Return the gradient by each argument of loss, times upstream; None where nothing asks for it."""
    {kept} = kept
    {backward}

    return {results}


@jax.custom_vjp
def loss(*arrays):
    """Return the loss of the arrays that ARGUMENTS names."""
    return forward(*arrays)[0]


loss.defvjp(forward, backward)


def loss_and_gradients({signature}):
    {docstring}
    given = {named}
    value, kept = forward(*(given[name] for name in ARGUMENTS))
    found = dict(zip(ARGUMENTS, backward(kept, 1.0)))
    return value, {name: found[name] for name in GRADIENTS}


if __name__ == "__main__":
    import numpy as np
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", True)
    random = np.random.default_rng(0)
    given = {
        {drawn}
    }
    given = {name: jnp.asarray(array) for name, array in given.items()}

    def of(*wrt):
        return loss(*({**given, **dict(zip(GRADIENTS, wrt))}[name] for name in ARGUMENTS))

    check_grads(of, [given[name] for name in GRADIENTS], order=1, modes=["rev"])
    print("right: the gradients agree with differences of the loss")
''',
        ),
        "check": Backend(
            NUMPY,
            '''
PARAMETERS = {parameters}
random = np.random.default_rng(0)
given = {
    {drawn}
}


def both(given):
    """Return the loss and its gradients."""
    parameters = {name: given[name] for name in PARAMETERS}
    return loss_and_gradients({called})


step = 1e-6
loss, gradients = both(given)
for name, gradient in gradients.items():
    direction = random.normal(size=gradient.shape)
    ahead, behind = (both({**given, name: given[name] + by * direction})[0] for by in (step, -step))
    along, difference = np.sum(gradient * direction), (ahead - behind) / (2 * step)
    assert abs(along - difference) <= 1e-6 * max(1, abs(difference)), name
    print(name, f"{along:.9f} is {difference:.9f} by a difference")
''',
        ),
    }
)
"""Every backend by the name of its format; the lines of a check that stand behind a NumPy program."""
