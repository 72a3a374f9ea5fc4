"""What ``Compiled`` is called with, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from sympy import Expr, Integer, S

from symbp.equations import ForwardSystem, text
from symbp.errors import ShapeError, SpecError, nearest
from symbp.numeric.source import given_groups
from symbp.ops.attention import MaskedSoftmax
from symbp.ops.losses import Loss, SoftmaxCrossEntropy, compared
from symbp.ops.normalisation import Normalise
from symbp.symbols import BATCH, Role, Variable, examples_are_rows

REMEMBERED = 64
"""How many combinations of shapes and types are known to be right, so that memory does not grow."""

Shapes = Mapping[str, tuple[int, ...]]

SUM_TOLERANCE = 1e-4
"""How far the sum of a column of targets may be from one; loose enough for float32."""


@dataclass(frozen=True)
class Arguments:
    """The arrays a program takes."""

    parameters: tuple[Variable, ...]
    inputs: tuple[Variable, ...]
    targets: tuple[Variable, ...]
    losses: tuple[tuple[Loss, tuple[Any, ...]], ...]
    """Every loss, with what it compares."""

    statistics: tuple[str, ...] = ()
    masks: tuple[tuple[str, bool], ...] = ()
    """The masks of padding, and whether their queries see no later keys."""

    @classmethod
    def of(cls, forward: ForwardSystem) -> Arguments:
        """Return what a forward list takes."""
        inputs, targets, parameters = given_groups(forward)
        losses = tuple((each.rhs, compared(each.rhs, forward)) for each in forward if isinstance(each.rhs, Loss))
        coupled = tuple(each.name for each in forward if isinstance(each.rhs, Normalise) and each.rhs.couples_examples)
        return cls(parameters, inputs, targets, losses, coupled, _masks(forward))

    def read(self, parameters: Mapping[str, Any], x: Any, y: Any) -> tuple[dict[str, Any], Any, Any, Any]:
        """Return the arrays as a program takes them, after checking names, shapes and targets, and their widest type.

        What shapes and types decide is decided once for each combination of them, what values decide in every call.
        """
        values = _by_name(self._names[0], parameters, "parameters")
        inputs = _named(self._names[1], x, "X")
        targets = self._targets(y)
        given = (*inputs.values(), *values.values(), *targets.values())
        types = frozenset([array.dtype for array in given])
        precision = self._precision(tuple([array.shape for array in given]), types)
        for loss, name in self._compared:
            _check_kind(loss, name, targets[name].T if name in self._rows else targets[name])
        for name, causal in self.masks:
            _check_mask(name, inputs[name], causal)
        return values, _as_taken(inputs), _as_taken(targets), precision

    @cached_property
    def _names(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """The names of parameters, inputs and targets."""
        groups = (self.parameters, self.inputs, self.targets)
        parameters, inputs, targets = (tuple([variable.name for variable in group]) for group in groups)
        return parameters, inputs, targets

    @cached_property
    def _rows(self) -> frozenset[str]:
        """The targets whose rows are the examples."""
        return frozenset(each.name for each in self.targets if examples_are_rows(each))

    @cached_property
    def _compared(self) -> tuple[tuple[Loss, str], ...]:
        """Every loss with the name of each target that it compares with."""
        return tuple((loss, each.name) for loss, found in self.losses for each in found if each in self.targets)

    @cached_property
    def _precision(self) -> Callable[[tuple[tuple[int, ...], ...], frozenset[Any]], Any]:
        """Shapes in the order of the arrays, and types -> the widest type; remembers the last few that were right."""
        return lru_cache(REMEMBERED)(self._judged)

    def _judged(self, shapes: tuple[tuple[int, ...], ...], types: frozenset[Any]) -> Any:
        import numpy as np

        found = {name: shape for (name, _, _), shape in zip(self._keys, shapes, strict=True)}
        for variable in self.targets:
            self._refuse_labels(variable, found[variable.name])
        self._check_shapes(found)
        self._check_statistics(found)
        return np.result_type(*types) if types else np.dtype(float)

    def _targets(self, y: Any) -> dict[str, Any]:
        if self.targets and y is None:
            above = self.targets[0].role is Role.UPSTREAM
            why = "the gradient of the output comes from above" if above else "the loss compares with targets"
            raise SpecError(f"{why}: give Y, {text(self.targets[0].shape)}")
        if y is None:
            return {}
        if not self.targets:
            raise SpecError("the loss needs no targets: leave out Y")
        return _named(self._names[2], y, "Y")

    def _refuse_labels(self, variable: Variable, shape: tuple[int, ...]) -> None:
        kinds = {loss.targets for loss, found in self.losses if variable in found}
        is_row = len(shape) == 1 or (len(shape) == 2 and shape[0] == 1 != variable.shape[0])
        if kinds & {"one_hot"} and is_row:
            raise SpecError(
                f"{variable.name} has shape {shape}: give one-hot columns, not class labels, "
                f"such as np.eye(classes)[:, labels]"
            )

    @cached_property
    def _keys(self) -> tuple[tuple[str, Form, Form], ...]:
        """Names with their dimensions as plain numbers and text: SymPy's comparisons are slow."""
        return tuple(
            (variable.name, _form(variable.shape[0]), _form(variable.shape[1]))
            for variable in (*self.inputs, *self.parameters, *self.targets)
        )

    def _check_shapes(self, shapes: Shapes) -> None:
        sizes: dict[str, int] = {}
        for name, rows, columns in self._keys:
            shape = shapes[name]
            if len(shape) != 2 or not (_fits(rows, shape[0], sizes) and _fits(columns, shape[1], sizes)):
                self._refuse_shapes(shapes)
            if 0 in shape:
                examples = "examples: give at least one, a column each"
                missing = "rows" if shape[0] == 0 else examples if columns.counts_examples else "columns"
                raise ShapeError(f"{name} has shape {shape}, which holds no {missing}")

    def _check_statistics(self, shapes: Shapes) -> None:
        """Refuse one example where something is normalised over the batch: it would be its own mean."""
        alone = [each.name for each in self.inputs if each.shape[1] == BATCH and shapes[each.name][1] == 1]
        if self.statistics and alone:
            raise ShapeError(
                f"{alone[0]} has one column, and {self.statistics[0]} is normalised over the batch: "
                "give at least two examples"
            )

    def _refuse_shapes(self, shapes: Shapes) -> None:
        """Find the array that does not fit and say why; a formula of dimensions may turn out to be right."""
        known: dict[Expr, tuple[int, str]] = {}
        for variable in (*self.inputs, *self.parameters, *self.targets):
            shape = shapes[variable.name]
            if len(shape) != 2:
                raise ShapeError(_not_a_matrix(variable, shape))
            for size, given, what in zip(variable.shape, shape, ("rows", "columns"), strict=True):
                wanted, because = _wanted(size, known)
                if wanted is None:
                    _learn(size, given, f"the {what} of {variable.name}", known)
                elif wanted != given:
                    raise ShapeError(
                        f"{variable.name} has shape {shape} but must be {text(variable.shape)}: "
                        f"{given} {what} where {because}"
                    )


