"""A derivation with numbers put in: read the values, execute, render, write, print."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from symbp.cli import values
from symbp.cli.console import columns, json_document, plain, say
from symbp.cli.derive import Request
from symbp.cli.jobs.closing import command_line, written
from symbp.cli.jobs.data import exit_code
from symbp.cli.jobs.derive import DEFAULT_NOTATION, deliver, verdict
from symbp.cli.jobs.network import build, derived
from symbp.cli.jobs.targets import PDF, Target, targets
from symbp.cli.options import ValuesOptions
from symbp.cli.what import FileSpec
from symbp.errors import SpecError, nearest
from symbp.networks.examples import VALUES
from symbp.report.checked import check_text
from symbp.report.worked.render import FORMATS, render_worked, worked_data
from symbp.worked.given import MOST_DIGITS, Given, read_given
from symbp.worked.run import MOST_STEPS, Training, Worked


def run(request: Request, options: ValuesOptions) -> int:
    """Put the numbers in and deliver the example; return 1 when the check of the derivation failed."""
    given, steps, digits = read(options)
    if request.output.only is not None:
        values.refuse("--only", request.output.only, "one equation alone carries no numbers; leave out --values")
    spec = replace(request.network, batch=request.network.batch or given.columns > 1)
    wanted = targets(
        request.output, f"{spec.stem if isinstance(spec, FileSpec) else f'backprop-{spec.layers}'}-numbers"
    )
    for each in wanted:
        values.choice("--to", each.format, (*FORMATS, PDF))
    network = build(spec)
    show = request.show
    if isinstance(spec, FileSpec) and request.output.show is not None:
        show = values.layer_set(request.output.show, network.depth)
    derivation = derived(network, spec.wrt)
    worked = Worked.of(derivation, given)
    training = trained(worked, steps)
    report = verdict(request, derivation)
    command = f"{command_line('derive', request.network)} --values {values.shown(options.values or '')}"

    def rendered(target: Target) -> bytes:
        text = render_worked(
            worked, target.rendered_as, request.output.notation or DEFAULT_NOTATION,
            training=training, digits=digits, show=show, template_dir=request.output.template_dir,
            standalone=request.output.standalone or target.is_pdf, command=command,
        )  # fmt: skip
        return target.data(text)

    wrote = deliver(wanted, [rendered(each) for each in wanted], request.output.force)
    if request.json:
        data = worked_data(worked, training) | {"check": None if report is None else report.to_dict()}
        json_document(data | {"wrote": [str(path) for path in wrote]})
    elif wrote:
        text = render_worked(
            worked, "text", request.output.notation or DEFAULT_NOTATION, training=training, digits=digits, show=show,
            width=columns(), ascii_only=plain(), mark=False,
        )  # fmt: skip
        checked = [] if report is None else [check_text(report, ascii_only=plain())]
        say("\n\n".join([text.rstrip("\n"), *checked, "\n".join(written(wrote))]))
    return exit_code(report)


def read(options: ValuesOptions) -> tuple[Given, int | None, int | None]:
    """Return the values, how many steps to train, and how many digits to show.

    Raises:
        SpecError: no values, or options that are not numbers.
    """
    if options.values is None:
        typed = "--train" if options.train is not None else "--digits"
        raise SpecError(f"{typed}: needs numbers to work with; give --values FILE")
    steps = options.train and values.number("--train", options.train, 1, MOST_STEPS, "the number of steps")
    digits = options.digits and values.number("--digits", options.digits, 1, MOST_DIGITS, "significant digits")
    return read_given(values_file(options.values)), steps or None, digits or None


def values_file(typed: str) -> Path:
    """Return the file that --values names: a path, or an example that comes with numbers."""
    if typed in VALUES and not Path(typed).is_file():
        return VALUES[typed]
    if not Path(typed).suffix:
        near = nearest(typed[: values.MAX_SHOWN], VALUES) or f"; examples with values: {', '.join(VALUES)}"
        values.refuse("--values", typed, f"no such file{near}")
    return Path(typed)


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
