"""The page of gradient flow: the answer, the lines of what repeats, a row each, theory beside it, the check."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from symbp.analysis.account import LOG_10
from symbp.analysis.phase import MOST_PANELS
from symbp.analysis.repetitions import Unit
from symbp.maths.functions import own_name
from symbp.maths.tree import Node
from symbp.ops.elementwise import ScalarFunction
from symbp.pages.page import Block, Heading, Page, Para, Text
from symbp.pages.tell import flow_blocks, flow_layers, flow_steps
from symbp.pages.tell.flow_blocks import Blocks
from symbp.pages.tell.flow_layers import Stack
from symbp.pages.tell.flow_parts import (
    Study,
    assumed,
    check,
    drawn,
    drawn_answer,
    formula,
    image,
    notes,
    times,
    verdict_of,
)
from symbp.pages.tell.flow_steps import steps_of
from symbp.pages.tell.model import with_agreement
from symbp.pages.words import Words, language

Files = Mapping[str, str]
"""The file of each figure, by its name."""


def flow_page(
    studies: Sequence[Study],
    files: Files | None = None,
    *,
    words: Words | None = None,
    command: str = "",
    stem: str = "flow",
    every: bool = False,
) -> Page:
    """Return the page of one network or of several; ``every`` row of the tables, not those at both ends alone."""
    w = words or language()
    if len(studies) == 1:
        (study,) = studies
        blocks = [*sections(w, study, every), *figures(w, studies, files or {})]
        return Page(headline(w, study), about(w, study), tuple(blocks), stem, command)
    blocks = list(_shared(w, studies))
    is_told = bool(blocks)
    for study in studies:
        said = [Para(headline(w, study)), Para(about(w, study))]
        blocks += [Heading((study.name,)), *said, *sections(w, study, every, is_told)]
    return Page(_several(w, studies), (), (*blocks, *figures(w, studies, files or {})), stem, command)


def inside(studies: Sequence[Study]) -> tuple[str, ...]:
    """Return the names of the blocks, parts or steps of the only network that have pages of their own."""
    if len(studies) != 1 or studies[0].flow.is_stack:
        return ()
    (study,) = studies
    words = language()
    return flow_steps.names(steps_of(study, words)) if _is_unrolled(study) else flow_blocks.names(Blocks(study, words))


def inner_page(study: Study, name: str, *, words: Words | None = None, command: str = "", stem: str = "flow") -> Page:
    """Return the page of one block, part or step alone: its factors."""
    w = words or language()
    if _is_unrolled(study):
        title, blocks = flow_steps.alone(steps_of(study, w), name)
    else:
        title, blocks = flow_blocks.alone(Blocks(study, w), name)
    return Page(title, about(w, study), blocks, stem, command)


def _several(w: Words, studies: Sequence[Study]) -> Text:
    """Return what happens in each of several networks."""
    groups: dict[Text, list[str]] = {}
    for study in studies:
        groups.setdefault(w(f"flow.verdict.{verdict_of(study.flow)}"), []).append(study.name)
    said = [w("flow.answer.group", verdict=verdict, names=w.listed(names)) for verdict, names in groups.items()]
    return tuple(part for at, each in enumerate(said) for part in (("; ", *each) if at else each))


def headline(w: Words, study: Study) -> Text:
    """Return the answer: what happens to the gradient, how fast, because of which factor."""
    if study.flow.is_stack:
        return drawn_answer(w, study) or flow_layers.answer(Stack(study, w))
    if _is_unrolled(study):
        return flow_steps.answer(steps_of(study, w))
    return flow_blocks.answer(Blocks(study, w))


def _is_unrolled(study: Study) -> bool:
    """Whether what repeats are the steps of recurrent layers."""
    repetitions = study.flow.repetitions
    return repetitions is not None and repetitions.unit is Unit.STEP


def about(w: Words, study: Study) -> Text:
    """Return which network this is, with which weights and data."""
    if study.flow.is_stack:
        found = flow_layers.about(Stack(study, w))
    elif _is_unrolled(study):
        found = flow_steps.about(steps_of(study, w)[0])
    else:
        found = flow_blocks.about(Blocks(study, w))
    return with_agreement(w, found, study.derivation)


def _shared(w: Words, studies: Sequence[Study]) -> Iterator[Block]:
    """Yield the lines that all networks have, where all are stacks."""
    if all(study.flow.is_stack for study in studies):
        yield from flow_layers.equations(Stack(studies[0], w, shared=True))


def sections(w: Words, study: Study, every: bool, is_told: bool = False) -> Iterator[Block]:
    """Yield the sections of one network; without its lines where they are told."""
    if study.flow.is_stack:
        s = Stack(study, w)
        if not is_told:
            yield from flow_layers.equations(s)
        yield flow_layers.table(s, every)
        yield from flow_layers.what_to_see(s)
        yield from flow_layers.account(s)
        yield from flow_layers.theory(s)
        yield from flow_layers.remedy(s)
        yield from flow_layers.limits(s)
    elif _is_unrolled(study):
        yield from flow_steps.sections(steps_of(study, w), every)
    else:
        yield from flow_blocks.sections(Blocks(study, w), every)
    if study.draws is not None:
        yield from drawn(w, study.draws)
    yield from _directions(w, study)
    yield from notes(w, study.outlook)
    yield from assumed(w, study.flow)
    yield check(w, study.flow)


def _directions(w: Words, study: Study) -> Iterator[Block]:
    """Yield how unequally the directions of an error are treated."""
    found = study.spectrum
    if found is None or not found.values:
        return
    mean = times(found.mean_square * LOG_10)
    text = w("flow.directions", below=found.below, mean=mean, spread=f"{found.spread:.1f}")
    if found.lost:
        text = (*text, " ", *w("flow.lost", n=found.lost))
    yield Para(text, title=w("flow.title.directions"))


def figures(w: Words, studies: Sequence[Study], files: Files) -> Iterator[Block]:
    """Yield the figures that were drawn."""
    for kind in files:
        see = _SEEN[kind](w, studies) if kind in _SEEN else ()
        yield from image(w, kind, files, see, name=studies[0].name)
    found = dict.fromkeys(each.outlook.function for each in studies if each.outlook and each.outlook.prospects)
    left_out = [_name(function) for function in found if function is not None][MOST_PANELS:]
    if "phase" in files and left_out:
        yield Para(w("flow.left_out", n=MOST_PANELS, names=w.listed(left_out)))


def _name(function: ScalarFunction) -> Node:
    """Return the name of an activation, or the formula that it is."""
    return formula(function) or own_name(function)


def _line(w: Words, studies: Sequence[Study]) -> Text:
    """Return how straight the line of the norms is, and why."""
    if len(studies) > 1 or not studies[0].flow.is_stack:
        return ()
    found = Stack(studies[0], w).pace
    if found is None or not found.is_steady:
        return ()
    return w("flow.see.straight" if found.is_alike else "flow.see.steady", rate=times(found.log))


def _longest(w: Words, studies: Sequence[Study]) -> Text:
    """Return whose bars are the longest in the account of the first weight."""
    roles = studies[0].flow.rows[0].logs
    if not roles:
        return ()
    longest = max(roles, key=lambda role: abs(roles[role]))
    return w("flow.see.longest", factor=w(f"flow.role.{longest}"), decades=f"{abs(roles[longest]) / LOG_10:.1f}")


def _apart(w: Words, studies: Sequence[Study]) -> Text:
    """Return how far the singular values lie apart."""
    found = next((each.spectrum for each in studies if each.spectrum is not None), None)
    return () if found is None else w("flow.see.apart", spread=f"{found.spread:.1f}")


def _where(w: Words, studies: Sequence[Study]) -> Text:
    """Return in which phase the one initialisation lies."""
    found = [each for study in studies if study.outlook for each in study.outlook.prospects]
    if len(found) != 1:
        return ()
    return w("flow.see.phase", phase=w(f"theory.phase.{found[0].phase.partition(':')[0].replace(' ', '_')}"))


_SEEN: Mapping[str, Callable[[Words, Sequence[Study]], Text]] = {
    "norms": _line,
    "budget": _longest,
    "spectrum": _apart,
    "phase": _where,
}
"""What to see in each figure."""
