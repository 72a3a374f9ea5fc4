"""derive(network): the forward list, the backward list and every gradient, frozen."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sympy import MatMul, MatrixExpr

import symbp.ops.native  # noqa: F401 - SymPy's own nodes: who builds one has not imported its rule
from symbp.calculus.factor import Acts, Factor, Paths, Product
from symbp.calculus.jacobian import Jacobian, jacobian
from symbp.calculus.product import flat_product, nested_product
from symbp.calculus.reverse import reverse
from symbp.collector import pause_collector
from symbp.domain import DOMAINS, Domain, instance, takes
from symbp.equations import Equation, ForwardSystem, System, nodes, operands
from symbp.errors import CheckFailedError, SpecError, UnusedParameterWarning, later, nearest
from symbp.networks.blocks import Block
from symbp.networks.general import require_number
from symbp.networks.importing.module import Module
from symbp.networks.network import Name, Network
from symbp.networks.one_sequence import one_sequence
from symbp.networks.unstacked import states, unstacked
from symbp.numeric.agreement import Agreement, disagreement
from symbp.numeric.compiled import Compiled, compile_systems
from symbp.op import FactorRole, Op
from symbp.ops.within import Within
from symbp.representation import Represented
from symbp.symbols import Variable, adjoint_name, counts_examples

if TYPE_CHECKING:
    from symbp.networks import hessian, sizes
    from symbp.networks.importing import models
    from symbp.networks.sizes import Sizes
else:
    hessian = later("symbp.networks.hessian")
    models = later("symbp.networks.importing.models")
    sizes = later("symbp.networks.sizes")  # It knows all operations, and deriving needs none of them.

MAX_NAMED = 6
"""How many names a message gives where none is near."""

MAX_MULTIPLIED = 50
"""Deepest network whose gradients are multiplied out as one SymPy expression."""

MAX_STEPS_MULTIPLIED = 2
"""Most steps of a cell with two states over which a gradient is multiplied out: its ways branch at every step."""


_STATE = re.compile(r"(?:([A-Za-z][A-Za-z0-9_.]*)\.)?[sS]([0-9]{1,6})\Z", re.ASCII)


@dataclass(frozen=True)
class Gradient(Represented):
    """The gradient of the loss with respect to one variable, in three equivalent forms.

    ``terms`` and ``factors`` are the factored form, ``recursive`` the short one (δ·Aᵀ),
    ``expression`` the product multiplied out.
    """

    variable: Variable
    equation: Equation
    paths: Paths
    batch: bool
    depth: int
    entangled: tuple[int, Paths] | None = None
    """The steps of a layer with a stacked state, and the paths without stacks; None where no layer has one."""
    of: Derivation | None = field(default=None, compare=False, repr=False)
    """The derivation that it is a gradient of."""

    @cached_property
    def products(self) -> tuple[Product, ...]:
        """One product a use, as shared lists (what reports of deep networks print from)."""
        return self.paths.products(self.variable)

    @cached_property
    def terms(self) -> tuple[tuple[Factor, ...], ...]:
        """One tuple of factors a use of the variable, each ordered from the loss to the variable."""
        return self.paths.terms(self.variable)

    @cached_property
    def factors(self) -> tuple[Factor, ...]:
        """The factors of the only use, or a single sum over the uses; empty for a gradient that is zero."""
        return self._together(self.terms)

    def _together(self, terms: tuple[tuple[Factor, ...], ...]) -> tuple[Factor, ...]:
        if len(terms) <= 1:
            return terms[0] if terms else ()
        return (Factor(FactorRole.SUM, self.equation.lhs, self.variable.layer, Acts.SUM, terms),)

    @property
    def recursive(self) -> MatrixExpr:
        """The gradient in terms of the backward list, such as dZ2·A1ᵀ."""
        return self.equation.rhs

    @cached_property
    def expression(self) -> MatrixExpr:
        """The factors multiplied out: flat with D = diag f′(z) for one example, nested ⊙ for a batch.

        Raises:
            SpecError: beyond 50 layers, or two steps of an LSTM, where nothing could read it; use ``factors`` there.
        """
        if self.depth > MAX_MULTIPLIED:
            raise SpecError(
                f"the gradient of {self.variable.name} multiplied out over {self.depth} layers is unreadable "
                f"(the limit is {MAX_MULTIPLIED}): use .factors or .recursive"
            )
        factors = self.factors
        if self.entangled is not None:
            steps, paths = self.entangled
            if steps > MAX_STEPS_MULTIPLIED:
                raise SpecError(
                    f"the gradient of {self.variable.name} multiplied out over {steps} steps is unreadable, its ways "
                    f"branch at every step (the limit is {MAX_STEPS_MULTIPLIED}): use .recursive, or .jacobian of the "
                    "derivation for the product over time"
                )
            factors = self._together(paths.terms(self.variable))
        if not factors:
            return self.equation.rhs
        return nested_product(factors) if self.batch else flat_product(factors)


class _Gradients(Mapping[str, Gradient]):
    """The gradients by parameter name; a wrong name gets the nearest one suggested."""

    def __init__(self, by_name: dict[str, Gradient]) -> None:
        self._by_name = by_name

    def __getitem__(self, name: str) -> Gradient:
        try:
            return self._by_name[name]
        except (KeyError, TypeError):
            raise KeyError(f"no gradient of {name!r}{nearest(str(name), self._by_name)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)


@dataclass(frozen=True)
class Derivation(Represented):
    """A network with its backward list: all that reports, checks and generated code read.

    ``wrt`` are the variables differentiated by, in the order of the forward list.
    """

    network: Network
    forward: ForwardSystem
    backward: System
    wrt: tuple[Variable, ...]
    tokens: int = 0
    """How many tokens the one sequence has that is shown; 0 where columns are examples."""

    @cached_property
    @pause_collector()
    def gradients(self) -> Mapping[str, Gradient]:
        """The gradient of every variable of ``wrt`` by its name."""
        paths = Paths(self.backward, self.wrt)
        batch, depth = self.batch, self.network.depth
        entangled = None
        if self.unstacked is not self:
            last = max(each.lhs.step or 0 for each in self.unstacked.forward if isinstance(each.lhs, Variable))
            entangled = last, Paths(self.unstacked.backward, self.wrt, deepest=None)
        same = replace(self)  # One that knows no gradients: what refers to itself stays in memory.
        parts = (paths, batch, depth, entangled, same)
        return _Gradients({v.name: Gradient(v, self.backward[adjoint_name(v)], *parts) for v in self.wrt})

    @property
    def blocks(self) -> Block:
        """The layer tree of the forward list; that of ``readable`` is of the list as it is read."""
        return self.network.blocks

    @cached_property
    def coupled(self) -> tuple[Equation, ...]:
        """The forward equations in which an example meets another one, as in batch statistics."""
        return tuple(equation for equation in self.forward.equations[:-1] if _couples(equation))

    @property
    def entire(self) -> bool:
        """Whether its columns belong together: examples that meet, or the tokens of a sequence."""
        return bool(self.coupled or self.tokens or self._sequences)

    @cached_property
    def _sequences(self) -> bool:
        return any(isinstance(node, Within) for equation in self.forward for node in nodes(equation.rhs))

    @cached_property
    def agreement(self) -> Agreement | None:
        """How its gradients agree with those of the model that the network was made from; None for any other."""
        sample = self.network.sample if self.network is not None else None
        return None if sample is None else Agreement.of(self.compile(), sample, [each.name for each in self.wrt])

    @property
    def is_alone(self) -> bool:
        """Whether it is that of an operation alone."""
        return self.network is not None and self.network.alone

    @property
    def batch(self) -> bool:
        """Whether it is shown for a batch: as asked, and wherever examples meet."""
        return self.network.batch or bool(self.coupled)

    @cached_property
    def unused(self) -> tuple[Variable, ...]:
        """The variables the loss does not depend on: their gradient is an explicit zero."""
        return tuple(v for v in self.wrt if not self.backward[adjoint_name(v)].steps)

    @property
    def unstacked(self) -> Derivation:
        """The same derivation as it is read: h_t and c_t in place of the blocks of a stacked state [h_t; c_t]."""
        return self._unstacked or self

    @cached_property
    def _unstacked(self) -> Derivation | None:
        # None and not itself: what refers to itself stays in memory until the collector comes.
        without = unstacked(self.forward, self.backward)
        if without.forward is self.forward:
            return None
        network = copy(self.network)
        network.output = without.same.get(network.output, network.output)
        network.blocks = self.network.blocks.moved(without.places)
        return replace(self, network=network, forward=without.forward, backward=without.backward)

    @cached_property
    def readable(self) -> Derivation:
        """The same derivation as pages have it: no stacked states, and of sequences one example, tokens as columns."""
        found = self.unstacked
        if not self._sequences:
            return found
        forward, backward, read = one_sequence(found.forward, found.backward)
        network = copy(found.network)
        for name in ("y", "output", "loss", "loss_node"):
            setattr(network, name, read(getattr(network, name)))
        network.inputs, network.parameters = (tuple(map(read, each)) for each in (network.inputs, network.parameters))
        network.forward = forward
        network.__dict__.pop("by_name", None)  # What it had cached is of the batch.
        tokens = max(int(each.lhs.shape[1]) for each in forward) if network.x.shape[1] == 1 else int(network.x.shape[1])
        return Derivation(network, forward, backward, tuple(map(read, self.wrt)), tokens)

    @cached_property
    def sizes(self) -> Sizes:
        """The sizes of the list as it is read, as letters with values: ``sizes["W1", 0]`` is n₁, 5 in its values.

        In equations of one's own the names of dimensions are the letters, and numbers stay numbers.
        """
        read = self.readable
        return sizes.sizes_of(read.forward, read.network.origins, read.blocks, read.network.output.name)

    def repeated(self, count: int) -> Derivation:
        """Return the derivation with ``count`` in the place of the letter that stands for any number."""
        general = self.network.general
        if general is None:
            raise SpecError("the network has its number of layers: there is no letter to replace")
        return derive(general.build(count), wrt=None if self.wrt == self.network.wrt else [v.name for v in self.wrt])

    @cached_property
    def states(self) -> Mapping[str, Mapping[int, tuple[Variable, ...]]]:
        """The parts of each recurrent layer's state, (h_t, c_t) or (h_t,), by its path and then by the step from 1."""
        return states(self.unstacked.forward)

    @takes
    def jacobian(self, to: str, of: str) -> Jacobian:
        """Return ∂to/∂of between the states of two steps of a recurrent layer, as the product of its steps' Jacobians.

        States are named ``s6`` and ``s2``, or ``lstm1.s6`` where the network has several recurrent layers; an LSTM's
        is [h; c]. The matrices are those of one example.

        Raises:
            SpecError: no recurrent layer of two or more steps, a name that is no state, or steps in the wrong order.
        """
        (path, last), (other, first) = (self._state(name) for name in (to, of))
        if path != other:
            raise SpecError(f"{to} and {of} are states of two layers: give two of one layer, such as {path}.s{first}")
        if first >= last:
            raise SpecError(f"{to} does not come after {of}: the later state comes first, as in jacobian('s6', 's2')")
        return jacobian(self.unstacked.backward, self.states[path], last, first)

    def _state(self, name: str) -> tuple[str, int]:
        """Read the name of a state as the path of its layer and its step."""
        if not self.states:
            raise SpecError("the network has no recurrent layer of two or more steps, so no state follows another")
        found = _STATE.match(name)
        path = (found[1] or (next(iter(self.states)) if len(self.states) == 1 else "")) if found else ""
        if found is None or path not in self.states or int(found[2]) not in self.states[path]:
            layers = ", ".join(f"{each}.s1 to {each}.s{len(steps)}" for each, steps in self.states.items())
            raise SpecError(f"{name[:40]!r} is no state of the network; there are {layers}")
        return path, int(found[2])

    @takes
    def compile(self, f: str | Sequence[str] | None = None, loss: str | None = None) -> Compiled:
        """Return the two lists as one NumPy function of (parameters, X, Y), with its ``source``.

        ``f`` (one name, or one for each layer) and ``loss`` stand for what the network leaves open.

        Raises:
            SpecError: something is left open and nothing stands for it, or the other way round; the number of layers
                is a letter.
        """
        require_number(self.network, "a program")
        return compile_systems(self.forward, self.backward, self.wrt, f, loss)


