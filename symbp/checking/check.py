"""check(derivation): every derived gradient against differences of its own forward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from symbp.checking.bench import Bench, Programs
from symbp.checking.causes import dead_layers, dead_notes, left_numbers
from symbp.checking.differences import Losses
from symbp.checking.held import held
from symbp.checking.many import badness, groups, halved, spaced
from symbp.checking.merging import together, worse
from symbp.checking.models import MOST_FLOAT, measured
from symbp.checking.plans import FAST, THOROUGH, Budget, Plan, plan_at, plans
from symbp.checking.report import CheckReport, Kind, Row, Run, Verdict, row_notes
from symbp.checking.tolerance import DIGITS_TOLERANCE, TOLERANCE, Comparison
from symbp.collector import pause_collector
from symbp.derivation import Derivation
from symbp.domain import Seed, takes
from symbp.errors import SpecError
from symbp.networks.general import CHECKED, require_number
from symbp.numeric.autodiff import Autodiff, autodiff
from symbp.numeric.values import Values
from symbp.symbols import Role, counts_examples, examples_are_rows

__all__ = ["CheckReport", "Row", "Run", "Verdict", "check"]

Progress = Callable[[str], None]

JOINT_DIRECTIONS = 2
"""Directions through all parameters at once in a deep network."""

COMPLEX = "complex step"
LONG = "{} digits"
CENTRAL_COST = 4
"""Forward passes for the central difference of an entry: two ends, at two step sizes."""

Compared = TypeVar("Compared")

UNMEASURED = (Verdict.UNUSED, Verdict.PROVES_NOTHING, Verdict.DEAD, Verdict.AT_KINK, Verdict.ZERO)
"""Verdicts of gradients that have no digits to count."""

EVERY_ENTRY, DIRECTIONS, JOINTLY = "every entry", "random directions", "with all others"


@takes
@pause_collector()
def check(
    derivation: Derivation,
    seed: Seed = 0,
    thorough: bool = True,
    progress: Progress | None = None,
    *,
    engines: Sequence[str] = (),
    at: Values | None = None,
) -> CheckReport:
    """Execute the derived equations and compare every gradient with differences of the loss.

    The complex step judges in float64 to 1e-9, central differences with 50 digits to 1e-20, each relative to the
    gradient's own size; where the loss is not analytic (erf) the 50 digits judge alone. ``thorough=False`` bounds
    the cost: deep networks are compared along few directions, and every row says so in ``entries``.
    ``engines`` names libraries (torch, jax, autograd) whose automatic differentiation of the forward pass is one more
    method. ``at`` gives the numbers to check at, in place of drawn ones. ``progress`` is called with a line of text
    now and then. Of a network of any depth some are checked, and a row has the worst of all that have its parameter.

    Raises:
        SpecError: an engine that is unknown or not installed; given numbers for a network that stops gradients, or
            for one of any depth.
    """
    import numpy as np

    if derivation.network is not None and derivation.network.general is not None:
        return _of_any(derivation, seed, thorough, progress, engines, at)

    others = [autodiff(name) for name in engines]
    if at is not None and held(derivation) is not derivation:
        raise SpecError("a network with stop() is checked at drawn numbers: leave out the values")
    model, asked, derivation = derivation.agreement, derivation, held(derivation)
    budget = THOROUGH if thorough else FAST
    chosen = plans(derivation, thorough) if at is None else [plan_at(derivation, at)]
    rows: list[Row] = []
    runs: list[Run] = []
    notes: list[str] = []
    known: dict[tuple[int, int], Programs] = {}
    with np.errstate(all="ignore"):
        for number, plan in enumerate(chosen, 1):
            tell = _teller(progress, f"check, run {number} of {len(chosen)}")
            found = _run(plan.opened or derivation, plan, seed, budget, tell, others if number == 1 else (), at, known)
            if found is None:
                notes.append(
                    f"not run at the given widths {_dashed(_widths(derivation, plan))}: the loss holds erf, "
                    "and 50 digits would take too long there"
                )
                continue
            run, new, said = found
            runs.append(run)
            notes += said
            rows = [worse(*pair) for pair in zip(rows, new, strict=True)] if rows else new
    notes += row_notes(rows)
    return CheckReport(tuple(rows), tuple(runs), seed, thorough, tuple(notes), at is not None, model, of=asked)


def _of_any(
    derivation: Derivation, seed: int, thorough: bool, progress: Progress | None, engines: Sequence[str],
    at: Values | None,
) -> CheckReport:  # fmt: skip
    """Check the networks that one of any depth stands for, as many as are enough to see both ends and between."""
    if at is not None:
        require_number(derivation.network, "a check at given values")
    reports = [check(derivation.repeated(n), seed, thorough, progress, engines=engines) for n in reversed(CHECKED)]
    rows: dict[str, Row] = {}
    for row in (row for report in reports for row in report.rows):
        rows[row.name] = worse(rows[row.name], row) if row.name in rows else row
    runs = tuple(run for report in reports for run in report.runs)
    notes = tuple(dict.fromkeys(note for report in reports for note in report.notes))
    return CheckReport(tuple(rows.values()), runs, seed, thorough, notes, counts=CHECKED, of=derivation)


def _run(
    derivation: Derivation,
    plan: Plan,
    seed: int,
    budget: Budget,
    tell: Progress,
    others: Sequence[Autodiff],
    at: Values | None,
    known: dict[tuple[int, int], Programs],
) -> tuple[Run, list[Row], list[str]] | None:
    """Make one run; None where it has nothing that could judge. ``known`` holds programs for runs at other sizes."""
    widths = _widths(derivation, plan)
    tell(f"widths {_dashed(widths)}")
    notes: list[str] = []
    try:
        key = id(derivation), id(plan.standins)
        known[key] = known.get(key) or Programs.of(derivation, plan.standins)
        bench = Bench.of(derivation, plan.standins, plan.sizes, seed, at, known[key])
        problem = _shape_problem(bench)
        left = left_numbers(bench) if problem is None else None
        precision = 0
        if left is not None:
            rows, methods = [_without_numbers(bench, variable.name, *left) for variable in derivation.wrt], ("", "")
        elif problem is None:
            judge = _Judge(bench, budget, plan, tell, others)
            if not judge.can:
                return None
            rows = judge.rows()
            methods = judge.method, judge.digits_method
            precision = bench.digits.precision if judge.use_digits else 0
            notes = [*bench.aside.notes, *judge.notes, *dead_notes(bench, judge.dead, rows)]
    except (ValueError, IndexError, ZeroDivisionError) as error:
        precision, problem = 0, f"the equations do not run at widths {_dashed(widths)}: {error}"
    if problem is not None:
        rows, methods = [_broken(derivation, plan, variable.name, problem) for variable in derivation.wrt], ("", "")
    has_examples = any(counts_examples(size) for symbol in derivation.forward.given for size in symbol.shape)
    examples = plan.sizes.examples if has_examples else 0
    return Run(widths, examples, plan.activations, plan.loss, *methods, precision), rows, notes


class _Judge:
    """Compares the gradients of one run, within a budget."""

    def __init__(self, bench: Bench, budget: Budget, plan: Plan, tell: Progress, others: Sequence[Autodiff]) -> None:
        self.bench, self.budget, self.plan, self.tell, self.others = bench, budget, plan, tell, others
        self.notes: list[str] = []
        self.dead = dead_layers(bench)
        self.names = list(bench.gradients)
        self.unused = {variable.name for variable in bench.derivation.unused}
        self.analytic = bench.is_analytic
        entries = sum(gradient.size for gradient in bench.gradients.values())
        self.every_entry = entries * bench.cost <= budget.entries
        afford = budget.directions / (bench.cost * max(1, len(self.names)))
        self.repeats = min(budget.repeats, int(afford))
        self.one_by_one = 2 * len(self.names) * bench.digits_cost <= budget.digits
        self.use_digits = not self.analytic or (plan.use_digits and 5 * bench.digits_cost <= budget.joint)

    @property
    def can(self) -> bool:
        """Whether anything can judge: without a complex step, 50 digits at a bearable cost."""
        return self.analytic or self.plan.use_digits or 5 * self.bench.digits_cost <= self.budget.joint

    @property
    def entries(self) -> str:
        """Which entries are compared in float64."""
        if not self.analytic:
            return DIRECTIONS if self.one_by_one else JOINTLY
        return EVERY_ENTRY if self.every_entry else DIRECTIONS if self.repeats else JOINTLY

    @property
    def method(self) -> str:
        """How float64 is judged, in words."""
        return f"{COMPLEX}, {self.entries}" if self.analytic else ""

    @property
    def digits_method(self) -> str:
        """How 50 digits judge, in words."""
        if not self.use_digits:
            return ""
        ways = "a random direction each" if self.one_by_one else "a random direction through all parameters"
        return f"central differences with {self.bench.digits.precision} digits, {ways}"

    def rows(self) -> list[Row]:
        """Return one row a parameter."""
        digits = self._digits() if self.use_digits else {}
        floats = self._floats()
        centrals = self._centrals()
        elsewhere = {each.name: self._elsewhere(each) for each in self.others}
        return [self._row(name, floats, digits, centrals, elsewhere) for name in self.names]

    def _row(
        self,
        name: str,
        floats: Mapping[str, tuple[Comparison, str]],
        digits: Mapping[str, Comparison],
        centrals: Mapping[str, tuple[Comparison, str]],
        elsewhere: Mapping[str, Mapping[str, Comparison]],
    ) -> Row:
        comparison, entries = floats[name]
        others = {engine: found[name] for engine, found in elsewhere.items() if name in found}
        verdicts = [comparison.verdict(TOLERANCE)] if self.analytic else []
        if name in digits:
            verdicts.append(digits[name].verdict(DIGITS_TOLERANCE))
        verdicts += [each.verdict(TOLERANCE) for each in others.values()]
        verdict = self._explained(name, together(verdicts))
        precision = self.bench.digits.precision if self.use_digits else 0
        long = LONG.format(precision)
        lines = [(Kind.COMPLEX, COMPLEX, entries, comparison, MOST_FLOAT)]
        if not self.analytic:
            lines = [(Kind.FLOAT, f"float64 against {long}", entries, comparison, MOST_FLOAT)]
        if name in digits:
            where = DIRECTIONS if self.one_by_one else JOINTLY
            lines.append((Kind.LONG, long, where, digits[name], precision))
        if name in centrals:
            lines.append((Kind.CENTRAL, "central differences", centrals[name][1], centrals[name][0], MOST_FLOAT))
        lines += [(Kind.ENGINE, engine, EVERY_ENTRY, each, MOST_FLOAT) for engine, each in others.items()]
        rows, columns = self.bench.sizes.shapes[name]
        return Row(
            name,
            f"{rows}×{columns}",
            COMPLEX if self.analytic else long,
            entries,
            comparison.absolute,
            comparison.relative,
            digits[name].relative if name in digits else None,
            centrals[name][0].relative if name in centrals else None,
            verdict,
            f"{name}: the loss does not depend on it" if name in self.unused else "",
            () if verdict in UNMEASURED else tuple(
                measured(kind, method, where, each.expected, each.relative, most)
                for kind, method, where, each, most in lines
            ),
            self.bench.aside.count(name),
            comparison.scale,
        )  # fmt: skip

    def _explained(self, name: str, verdict: Verdict) -> Verdict:
        """Return a verdict that proves nothing with its reason: the parameter, a kink, dead units."""
        zero = not self.bench.gradients[name].any()
        # Judged with others that are not zero, it agrees; a gradient that is zero is not proved by that.
        if verdict is not Verdict.PROVES_NOTHING and not (verdict is Verdict.AGREES and zero):
            return verdict
        if name in self.unused:
            return Verdict.UNUSED
        if self.bench.aside.count(name) == self.bench.gradients[name].size:
            return Verdict.AT_KINK
        return Verdict.DEAD if self.dead and zero else Verdict.PROVES_NOTHING

    def _elsewhere(self, engine: Autodiff) -> dict[str, Comparison]:
        """Compare every gradient with another library's."""
        self.tell(engine.name)
        try:
            found = engine.gradients(self.bench.program, self.bench.values, tuple(self.names))
        except Exception as error:  # whatever a library raises says something of it, nothing of the gradient
            said = (str(error).splitlines() or [type(error).__name__])[0][:120]
            self.notes.append(f"{engine.name} could not run this network: {said}")
            return {}
        return {name: self.bench.compare_given(name, gradient) for name, gradient in found.items()}

    def _floats(self) -> dict[str, tuple[Comparison, str]]:
        """Compare in float64, as closely as the budget allows; say how for each gradient."""
        if not self.analytic:
            return {name: (self.bench.digits.compare_float(name), self.entries) for name in self.names}
        if self.every_entry:
            compared = self._grouped(self.names, self._size, self.bench.stepped, self.bench.compare_entries)
            return {name: (each, EVERY_ENTRY) for name, each in compared}
        if self.repeats:
            return self._along(self.names)
        found = {name: (comparison, JOINTLY) for name, comparison in self._jointly().items()}
        return found | self._along(spaced(self.names, self._singles()))

    def _singles(self) -> int:
        """How many gradients are compared alone, with their central differences; all but in deep networks."""
        return max(1, int(self.budget.directions / self.bench.cost / 3) - JOINT_DIRECTIONS)

    def _along(self, names: Sequence[str]) -> dict[str, tuple[Comparison, str]]:
        """Compare each gradient along random directions and keep its worst comparison."""
        bench, numbers = self.bench, range(max(1, self.repeats))

        def compare(group: Sequence[str]) -> list[Comparison]:
            found = bench.compare_each([{name: bench.direction(name, number)} for name in group for number in numbers])
            parts = (found[start : start + len(numbers)] for start in range(0, len(found), len(numbers)))
            return [max(part, key=badness) for part in parts]

        compared = self._grouped(names, lambda name: len(numbers), bench.stepped, compare)
        return {name: (each, DIRECTIONS) for name, each in compared}

    def _jointly(self) -> dict[str, Comparison]:
        return halved(self.names, self._compare_jointly, TOLERANCE)

    def _compare_jointly(self, names: Sequence[str]) -> Comparison:
        """Compare gradients along a few directions through all of them at once and return the worst comparison."""
        directions = [self.bench.joint_direction(names, number) for number in range(JOINT_DIRECTIONS)]
        return max(self.bench.compare_each(directions), key=badness)

    def _digits(self) -> dict[str, Comparison]:
        bench = self.bench
        if self.one_by_one:
            return {name: bench.digits.compare_along({name: bench.direction(name)}) for name in self.names}
        return halved(
            self.names, lambda names: bench.digits.compare_along(bench.joint_direction(names)), DIGITS_TOLERANCE
        )

    def _centrals(self) -> dict[str, tuple[Comparison, str]]:
        """Compare with central differences: every entry where that is cheap, else along a direction each."""
        bench = self.bench
        entries = sum(gradient.size for gradient in bench.gradients.values())
        if self.budget.repeats > 1 and CENTRAL_COST * entries * bench.cost <= self.budget.entries:
            ends = lambda name: CENTRAL_COST * self._size(name)  # noqa: E731
            found = dict(self._grouped(self.names, ends, bench.plain, bench.compare_central_entries))
            for name, (_, straddling) in found.items():
                if straddling > bench.aside.count(name):
                    new = straddling - bench.aside.count(name)
                    self.notes.append(
                        f"central differences of {new} entries of {name} straddle a kink; set aside there"
                    )
            return {name: (comparison, EVERY_ENTRY) for name, (comparison, _) in found.items()}

        def compare(group: Sequence[str]) -> list[Comparison]:
            return bench.compare_central([{name: bench.direction(name)} for name in group])

        names = spaced(self.names, self._singles())
        compared = self._grouped(names, lambda name: CENTRAL_COST, bench.plain, compare)
        return {name: (each, DIRECTIONS) for name, each in compared}

    def _size(self, name: str) -> int:
        return int(self.bench.gradients[name].size)

    def _grouped(
        self,
        names: Sequence[str],
        copies: Callable[[str], int],
        losses: Losses,
        compare: Callable[[Sequence[str]], Sequence[Compared]],
    ) -> Iterator[tuple[str, Compared]]:
        """Yield every name with what a comparison of as many as fit finds for it, and report progress."""
        done = 0
        for group in groups(names, copies, losses.room):
            yield from zip(group, compare(group), strict=True)
            done += len(group)
            self.tell(f"{done} of {len(names)} gradients")


