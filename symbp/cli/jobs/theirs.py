"""Somebody's own gradient: read, judged, and the verdict on the screen or as JSON."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from symbp.checking.theirs.cases import require_concrete
from symbp.checking.theirs.data import judge_data, load
from symbp.checking.theirs.formula import Formulas
from symbp.checking.theirs.judging import Judged, judge_file
from symbp.checking.theirs.stub import stub
from symbp.cli.console import columns, json_document, note, plain, say
from symbp.cli.jobs.closing import command_line, written
from symbp.cli.jobs.derive import deliver
from symbp.cli.jobs.network import build, derived
from symbp.cli.jobs.tables import document, tables
from symbp.cli.options import MethodOptions, NetworkSpec
from symbp.cli.theirs import Asked, DataFile, Formula, FunctionFile, Stub
from symbp.cli.what import Described, FileSpec
from symbp.derivation import derive
from symbp.errors import SpecError
from symbp.networks.layers import Dense
from symbp.networks.loss_choice import link_of
from symbp.networks.network import Network
from symbp.ops.elementwise import Elementwise
from symbp.pages.tell.verdict import headline, verdict_page
from symbp.writing.files import write_new
from symbp.writing.readback import lexicon
from symbp.writing.text import words_text, write_text

OPEN_ACTIVATIONS, OPEN_LOSS = ("tanh", "sigmoid", "softplus", "sin"), "log_cosh"
"""What stands for activations, neighbours different, and for a loss that are left open while a formula is judged."""


def run(spec: Described, asked: Asked, seed: int, as_json: bool, methods: MethodOptions) -> int:
    """Judge what is asked about, print or write the verdict, and return 1 unless it is right."""
    if isinstance(asked.theirs, Stub):
        return write_stub(spec, asked)
    _require_usable(methods)
    wanted = tables(spec, methods, "verdict")
    judged = JUDGES[type(asked.theirs)](spec, asked, seed)
    if judged.printed:
        note(f"{judged.source} printed:\n{shown_lines(judged.printed)}")
    page = verdict_page(judged, command=command_of(spec, asked))
    wrote = deliver(wanted, [document(page, each, methods.standalone) for each in wanted], methods.force)
    if as_json:
        json_document(
            judged.to_dict() | {"sentence": words_text(headline(judged)), "wrote": [str(path) for path in wrote]}
        )
    elif not wanted or wrote:
        text = write_text(page, width=columns(), ascii=plain()).rstrip("\n")
        say("\n\n".join([text, *(["\n".join(written(wrote))] if wrote else [])]))
    return 0 if judged.right else 1


def _require_usable(methods: MethodOptions) -> None:
    """Refuse what only the check of the derivation itself uses: silence would look like an answer."""
    for name, given in (("--engine", methods.engine), ("--values", methods.values)):
        if given:
            raise SpecError(f"{name} is about the derived gradients: leave it out, or leave out your own gradient")


def command_of(spec: Described, asked: Asked) -> str:
    """Return the command that judges this again: the network, whose gradient, and how it is read."""
    words = shlex.split(command_line("check", spec))
    match asked.theirs:
        case Formula(text=text):
            words += ["--formula", text]
        case FunctionFile(place=place, function=function):
            _name(words, spec, str(place) if function is None else f"{place}:{function}")
        case DataFile(place=place) | Stub(place=place):
            _name(words, spec, str(place))
    words += ["--rows"] * asked.rows + (["--reduction", asked.reduction] if asked.reduction != "mean" else [])
    return shlex.join(words)


def _name(words: list[str], spec: Described, name: str) -> None:
    """Put the name of their file behind that of the network, or first where options describe it."""
    words.insert(len(words) if isinstance(spec, FileSpec) else 2, name)


def shown_lines(text: str) -> str:
    """Return what somebody's code printed without characters that steer a terminal."""
    return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)


def _function(spec: Described, asked: Asked, seed: int) -> Judged:
    assert isinstance(asked.theirs, FunctionFile)
    return judge_file(
        derived(build(spec), spec.wrt),
        asked.theirs.place,
        asked.theirs.function,
        rows=asked.rows,
        timeout=asked.timeout,
        seed=seed,
        reduction=asked.reduction,
    )


def _formula(spec: Described, asked: Asked, seed: int) -> Judged:
    assert isinstance(asked.theirs, Formula)
    derivation = derived(concrete(spec), spec.wrt).readable
    judged = Formulas(derivation, lexicon(derive(build(spec), wrt=spec.wrt), derivation), seed).judge(asked.theirs.text)
    if judged.right or not isinstance(spec, NetworkSpec) or (spec.activation and spec.loss):
        return judged
    functions = [each.rhs.function.name for each in derivation.forward if isinstance(each.rhs, Elementwise)]
    stood = [] if spec.activation else [f"f{at} = {name}" for at, name in enumerate(functions, 1)]
    stood += [] if spec.loss else [f"loss = {OPEN_LOSS}"]
    return replace(judged, notes=(*judged.notes, f"compared with {', '.join(stood)} for what is left open"))


def _data(spec: Described, asked: Asked, seed: int) -> Judged:
    assert isinstance(asked.theirs, DataFile)
    arrays = load(asked.theirs.place)
    if asked.theirs.alone and isinstance(spec, NetworkSpec):
        spec = replace(spec, layers=arrays.layers or spec.layers, bias=arrays.bias)
    derivation = derived(build(spec), spec.wrt)
    require_concrete(derivation)
    return judge_data(derivation, arrays, asked.theirs.place.name, rows=asked.rows, reduction=asked.reduction)


def write_stub(spec: Described, asked: Asked) -> int:
    """Write the file to fill in, and say how it is checked."""
    assert isinstance(asked.theirs, Stub)
    place = asked.theirs.place
    command = command_of(spec, asked)
    write_new(place, stub(derived(build(spec), spec.wrt), command))
    say(f"wrote {place}\nfill in backward, then: {command}")
    return 0


def concrete(spec: Described) -> Network:
    """Return the network with functions for what its options leave open: a formula holds for all of them."""
    if not isinstance(spec, NetworkSpec) or (spec.activation and spec.loss):
        return build(spec)
    filled = replace(spec, loss=spec.loss or OPEN_LOSS)
    if spec.activation:
        return build(filled)
    sizes = spec.widths if isinstance(spec.widths, list) else [spec.widths] * (spec.layers + 1)
    turn = [OPEN_ACTIVATIONS[layer % len(OPEN_ACTIVATIONS)] for layer in range(spec.layers)]
    last = spec.output_activation or link_of(spec.loss) or turn[-1]
    stack = [Dense(size, name, spec.bias) for size, name in zip(sizes[1:], [*turn[:-1], last], strict=True)]
    return Network(stack, sizes[0], filled.loss, batch=spec.batch, let=spec.let)


JUDGES: dict[type[Any], Callable[[Described, Asked, int], Judged]] = {
    FunctionFile: _function,
    Formula: _formula,
    DataFile: _data,
}
"""What judges which kind of thing."""
