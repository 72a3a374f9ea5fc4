"""The options of ``symbp analyze``: network options that repeat, one curve each, and what to measure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Annotated, Any, ClassVar

from symbp.cli import values
from symbp.cli.options import (
    ACTIVATION,
    BATCH,
    BIAS,
    FORCE,
    LAYERS,
    LET,
    LOSS,
    MAX_SEED,
    OUTPUT,
    OUTPUT_ACTIVATION,
    STANDALONE,
    TEMPLATE_DIR,
    TO,
    UNROLL,
    WIDTHS,
    NetworkOptions,
    NetworkSpec,
    Text,
    option,
    steps,
)
from symbp.errors import SpecError

Texts = list[str] | None

MOST_CURVES = 24
"""Networks in one analysis; more belong into a sweep."""

MOST_DRAWS = 10_000

MOST_JOBS = 256


@dataclass(frozen=True)
class CurveOptions:
    """The network options, each as often as there are values to contrast: every combination is a curve."""

    layers: Annotated[Texts, LAYERS] = None
    widths: Annotated[Texts, WIDTHS] = None
    activation: Annotated[Texts, ACTIVATION] = None
    output_activation: Annotated[Texts, OUTPUT_ACTIVATION] = None
    loss: Annotated[Texts, LOSS] = None
    bias: Annotated[bool, BIAS] = True
    batch: Annotated[bool, BATCH] = False
    let: Annotated[Texts, LET] = None
    unroll: Annotated[Text, UNROLL] = None

    names: ClassVar[None] = None
    """An analysis is of all parameters."""

    @property
    def steps(self) -> int | None:
        """The number of steps that --unroll gives, read."""
        return steps(self.unroll)

    def read(self) -> list[NetworkSpec]:
        """Return one network for each combination of the values, those given first changing last.

        Raises:
            SpecError: a value that is wrong, or too many combinations.
        """
        given = {name: getattr(self, name) or [None] for name in REPEATED}
        combined = list(product(*given.values()))
        if len(combined) > MOST_CURVES:
            raise SpecError(f"{len(combined)} combinations of the network options: at most {MOST_CURVES}; see --sweep")
        return [self._one(dict(zip(given, each, strict=True))) for each in combined]

    def _one(self, chosen: dict[str, Any]) -> NetworkSpec:
        return NetworkOptions(**chosen, bias=self.bias, batch=self.batch, let=self.let, unroll=self.unroll).read()


REPEATED = ("layers", "widths", "activation", "output_activation", "loss")


@dataclass(frozen=True)
class MeasureOptions:
    """With which weights and data to measure, and what."""

    init: Annotated[
        Texts,
        option(
            "Analysis",
            "--init",
            metavar="NAME[:SIGMA]",
            help="xavier (unless given), he, lecun, orthogonal, or normal:SIGMA, entries N(0, SIGMA^2/n_in).",
        ),
    ] = None
    seed: Annotated[
        str, option("Analysis", "--seed", metavar="N", help="Seed of the weights and data drawn; 0 unless given.")
    ] = "0"
    draws: Annotated[
        Text,
        option(
            "Analysis",
            "--draws",
            metavar="N",
            help="Measure N draws: rates with standard errors, beside the predicted ones.",
        ),
    ] = None
    bounds: Annotated[bool, option("Analysis", "--bounds", help="Spectral norms of weights wider than 256, too.")] = (
        False
    )
    compare: Annotated[
        bool, option("Analysis", "--compare", help="The network as it is and with every remedy, side by side.")
    ] = False
    sweep: Annotated[
        Texts,
        option(
            "Analysis",
            "--sweep",
            metavar="NAME=N,N...",
            help="Many depths or widths, as in --sweep layers=10,20,50 --sweep widths=64,256; a CSV and a JSON file.",
        ),
    ] = None
    jobs: Annotated[
        str, option("Analysis", "--jobs", metavar="N", help="Processes that share a sweep; 1 unless given.")
    ] = "1"


@dataclass(frozen=True)
class Measures:
    """The options of ``MeasureOptions``, read; ``draws`` None leaves the number to what is measured."""

    inits: tuple[str, ...]
    seed: int
    draws: int | None
    bounds: bool
    compare: bool
    sweep: dict[str, list[int]]
    jobs: int

    @classmethod
    def read(cls, options: MeasureOptions) -> Measures:
        """Return the options as values, or refuse the first that is wrong."""
        draws = options.draws
        return cls(
            tuple(options.init or ()),
            values.number("--seed", options.seed, 0, MAX_SEED, "the seed"),
            None if draws is None else values.number("--draws", draws, 1, MOST_DRAWS, "the number of draws"),
            options.bounds,
            options.compare,
            swept(options.sweep or ()),
            values.number("--jobs", options.jobs, 1, MOST_JOBS, "the number of processes"),
        )


@dataclass(frozen=True)
class TheoryOptions:
    """The options that ask for theory instead of a measurement, or beside it."""

    solve_init: Annotated[
        bool,
        option(
            "Theory", "--solve-init", help="The critical initialisation of --activation, and where common ones stand."
        ),
    ] = False
    sigma_b: Annotated[
        Text,
        option("Theory", "--sigma-b", metavar="SIGMA", help="Standard deviation of the biases; 0 unless given."),
    ] = None
    derive: Annotated[
        Text,
        option(
            "Theory",
            "--derive",
            metavar="NAME",
            help="Print a derivation: xavier, he, selu, batchnorm, residual or orthogonal.",
        ),
    ] = None

    def read(self) -> Theory:
        """Return the options as values, or refuse the first that is wrong."""
        asked = {"--solve-init": self.solve_init, "--derive": self.derive}
        given = [name for name, value in asked.items() if value]
        if len(given) > 1:
            raise SpecError(f"{' and '.join(given)}: give one of them")
        return Theory(
            solve_init=self.solve_init,
            sigma_b=None if self.sigma_b is None else values.deviation("--sigma-b", self.sigma_b),
            derive=self.derive,
        )


@dataclass(frozen=True)
class Theory:
    """The theory options, read: None where one is not given."""

    solve_init: bool = False
    sigma_b: float | None = None
    derive: str | None = None


@dataclass(frozen=True)
class PageOptions:
    """The options that say what to write and where."""

    to: Annotated[Text, TO] = None
    output: Annotated[Text, OUTPUT] = None
    standalone: Annotated[bool, STANDALONE] = False
    only: Annotated[
        Text,
        option("Output", "--only", metavar="FIGURE", help="One figure alone: norms, budget, spectrum or phase."),
    ] = None
    rows: Annotated[
        bool, option("Output", "--rows", help="Every row of the tables; without it those at both ends.")
    ] = False
    template_dir: Annotated[Text, TEMPLATE_DIR] = None
    force: Annotated[bool, FORCE] = False


AXES = ("layers", "widths")
"""What a sweep goes over."""


def swept(given: list[str] | tuple[()]) -> dict[str, list[int]]:
    """Read every ``--sweep NAME=N,N,…``."""
    found: dict[str, list[int]] = {}
    for text in given:
        name, equals, numbers = text.partition("=")
        if not equals or not numbers:
            values.refuse("--sweep", text, "write layers=N,N,... or widths=N,N,..., as in --sweep layers=10,20,50")
        values.choice("--sweep", name, AXES)
        if name in found:
            values.refuse("--sweep", text, f"{name} was already given")
        read = values.layers if name == "layers" else _width
        found[name] = list(dict.fromkeys(read(number) for number in numbers.split(",")))
    return found


def _width(text: str) -> int:
    width = values.widths(text, None)
    return width if isinstance(width, int) else width[0]
