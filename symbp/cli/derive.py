"""``symbp derive``: every gradient derived, checked, written and printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from symbp.cli.options import Json, Pair, Ranges, flat, number, one_of, option, pair, ranges, seed_option
from symbp.cli.output import OutputOptions
from symbp.cli.what import Described, NetworkOptions, Numbers, What, described, numbers_of
from symbp.errors import SpecError, later
from symbp.limits import MAX_DIGITS, MAX_TRAINING

if TYPE_CHECKING:
    from symbp.cli.jobs import derive as derive_job
    from symbp.cli.jobs import worked as worked_job
    from symbp.maths import notation
    from symbp.networks.network import Network
else:
    derive_job = later("symbp.cli.jobs.derive")
    worked_job = later("symbp.cli.jobs.worked")
    notation = later("symbp.maths.notation")

HELP = """\
Derive the gradient of every weight and bias, factored from the loss to the parameter.

Writes output/backprop-N.md and .tex (WHAT.md and .tex), checks every gradient numerically and prints the
derivation. With -t or -o it writes that format only; with -o - or --only it prints to standard output. With
--values it writes the derivation with numbers put in, and one step of gradient descent.
"""


def notation_of(text: str) -> str:
    """Return the name of a notation."""
    return one_of(text, notation.NOTATIONS)


ONLY = option("Output", "--only", "One equation alone: W1, b2, delta2, forward; not checked.", "NAME")
SHOW = option("Output", "--show", "Layers to write out, as in 1-3,98-100.", "LAYERS", ranges)
NOTATION = option("Output", "--notation", "Letters and layout, from 'symbp list notations'.", "NAME", notation_of)
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
    jacobian: Annotated[Pair | None, JACOBIAN] = None
    no_roles: Annotated[bool, NO_ROLES] = False
    by_output: Annotated[bool, BY_OUTPUT] = False

    def layers_of(self, network: Network) -> list[int] | None:
        """Return the layers to write out, None for those that a page chooses by itself.

        Raises:
            SpecError: a layer that the network does not have.
        """
        return None if self.show is None else [] if network.alone else self.show.within(network.depth)


@dataclass(frozen=True)
class ValuesOptions:
    """Numbers to put into a derivation."""

    values: Annotated[Numbers | None, VALUES] = None
    train: Annotated[int | None, TRAIN] = None
    digits: Annotated[int | None, DIGITS] = None


@dataclass(frozen=True)
class Request:
    """What to derive, and what to do with it."""

    network: Described
    output: PageOptions
    seed: int
    check: bool
    json: bool


@flat
def command(
    *,
    what: What = None,
    network: NetworkOptions,
    numbers: ValuesOptions,
    output: PageOptions,
    seed: Annotated[int, seed_option("Check", "values drawn for the check")] = 0,
    no_check: Annotated[bool, option("Check", "--no-check", "Derive without checking.")] = False,
    json: Json = False,
) -> int:
    """Run ``symbp derive``."""
    request = Request(described(what, network), output, seed, not no_check, json)
    if numbers == ValuesOptions():
        return derive_job.run(request)
    if numbers.values is None:
        given = "--train" if numbers.train is not None else "--digits"
        raise SpecError(f"{given}: needs numbers to work with; give --values FILE")
    return worked_job.run(request, numbers)