@dataclass(frozen=True, slots=True)
class Form:
    """A dimension as a sum, such as 9·n0 + 9·n1 + 2: numbers in front of names, and what is added."""

    terms: tuple[tuple[int, str], ...]
    rest: int

    @property
    def counts_examples(self) -> bool:
        """Whether it grows with m."""
        return any(name == str(BATCH) for _, name in self.terms)


def _form(size: Expr) -> Form:
    """Return a dimension as a sum; what is none (n0/4) is a name of its own, linked with nothing."""
    found = size.expand().as_coefficients_dict()
    if not all(number.is_Integer for number in found.values()):
        return Form(((1, str(size)),), 0)
    terms = tuple((int(number), str(symbol)) for symbol, number in found.items() if symbol != 1)
    return Form(terms, int(found.get(S.One, 0)))


def _fits(form: Form, given: int, sizes: dict[str, int]) -> bool:
    """Say whether a length is what a dimension must be; a name that is new gets the size that makes it so."""
    left, new = given - form.rest, None
    for number, name in form.terms:
        if name in sizes:
            left -= number * sizes[name]
        elif new is None:
            new = (number, name)
        else:  # Two names are new: nothing says yet how large each is.
            return True
    if new is None:
        return left == 0
    sizes[new[1]], odd = divmod(left, new[0])
    return odd == 0 and left >= 0


