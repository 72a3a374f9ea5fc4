"""One step t of RNN, LSTM and GRU alone: the equations are those of the layers, the errors of h_t and c_t are given."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sympy import MatrixSymbol

from symbp.equations import Equation, System
from symbp.networks.alone.lone import Lone, Page, Spelling
from symbp.networks.network import Network
from symbp.networks.recurrent import CELLS
from symbp.networks.unstacked import unstacked
from symbp.op import ShownStep
from symbp.ops.upstream import Upstream
from symbp.symbols import Adjoint, Role, Variable

GATES = " The letter {delta} is the error of a gate, by the argument of its sigmoid or tanh."

LAYOUTS = {
    "rnn": "Columns are examples; {h0} is the state before, zero at the first step. The letter {delta} is the error "
    "by {Z}.",
    "lstm": "Columns are examples; {h0} and {c0} are the state before, zero at the first step." + GATES,
    "gru": "Columns are examples; {h0} is the state before, zero at the first step." + GATES,
}

TITLES = {"rnn": "One step of a recurrent network", "lstm": "One step of an LSTM", "gru": "One step of a GRU"}

SUBJECTS = {
    "rnn": "At every step the input {X} and the state before {h0} make the new state {h}, with the same weights.",
    "lstm": "At every step four gates read the input {X} and the output before {h0}: what of the cell is forgotten, "
    "what is written to it, and what of it is put out.",
    "gru": "At every step two gates read the input {X} and the state before {h0}: how much of the old state is kept, "
    "and how much of it the candidate sees.",
}

VARIANTS = {
    "rnn": "Elman's cell (1990), as in PyTorch.",
    "lstm": "As in PyTorch: Hochreiter and Schmidhuber (1997) with the forget gate of Gers, Schmidhuber and Cummins "
    "(2000), without peepholes. Many texts write c with a tilde for the candidate {g}.",
    "gru": "As in PyTorch the reset gate acts on {Q}, behind the product with {Un}; Cho et al. (2014) let it act on "
    "{h0}, before the product. The update gate keeps {z} of the old state in both.",
}

SHARES = "An error times what met the weight, added up over the examples: what this step gives the shared parameters."

WHY: dict[str, dict[str, str]] = {
    "rnn": {
        "Z": "The activation acts entry by entry: the error is multiplied by its slope, entry by entry.",
        "h0": "The state before entered through {U}: the error goes back through the transpose, to step {before}.",
        "X": "The input entered through {W}: the error goes back through the transpose.",
        "W": SHARES,
    },
    "lstm": {
        "c": "The cell goes two ways: on to the next step, from where {Gc} comes, and out through {h}. Both add up.",
        "Zo": "Output gate: it multiplied tanh of the cell. Every gate then has the slope of its own sigmoid or tanh.",
        "Zg": "Candidate: it was let in by the input gate.",
        "Zf": "Forget gate: it multiplied the cell before.",
        "Zi": "Input gate: it multiplied the candidate.",
        "c0": "Back to the cell before only the forget gate multiplies: no weight, no slope.",
        "h0": "The output before entered all four gates: four errors come back, each through a transpose.",
        "X": "The same for the input.",
        "Wi": SHARES,
    },
    "gru": {
        "Zn": "Candidate: the update gate lets 1 − {z} of it through.",
        "Q": "The reset gate lets {r} of it through to {Q}.",
        "Zz": "Update gate: it weighs the state before against the candidate.",
        "Zr": "Reset gate: it multiplied {Q}.",
        "h0": "The state before was used four ways: kept by {z}, in both gates, and in {Q}.",
        "X": "The input entered both gates and the candidate.",
        "Wr": SHARES,
    },
}

MEANINGS: dict[str, dict[str, str]] = {
    "rnn": {"X": "input", "h0": "state before", "Z": "before the activation", "h": "new state"},
    "lstm": {"X": "input", "h0": "output before", "c0": "cell before", "i": "input gate", "f": "forget gate",
             "g": "candidate", "o": "output gate", "c": "cell", "h": "output"},
    "gru": {"X": "input", "h0": "state before", "r": "reset gate", "z": "update gate",
            "Q": "what the reset gate acts on", "n": "candidate", "h": "new state"},
}  # fmt: skip

ABOVE = {
    "h": "{dh} is given: the error of {h} from the layer above and from step {behind}, added up.",
    "c": "{Gc} is given too: what comes back from step {behind}, where {c} is the cell before.",
}

REMARKS = (
    ShownStep(
        "At the last step nothing comes back from a later one. The first step starts from a state that is zero unless "
        "one is given; its terms with the state before are then zero.",
        (),
    ),
)


def rnn() -> Lone:
    """One step of an RNN with tanh."""
    return _step("rnn")


def lstm() -> Lone:
    """One step of an LSTM: the gradients of h_t and c_t from above are given."""
    return _step("lstm")


def gru() -> Lone:
    """One step of a GRU."""
    return _step("gru")


def _step(kind: str) -> Lone:
    network = Network([CELLS[kind](None, 1, initial=True)], loss="mse", batch=True)
    forward = unstacked(network.forward, System((), network.forward.given)).forward
    own = {each: _own(each) for each in (*forward.given, *(one.lhs for one in forward)) if isinstance(each, Variable)}
    equations = [Equation(own[each.lhs], each.rhs.xreplace(own)) for each in forward.equations[:-1]]
    by_name = {each.name: each for each in own.values()}
    inputs = [by_name[name] for name in ("X", "h0", "c0") if name in by_name]
    parameters = [own[each] for each in network.parameters]
    h = by_name["h"]
    pairs: list[MatrixSymbol] = [h, Adjoint(h)]
    later = []
    if "c" in by_name:
        later = [Variable("Gc", h.args[1], h.args[2], Role.UPSTREAM, "Gc")]
        pairs += [by_name["c"], *later]
    page = _page(kind, by_name)
    return Lone(kind, equations, inputs, [h], parameters, page=page, loss=Upstream(*pairs), targets=later)


def _own(variable: Variable) -> Variable:
    """Return a symbol of the layer's first step without its layer: lstm1.i1 is i, H0 is h0."""
    name = variable.name.rpartition(".")[2]
    short = {0: f"{variable.stem.lower()}0", 1: name.removesuffix("1"), None: name}[variable.step]
    return Variable(short, variable.args[1], variable.args[2], variable.role, variable.stem, 0)


