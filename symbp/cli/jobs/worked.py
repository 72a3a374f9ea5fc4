"""A derivation with numbers put in: read the values, execute, render, write, print."""

from __future__ import annotations

from dataclasses import replace

from symbp.cli.console import columns, exit_code, json_document, plain, say
from symbp.cli.derive import Request, ValuesOptions
from symbp.cli.jobs.derive import DEFAULT_NOTATION, verdict
from symbp.cli.output import PDF, Target, written
from symbp.cli.what import Numbers, command_line, derived
from symbp.errors import SpecError, shown
from symbp.report.checked import check_text
from symbp.report.worked.render import FORMATS, render_worked, worked_data
from symbp.worked.given import read_given
from symbp.worked.run import Training, Worked


def run(request: Request, options: ValuesOptions) -> int:
    """Put the numbers in and deliver the example; return 1 when the check of the derivation failed."""
    assert isinstance(options.values, Numbers)
    given = read_given(options.values.place)
    if request.output.only is not None:
        why = "one equation alone carries no numbers; leave out --values"
        raise SpecError(f"--only {shown(request.output.only)}: {why}")
    spec = replace(request.network, batch=request.network.batch or given.columns > 1)
    wanted = request.output.targets(f"{spec.stem}-numbers", known=(*FORMATS, PDF))
    network = spec.build()
    show = request.output.layers_of(network)
    derivation = derived(network, spec.wrt)
    worked = Worked.of(derivation, given)
    training = trained(worked, options.train)
    report = verdict(request, derivation)
    command = f"{command_line('derive', request.network)} --values {shown(options.values.what)}"

    def rendered(target: Target) -> bytes:
        text = render_worked(
            worked, target.rendered_as, request.output.notation or DEFAULT_NOTATION,
            training=training, digits=options.digits, show=show, template_dir=request.output.template_dir,
            standalone=request.output.standalone or target.is_pdf, command=command,
        )  # fmt: skip
        return target.data(text)

    wrote = request.output.deliver(wanted, [rendered(each) for each in wanted])
    if request.json:
        data = worked_data(worked, training) | {"check": None if report is None else report.to_dict()}
        json_document(data | {"wrote": [str(path) for path in wrote]})
    elif wrote:
        text = render_worked(
            worked, "text", request.output.notation or DEFAULT_NOTATION, training=training,
            digits=options.digits, show=show, width=columns(), ascii_only=plain(), mark=False,
        )  # fmt: skip
        checked = [] if report is None else [check_text(report, ascii_only=plain())]
        say("\n\n".join([text.rstrip("\n"), *checked, written(wrote)]))
    return exit_code(report)


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