def _learn(size: Expr, given: int, where: str, known: dict[Expr, tuple[int, str]]) -> None:
    """Take a length for a dimension that nothing determined yet, and the size of the one name in it that is new.

    Raises:
        ShapeError: the length is no such multiple: 20 rows of images of 9 pixels.
    """
    known[size] = (given, where)
    names = [name for name in size.free_symbols if name not in known]
    if size.is_Symbol or len(names) != 1:
        return
    (name,) = names
    number = size.coeff(name)
    rest = size.xreplace({each: Integer(known[each][0]) for each in size.free_symbols if each in known}) - number * name
    if not (number.is_Integer and rest.is_Integer):
        return
    found, odd = divmod(given - int(rest), int(number))
    if odd and name == BATCH:
        raise ShapeError(
            f"{where} are {given}: an example is {number} tokens, a column each, so give a multiple of {number}"
        )
    if odd or found < 0:
        raise ShapeError(f"{where} are {given}, which is not {size} for any whole {name}: give a multiple of {number}")
    known[name] = (found, f"{where}, {size}, are {given}, so {name}")


def _by_name(names: Sequence[str], given: object, what: str) -> dict[str, Any]:
    """Return the arrays of a mapping in the order of ``names``."""
    import numpy as np

    if not isinstance(given, (dict, Mapping)):  # A dict is known at once, other mappings cost a search.
        raise SpecError(f"{what} must be a dict of arrays by name, not {type(given).__name__}")
    found = {}
    for name in names:
        if name not in given:
            break
        array = given[name]
        found[name] = array if type(array) is np.ndarray and array.dtype.kind == "f" else _array(name, array)
    if len(found) < len(names) or len(given) != len(names):
        raise SpecError(f"{what}: {_name_problem(names, [str(name) for name in given])}")
    return found


def _name_problem(names: Sequence[str], given: Sequence[str]) -> str:
    extra = [name for name in given if name not in names]
    if extra:
        return f"no array is called {extra[0]!r}{nearest(extra[0], names) or f'; they are {_some(names)}'}"
    missing = [name for name in names if name not in given]
    return f"{_some(missing)} {'is' if len(missing) == 1 else 'are'} missing"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:6])
    return shown if len(names) <= 6 else f"{shown} and {len(names) - 6} more"


def _named(names: Sequence[str], given: Any, what: str) -> dict[str, Any]:
    """Return arrays by name; a single one may come without its name.

    Raises:
        SpecError: nothing is given where something must be, or something where there is nothing to give.
    """
    if not names and given is None:
        return {}
    if given is None:
        raise SpecError(f"{what} is missing: give {_some(names)}")
    if not names and not (isinstance(given, (dict, Mapping)) and not given):
        raise SpecError(f"the network has no inputs: leave out {what}")
    if len(names) == 1 and not isinstance(given, (dict, Mapping)):
        given = {names[0]: given}
    elif not isinstance(given, (dict, Mapping)):
        raise SpecError(f"{what} must be a dict of the arrays {_some(names)}")
    return _by_name(names, given, what)


def _as_taken(arrays: Mapping[str, Any]) -> Any:
    """Return the array where there is one, None where there is none, else the mapping."""
    if len(arrays) > 1:
        return arrays
    return next(iter(arrays.values()), None)


