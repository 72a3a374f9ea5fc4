"""Derive, check, render, write, print: the main job, in the order a reader would tell it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import cast

from symbp.checking.check import CheckReport, check
from symbp.cli.commands.derive import Request
from symbp.cli.console import columns, document, json_document, plain, progress, say
from symbp.cli.jobs.closing import command_line, written
from symbp.cli.jobs.data import derivation_data, exit_code
from symbp.cli.jobs.network import build, derived
from symbp.cli.jobs.targets import Target, targets
from symbp.cli.options import NetworkSpec
from symbp.cli.values import layer_set, shown
from symbp.cli.what import Described, FileSpec, OperationSpec
from symbp.derivation import Derivation
from symbp.errors import SpecError
from symbp.maths.notation import notation_named
from symbp.networks.network import Network
from symbp.numeric.compiled import generic_functions
from symbp.ops.losses import GenericLoss
from symbp.pages.tell.derivation import derivation_page
from symbp.report.files import write_bytes
from symbp.report.render import render
from symbp.writing.text import write_text

DEFAULT_NOTATION = "standard"


def run(request: Request) -> int:
    """Derive what was asked for and deliver it; return 1 when the check failed."""
    spec = request.network
    wanted = targets(request.output, spec.stem if isinstance(spec, FileSpec) else f"backprop-{spec.layers}")
    require_used(request, wanted)
    network = build(spec)
    require_concrete(request, network, wanted)
    if isinstance(spec, FileSpec) and request.output.show is not None:
        request = replace(request, show=layer_set(request.output.show, network.depth))
    derivation = derived(network, spec.wrt)
    require_steps(request, derivation)
    report = verdict(request, derivation)
    documents = [rendered(request, each, derivation, report) for each in wanted]
    wrote = deliver(wanted, documents, request.output.force)
    if request.json:
        data = derivation_data(derivation, request.output.notation or DEFAULT_NOTATION)
        data |= {"check": None if report is None else report.to_dict(), "wrote": [str(path) for path in wrote]}
        json_document(data)
    elif wrote and request.output.only is not None:
        say("\n".join(written(wrote)))
    elif wrote:
        progress("writing the screen")
        said = screen(request, derivation, report)
        say("\n\n".join([said.rstrip("\n"), closing(request.network, wrote)]))
    return exit_code(report)


NOT_ALONE = {
    "show": ("--show", "has no layers"),
    "notation": ("--notation", "has the letters of its literature"),
    "jacobian": ("--jacobian", "is one step"),
    "no_roles": ("--no-roles", "has no role labels"),
    "by_output": ("--by-output", "has its slopes through the output already"),
}
"""Options that the page of an operation alone has no use for, and why."""


def require_used(request: Request, wanted: Sequence[Target]) -> None:
    """Refuse options that would change nothing.

    Raises:
        SpecError: an option that the page of an operation alone, a program or one equation alone does not know.
    """
    spec, options = request.network, request.output
    for name, (option, why) in NOT_ALONE.items():
        if isinstance(spec, OperationSpec) and getattr(options, name):
            raise SpecError(f"{option}: {spec.what} alone {why}; leave out {option}")
    if options.jacobian is None:
        return
    said = f"--jacobian {shown(options.jacobian)}"
    if options.only is not None:
        raise SpecError(f"{said}: --only shows one equation and no product over time; leave out one of the two")
    if all(each.format == "numpy" for each in wanted):
        raise SpecError(f"{said}: a program has no product over time; leave out --jacobian, or ask for another format")


def require_concrete(request: Request, network: Network, wanted: Sequence[Target]) -> None:
    """Refuse a program of a network that is left open."""
    if request.output.only is not None or all(each.format != "numpy" for each in wanted):
        return
    option = "--{}" if isinstance(request.network, NetworkSpec) else f"{request.network.what} its {{}}"
    is_open = {
        "activation": bool(generic_functions(network.forward)),
        "loss": isinstance(network.loss_node, GenericLoss),
    }
    missing = [option.format(name) for name, found in is_open.items() if found]
    if missing:
        raise SpecError(f"--to numpy: a program needs a concrete network; give {' and '.join(missing)}")


def require_steps(request: Request, derivation: Derivation) -> None:
    """Refuse a pair of steps that no recurrent layer has."""
    pair, said = request.output.pair, shown(request.output.jacobian or "")
    if pair is None:
        return
    if not derivation.states:
        raise SpecError(f"--jacobian {said}: the network has no recurrent layer of two or more steps")
    last = min(max(steps) for steps in derivation.states.values())
    if pair[1] > last:
        raise SpecError(f"--jacobian {said}: the recurrent layer has steps 1 to {last}; --unroll T gives it more")


def verdict(request: Request, derivation: Derivation) -> CheckReport | None:
    """Return the fast check, or None where none is wanted; one equation alone carries no verdict."""
    if not request.check or request.output.only is not None:
        return None
    return check(derivation, seed=request.seed, thorough=False, progress=progress)


def rendered(request: Request, target: Target, derivation: Derivation, report: CheckReport | None) -> bytes:
    """Return the document of one target; an equation nobody has is the fault of --only."""
    progress(f"writing {target.path or 'standard output'}")
    try:
        return target.data(document_of(request, target, derivation, report))
    except SpecError as error:
        if request.output.only is None:
            raise
        raise SpecError(f"--only {shown(request.output.only)}: {error}") from None


def document_of(request: Request, target: Target, derivation: Derivation, report: CheckReport | None) -> str:
    """Return the document of one target as the options want it."""
    options = request.output
    return render(
        derivation,
        to=target.rendered_as,
        notation=options.notation or DEFAULT_NOTATION,
        check=report,
        standalone=options.standalone or target.is_pdf,
        roles=not options.no_roles,
        show=request.show,
        only=options.only,
        by_output=options.by_output,
        template_dir=options.template_dir,
        command=command_line("derive", request.network),
        pair=options.pair,
    )


def deliver(wanted: Sequence[Target], documents: Sequence[bytes], force: bool) -> list[Path]:
    """Print or write every document, all of them rendered by now, and return the files."""
    for target, data in zip(wanted, documents, strict=True):
        if target.path is None:
            document(data)
        else:
            write_bytes(target.path, data, force=force)
    return [target.path for target in wanted if target.path is not None]


def screen(request: Request, derivation: Derivation, report: CheckReport | None) -> str:
    """Return the derivation as this terminal can show it."""
    if derivation.is_alone:
        page = import_module("symbp.report.lone_text")
        return cast("str", page.lone_text(derivation, report, ascii_only=plain(), width=columns()))
    options = request.output
    told = derivation_page(
        derivation,
        report,
        notation_named(options.notation or DEFAULT_NOTATION),
        by_output=options.by_output,
        roles=not options.no_roles,
        show=request.show,
        pair=options.pair,
    )
    return write_text(told, width=columns(), ascii=plain())


def closing(spec: Described, wrote: Sequence[Path]) -> str:
    """Return the last lines: what was written, and commands to try next."""
    steps = [*([next_step(spec)] if isinstance(spec, NetworkSpec) else []), command_line("check", spec)]
    return "\n".join(
        [*written(wrote), *(f"  {'' if index else 'next':<11} {each}" for index, each in enumerate(steps))]
    )


def next_step(spec: NetworkSpec) -> str:
    """Return a command that shows something this one did not: a concrete network, then one gradient alone."""
    if spec.activation is None or spec.loss is None:
        concrete = replace(spec, activation=spec.activation or "tanh", loss=spec.loss or "mse")
        return command_line("derive", concrete)
    return f"{command_line('derive', spec)} --only {spec.wrt[0] if spec.wrt else 'W1'}"
