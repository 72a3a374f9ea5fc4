"""``symbp derive``: every gradient derived, checked, written and printed."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from symbp.cli.console import exit_code, json_document, plain, progress, say, sentence
from symbp.cli.options import Json, Pair, Ranges, flag, flat, number, one_of, option, pair, ranges, refuse, seed_option
from symbp.cli.output import TYPED, OutputOptions, written
from symbp.cli.what import (
    DEFAULT_LAYERS,
    Described,
    ModelOptions,
    NetworkOptions,
    Numbers,
    What,
    command_line,
    derived,
    described,
    numbers_of,
)
from symbp.errors import SpecError, later, shown
from symbp.limits import MAX_DIGITS, MAX_TRAINING
from symbp.networks.general import Depth, require_number

if TYPE_CHECKING:
    from symbp.checking import check as checking
    from symbp.derivation import Derivation
    from symbp.judging.diagnosis import reading
    from symbp.maths import axes, notation
    from symbp.maths.notation import Notation
    from symbp.worked import given, run
    from symbp.writing import derivation_data, render, text
else:
    checking = later("symbp.checking.check")
    reading = later("symbp.judging.diagnosis.reading")
    axes = later("symbp.maths.axes")
    notation = later("symbp.maths.notation")
    given = later("symbp.worked.given")
    run = later("symbp.worked.run")
    derivation_data = later("symbp.writing.derivation_data")
    render = later("symbp.writing.render")
    text = later("symbp.writing.text")

HELP = """\
Derive the gradient of every weight and bias, factored from the loss to the parameter.

