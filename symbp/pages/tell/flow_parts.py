"""What the pages of gradient flow have in common, whatever repeats in the network."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from symbp.analysis.account import LOG_10, Row
from symbp.analysis.draws import Compared, Draws
from symbp.analysis.flow import Flow, GradientFlow
from symbp.analysis.initialisations import Chosen, initialisation
from symbp.analysis.outlook import Note, Outlook
from symbp.analysis.spectrum import Spectrum
from symbp.analysis.statistics import mean, standard_error
from symbp.analysis.suggestion import Suggestion
from symbp.derivation import Derivation
from symbp.maths.functions import names_of, own_name
from symbp.maths.names import derivative_of
from symbp.maths.notation import STANDARD
from symbp.maths.scalars import Scalars
from symbp.maths.tree import (
    APPLY,
    EQUALS,
    NEGATIVE,
    PRIME,
    SLASH,
    TIMES,
    TRANSPOSE,
    Fence,
    Id,
    Node,
    Num,
    Script,
    Sign,
    row,
)
from symbp.op import FactorRole
from symbp.ops.activations import ACTIVATIONS
from symbp.ops.elementwise import Elementwise, Formula, ScalarFunction
from symbp.pages.page import Bar, Block, Image, Para, Table, Text, Verdict
from symbp.pages.tell.context import Context
from symbp.pages.tell.derivation import context
from symbp.pages.words import Words

MOST_ROWS, ENDS = 8, 3
"""A longer table shows this many rows at both ends, and one that stands for those between."""

LEAST_DECADES = 1.0
"""A gradient that lost fewer decades than this has no bars."""


@dataclass(frozen=True)
class Study:
    """One network of a page: its name among others, what was measured of it, the theory beside it."""

    name: str
    derivation: Derivation
    flow: GradientFlow
    outlook: Outlook | None = None
    draws: Draws | None = None
    spectrum: Spectrum | None = None
    suggestion: Suggestion | None = None

    @cached_property
    def context(self) -> Context:
        """What spells the lists of the network."""
        return context(self.derivation, complete=True)

    @property
    def functions(self) -> tuple[ScalarFunction, ...]:
        """The activations of the network in order, those of the output last."""
        return tuple(each.rhs.function for each in self.derivation.forward if isinstance(each.rhs, Elementwise))


# Numbers.


def scientific(log10: float) -> Node:
    """Return 10 to a power as 1.3·10⁻⁴¹², whatever floats can hold."""
    exponent = math.floor(log10)
    digits = f"{10 ** (log10 - exponent):.1f}"
    if digits == "10.0":
        digits, exponent = "1.0", exponent + 1
    power = Num(str(abs(exponent)))
    return row(Num(digits), Sign("·", "ord"), Script(Num("10"), None, row(NEGATIVE, power) if exponent < 0 else power))


def gain(log: float | None) -> Text:
    """Return a gain, given by its natural logarithm: three decimals where it is handy; nothing where there is none."""
    if log is None:
        return ()
    if log == -math.inf:
        return ("0",)
    value = log / LOG_10
    if not -2 <= value < 3:
        return (scientific(value),)
    digits = 3 if value < 1 else 1 if value < 2 else 0
    return (f"{10**value:.{digits}f}",)


def norm(log: float) -> Text:
    """Return a norm, given by its natural logarithm, in two digits."""
    return ("0",) if log == -math.inf else (scientific(log / LOG_10),)


def times(log: float | None) -> Text:
    """Return ×0.235 for a gain."""
    return ("×", *gain(log)) if log is not None else ()


def short(log: float | None) -> Text:
    """Return ×3.84 in a sentence: two decimals where it is near one, else two digits or three."""
    value = None if log is None else log / LOG_10
    if value is None or not -3 < value < 3:
        return times(log)
    return ("×", f"{10**value:.2f}" if -1 <= value < 1 else f"{10**value:#.3g}".rstrip("."))


def four(log: float) -> Text:
    """Return a factor, given by its natural logarithm, in four digits."""
    value = log / LOG_10
    return ("×", f"{10**value:.4f}" if -2 <= value < 1 else f"{10**value:.4g}") if abs(value) < 4 else times(log)


def span(words: Words, logs: Sequence[float | None], say: Callable[[float], Text] = gain) -> Text:
    """Return the least and the largest of some gains; one where they print alike, nothing where there is none."""
    known = [each for each in logs if each is not None]
    if not known:
        return ()
    low, high = say(min(known)), say(max(known))
    return low if low == high else words("flow.range", low=low, high=high)


# Letters.


def named(functions: Sequence[ScalarFunction]) -> Node | None:
    """Return the name of the one activation of some layers; None for several, or for a formula."""
    found = dict.fromkeys(functions)
    if len(found) != 1 or any(isinstance(each, Formula) for each in found):
        return None
    return names_of(found).get(next(iter(found)))


def formula(function: ScalarFunction) -> Node | None:
    """Return f(x) = … of a function of one's own; None for one that has a name everywhere."""
    if function.name in ACTIVATIONS:
        return None
    x = Scalars({}).tree(function.variables[0])
    return row(own_name(function), APPLY, Fence(x), EQUALS, Scalars({}).tree(function.expr))