def _array(name: str, given: Any) -> Any:
    """Return an array of floats; integers and booleans become float64."""
    import numpy as np

    try:
        array = np.asarray(given)
    except ValueError:
        raise ShapeError(f"{name} is not an array: its rows have different lengths") from None
    array = array.reshape(1, 1) if array.ndim == 0 else array
    if array.dtype.kind == "f":
        return array
    if array.dtype.kind in "biu":
        return array.astype(np.float64)
    raise SpecError(f"{name} must hold real numbers, not {array.dtype}")


def _wanted(size: Expr, known: Mapping[Expr, tuple[int, str]]) -> tuple[int | None, str]:
    """Return how long a dimension must be and why; None where nothing says so yet."""
    if size in known:
        length, where = known[size]
        return length, f"{where}, {size}, are {length}"
    if isinstance(size, Integer):
        return int(size), f"there must be {size}"
    value = size.xreplace({symbol: Integer(known[symbol][0]) for symbol in size.free_symbols if symbol in known})
    return (int(value), f"{size} is {value}") if isinstance(value, Integer) else (None, "")


def _not_a_matrix(variable: Variable, given: tuple[int, ...]) -> str:
    wanted = text(variable.shape)
    if len(given) == 1:
        turned = "(-1, 1)" if variable.shape[1] == 1 else "(1, -1)" if variable.shape[0] == 1 else None
        fix = f"write {variable.name}.reshape{turned}" if turned else "one column an example, so 1 example is (n, 1)"
        return f"{variable.name} has shape {given} but must be a matrix, {wanted}: {fix}"
    return f"{variable.name} has shape {given} but must be a matrix, {wanted}"


def _check_mask(name: str, mask: Any, causal: bool) -> None:
    """Refuse what is no mask of 0 and 1, and a query that may attend to no key: its weights would be 0/0."""
    if not bool(((mask == 0) | (mask == 1)).all()):
        raise SpecError(f"{name} must hold only 0 and 1: 1 for a token, 0 for padding")
    left = mask.any(axis=0)
    if not left.all():
        raise SpecError(f"{name} masks every key of example {int(left.argmin())}: leave at least one token")
    if causal and not mask[0].all():
        raise SpecError(
            f"{name} masks the first token of example {int(mask[0].argmin())}, the only one its first query may attend "
            "to: put padding at the end"
        )


def _masks(forward: ForwardSystem) -> tuple[tuple[str, bool], ...]:
    """Return the masks of padding that a forward list reads, and whether a causal softmax does."""
    found: dict[str, bool] = {}
    for equation in forward:
        if isinstance(equation.rhs, MaskedSoftmax):
            _, _, causal, *kept = equation.rhs.args
            found.update({each.name: bool(causal) or found.get(each.name, False) for each in kept})
    return tuple(found.items())


def _check_kind(loss: Loss, name: str, array: Any) -> None:
    """Refuse targets the formula of a loss does not hold for; every comparison is false for NaN."""
    import numpy as np

    # The reductions themselves: their wrappers take as long again on a small array.
    if isinstance(loss, SoftmaxCrossEntropy):
        sums = np.add.reduce(array)
        if not np.maximum.reduce(abs(sums - 1)) <= SUM_TOLERANCE:
            worst = int(abs(sums - 1).argmax())
            raise SpecError(
                f"the columns of {name} must sum to 1, as one-hot columns do; column {worst} sums to {sums[worst]:g}"
            )
    problem = KINDS.get(loss.targets)
    if problem is not None and not problem[0](array):
        raise SpecError(f"{name} must hold {problem[1]} for the loss {loss.name}")


KINDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "count": (lambda y: bool(y.min() >= 0), "numbers from 0 up"),
    "binary": (lambda y: bool(y.min() >= 0 and y.max() <= 1), "numbers from 0 to 1"),
    "one_hot": (lambda y: bool(y.min() >= 0), "numbers from 0 up, columns one-hot"),
    "sign": (lambda y: bool((abs(y) == 1).all()), "only -1 and 1"),
}
"""What targets of a kind must satisfy, and how to say so."""