Writes output/backprop-N.md and .tex (WHAT.md and .tex), checks every gradient numerically and prints the
derivation. With -t or -o it writes that format only; with -o - or --only it prints to standard output. With
--values it writes the derivation with numbers put in, and one step of gradient descent.
"""


def notation_of(text: str, option: str = "") -> str:
    """Return the name of a notation, or its file, which is read."""
    if text.endswith(".toml"):
        axes.read_file(Path(text))
        return text
    return one_of(text, notation.NOTATIONS, option)


def row_of(text: str, changes: Sequence[str] = ()) -> Notation:
    """Return a notation by its name or file, with single axes changed: ``layer=bracket``.

    Raises:
        SpecError: an axis that there is not, or a value that it has not.
    """
    row = axes.read_file(Path(text)) if text.endswith(".toml") else notation.notation_named(text)
    for change in changes:
        name, sign, value = change.partition("=")
        if not sign:
            refuse(change, "give AXIS=VALUE, as in layer=bracket", "--set")
        try:
            row = axes.changed(row, {name.strip(): value.strip()})
        except SpecError as error:
            refuse(change, str(error), "--set")
    return row


ONLY = option("Output", "--only", "One equation alone: W1, b2, delta2, forward; not checked.", "NAME")
SHOW = option("Output", "--show", "Layers to write out, as in 1-3,98-100.", "LAYERS", ranges)
NOTATION = option(
    "Output", "--notation", "Letters and layout, from 'symbp list notations', or a file as 'symbp notation' prints it.",
    "NAME|FILE", notation_of,
)  # fmt: skip
SET = option("Output", "--set", "One axis of the notation, as in layer=bracket; as often as wanted.", "AXIS=VALUE")
JACOBIAN = option(
    "Output", "--jacobian",
    "Steps of a recurrent layer between which the product of Jacobians is shown; the first and last unless given.",
    "T1,T2", pair,
)  # fmt: skip
NO_ROLES = option("Output", "--no-roles", "Leave out the role labels under the factors.")
BY_OUTPUT = option("Output", "--by-output", "Slopes through the output, a(1 - a), where that is possible.")
VALUES = option(
    "Numbers", "--values",
    "Put in the parameters, X and Y of a TOML or JSON file, or those an example comes with.",
    "FILE|EXAMPLE", numbers_of,
)  # fmt: skip
TRAIN = option(
    "Numbers", "--train", "Take N steps of gradient descent; table the loss.", "N",
    number(1, MAX_TRAINING, "the number of steps"),
)  # fmt: skip
DIGITS = option(
    "Numbers", "--digits", "Digits behind the point; else the smallest gradient keeps six.", "N",
    number(1, MAX_DIGITS, "the digits behind the point"),
)  # fmt: skip


@dataclass(frozen=True)
class PageOptions(OutputOptions):
    """What the page says, and in which letters."""

    only: Annotated[str | None, ONLY] = None
    show: Annotated[Ranges | None, SHOW] = None
    notation: Annotated[str | None, NOTATION] = None
    set: Annotated[list[str] | None, SET] = None
    jacobian: Annotated[Pair | None, JACOBIAN] = None
    no_roles: Annotated[bool, NO_ROLES] = False
    by_output: Annotated[bool, BY_OUTPUT] = False

    ALWAYS: ClassVar[frozenset[str]] = frozenset({"notation"})

    def row(self) -> str | Notation:
        """Return the notation: that of the option, of symbp.toml, or ours, with what --set changes."""
        name = self.notation or (self.config.values.get("notation") if self.config else None)
        if name is None and not self.set:
            return DEFAULT_NOTATION
        try:
            return row_of(notation_of(name or DEFAULT_NOTATION), self.set or ())
        except SpecError as error:
            where = f"{self.config.file}: notation: " if self.config and not self.notation else ""
            raise SpecError(f"{where}{error}") from None

    def options(self, derivation: Derivation) -> dict[str, Any]:
        """Return what is asked for as options of ``render``.

        Raises:
            SpecError: a layer that the network does not have.
        """
        if self.show:
            require_number(derivation.network, "--show")
        depth = 0 if derivation.is_alone else derivation.network.depth
        return {
            **vars(self.setting()), "notation": self.row(), "roles": not self.no_roles,
            "show": self.show and (self.show.within(depth) if depth else []), "by_output": self.by_output,
            "pair": self.jacobian,
        }  # fmt: skip


@dataclass(frozen=True)
class ValuesOptions:
    """Numbers to put into a derivation."""

    values: Annotated[Numbers | None, VALUES] = None
    train: Annotated[int | None, TRAIN] = None
    digits: Annotated[int | None, DIGITS] = None


DEFAULT_NOTATION = "standard"

OPTIONS = TYPED | {
    "notation": "notation", "roles": "no_roles", "show": "show", "by_output": "by_output", "pair": "jacobian",
    "numbers": "values", "training": "train", "digits": "digits",
}  # fmt: skip
"""Options of ``render``, and what the command line calls each."""


@flat
def command(
    *,
    what: What = None,
    network: NetworkOptions,
    model: ModelOptions,
    numbers: ValuesOptions,
    output: PageOptions,
    seed: Annotated[int, seed_option("Check", "values drawn for the check")] = 0,
    no_check: Annotated[bool, option("Check", "--no-check", "Derive without checking.")] = False,
    json: Json = False,
) -> int:
    """Run ``symbp derive``; return 1 when the check failed."""
    spec = described(what, network, model)
    values = None if numbers.values is None else given.read_given(numbers.values.place)
    if values is None and numbers != ValuesOptions():
        typed = "--train" if numbers.train is not None else "--digits"
        raise SpecError(f"{typed}: needs numbers to work with; give --values FILE")
    if values is not None and values.columns > 1:
        spec = replace(spec, batch=True)
    wanted = output.targets(f"{spec.stem}-numbers" if values else spec.stem, alone=output.only is not None)
    derivation = derived(spec.build(), spec.wrt)
    if json:
        require_number(derivation.network, "--json")
    if output.only is None and any(each.format == "numpy" for each in wanted):
        require_concrete(spec, derivation)
    asked = output.options(derivation)
    is_shown = output.only is None and output.is_shown(wanted)
    asked |= {"columns": None} if is_shown else {}
    worked = None if values is None else run.Worked.of(derivation, values)
    if worked is not None:
        asked |= {"numbers": worked, "training": training(worked, numbers.train), "digits": numbers.digits}
    with named(output, numbers):
        options = useful(derivation, [each.rendered_as for each in wanted], output, asked)
    verdict = None
    if not no_check and output.only is None:
        at = worked.values if worked else None
        verdict = checking.check(derivation, seed=seed, thorough=False, progress=progress, at=at)
    report = render.Report(derivation, verdict, command_of(described(what, network, model), numbers))
    documents = []
    for target, chosen in zip(wanted, options, strict=True):
        progress(f"writing {target.path or 'standard output'}")
        chosen |= output.own(target)
        with named(output, numbers):
            documents.append(target.data(report.text(target.rendered_as, only=output.only, **chosen)))
    wrote = output.deliver(wanted, documents)
    if json:
        data = worked.to_dict(asked["training"]) if worked else derivation_data.data(derivation, asked["notation"])
        said = verdict and verdict.to_dict()
        json_document({**data, "check": said, "wrote": [str(path) for path in wrote]})
    elif wrote and output.only is not None:
        say(written(wrote, output.width))
    elif wrote:
        progress("writing the screen")
        page = text.write_text(report.page(**asked), width=output.width, ascii=plain()).rstrip("\n")
        steps = [] if worked else next_steps(spec)
        say("\n\n".join([page, "\n".join([written(wrote, output.width), *steps, *output.settings(wanted)])]))
    return exit_code(verdict)


def useful(
    derivation: Derivation, formats: list[str], output: PageOptions, asked: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return the options of every document; what symbp.toml sets is left out where nothing has a use for it."""
    try:
        return render.useful(derivation, formats, output.only, asked)
    except SpecError as error:
        if output.config is None or output.set or not str(error).startswith("notation:"):
            raise
        asked["notation"] = DEFAULT_NOTATION
        return render.useful(derivation, formats, output.only, asked)


