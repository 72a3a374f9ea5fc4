"""``symbp analyze``: what happens to the gradient on its way, measured, compared, swept or in theory."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, fields
from itertools import product
from typing import TYPE_CHECKING, Annotated, NamedTuple

from symbp.cli.options import Json, Listed, flag, flat, layers, number, one_of, option, refuse, seed_option, widths
from symbp.cli.output import OutputOptions, format_of
from symbp.cli.sharing import cluster_option, jobs_option
from symbp.cli.what import (
    ACTIVATION,
    DEFAULT_LAYERS,
    LOSS,
    OUTPUT_ACTIVATION,
    WIDTHS,
    Batch,
    Bias,
    Described,
    Let,
    ModelOptions,
    NetworkOptions,
    Unroll,
    What,
    described,
)
from symbp.errors import SpecError, later
from symbp.writing.formats import FIGURES

if TYPE_CHECKING:
    from symbp.cli import flow, sweep
else:
    flow = later("symbp.cli.flow")
    sweep = later("symbp.cli.sweep")

HELP = """\
Say what happens to the gradient on its way to the first layer, and which factor does it.

Every factor is measured on the gradient that flows through it; the logarithms add up to those of the compiled
gradients, or the exit code is 1. Network options and --init may be repeated, one curve each; without
--activation it contrasts sigmoid with ReLU. The report is written to output/ as .md and .tex, whose figures, all that
    there are, are PNG files; -t latex or -o FILE.tex alone has them as PDF, --only FIGURE -o FILE.svg one as SVG.