def _shape_problem(bench: Bench) -> str | None:
    for name, gradient in bench.gradients.items():
        if gradient.shape != bench.sizes.shapes[name]:
            return f"the gradient of {name} has shape {gradient.shape}, not {bench.sizes.shapes[name]}"
    return None


def _broken(derivation: Derivation, plan: Plan, name: str, problem: str) -> Row:
    """Return the row of a gradient whose equations could not be executed."""
    rows, columns = plan.sizes.shapes[name]
    nan = float("nan")
    return Row(name, f"{rows}×{columns}", COMPLEX, EVERY_ENTRY, nan, nan, None, None, Verdict.WRONG, problem)


def _without_numbers(bench: Bench, name: str, verdict: Verdict, where: str, why: str) -> Row:
    """Return the row of a gradient where the forward pass itself leaves the numbers."""
    rows, columns = bench.sizes.shapes[name]
    nan = float("nan")
    shape = f"{rows}×{columns}"
    return Row(name, shape, COMPLEX, EVERY_ENTRY, nan, nan, None, None, verdict, why, where=where)


def _widths(derivation: Derivation, plan: Plan) -> tuple[int, ...]:
    """Return n_0 to n_L of a run; nothing where there are no weights, or no layers."""
    if derivation.is_alone:
        return ()
    given, shapes = derivation.forward.given, plan.sizes.shapes
    in_rows = any(symbol.role is Role.INPUT and examples_are_rows(symbol) for symbol in given)
    weights = [shapes[symbol.name][in_rows] for symbol in given if symbol.role is Role.WEIGHT]
    first = next((shapes[s.name][in_rows] for s in given if s.role is Role.INPUT), None)
    return tuple(weights if first is None or not weights else [first, *weights])


def _dashed(widths: Sequence[int]) -> str:
    shown = [*widths[:6], "…", widths[-1]] if len(widths) > 8 else widths
    return "-".join(map(str, shown))


def _teller(progress: Progress | None, prefix: str) -> Progress:
    def tell(what: str) -> None:
        if progress is not None:
            progress(f"{prefix}: {what}")

    return tell
