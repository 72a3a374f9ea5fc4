"""Somebody's own gradient judged: the verdict on the screen, as a file or as JSON."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from symbp.cli import notes
from symbp.cli.console import note, say, sentence
from symbp.cli.derive import DEFAULT_NOTATION, row_of
from symbp.cli.mine import DataFile, Formula, FunctionFile, NotesFile, Question, Stub
from symbp.cli.options import Listed
from symbp.cli.output import OutputOptions
from symbp.cli.what import Described, Named, NetworkOptions, command_line, derived
from symbp.derivation import Derivation, derive
from symbp.judging.cases import require_concrete
from symbp.judging.data import judge_data, load
from symbp.judging.explicit import Said
from symbp.judging.formula import Formulas
from symbp.judging.judging import How, Judged, judge_file
from symbp.judging.pairs import judge_pair
from symbp.judging.stub import stub
from symbp.maths.notation import STANDARD, Notation
from symbp.networks.alone.network import OperationNetwork
from symbp.networks.general import require_number
from symbp.networks.layers import Dense
from symbp.networks.loss_choice import link_of
from symbp.networks.network import Network
from symbp.networks.places import split_python
from symbp.ops.elementwise import Elementwise
from symbp.pages.tell.verdict import headline, verdict_page
from symbp.roles import Role
from symbp.views.alone import LAYOUTS
from symbp.views.layout import CODE_IN_ROWS, ROWS, Layout
from symbp.views.layout import LAYOUTS as PAGES
from symbp.writing.files import write_new
from symbp.writing.readback import lexicon
from symbp.writing.text import words_text

BY = (Role.INPUT, Role.WEIGHT, Role.BIAS, Role.SCALE, Role.SHIFT)
OPEN_ACTIVATIONS, OPEN_LOSS = ("tanh", "sigmoid", "softplus", "sin"), "log_cosh"
"""What stands for activations, neighbours different, and for a loss that are left open while a formula is judged."""


def judge(spec: Described, asked: Question, seed: int, output: OutputOptions, json: bool) -> int:
    """Judge what is asked about, print or write the verdict, and return 1 unless it is right."""
    judged = judged_of(spec, asked, seed)
    return present(judged, f"{spec.stem}-verdict", command_of(spec, asked), output, json)


def judge_alone(what: str, seed: int) -> Judged | None:
    """Return the judgement of a layer of a file against its own forward pass; None where it is no layer."""
    place, name = split_python(what) or ("", "")
    return judge_pair(Path(place), name, seed=seed) if name and Path(place).is_file() else None


def present(judged: Judged, stem: str, command: str, output: OutputOptions, json: bool) -> int:
    """Print or write a verdict, and return 1 unless it is right."""
    wanted = output.page_targets(stem)
    if judged.printed:
        said = "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in judged.printed)
        note(f"{judged.source} printed:\n{said}")
    page = verdict_page(judged, command=command)
    output.present(page, wanted, judged.to_dict() | {"sentence": words_text(headline(judged))} if json else None)
    return 0 if judged.right else 1


def judged_of(spec: Described, asked: Question, seed: int) -> Judged:
    """Return the judgement of a function, of arrays or of a formula."""
    match asked.mine:
        case Formula(text):
            return judged_formula(spec, text, seed, asked)
        case DataFile(place, alone):
            arrays = load(place)
            if alone and isinstance(spec, NetworkOptions):
                spec = replace(spec, layers=arrays.layers or spec.layers, bias=arrays.bias)
            derivation = derived(spec.build(), spec.wrt)
            require_concrete(derivation)
            return judge_data(derivation, arrays, place.name, rows=asked.rows, reduction=asked.reduction)
        case FunctionFile(place, function):
            return judge_file(
                derived(spec.build(), spec.wrt), place, function,
                rows=asked.rows, timeout=asked.timeout, seed=seed, reduction=asked.reduction,
                how=How(None if asked.call is None else Said.of(asked.call), asked.returns, asked.strict),
            )  # fmt: skip
        case Stub() | NotesFile():
            raise AssertionError("a stub is written, notes are judged line by line")


def judged_formula(spec: Described, text: str, seed: int, asked: Question) -> Judged:
    """Return the judgement of a formula as it is asked for; functions stand for what options leave open."""
    formulas = formulas_asked(spec, seed, asked)
    judged = formulas.judge(text)
    said = "" if judged.right else standins(spec, formulas.derivation)
    return replace(judged, notes=(*judged.notes, *filter(None, [said])))


def standins(spec: Described, derivation: Derivation) -> str:
    """Return which functions stand for what options leave open; nothing where they leave nothing open."""
    if not isinstance(spec, NetworkOptions) or (spec.activation and spec.loss):
        return ""
    functions = [each.rhs.function.name for each in derivation.forward if isinstance(each.rhs, Elementwise)]
    stood = [] if spec.activation else [f"f{at} = {name}" for at, name in enumerate(functions, 1)]
    stood += [] if spec.loss else [f"loss = {OPEN_LOSS}"]
    return sentence("screen.open", functions=", ".join(stood))


def judge_notes(spec: Described, asked: Question, seed: int, json: bool) -> int:
    """Judge the equations of notes where they stand; return 1 where one is wrong, 3 where one could not be read."""
    assert isinstance(asked.mine, NotesFile)
    over = formulas_asked(spec, seed, asked)
    code = notes.judge_notes(over, asked.mine.place, json, command_of(spec, asked))
    if code and not json and (said := standins(spec, over.derivation)):
        note(f"symbp: {said}")
    return code


def formulas_asked(spec: Described, seed: int, asked: Question) -> Formulas:
    """Return what judges formulas: in one of several layouts, or in that of a notation."""
    notation = row_of(asked.notation or DEFAULT_NOTATION)
    layouts = (CODE_IN_ROWS, ROWS) if asked.rows else (PAGES[notation.layout],)
    return formulas_of(concrete(spec), spec.build(), spec.wrt, seed, layouts, notation)


def formulas_of(
    network: Network, shown: Network, wrt: Listed | None, seed: int, layouts: Sequence[Layout],
    notation: Notation = STANDARD,
) -> Formulas:  # fmt: skip
    """Return what judges formulas over a network, by its inputs as well; ``shown`` is the one that its pages have."""
    require_number(shown, "judging a formula")
    if isinstance(network, OperationNetwork):
        page = whole = derive(network)
        derivation = whole if network.plan.steps is None else derive(network.plan.steps())
        layouts = (LAYOUTS[network.plan.layout],)
    else:
        whole = None
        inputs = () if wrt else tuple(each.name for each in (*network.wrt, *network.inputs) if each.role in BY)
        derivation, page = derived(network, wrt or Listed(inputs)).readable, derive(shown, wrt=wrt)
    own = {"letters": (notation.index, notation.last), "first": notation.first}
    is_scaled = notation.scale == "gradients"
    first, *others = (
        Formulas(derivation, lexicon(page, derivation, each, notation), seed, each, is_scaled, whole=whole, **own)  # type: ignore[arg-type]
        for each in layouts
    )
    return replace(first, others=tuple(others))


def concrete(spec: Described) -> Network:
    """Return the network with functions for what its options leave open: a formula holds for all of them."""
    if not isinstance(spec, NetworkOptions) or (spec.activation and spec.loss):
        return spec.build()
    filled = replace(spec, loss=spec.loss or OPEN_LOSS)
    if spec.activation:
        return filled.build()
    sizes = spec.sizes if isinstance(spec.sizes, list) else [spec.sizes] * (spec.depth + 1)
    turn = [OPEN_ACTIVATIONS[layer % len(OPEN_ACTIVATIONS)] for layer in range(spec.depth)]
    last = spec.output_activation or link_of(spec.loss) or turn[-1]
    stack = [Dense(size, name, spec.bias) for size, name in zip(sizes[1:], [*turn[:-1], last], strict=True)]
    return Network(stack, sizes[0], filled.loss, batch=spec.batch, let=dict(spec.let or ()))


def command_of(spec: Described, asked: Question) -> str:
    """Return the command that judges this again: the network, whose gradient, and how it is read."""
    words = shlex.split(command_line("check", spec))
    match asked.mine:
        case Formula(text):
            words += ["--formula", text]
        case FunctionFile(place, str(function)):
            _name(words, spec, f"{place}:{function}")
        case FunctionFile(place) | DataFile(place) | NotesFile(place) | Stub(place):
            _name(words, spec, str(place))
    words += ["--call", asked.call] if asked.call else []
    words += ["--returns", ", ".join(asked.returns)] if asked.returns else []
    words += ["--strict"] * asked.strict
    words += ["--notation", asked.notation] if asked.notation else []
    words += ["--rows"] * asked.rows + (["--reduction", asked.reduction] if asked.reduction != "mean" else [])
    return shlex.join(words)


def _name(words: list[str], spec: Described, name: str) -> None:
    """Put the name of their file behind that of the network, or first where options describe it."""
    words.insert(len(words) if isinstance(spec, Named) else 2, name)


def write_stub(spec: Described, asked: Question) -> int:
    """Write the file to fill in, and say how it is checked."""
    assert isinstance(asked.mine, Stub)
    place = asked.mine.place
    command = command_of(spec, asked)
    write_new(place, stub(derived(spec.build(), spec.wrt), command))
    say(f"{sentence('screen.wrote')} {place}\n{sentence('screen.stub', command=command)}")
    return 0
