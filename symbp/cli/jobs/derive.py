"""Derive, check, render, write, print: the main job, in the order a reader would tell it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from symbp.checking.check import CheckReport, check
from symbp.cli.console import columns, exit_code, json_document, plain, progress, say, sentence
from symbp.cli.derive import Request
from symbp.cli.jobs.data import derivation_data
from symbp.cli.output import Target, written
from symbp.cli.what import Described, NetworkOptions, command_line, derived
from symbp.derivation import Derivation
from symbp.errors import SpecError, shown
from symbp.maths.notation import notation_named
from symbp.networks.network import Network
from symbp.numeric.compiled import generic_functions
from symbp.numeric.values import Values
from symbp.ops.losses import GenericLoss
from symbp.pages.page import Page
from symbp.pages.tell.derivation import derivation_page
from symbp.writing.formats import format_named
from symbp.writing.render import page_text, render, stem_of, unused
from symbp.writing.render import require_steps as within_steps
from symbp.writing.text import write_text
from symbp.writing.unused import DEFAULTS

DEFAULT_NOTATION = "standard"


def run(request: Request) -> int:
    """Derive what was asked for and deliver it; return 1 when the check failed."""
    spec = request.network
    wanted = request.output.targets(spec.stem, alone=request.output.only is not None)
    network = spec.build()
    require_concrete(request, network, wanted)
    request.output.layers_of(network)
    derivation = derived(network, spec.wrt)
    require_steps(request, derivation)
    options = used(request, wanted, derivation)
    report = verdict(request, derivation)
    teller = Teller(request, derivation, report)
    documents = [rendered(teller, *each) for each in zip(wanted, options, strict=True)]
    wrote = request.output.deliver(wanted, documents)
    if request.json:
        data = derivation_data(derivation, request.output.notation or DEFAULT_NOTATION)
        data |= {"check": None if report is None else report.to_dict(), "wrote": [str(path) for path in wrote]}
        json_document(data)
    elif wrote and request.output.only is not None:
        say(written(wrote))
    elif wrote:
        progress("writing the screen")
        said = screen(teller)
        say("\n\n".join([said.rstrip("\n"), closing(request.network, wrote)]))
    return exit_code(report)


NAMES = {
    "roles": "--no-roles", "pair": "--jacobian", "template_dir": "--template-dir", "by_output": "--by-output",
    "numbers": "--values", "training": "--train",
}  # fmt: skip
"""Options of ``render`` that the command line calls otherwise."""


def given_options(request: Request, network: Network) -> dict[str, Any]:
    """Return what was asked for as options of ``render``."""
    options = request.output
    return {
        "standalone": options.standalone, "notation": options.notation or DEFAULT_NOTATION,
        "roles": not options.no_roles, "show": options.layers_of(network), "by_output": options.by_output,
        "template_dir": options.template_dir, "pair": options.jacobian,
    }  # fmt: skip


def used(
    request: Request, wanted: Sequence[Target], derivation: Derivation, numbers: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Return for every document the options that change it, those of ``numbers`` among them.

    Raises:
        SpecError: an option that changes none of them.
    """
    options = request.output
    given = given_options(request, derivation.network) | (numbers or {})
    with faults_of_only(request):
        useless = [dict(unused(derivation, each.rendered_as, options.only, given)) for each in wanted]
    for name, why in useless[0].items():
        if all(name in each for each in useless):
            option = NAMES.get(name, f"--{name}")
            has_steps = options.jacobian is not None and not derivation.is_alone
            said = f"{option} {options.jacobian}" if name == "pair" and has_steps else option
            raise SpecError(f"{said}: {why}; leave out {option}")
    return [{name: value for name, value in given.items() if name not in each} for each in useless]


def require_concrete(request: Request, network: Network, wanted: Sequence[Target]) -> None:
    """Refuse a program of a network that is left open."""
    if request.output.only is not None or all(each.format != "numpy" for each in wanted):
        return
    option = "--{}" if isinstance(request.network, NetworkOptions) else f"{request.network.what} its {{}}"
    is_open = {
        "activation": bool(generic_functions(network.forward)),
        "loss": isinstance(network.loss_node, GenericLoss),
    }
    missing = [option.format(name) for name, found in is_open.items() if found]
    if missing:
        raise SpecError(f"--to numpy: a program needs a concrete network; give {' and '.join(missing)}")