def require_concrete(spec: Described, derivation: Derivation) -> None:
    """Refuse a program of a network that is left open."""
    require_number(derivation.network, "a program")
    option = "--{}" if isinstance(spec, NetworkOptions) else f"{spec.what} its {{}}"
    if missing := [option.format(name) for name in reading.left_open(derivation)]:
        raise SpecError(f"--to numpy: a program needs a concrete network; give {' and '.join(missing)}")


def training(worked: run.Worked, steps: int | None) -> run.Training | None:
    """Return the training that is asked for.

    Raises:
        SpecError: the values say no learning rate, or there is nothing to train.
    """
    if steps is None:
        return None
    if not worked.trained:
        raise SpecError(
            "--train: --wrt names no parameter, so nothing is trained; name one, or leave one of the two out"
        )
    if worked.given.learning_rate is None:
        raise SpecError(f"--train: {worked.given.name} has no learning_rate; add learning_rate = 0.5")
    return worked.train(steps)


@contextmanager
def named(output: PageOptions, numbers: ValuesOptions) -> Iterator[None]:
    """Say what is wrong with an option of ``render`` of the one that was typed, and of one equation that --only is."""
    try:
        yield
    except SpecError as error:
        name, _, why = str(error).partition(": ")
        if name in OPTIONS:
            field = "set" if name == "notation" and output.notation is None else OPTIONS[name]
            value = vars(output).get(field) or vars(numbers).get(field)
            value = " ".join(value) if isinstance(value, list) else value
            typed = flag(field) if value is True else f"{flag(field)} {shown(str(value))}"
            why = why.replace(f"leave out {name}", f"leave out {flag(field)}").replace("unroll", "--unroll T")
            raise SpecError(f"{typed}: {why}") from None
        if output.only is not None:
            raise SpecError(f"--only {shown(output.only)}: {error}") from None
        raise


def command_of(spec: Described, numbers: ValuesOptions) -> str:
    """Return the command that makes the same page."""
    values = [] if numbers.values is None else ["--values", str(numbers.values)]
    train = [] if numbers.train is None else ["--train", str(numbers.train)]
    return shlex.join(["symbp", "derive", *spec.words(), *values, *train])


def next_steps(spec: Described) -> list[str]:
    """Return commands that show something this one did not: a concrete network, else one gradient alone; a check."""
    steps = [command_line("check", spec)]
    if isinstance(spec, NetworkOptions):
        concrete = replace(spec, activation=spec.activation or "tanh", loss=spec.loss or "mse")
        concrete = replace(concrete, layers=DEFAULT_LAYERS) if isinstance(spec.depth, Depth) else concrete
        only = f" --only {spec.wrt[0] if spec.wrt else 'W1'}" if concrete == spec else ""
        steps.insert(0, f"{command_line('derive', concrete)}{only}")
    return [f"  {'' if index else sentence('screen.next'):<11} {each}" for index, each in enumerate(steps)]