DOMAINS[Derivation] = Domain("a Derivation, which derive(network) returns", "Derivations", instance(Derivation))


def _couples(equation: Equation) -> bool:
    """Tell whether examples meet: in an operation, in a product that sums over them, or in rows that count them."""
    lhs, rhs = equation.lhs, equation.rhs
    if counts_examples(lhs.shape[0]):
        return True
    if isinstance(rhs, Op):  # It stands alone: its operands are names.
        return rhs.couples_examples
    products = [node for node in nodes(rhs) if isinstance(node, MatMul)]
    return any(counts_examples(factor.shape[1]) for product in products for factor in operands(product)[:-1])


OPTIONS = tuple(inspect.signature(Network.mlp).parameters)
"""What describes a multilayer perceptron in the short way."""


@takes
@pause_collector()
def derive(
    network: Network | Name | Path | Module | None = None,
    inputs: Any = None,
    target: Any = None,
    loss: Any = None,
    *,
    wrt: Sequence[str] | None = None,
    hessian_vector: str | None = None,
    **options: Any,
) -> Derivation:
    """Derive the gradient of a network's loss with respect to its parameters.

    ``layers="L"`` is any number of layers: the lists are those of a network with many, the page and the check are of
    all. ``derive("network.toml")`` is ``derive(Network.load("network.toml"))``, which takes names of examples and
    operations too; ``derive(layers=3, activation="tanh")`` is the short way for ``derive(Network.mlp(...))``.
    ``wrt`` names what to differentiate by, ``X`` included; by default all parameters, of an operation alone its inputs
    as well.
    ``derive(module, x, y, "cross_entropy")`` takes a module of PyTorch with an example: its inputs, one or a tuple, the
    target, and the loss, a name in torch.nn.functional or a function of output and target; a loss that forward returns
    needs neither. The module is copied, and its own gradients are compared.
    With ``hessian_vector="W1"`` the gradient is that of the slope of the loss along a given ``R_W1``: by W1, the
    default, the Hessian times R_W1; by others the mixed second derivatives times it.

    Warns:
        UnusedParameterWarning: the loss does not depend on something; its gradient is an explicit zero.

    Raises:
        SpecError: both a network and options, an unknown option, a name in ``wrt`` the network does not have, or
            nothing to differentiate by.
        CheckFailedError: the network was made from a model whose own gradients are others.
    """
    if network is not None and not isinstance(network, Network | str | Path):
        network, inputs, target, loss = models.of_module(network, inputs, target, loss), None, None, None
    if inputs is not None or target is not None:
        raise SpecError("inputs and target go with a torch.nn.Module, as in derive(module, x, y, 'mse_loss')")
    options |= {} if loss is None else {"loss": loss}
    if network is not None and options:
        raise SpecError(f"give a network or options, not both: {', '.join(options)}")
    known = ", ".join(OPTIONS)
    for name in options:
        if name not in OPTIONS:
            raise SpecError(f"derive has no option {name!r}{nearest(name, OPTIONS) or f'; known: {known}'}")
    net = Network.mlp(**options) if network is None else network
    if not isinstance(net, Network):
        net = Network.load(net)
    if hessian_vector is not None:
        net = hessian.hessian_vector(net, hessian_vector)
    if net.general is not None:
        for name in wrt or ():  # It is there at any depth, and the same.
            if _variable(net.general.build(1), name) != _variable(net.general.build(2), name):
                raise SpecError(f"wrt: {name} is another matrix in every depth: name one of the first layers")
    chosen = net.wrt if wrt is None else tuple(_variable(net, name) for name in wrt)
    if not chosen:
        first = next((x.name for x in net.inputs), "X")
        raise SpecError(f'no parameter to differentiate by: give the network a weight, or say wrt=["{first}"]')
    derived = Derivation(net, net.forward, reverse(net.forward, net.loss, chosen), chosen)
    if net.sample is not None and derived.agreement is not None and not derived.agreement.right:
        raise CheckFailedError(disagreement(derived.agreement, net.sample))
    if derived.unused:
        names = ", ".join(variable.name for variable in derived.unused)
        its = "its gradient is" if len(derived.unused) == 1 else "their gradients are"
        warnings.warn(UnusedParameterWarning(f"the loss does not depend on {names}: {its} zero"), stacklevel=2)
    return derived


def _variable(network: Network, name: str) -> Variable:
    given = {symbol.name: symbol for symbol in (*network.parameters, *network.inputs)}
    if name not in given:
        near = nearest(name, given) or f"; it has {', '.join([*given][:MAX_NAMED])}{', …' * (len(given) > MAX_NAMED)}"
        raise SpecError(f"wrt: the network has no parameter or input {name!r}{near}")
    return given[name]