def require_steps(request: Request, derivation: Derivation) -> None:
    """Refuse a pair of steps that no recurrent layer has."""
    try:
        within_steps(derivation, request.output.jacobian)
    except SpecError as error:
        raise SpecError(f"--jacobian {request.output.jacobian}: {error}; --unroll T gives it more") from None


def verdict(request: Request, derivation: Derivation, at: Values | None = None) -> CheckReport | None:
    """Return the fast check, at given numbers or drawn ones, or None where none is wanted.

    One equation alone carries no verdict.
    """
    if not request.check or request.output.only is not None:
        return None
    return check(derivation, seed=request.seed, thorough=False, progress=progress, at=at)


class Teller:
    """Tells the page of a run: once, however many formats it is written in."""

    def __init__(self, request: Request, derivation: Derivation, report: CheckReport | None) -> None:
        self.request, self.derivation, self.report = request, derivation, report
        self.command = command_line("derive", request.network)
        self._pages: dict[tuple[object, ...], Page] = {}

    def page(self, options: Mapping[str, Any]) -> Page:
        """Return the page with these options of ``render``; those that are about a format do not change it."""
        given = {name: options[name] for name in OF_PAGE if name in options}
        notation = notation_named(options.get("notation", DEFAULT_NOTATION))
        key = (notation.name, *((name, str(each)) for name, each in given.items() if each != DEFAULTS[name]))
        if key not in self._pages:
            self._pages[key] = derivation_page(
                self.derivation, self.report, notation, stem=stem_of(self.command), command=self.command, **given
            )
        return self._pages[key]


OF_PAGE = ("by_output", "roles", "show", "pair")
"""The options that a page is told with, beside the notation."""


def rendered(teller: Teller, target: Target, options: dict[str, Any]) -> bytes:
    """Return the document of one target; an equation nobody has is the fault of --only."""
    progress(f"writing {target.path or 'standard output'}")
    request, row = teller.request, format_named(target.rendered_as)
    options = options | ({"standalone": True} if target.is_pdf else {})
    if request.output.only is not None or row.name == "numpy":
        with faults_of_only(request):
            text = render(
                teller.derivation,
                to=target.rendered_as,
                check=teller.report,
                only=request.output.only,
                command=teller.command,
                **options,
            )
    else:
        of_format = {"standalone": options.get("standalone", False), "template_dir": options.get("template_dir")}
        text = page_text(teller.page(options), row, **of_format)
    return target.data(text)


@contextmanager
def faults_of_only(request: Request) -> Iterator[None]:
    """Say of what is wrong about one equation alone that --only names it."""
    try:
        yield
    except SpecError as error:
        if request.output.only is None:
            raise
        raise SpecError(f"--only {shown(request.output.only)}: {error}") from None


def screen(teller: Teller) -> str:
    """Return the derivation as this terminal can show it."""
    told = teller.page(given_options(teller.request, teller.derivation.network))
    return write_text(told, width=columns(), ascii=plain())


def closing(spec: Described, wrote: Sequence[Path]) -> str:
    """Return the last lines: what was written, and commands to try next."""
    steps = [*([next_step(spec)] if isinstance(spec, NetworkOptions) else []), command_line("check", spec)]
    lines = [f"  {'' if index else sentence('screen.next'):<11} {each}" for index, each in enumerate(steps)]
    return "\n".join([written(wrote), *lines])


def next_step(spec: NetworkOptions) -> str:
    """Return a command that shows something this one did not: a concrete network, then one gradient alone."""
    if spec.activation is None or spec.loss is None:
        concrete = replace(spec, activation=spec.activation or "tanh", loss=spec.loss or "mse")
        return command_line("derive", concrete)
    return f"{command_line('derive', spec)} --only {spec.wrt[0] if spec.wrt else 'W1'}"
