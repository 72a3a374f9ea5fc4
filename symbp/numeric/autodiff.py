"""Gradients by somebody else's automatic differentiation: the forward program alone, run on PyTorch, JAX or autograd.

Nothing of our backward list takes part, so an error in it cannot hide here. Every library is imported when it is
asked for; each gets float64 and the namespace that our programs call ``np``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any

from symbp.errors import RuleNotFoundError, SpecError, nearest
from symbp.numeric.engines import Engine, namespace
from symbp.numeric.source import Program
from symbp.numeric.values import Values

Arrays = dict[str, Any]


@dataclass(frozen=True)
class Autodiff:
    """A library that differentiates: ``gradients`` takes a forward program, values and names."""

    name: str
    package: str
    gradients: Callable[[Program, Values, tuple[str, ...]], Arrays]

    def require(self) -> None:
        """Refuse where the library is not installed.

        Raises:
            SpecError: one line with the command that installs it.
        """
        # A folder of that name is a namespace package to Python; the library has a file to load.
        spec = find_spec(self.package)
        if spec is None or spec.origin is None:
            raise SpecError(f"--engine {self.name}: {self.package} is not installed; pip install 'symbp[{self.name}]'")


def autodiff(name: str) -> Autodiff:
    """Return a library by name.

    Raises:
        SpecError: no such engine, or it is not installed.
    """
    if name not in ENGINES:
        known = ", ".join(ENGINES)
        raise SpecError(f"--engine {name[:40]}: unknown{nearest(name[:40], ENGINES) or f'; choose from {known}'}")
    found = ENGINES[name]
    found.require()
    return found


def _torch(program: Program, values: Values, names: tuple[str, ...]) -> Arrays:
    import torch

    def tensor(a: Any) -> Any:
        return torch.as_tensor(a, dtype=torch.float64)

    def unary(name: str) -> Callable[[Any], Any]:
        function = getattr(torch, name)
        return lambda a: function(a if isinstance(a, torch.Tensor) else tensor(a))

    def binary(name: str) -> Callable[[Any, Any], Any]:
        function = getattr(torch, name)
        return lambda a, b: function(*(each if isinstance(each, torch.Tensor) else tensor(each) for each in (a, b)))

    def reduced(name: str) -> Callable[..., Any]:
        function = getattr(torch, name)
        return lambda a, axis=None, keepdims=False: (
            function(a) if axis is None else function(a, dim=axis, keepdim=keepdims)
        )

    def filled(name: str) -> Callable[[Any], Any]:
        function = getattr(torch, name)
        return lambda shape: function(tuple(shape), dtype=torch.float64)

    def largest(a: Any, axis: int | None = None, keepdims: bool = False) -> Any:
        return a.max() if axis is None else a.max(dim=axis, keepdim=keepdims).values  # amax would split ties

    own = {name: unary(name) for name in _UNARY} | {
        "pi": torch.pi,
        "arange": torch.arange,
        "concatenate": lambda arrays, axis=0: torch.cat(tuple(arrays), dim=axis),
        "full": lambda shape, value: torch.full(tuple(shape), value, dtype=torch.float64),
        "linalg": torch.linalg,
        "max": largest,
        "maximum": binary("maximum"),
        "minimum": binary("minimum"),
        "sum": reduced("sum"),
        "where": torch.where,
    }
    own |= {name: filled(name) for name in _FILLED}
    own |= {name: getattr(torch, name) for name in ("diagflat", "ones_like", "zeros_like")}
    own["eye"] = lambda size: torch.eye(size, dtype=torch.float64)
    engine = Engine("PyTorch", namespace(own), float, lambda a: torch.tensor(a, dtype=torch.float64), torch.erf)
    held = values.converted(engine.array)
    chosen = _chosen(held, names)
    for leaf in chosen.values():
        leaf.requires_grad_()
    loss = engine.loss(program)(*held.arguments())
    found = torch.autograd.grad(loss, list(chosen.values()), allow_unused=True)
    zeros = torch.zeros_like
    pairs = zip(chosen.items(), found, strict=True)
    return {name: (zeros(leaf) if each is None else each).detach().numpy() for (name, leaf), each in pairs}


def _jax(program: Program, values: Values, names: tuple[str, ...]) -> Arrays:
    import jax
    import jax.numpy as jnp
    import jax.scipy.special as special
    import numpy as np

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        engine = Engine("JAX", jnp, float, jnp.asarray, special.erf)
        loss, held = engine.loss(program), values.converted(engine.array)
        found = jax.grad(lambda chosen: loss(*held.changed(chosen).arguments()))(_chosen(held, names))
        return {name: np.asarray(gradient) for name, gradient in found.items()}
    finally:
        jax.config.update("jax_enable_x64", before)


def _autograd(program: Program, values: Values, names: tuple[str, ...]) -> Arrays:
    import autograd
    import autograd.numpy as xp
    import numpy as np

    erf = None
    if program.erf is not None:
        if find_spec("scipy") is None:
            raise RuleNotFoundError("autograd needs SciPy for erf: pip install scipy")
        import autograd.scipy.special as special

        erf = special.erf
    engine = Engine("autograd", xp, float, np.asarray, erf)
    loss = engine.loss(program)
    found = autograd.grad(lambda chosen: loss(*values.changed(chosen).arguments()))(_chosen(values, names))
    return {name: np.asarray(gradient) for name, gradient in found.items()}


_UNARY = (
    "abs", "arctan", "cos", "cosh", "exp", "expm1", "log", "log1p", "sign", "sin", "sinh", "sqrt", "tan", "tanh",
)  # fmt: skip
_FILLED = ("ones", "zeros")


def _chosen(values: Values, names: tuple[str, ...]) -> Arrays:
    return {name: values.parameters[name] if name in values.parameters else values.inputs[name] for name in names}


ENGINES: Mapping[str, Autodiff] = MappingProxyType(
    {
        "torch": Autodiff("torch", "torch", _torch),
        "jax": Autodiff("jax", "jax", _jax),
        "autograd": Autodiff("autograd", "autograd", _autograd),
    }
)
"""One row a library, by the name that --engine takes."""