def length(node: Node) -> Node:
    """Return ‖x‖."""
    return Fence(node, "‖", "‖")


def gradient_by(node: Node) -> Node:
    """Return ∂ℒ/∂x."""
    return derivative_of(STANDARD, node)


def transposed(node: Node) -> Node:
    """Return xᵀ."""
    return Script(node, None, TRANSPOSE)


# Sentences.


def verdict_of(flow: GradientFlow) -> Flow:
    """Return what happens to the first of error, gradient and activation that is not stable."""
    verdicts = flow.verdicts
    found = [verdicts[each] for each in ("error", "gradient", "activation") if each in verdicts]
    return next((each for each in found if each is not Flow.STABLE), Flow.STABLE)


def weights(words: Words, chosen: Chosen) -> Text:
    """Return how the weights were drawn, in a few words."""
    sigma = row(Script(Id("σ"), Id("w")), EQUALS, Num(f"{chosen.sigma:g}"))
    found = words(f"flow.init.{chosen.name}" + (".scaled" if chosen.sigma != 1 else ".one"), sigma=sigma)
    if not chosen.sigma_b:
        return found
    deviation = row(Script(Id("σ"), Id("b")), EQUALS, Num(f"{chosen.sigma_b:g}"))
    return words("flow.init.biases", weights=found, sigma=deviation)


def loss(words: Words, flow: GradientFlow) -> Text:
    """Return the name of the loss."""
    return words("loss.named", name=flow.loss.replace("_", " "))


def data(words: Words, flow: GradientFlow) -> Text:
    """Return weights, loss and examples in a line."""
    return words(
        "flow.data",
        weights=weights(words, flow.chosen),
        loss=loss(words, flow),
        examples=words("checked.examples", n=flow.examples),
    )


def notes(words: Words, outlook: Outlook | None) -> Iterator[Block]:
    """Yield what folklore blurs and is true of a network."""
    for at, note in enumerate(() if outlook is None else outlook.notes):
        yield Para(note_text(words, note), title=() if at else words("flow.title.note"))


def note_text(words: Words, note: Note) -> Text:
    """Return one of them."""
    fields: dict[str, Any] = dict(note.fields)
    slope = Script(Fence(Script(Id("f"), None, PRIME)), None, Num("2"))
    growth = row(Id("E", "upright"), TIMES, slope, SLASH, Id("Var", "upright"), TIMES, Id("f"))
    chi = row(Script(Id("χ"), Num("1")), EQUALS, Num(fields.get("chi", "")))
    kind = weights(words, initialisation(fields["init"])) if "init" in fields else ()
    return words(f"flow.note.{note.key}", None, **fields, growth=growth, chi_is=chi, weights=kind)


def assumed(words: Words, flow: GradientFlow) -> Iterator[Block]:
    """Yield what was put in the place of what the network leaves open, and which matrix is silent."""
    said = [words(f"flow.assumed.{what}", value=value) for what, value in flow.assumed]
    said += [words("flow.silent", name=name) for name in flow.silent]
    for at, text in enumerate(said):
        yield Para(text, title=() if at else words("flow.title.assumed"))


def check(words: Words, flow: GradientFlow) -> Verdict:
    """Return whether the factors of every gradient multiply to its norm as compiled."""
    seed, n = str(flow.seed), flow.compared
    if not flow.compared:
        text = words("flow.check.none", n=len(flow.rows), seed=seed)
    elif flow.agrees:
        text = words("flow.check.agrees", n=n, error=_error(flow.error), seed=seed)
    else:
        text = words("flow.check.fails", n=n, error=_error(flow.error), seed=seed)
    repeated = flow.repetitions
    if repeated is not None and repeated.compared:
        text = (*text, " ", *words(f"flow.check.{repeated.unit}", n=repeated.compared))
    return Verdict(flow.agrees or (not flow.compared and flow.error == 0), text, title=words("section.checked"))


def _error(error: float) -> Text:
    return (scientific(math.log10(error)),) if error > 0 and math.isfinite(error) else (f"{error:g}",)


def sentences(said: Sequence[Text]) -> Text:
    """Return sentences one behind the other."""
    return tuple(part for at, each in enumerate(said) for part in ((" ", *each) if at else each))


# Tables.


def ends(rows: Sequence[tuple[Text, ...]], between: tuple[Text, ...], every: bool) -> list[tuple[Text, ...]]:
    """Return the rows of a long table: those at both ends, and one that stands for those between."""
    if every or len(rows) <= MOST_ROWS:
        return list(rows)
    return [*rows[:ENDS], between, *rows[-ENDS:]]


def inner(found: Sequence[object]) -> slice:
    """Return which rows of a long table one row stands for."""
    return slice(ENDS, len(found) - ENDS)


