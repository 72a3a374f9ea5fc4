"""``symbp check``: the derived gradients against differences of the loss, or somebody's own against those derived."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from symbp.cli.console import exit_code, progress
from symbp.cli.mine import MineOptions, NotesFile, Stub
from symbp.cli.options import Json, flat, option, refuse, seed_option
from symbp.cli.output import OutputOptions
from symbp.cli.what import (
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
from symbp.errors import NoModelError, SpecError, later

if TYPE_CHECKING:
    from symbp.checking import check as checking
    from symbp.cli import verdict
    from symbp.numeric import autodiff
    from symbp.pages.tell import check as telling
    from symbp.pages.tell import derivation as page
    from symbp.worked import given, run
    from symbp.writing import text
else:
    checking = later("symbp.checking.check")
    verdict = later("symbp.cli.verdict")
    autodiff = later("symbp.numeric.autodiff")
    telling = later("symbp.pages.tell.check")
    page = later("symbp.pages.tell.derivation")
    given = later("symbp.worked.given")
    run = later("symbp.worked.run")
    text = later("symbp.writing.text")

HELP = """\
Compare every derived gradient with differences of the loss, or somebody's own gradient with the derived one.

Complex step, 50-digit differences and central differences, one row a parameter, with the digits that each method
is expected to reach. Exit code 1 when a gradient is wrong, 3 when nothing could tell (overflow, dead units). With
MINE or --formula your own gradient is judged, and what is wrong with it is named.
"""


def engine(name: str) -> str:
    """Return the name of a library that is installed."""
    try:
        autodiff.autodiff(name)
    except SpecError as error:
        refuse(name, str(error).partition(": ")[2])
    return name


@dataclass(frozen=True)
class MethodOptions:
    """Further methods of the check, and the numbers it runs at."""

    engine: Annotated[
        list[str] | None,
        option(
            "Check", "--engine", "Compare with a library's automatic differentiation too; repeat for more.",
            "torch|jax|autograd", engine,
        ),
    ] = None  # fmt: skip
    values: Annotated[
        Numbers | None,
        option(
            "Check", "--values", "Check at the numbers of a values file, not drawn ones.", "FILE|EXAMPLE", numbers_of
        ),
    ] = None


Seed = Annotated[int, seed_option("Check", "values drawn for the check")]


@flat
def command(
    *,
    what: What = None,
    mine: MineOptions,
    network: NetworkOptions,
    model: ModelOptions,
    seed: Seed = 0,
    methods: MethodOptions,
    output: OutputOptions,
    json: Json = False,
) -> int:
    """Run ``symbp check``; return 1 when a gradient is wrong, 3 when nothing could tell."""
    if what is not None and mine.leaves_open(what, network):
        if (judged := verdict.judge_alone(what, seed)) is not None:
            return verdict.present(judged, f"{Path(what).stem}-verdict", f"symbp check {what}", output, json)
        try:
            return check_own(described(what, network, model), seed, methods, output, json)
        except NoModelError as error:
            raise SpecError(f"{error}; a gradient of yours needs its network: symbp check NETWORK {what}") from None
    named, asked = mine.read(what, network)
    spec = described(named, network, model)
    if asked is None:
        return check_own(spec, seed, methods, output, json)
    if isinstance(asked.mine, Stub):
        return verdict.write_stub(spec, asked)
    for name, value in (("--engine", methods.engine), ("--values", methods.values)):
        if value:
            raise SpecError(f"{name} is about the derived gradients: leave it out, or leave out your own gradient")
    if isinstance(asked.mine, NotesFile):
        if output.is_given:
            raise SpecError("notes are judged where they stand, line by line: leave out -t and -o")
        return verdict.judge_notes(spec, asked, seed, json)
    return verdict.judge(spec, asked, seed, output, json)


def check_own(spec: Described, seed: int, methods: MethodOptions, output: OutputOptions, json: bool) -> int:
    """Compare every derived gradient with differences, print or write the rows, and return the exit code."""
    wanted = output.page_targets(f"{spec.stem}-check")
    derivation = derived(spec.build(), spec.wrt)
    at = None if methods.values is None else run.Worked.of(derivation, given.read_given(methods.values.place)).values
    engines = list(dict.fromkeys(methods.engine or ()))
    report = checking.check(derivation, seed=seed, progress=progress, engines=engines, at=at)
    agreed = telling.conventions(page.context(derivation, complete=True)) if json else ()
    data = report.to_dict() | {"conventions": [text.words_text(each) for each in agreed]} if json else None
    output.present(telling.check_page(report, derivation, command=command_line("check", spec)), wanted, data)
    return exit_code(report)
