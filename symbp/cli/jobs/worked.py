"""A derivation with numbers put in: read the values, execute, render, write, print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from symbp.checking.report import CheckReport
from symbp.cli.console import columns, exit_code, json_document, plain, say
from symbp.cli.derive import Request, ValuesOptions
from symbp.cli.jobs.derive import DEFAULT_NOTATION, faults_of_only, used, verdict
from symbp.cli.output import Target, written
from symbp.cli.what import Numbers, command_line, derived
from symbp.errors import SpecError, shown
from symbp.maths.notation import notation_named
from symbp.pages.tell.worked import worked_page
from symbp.worked.given import read_given
from symbp.worked.run import Training, Worked
from symbp.writing.render import render
from symbp.writing.text import write_text


def run(request: Request, options: ValuesOptions) -> int:
    """Put the numbers in and deliver the example; return 1 when the check of the derivation failed."""
    assert isinstance(options.values, Numbers)
    given = read_given(options.values.place)
    spec = replace(request.network, batch=request.network.batch or given.columns > 1)
    wanted = request.output.targets(f"{spec.stem}-numbers", alone=request.output.only is not None)
    network = spec.build()
    show = request.output.layers_of(network)
    derivation = derived(network, spec.wrt)
    worked = Worked.of(derivation, given)
    training = trained(worked, options.train)
    numbers: dict[str, Any] = {"numbers": worked, "training": training, "digits": options.digits}
    chosen = used(request, wanted, derivation, numbers)
    report = verdict(request, derivation, worked.values)
    common: dict[str, Any] = {"only": request.output.only, "check": report, "command": command_of(request, options)}

    def rendered(target: Target, found: Mapping[str, Any]) -> bytes:
        standalone = {"standalone": True} if target.is_pdf else {}
        return target.data(render(derivation, target.rendered_as, **common, **{**found, **standalone}))

    with faults_of_only(request):
        documents = [rendered(*each) for each in zip(wanted, chosen, strict=True)]
    wrote = request.output.deliver(wanted, documents)
    if request.json:
        data = worked.to_dict(training) | {"check": None if report is None else report.to_dict()}
        json_document(data | {"wrote": [str(path) for path in wrote]})
    elif wrote:
        screen = [] if request.output.only is not None else [on_screen(request, numbers | {"show": show}, report)]
        say("\n\n".join([*screen, written(wrote)]))
    return exit_code(report)


def command_of(request: Request, options: ValuesOptions) -> str:
    """Return the command that makes the same page."""
    assert options.values is not None
    train = [] if options.train is None else ["--train", str(options.train)]
    return " ".join([command_line("derive", request.network), "--values", shown(options.values.what), *train])


def on_screen(request: Request, options: Mapping[str, Any], report: CheckReport | None) -> str:
    """Return the page as this terminal can show it."""
    notation = notation_named(request.output.notation or DEFAULT_NOTATION)
    of_page = {name: options[name] for name in ("training", "digits", "show")}
    page = worked_page(options["numbers"], report, notation, **of_page)
    return write_text(page, width=columns(), ascii=plain()).rstrip("\n")


def trained(worked: Worked, steps: int | None) -> Training | None:
    """Return the training that was asked for.

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
