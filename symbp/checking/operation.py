"""One operation by itself: its words, its meaning in every arithmetic, its rule against differences of its meaning."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from itertools import combinations, count
from typing import Any, cast

from sympy import Basic, Expr, Integer, MatrixExpr, MatrixSymbol, Symbol

from symbp.calculus.reverse import reverse
from symbp.checking.bench import Bench
from symbp.checking.check import check
from symbp.checking.differences import STEP, SingleEntries, complex_steps
from symbp.checking.entries import computed
from symbp.checking.plans import plans
from symbp.checking.report import CheckReport, Row, Verdict
from symbp.derivation import Derivation
from symbp.equations import Equation, operands, text
from symbp.errors import CheckFailedError, SpecError
from symbp.networks.matrix_expressions import Parsed
from symbp.networks.network import Network
from symbp.nodes import matmul
from symbp.numeric import engines
from symbp.numeric.definitions import calls
from symbp.numeric.engines import Engine
from symbp.numeric.long import Long
from symbp.numeric.sizes import EXAMPLES
from symbp.numeric.stacked import Stack, stacked
from symbp.op import Entry, Op, meaning_of, steps, vjp
from symbp.ops.arithmetic import EXPONENTIAL
from symbp.ops.elementwise import Elementwise
from symbp.ops.losses import EntrywiseLoss, entry_loss
from symbp.roles import DATA
from symbp.symbols import BATCH, Role, Variable, counts_examples

MOST_WORDS = 8
"""What a rule says in few words stands beside an equation."""

JARGON = frozenset({"vjp", "adjoint", "node"})
"""Words of the program, which no student knows."""

GIVEN = (*DATA, Role.TARGET, Role.UPSTREAM)
"""The roles of operands that no gradient is taken by."""

CLOSE = 1e-9
"""How far two arithmetics may differ, by the largest entry."""

TELLING = 1e-6
"""How closely a wrong gradient must be a multiple of the right one to be called one."""

UNKNOWN = Symbol("unknown", integer=True, positive=True)
"""How many rows the data has that the operands are computed from."""


def examined(node: Op) -> Derivation:
    """Return a network around an operation after testing it: its words, its meaning, its rule.

    Raises:
        CheckFailedError: one line that says what is wrong.
        RuleNotFoundError: it has no meaning or no rule.
        SpecError: the node is no operation on symbols, or its sizes would hide a mistake.
    """
    _require_fit(node)
    _examine_words(node)
    _examine_meaning(node)
    _examine_entry(node)
    networks = [(node, _around(node))]
    networks += [(each, _around(each)) for each in _with_one_symbol_twice(node)]
    for each, derived in networks:
        if not node.flat:
            _examine_rule(each, derived)
        _examine_backward(node, derived)
    return networks[0][1]


def _require_fit(node: Op) -> None:
    if not isinstance(node, Op) or not all(isinstance(each, MatrixSymbol) for each in operands(node)):
        raise SpecError("give an operation on symbols, such as Softmax(Variable('Z', 'n', 'm', …))")
    sizes = [size for each in dict.fromkeys(operands(node)) for size in each.shape if size.is_Integer and size != 1]
    for size in sizes:
        if sizes.count(size) > 1:
            raise SpecError(
                f"two operands or sides of {_name(node)} have the size {size}, which hides a missing transpose: "
                "give letters, or numbers that differ"
            )
    if node.func(*node.args) != node:
        raise CheckFailedError(f"{_name(node)} is not what it makes of its own args: take them in the order of .args")


def _name(node: Op) -> str:
    return type(node).__name__


def _examine_words(node: Op) -> None:
    if vjp.dispatch(type(node)) is vjp.registry[object]:
        vjp(node, None, node)
    step = steps[vjp.dispatch(type(node))]
    words = step.why.lower().replace("-", " ").replace(".", " ").split()
    if not step.why.endswith(".") or not step.why[0].isupper():
        raise CheckFailedError(f"the sentence of {step.rule} begins with a capital and ends with a stop: {step.why!r}")
    if jargon := JARGON.intersection(words):
        raise CheckFailedError(f"the sentence of {step.rule} is for a student, and says {min(jargon)!r}")
    if not 0 < len(step.short.split()) <= MOST_WORDS:
        raise CheckFailedError(f"{step.rule} says in one to {MOST_WORDS} words what it does: short={step.short!r}")
    if not step.short[0].islower() or step.short[-1] in ".,:;":
        raise CheckFailedError(f"few words begin small and have no stop behind them: short={step.short!r}")
    for other in steps.values():
        if other.short == step.short and other.why != step.why:
            raise CheckFailedError(f"{other.rule} says {step.short!r} too: {step.rule} needs few words of its own")


def _examine_meaning(node: Op) -> None:
    """Run a meaning on numbers that cannot be written to, complex ones, 50 digits, copies: all must agree."""
    function = meaning_of(node)
    _require_functional(function)
    given = _drawn(node)
    wanted = _run(node, engines.real(), [_locked(each) for each in given], "on arrays that nothing may write to")
    long, complex_ = engines.digits(), engines.complex_()
    for where, engine, arrays in (
        ("with 50 digits", long, [long.array(each) for each in given]),
        ("on complex numbers", complex_, [each.astype(complex) for each in given]),
        ("on stacked copies", stacked(complex_), [Stack(_two(each)) for each in given]),
    ):
        if not _agree(_plain(_run(node, engine, arrays, where)), wanted):
            raise CheckFailedError(f"the meaning of {_name(node)} gives other numbers {where} than on plain ones")


def _plain(found: Any) -> Any:
    """Return what an arithmetic gives as real numbers, of copies the second."""
    if isinstance(found, Stack):
        found = found.copies[1]
    return found.floats() if isinstance(found, Long) else found.real


def _examine_entry(node: Op) -> None:
    """Compare what stands at each place by the entry form with the meaning."""
    form = node.entry()
    if form is None or not form.parts:
        return
    sized = cast("Op", node.xreplace(_numbers(_letters(node))))
    given = _drawn(node)
    try:
        found = computed(sized, cast("Entry", sized.entry()), given)
    except Exception as error:  # whatever somebody's entry form leads to
        raise CheckFailedError(f"the entry form of {_name(node)} cannot be computed: {_said(error)}") from error
    if not _agree(found, _run(node, engines.real(), given, "on plain numbers")):
        raise CheckFailedError(f"the entry form of {_name(node)} is not what its meaning computes")


def _two(array: Any) -> Any:
    """Return two copies, the second the array itself."""
    import numpy as np

    return np.stack([array + 1, array]).astype(complex)


def _agree(found: Any, wanted: Any) -> bool:
    import numpy as np

    if np.shape(found) != np.shape(wanted):
        return False
    return bool(np.max(np.abs(found - wanted)) <= CLOSE * np.max(np.abs(wanted), initial=1.0))


def _run(node: Op, engine: Engine, arrays: Sequence[Any], where: str) -> Any:
    import numpy as np

    there, numbers = iter(arrays), _numbers(_letters(node))
    arguments = [
        next(there) if isinstance(each, MatrixExpr) else _number(each.xreplace(numbers), engine) for each in node.args
    ]
    try:
        with np.errstate(all="ignore"):
            found = meaning_of(node)(engine.np, *arguments)
    except Exception as error:  # whatever somebody's function raises
        raise CheckFailedError(f"the meaning of {_name(node)} does not run {where}: {_said(error)}") from error
    shape, made = _sized(node), getattr(found, "shape", type(found).__name__)
    if made != shape:
        raise CheckFailedError(f"the meaning of {_name(node)} makes {made} of what has the shape {shape}")
    return found


def _said(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160]


def _number(arg: Basic, engine: Engine) -> Any:
    if not isinstance(arg, Expr):
        return arg
    return int(arg) if arg.is_Integer else engine.number(arg)


def _locked(array: Any) -> Any:
    array.flags.writeable = False
    return array


def _numbers(letters: Set[Any]) -> dict[Any, Integer]:
    """Return numbers for letters of sizes, all different."""
    free = (each for each in count(2) if each != EXAMPLES)
    return {each: Integer(EXAMPLES) if each == BATCH else Integer(next(free)) for each in sorted(letters, key=str)}


def _letters(node: MatrixExpr) -> set[Basic]:
    """Return the letters of the sizes of its operands, and of its own."""
    return {letter for each in (node, *operands(node)) for size in each.shape for letter in size.free_symbols}


def _sized(node: MatrixExpr, inside: Op | None = None) -> tuple[int, ...]:
    """Return the shape of an operation, or of an operand ``inside`` one, in numbers."""
    numbers = _numbers(_letters(inside or node))
    return tuple(int(size.xreplace(numbers)) for size in node.shape)


def _drawn(node: Op) -> list[Any]:
    """Return numbers for its operands; where it has no value at some of them, positive ones."""
    import numpy as np

    random = np.random.default_rng(0)
    found = [random.normal(size=_sized(each, node)) for each in operands(node)]
    value = _run(node, engines.real(), [each.copy() for each in found], "on plain numbers")
    return found if np.all(np.isfinite(value)) else [np.abs(each) for each in found]


def _require_functional(function: Callable[..., Any]) -> None:
    """Refuse what is assigned in place, which copies and other libraries do not know, and what has no source."""
    if function.__name__ == "<lambda>":
        raise CheckFailedError("the meaning is a lambda: give it a def and a name, which compile() writes down")
    every: list[Callable[..., Any]] = [function, *calls(function)]
    for each in every:
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(each)))
        except OSError:
            raise CheckFailedError(f"the source of {each.__name__} is nowhere: define it in a file") from None
        for line in ast.walk(tree):
            targets = line.targets if isinstance(line, ast.Assign) else [getattr(line, "target", None)]
            in_place = isinstance(line, ast.AugAssign) or any(isinstance(target, ast.Subscript) for target in targets)
            if in_place and isinstance(line, ast.Assign | ast.AugAssign | ast.For):
                raise CheckFailedError(
                    f"{each.__name__} assigns in place, {ast.unparse(line)}: make a new array, as with xp.where"
                )


def _around(node: Op, positive: bool = False) -> Derivation:
    """Return a network that computes the operands of a node, applies it, and has a squared error of the result.

    An operand whose columns are examples is W·X, any other a parameter; one of ``positive`` numbers is exp of that.
    """
    equations: list[Equation] = []
    given: list[Variable] = []
    new: dict[MatrixSymbol, Variable] = {}

    def define(stem: str, number: int, value: MatrixExpr) -> Variable:
        symbol = _variable(stem, number, value.shape, Role.PREACTIVATION)
        equations.append(Equation(symbol, value))
        return symbol

    for number, old in enumerate(dict.fromkeys(operands(node)), 1):
        if _is_given(old):
            new[old] = _variable("C", number, old.shape, old.role)
            given.append(new[old])
            continue
        rows, columns = old.shape
        batched = counts_examples(columns)
        value = weight = _variable("W", number, (rows, UNKNOWN if batched else columns), Role.WEIGHT)
        given.append(weight)
        if batched:
            data = _variable("X", number, (UNKNOWN, columns), Role.INPUT)
            given.append(data)
            value = define("Z", number, matmul(weight, data))
        new[old] = define("E", number, Elementwise(EXPONENTIAL, value)) if positive else value
    try:
        result = define("A", 1, _on(node, new))
        target = _variable("Y", 1, result.shape, Role.TARGET)
        loss = Variable("loss", 1, 1, Role.LOSS, "loss")
        equations.append(Equation(loss, EntrywiseLoss(entry_loss("mse"), result, target)))
        weights, inputs = (tuple(each for each in given if each.role in roles) for roles in ((Role.WEIGHT,), DATA))
        targets = (target, *(each for each in given if each not in (*weights, *inputs)))
        network = Network.of(Parsed(tuple(equations), inputs, targets, weights, 1))
        return Derivation(network, network.forward, reverse(network.forward, network.loss, weights), weights)
    except Exception as error:  # whatever somebody's rule raises, a shape that does not fit above all
        raise CheckFailedError(f"what the rule of {_name(node)} returns does not fit: {_said(error)}") from error


def _variable(stem: str, number: int, shape: tuple[Expr, Expr], role: Role) -> Variable:
    rows, columns = shape
    return Variable(f"{stem}{number}", rows, columns, role, stem, number)


def _on(node: Op, symbols: Mapping[MatrixSymbol, MatrixSymbol]) -> Op:
    """Return the operation on other symbols."""
    return cast(
        "Op", node.func(*[symbols.get(arg, arg) if isinstance(arg, MatrixSymbol) else arg for arg in node.args])
    )


def _is_given(operand: MatrixSymbol) -> bool:
    return getattr(operand, "role", None) in GIVEN


def _free(node: Op) -> list[MatrixSymbol]:
    """Return the operands that have a gradient, each once."""
    return [each for each in dict.fromkeys(operands(node)) if not _is_given(each)]


def _with_one_symbol_twice(node: Op) -> Iterator[Op]:
    """Yield the operation with one symbol for two of its operands, for every two that have one shape and a gradient."""
    for first, second in combinations(_free(node), 2):
        if first.shape == second.shape:
            yield _on(node, {second: first})


def _examine_rule(node: Op, derived: Derivation) -> None:
    report = _checked(node, derived)
    if any(row.verdict is Verdict.UNDEFINED for row in report.rows):
        derived = _around(node, positive=True)
        report = _checked(node, derived)
    names = dict(zip((each.name for each in derived.wrt), _free(node), strict=True))
    for row in report.rows:
        if row.verdict is not Verdict.AGREES:
            raise CheckFailedError(_wrong(node, derived, row, names[row.name]))


def _checked(node: Op, derived: Derivation) -> CheckReport:
    try:
        return check(derived)
    except Exception as error:  # the rule's own nodes may fail in any way
        raise CheckFailedError(f"the rule of {_name(node)} does not run: {_said(error)}") from error


def _wrong(node: Op, derived: Derivation, row: Row, operand: MatrixSymbol) -> str:
    rule, twice = vjp.dispatch(type(node)).__name__, len(set(operands(node))) < len(operands(node))
    where = f"in the gradient by {operand.name}, {text(operand.shape)}" + " given twice" * twice
    if row.verdict is Verdict.WRONG:
        return f"{rule} is wrong {where}: {_multiple(derived, row.name)}"
    return f"{rule} cannot be judged {where}: {row.verdict}" + f", {row.note}" * bool(row.note)


def _multiple(derived: Derivation, name: str) -> str:
    """Return what a wrong gradient is beside the right one: a multiple of it, or how far from it."""
    import numpy as np

    plan = plans(derived, thorough=True)[0]
    bench = Bench.of(derived, plan.standins, plan.sizes, seed=0)
    found = bench.gradients[name].ravel()
    entries = SingleEntries.of({name: bench.gradients[name].shape})
    right = complex_steps(bench.stepped, entries, [STEP] * len(found))
    if not right.any():
        return "it is not zero, and differences of the meaning are"
    factor = float(found @ right / (right @ right))
    if np.linalg.norm(found - factor * right) <= TELLING * np.linalg.norm(right):
        return f"it is {factor:.6g} times what differences of the meaning give"
    distance = float(np.linalg.norm(found - right) / np.linalg.norm(right))
    return f"it is {distance:.1g} of its size away from differences of the meaning"


def _examine_backward(node: Op, derived: Derivation) -> None:
    """An operation of the backward list must have a rule: gradients are differentiated again."""
    for equation in derived.backward:
        for part in equation.rhs.atoms(Op) if equation.steps else ():
            if vjp.dispatch(type(part)) is vjp.registry[object]:
                raise CheckFailedError(f"{_name(part)}, which the rule of {_name(node)} makes, has no rule of its own")