"""

MOST_CURVES = 24
"""Networks in one analysis; more belong into a sweep."""

MOST_DRAWS = 10_000

MAX_DEVIATION = 1e6
"""Larger standard deviations of biases are typing errors."""

AXES: dict[str, Callable[[str], int]] = {"layers": layers, "widths": lambda text: int(widths(text)[0])}
"""What a sweep goes over."""

_DECIMAL = re.compile(r"([0-9]{1,18}\.?[0-9]{0,18}|\.[0-9]{1,18})(e-?[0-9]{1,2})?\Z", re.ASCII)


class Axis(NamedTuple):
    """What a sweep goes over, and its values."""

    name: str
    values: Listed


def axis(text: str) -> Axis:
    """Read ``layers=10,20,50``."""
    name, equals, numbers = text.partition("=")
    if not equals or not numbers:
        refuse(text, "write layers=N,N,... or widths=N,N,..., as in --sweep layers=10,20,50")
    read = AXES[one_of(name, AXES)]
    return Axis(name, Listed(dict.fromkeys(read(each) for each in numbers.split(","))))


def deviation(text: str) -> float:
    """Read a standard deviation: a plain decimal number from 0 on."""
    if not _DECIMAL.match(text) or not 0 <= float(text) < MAX_DEVIATION:
        refuse(text, "a standard deviation is a number from 0 on, as in 0.05")
    return float(text)


INIT = option(
    "Analysis", "--init",
    "xavier (unless given), he, lecun, orthogonal, or normal:SIGMA, entries N(0, SIGMA^2/n_in).", "NAME[:SIGMA]",
)  # fmt: skip
DRAWS = option(
    "Analysis", "--draws", "Measure N draws: rates with standard errors, beside the predicted ones.", "N",
    number(1, MOST_DRAWS, "the number of draws"),
)  # fmt: skip
BOUNDS = option("Analysis", "--bounds", "Spectral norms of weights wider than 256, too.")
COMPARE = option("Analysis", "--compare", "The network as it is and with every remedy, side by side.")
SWEEP = option(
    "Analysis", "--sweep",
    "Many depths or widths, as in --sweep layers=10,20,50 --sweep widths=64,256; a CSV and a JSON file.",
    "NAME=N,N...", axis,
)  # fmt: skip
SOLVE = option("Theory", "--solve-init", "The critical initialisation of --activation, and where common ones stand.")
SIGMA_B = option("Theory", "--sigma-b", "Standard deviation of the biases; 0 unless given.", "SIGMA", deviation)
DERIVE = option(
    "Theory", "--derive", "Print a derivation: xavier, he, selu, batchnorm, residual or orthogonal.", "NAME"
)
TO = option(
    "Output", "-t --to --format",
    "Format, from 'symbp list formats'; .md and .tex unless given. Of one figure: pdf, svg or png.", "FORMAT",
    lambda text: text if text in FIGURES else format_of(text),
)  # fmt: skip
ROWS = option("Output", "--rows", "Every row of the tables; without it those at both ends.")
ONLY = option(
    "Output",
    "--only",
    "One figure (norms, budget, spectrum, phase, branches, parts), block or step alone: block1, step19.",
    "NAME",
)

LAYERS = option("Network", "--layers", f"Number of weight layers; {DEFAULT_LAYERS} unless given.", "N", layers)

REPEATED = ("layers", "widths", "activation", "output_activation", "loss")


@dataclass(frozen=True)
class CurveOptions:
    """The network options, each as often as there are values to contrast: every combination is a curve."""

    layers: Annotated[list[int] | None, LAYERS] = None
    widths: Annotated[list[Listed] | None, WIDTHS] = None
    activation: Annotated[list[str] | None, ACTIVATION] = None
    output_activation: Annotated[list[str] | None, OUTPUT_ACTIVATION] = None
    loss: Annotated[list[str] | None, LOSS] = None
    bias: Bias = True
    batch: Batch = False
    let: Let = None
    unroll: Unroll = None

    def networks(self, what: str | None, model: ModelOptions) -> list[Described]:
        """Return the network of WHAT, or one for each combination of the values, those given first changing last.

        Raises:
            SpecError: options that do not go together, or too many combinations.
        """
        given = [getattr(self, name) or [None] for name in REPEATED]
        combined = list(product(*given))
        if len(combined) > MOST_CURVES:
            raise SpecError(f"{len(combined)} combinations of the network options: at most {MOST_CURVES}; see --sweep")
        once = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in REPEATED}
        options = [NetworkOptions(**dict(zip(REPEATED, each, strict=True)), **once) for each in combined]
        return [described(what, each, model) for each in (options if what is None else options[:1])]


@dataclass(frozen=True)
class MeasureOptions:
    """With which weights and data to measure, and what."""

    init: Annotated[list[str] | None, INIT] = None
    seed: Annotated[int, seed_option("Analysis", "weights and data drawn")] = 0
    draws: Annotated[int | None, DRAWS] = None
    bounds: Annotated[bool, BOUNDS] = False
    compare: Annotated[bool, COMPARE] = False
    sweep: Annotated[list[Axis] | None, SWEEP] = None
    jobs: Annotated[int, jobs_option("Analysis")] = 1
    cluster: Annotated[str | None, cluster_option("Analysis")] = None

    def __post_init__(self) -> None:
        if self.cluster is not None and not self.sweep:
            raise SpecError("--cluster shares a sweep: give --sweep, or leave it out")
        names = [each.name for each in self.sweep or ()]
        for at, (name, values) in enumerate(self.sweep or ()):
            if name in names[:at]:
                refuse(f"{name}={values}", f"{name} was already given", "--sweep")

    @property
    def inits(self) -> tuple[str, ...]:
        """The initialisations that are given."""
        return tuple(self.init or ())


@dataclass(frozen=True)
class TheoryOptions:
    """Theory instead of a measurement, or beside it."""

    solve_init: Annotated[bool, SOLVE] = False
    sigma_b: Annotated[float | None, SIGMA_B] = None
    derive: Annotated[str | None, DERIVE] = None

    def __post_init__(self) -> None:
        if self.solve_init and self.derive is not None:
            raise SpecError("--solve-init and --derive: give one of them")


@dataclass(frozen=True)
class PageOptions(OutputOptions):
    """What to write and where."""

    to: Annotated[str | None, TO] = None
    only: Annotated[str | None, ONLY] = None
    rows: Annotated[bool, ROWS] = False


@dataclass(frozen=True)
class Request:
    """What to analyze, what to measure of it, and what to write."""

    networks: tuple[Described, ...]
    measures: MeasureOptions
    page: PageOptions
    json: bool
    theory: TheoryOptions

    @property
    def command(self) -> str:
        """The command with every option that decides what is measured, ready for a shell."""
        first, *others = self.networks
        words = first.words()
        for name in REPEATED:
            given = dict.fromkeys(str(getattr(each, name, None)) for each in (first, *others))
            words += [word for value in list(given)[1:] for word in (flag(name), value)]
        measures = self.measures
        words += [word for init in measures.inits for word in ("--init", init)]
        words += ["--compare"] * measures.compare + ["--bounds"] * measures.bounds
        numbers = {"--draws": measures.draws, "--seed": measures.seed or None, "--sigma-b": self.theory.sigma_b}
        words += [word for name, value in numbers.items() if value is not None for word in (name, f"{value:g}")]
        return shlex.join(["symbp", "analyze", *words])


@flat
def command(
    *,
    what: What = None,
    network: CurveOptions,
    model: ModelOptions,
    measures: MeasureOptions,
    theory: TheoryOptions,
    page: PageOptions,
    json: Json = False,
) -> int:
    """Run ``symbp analyze``; return 1 where a budget does not add up."""
    request = Request(tuple(network.networks(what, model)), measures, page, json, theory)
    if theory.derive is not None:
        return flow.derivation(theory.derive, page)
    if theory.solve_init:
        return flow.solve_init(request.networks[0], theory.sigma_b or 0.0, json, page)
    for init in measures.inits:
        flow.named_init(init)
    return sweep.run(request) if measures.sweep else flow.run(request)