def decades(words: Words, of: Row, letters: Mapping[FactorRole, Text], symbol: Node) -> list[Block]:
    """Return where the decades of a gradient go, a bar a factor; nothing where it lost or won none."""
    roles = {role: log / LOG_10 for role, log in of.logs.items()}
    most = max(map(abs, roles.values()), default=0.0)
    if of.is_dead or most < LEAST_DECADES:
        return []
    rows = [
        (letters.get(role) or words(f"flow.role.{role}"), (signed(log),), (Bar(abs(log) / most),))
        for role, log in roles.items()
    ]
    total: tuple[Text, ...] = ((length(symbol),), (signed(of.log10),), ())
    caption = words("flow.decades", n=round(most), gradient=symbol)
    return [
        Para(caption, title=words("flow.title.decades")),
        Table(((), (), ()), (*rows, total), (len(rows),), align="lrl", wide=True),
    ]


def signed(value: float) -> str:
    """Return a number with its sign."""
    return f"{value:+.2f}".replace("-", "−")


def drawn_answer(words: Words, study: Study) -> Text:
    """Return what happens to the error over several draws; nothing where there is one draw, or no rate."""
    draws = study.draws
    if draws is None or not draws.rates or not study.flow.is_stack:
        return ()
    first = draws.rates[0]
    verdict = words(f"flow.verdict.{verdict_of(study.flow)}")
    rate, error = four(first.measured.log), f"{first.measured.rate_error:.1g}"
    text = words(
        "flow.draws.answer", verdict=verdict, rate=rate, error=error, draws=words("compare.draws", n=len(draws.flows))
    )
    if first.predicted_log is None:
        return text
    return (*text, *words("flow.draws.foreseen", rate=four(first.predicted_log)))


def _totals(words: Words, draws: Draws) -> Iterator[Block]:
    """Yield what the whole depth changes, over several draws of what is no stack."""
    found = [each.repetitions.changes for each in draws.flows if each.repetitions is not None]
    rows = []
    for name in found[0] if found else ():
        logs = [each[name] for each in found if name in each]
        error = standard_error(logs)
        spread = () if error is None else (f"± {math.exp(mean(logs)) * error:.1g}",)
        rows.append((words(f"flow.draws.{name}"), times(mean(logs)), spread))
    yield Para(words("flow.draws.totals", n=len(draws.flows)), title=words("flow.title.draws"))
    head = [words(f"flow.draws.{each}") for each in ("of", "measured", "std")]
    yield Table(tuple(head), tuple(rows), align="lrr", wide=True)


def drawn(words: Words, draws: Draws) -> Iterator[Block]:
    """Yield the rates over several draws, with their standard errors, beside what is predicted."""
    if not draws.flows[0].is_stack:
        yield from _totals(words, draws)
        return
    if not draws.rates:
        yield Para(words("flow.draws.none", why=draws.why), title=words("flow.title.draws"))
        return
    yield Para(words("flow.draws.caption", n=len(draws.flows)), title=words("flow.title.draws"))
    head = [words(f"flow.draws.{each}") for each in ("of", "predicted", "measured", "std", "width", "apart")]
    rows = tuple(_rate(words, each) for each in draws.rates)
    yield Table(tuple(head), rows, align="lrrrrr", wide=True)
    if draws.why:
        yield Para(words("flow.theory.none", why=draws.why))
    if draws.has_many_outputs:
        yield Para(words("compare.many_outputs"))


def total_theory(words: Words, study: Study) -> Iterator[Block]:
    """Yield what is predicted beside what is measured, over the whole depth; or why nothing is predicted."""
    found = study.outlook
    if found is None or found.prediction is None or found.predicted is None or found.measured is None:
        why = found.why if found is not None else ""
        text = words("flow.theory.none", why=why) if why else words("flow.theory.alone")
    else:
        logs = (log * (study.flow.layers - 1) for log in (found.prediction.log_rate, found.measured))
        predicted, measured = map(short, logs)
        text = words("flow.theory.total", predicted=predicted, measured=measured)
    yield Para(text, title=words("flow.title.theory"))


def _rate(words: Words, of: Compared) -> tuple[Text, ...]:
    is_known = of.predicted is not None
    return (
        words(f"flow.draws.{of.what}"),
        four(of.predicted_log) if of.predicted_log is not None else (),
        four(of.measured.log),
        (f"± {of.measured.rate_error:.1g}",),
        (f"−{of.below:.1%} to +{of.above:.1%}",) if is_known else (),
        (f"{of.distance:.1f}",) if of.distance is not None else (),
    )


def image(words: Words, kind: str, files: Mapping[str, str], see: Text = (), **fields: Any) -> Iterator[Block]:
    """Yield a figure that was drawn: what it shows and what to see."""
    if kind in files:
        caption = words(f"flow.figure.{kind}", None, **fields)
        yield Image(files[kind], (*caption, " ", *see) if see else caption, label=f"fig-{kind}")