def _page(kind: str, by_name: Mapping[str, Variable]) -> Page:
    gates = [each for each in by_name.values() if each.role is Role.GATE]
    hidden = [*(f"Z{gate.name}" for gate in gates), *(f"d{gate.name}" for gate in gates), "T", "dT"]
    shared = [name for name, each in by_name.items() if each.role in (Role.WEIGHT, Role.BIAS)]
    arguments = {name for name in by_name if by_name[name].role is Role.PREACTIVATION}
    return Page(
        TITLES[kind],
        SUBJECTS[kind],
        LAYOUTS[kind],
        letters=MappingProxyType({name: _letter(name) for name in by_name} | {"Gc": LATER}),
        meanings=MappingProxyType(MEANINGS[kind]),
        order=_order(kind, by_name),
        hidden=tuple(hidden),
        errors=MappingProxyType({name: _error(name) for name in arguments}),
        why=MappingProxyType(dict.fromkeys(shared, "") | WHY[kind]),
        opening=(ShownStep(VARIANTS[kind], ()),),
        remarks=REMARKS,
        above=MappingProxyType(ABOVE),
        over_steps=True,
    )


LATER: Spelling = (
    r"\frac{\partial \mathcal{L}}{\partial c_{t}} \Big|_{\mathrm{later}}", "∂ℒ/∂c_t|later", "dL/dc_t|later",
)  # fmt: skip
"""The part of the cell's error that comes from the step behind."""


def _order(kind: str, by_name: Mapping[str, Variable]) -> tuple[str, ...]:
    """Return the errors of the step as they are computed, then what goes back, then the parameters."""
    errors = {"rnn": ("Z",), "lstm": ("T", "c", "o", "Zo", "g", "Zg", "f", "Zf", "i", "Zi"),
              "gru": ("n", "Zn", "Q", "z", "Zz", "r", "Zr")}[kind]  # fmt: skip
    parameters = [name for name, each in by_name.items() if each.role in (Role.WEIGHT, Role.BIAS)]
    return (*errors, *(name for name in ("c0", "h0", "X") if name in by_name), *parameters)


def _letter(name: str) -> Spelling:
    """Return how a symbol of step t is spelled."""
    if name in ("h0", "c0"):
        return f"{name[0]}_{{t-1}}", f"{name[0]}_(t-1)", f"{name[0]}_(t-1)"
    if name in ("W", "U", "b"):
        return name, name, name
    if name[0] in "WUb":
        return f"{name[0]}_{{{name[1:]}}}", f"{name[0]}_{name[1:]}", f"{name[0]}_{name[1:]}"
    letter, index = name[0].lower(), f"{name[1:]}," if name[1:] else ""
    return f"{letter}_{{{index}t}}", f"{letter}_{index}t", f"{letter}_{index}t"


def _error(name: str) -> Spelling:
    index = f"{name[1:]}," if name[1:] else ""
    return rf"\delta_{{{index}t}}", f"δ_{index}t", f"delta_{index}t"
