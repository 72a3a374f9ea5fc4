"""The options, each defined once: a group of options is a frozen dataclass, an option is one of its fields.

``takes`` turns a command written on groups into the flat signature that Typer reads. Every value arrives
as text and is read by ``values``: Typer's own number parsing accepts what we refuse.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, Any, get_type_hints

import typer

from symbp.cli import values
from symbp.limits import MAX_STEPS

DEFAULT_LAYERS = 3
"""Depth where neither --layers nor a list of --widths says it: the smallest that shows the pattern."""

MAX_SEED = 2**32 - 1

Text = str | None


def option(panel: str, *names: str, metavar: str | None = None, help: str) -> Any:
    """Return a Typer option that stands in the help under the title ``panel``."""
    return typer.Option(*names, metavar=metavar, help=help, rich_help_panel=panel, show_default=False)


@dataclass(frozen=True)
class NetworkSpec:
    """The network options, read: what ``Network.mlp`` takes, and what to differentiate by."""

    layers: int
    widths: list[int] | int | None
    activation: str | None
    output_activation: str | None
    loss: str | None
    bias: bool
    batch: bool
    let: dict[str, str]
    wrt: tuple[str, ...] | None = None

    def keywords(self) -> dict[str, Any]:
        """Return the keyword arguments of ``Network.mlp``."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name != "wrt"}


LAYERS = option("Network", "--layers", metavar="N", help=f"Number of weight layers; {DEFAULT_LAYERS} unless given.")
WIDTHS = option(
    "Network",
    "--widths",
    metavar="N[,N...]",
    help="One width for every layer, or L+1 of them with the inputs first; symbolic unless given.",
)
ACTIVATION = option(
    "Network",
    "--activation",
    metavar="NAME|EXPR",
    help="A name from 'symbp list activations' or an expression in x; any f unless given.",
)
OUTPUT_ACTIVATION = option(
    "Network",
    "--output-activation",
    metavar="NAME|EXPR",
    help="Activation of the last layer; the one that fits the loss unless given.",
)
LOSS = option(
    "Network",
    "--loss",
    metavar="NAME|EXPR",
    help="A name from 'symbp list losses' or an expression in a and y; any loss unless given.",
)
BIAS = option("Network", "--bias/--no-bias", help="With biases, the default, or without.")
BATCH = option("Network", "--batch", help="A batch of m examples instead of one.")
LET = option(
    "Network",
    "--let",
    metavar="NAME=VALUE",
    help="Number for a name in an expression, as in --let beta=1.702; repeat for more.",
)
UNROLL = option(
    "Network", "--unroll", metavar="T", help="Steps of the recurrent layers of WHAT, in place of what it says."
)

WRT = option(
    "Network",
    "--wrt",
    metavar="NAME[,NAME...]",
    help="Parameters and inputs to differentiate by, as in --wrt X,W1; all parameters unless given.",
)


def steps(typed: str | None) -> int | None:
    """Read --unroll."""
    return None if typed is None else values.number("--unroll", typed, 1, MAX_STEPS, "the number of steps")


@dataclass(frozen=True)
class NetworkOptions:
    """The options that say which network; the same in every command."""

    layers: Annotated[Text, LAYERS] = None
    widths: Annotated[Text, WIDTHS] = None
    activation: Annotated[Text, ACTIVATION] = None
    output_activation: Annotated[Text, OUTPUT_ACTIVATION] = None
    loss: Annotated[Text, LOSS] = None
    bias: Annotated[bool, BIAS] = True
    batch: Annotated[bool, BATCH] = False
    let: Annotated[list[str] | None, LET] = None
    unroll: Annotated[Text, UNROLL] = None
    wrt: Annotated[Text, WRT] = None

    @property
    def names(self) -> tuple[str, ...] | None:
        """The names that --wrt gives, read."""
        return None if self.wrt is None else values.names("--wrt", self.wrt)

    @property
    def steps(self) -> int | None:
        """The number of steps that --unroll gives, read."""
        return steps(self.unroll)

    def read(self) -> NetworkSpec:
        """Return the options as values, or refuse the first that is wrong."""
        if self.unroll is not None:
            values.refuse("--unroll", self.unroll, "the options describe no recurrent layer; name a file that has one")
        depth = None if self.layers is None else values.layers(self.layers)
        widths = None if self.widths is None else values.widths(self.widths, depth)
        if depth is None:
            depth = len(widths) - 1 if isinstance(widths, list) else DEFAULT_LAYERS
        return NetworkSpec(
            layers=depth,
            widths=widths,
            activation=_name("--activation", self.activation),
            output_activation=_name("--output-activation", self.output_activation),
            loss=_name("--loss", self.loss),
            bias=self.bias,
            batch=self.batch,
            let=values.bindings(self.let or ()),
            wrt=self.names,
        )


TO = option(
    "Output",
    "-t",
    "--to",
    "--format",
    metavar="FORMAT",
    help="Format, from 'symbp list formats'; .md and .tex unless given.",
)
OUTPUT = option(
    "Output",
    "-o",
    "--output",
    metavar="FILE|DIR/|-",
    help="File (its suffix says the format), folder, or - for standard output; output/ unless given.",
)
STANDALONE = option("Output", "-s", "--standalone", help="A complete document instead of a fragment.")
TEMPLATE_DIR = option(
    "Output", "--template-dir", metavar="DIR", help="Folder whose templates replace ours, one by one."
)
FORCE = option("Output", "--force", help="Overwrite a file that symbp did not write.")


@dataclass(frozen=True)
class OutputOptions:
    """The options that say what to write, where and how."""

    to: Annotated[Text, TO] = None
    output: Annotated[Text, OUTPUT] = None
    standalone: Annotated[bool, STANDALONE] = False
    only: Annotated[
        Text,
        option("Output", "--only", metavar="NAME", help="One equation alone: W1, b2, delta2, forward; not checked."),
    ] = None
    show: Annotated[
        Text, option("Output", "--show", metavar="LAYERS", help="Layers to write out, as in 1-3,98-100.")
    ] = None
    notation: Annotated[
        Text, option("Output", "--notation", metavar="NAME", help="Letters and layout, from 'symbp list notations'.")
    ] = None
    jacobian: Annotated[
        Text,
        option(
            "Output",
            "--jacobian",
            metavar="T1,T2",
            help="Steps of a recurrent layer between which the product of Jacobians is shown; the first and last "
            "unless given.",
        ),
    ] = None
    no_roles: Annotated[bool, option("Output", "--no-roles", help="Leave out the role labels under the factors.")] = (
        False
    )
    by_output: Annotated[
        bool, option("Output", "--by-output", help="Slopes through the output, a(1 - a), where that is possible.")
    ] = False
    template_dir: Annotated[Text, TEMPLATE_DIR] = None
    force: Annotated[bool, FORCE] = False

    @property
    def pair(self) -> tuple[int, int] | None:
        """The two steps that --jacobian gives, the earlier first."""
        return None if self.jacobian is None else values.pair("--jacobian", self.jacobian, MAX_STEPS)


@dataclass(frozen=True)
class CheckOptions:
    """The options of the numeric check."""

    seed: Annotated[
        str, option("Check", "--seed", metavar="N", help="Seed of the values drawn for the check; 0 unless given.")
    ] = "0"

    def read(self) -> int:
        """Return the seed."""
        return values.number("--seed", self.seed, 0, MAX_SEED, "the seed")


@dataclass(frozen=True)
class MethodOptions:
    """Further methods of the check, the numbers it runs at, and where its table goes."""

    engine: Annotated[
        list[str] | None,
        option(
            "Check",
            "--engine",
            metavar="torch|jax|autograd",
            help="Compare with a library's automatic differentiation too; repeat for more.",
        ),
    ] = None
    values: Annotated[
        Text,
        option(
            "Check", "--values", metavar="FILE|EXAMPLE", help="Check at the numbers of a values file, not drawn ones."
        ),
    ] = None
    to: Annotated[
        Text, option("Output", "-t", "--to", metavar="FORMAT", help="Write the check as gfm, markdown, latex or text.")
    ] = None
    output: Annotated[
        Text, option("Output", "-o", "--output", metavar="FILE|DIR/|-", help="Where the table goes; - prints it.")
    ] = None
    standalone: Annotated[
        bool, option("Output", "-s", "--standalone", help="A complete document instead of a fragment.")
    ] = False
    force: Annotated[bool, option("Output", "--force", help="Overwrite a file that symbp did not write.")] = False


@dataclass(frozen=True)
class SkipOptions:
    """Leaving the check out, where it is not the command's whole purpose."""

    no_check: Annotated[bool, option("Check", "--no-check", help="Derive without checking.")] = False


@dataclass(frozen=True)
class JsonOptions:
    """One JSON document instead of text."""

    json: Annotated[bool, option("Output", "--json", help="One JSON document on standard output, nothing else.")] = (
        False
    )


@dataclass(frozen=True)
class ValuesOptions:
    """Numbers to put into a derivation."""

    values: Annotated[
        Text,
        option(
            "Numbers",
            "--values",
            metavar="FILE|EXAMPLE",
            help="Put in the parameters, X and Y of a TOML or JSON file, or those an example comes with.",
        ),
    ] = None
    train: Annotated[
        Text, option("Numbers", "--train", metavar="N", help="Take N steps of gradient descent; table the loss.")
    ] = None
    digits: Annotated[
        Text, option("Numbers", "--digits", metavar="N", help="Significant digits shown; 6 unless given.")
    ] = None


def _name(option_name: str, value: str | None) -> str | None:
    if value is not None and not value.strip():
        values.refuse(option_name, value, "give a name or an expression, as in --activation tanh")
    return value


def takes(*groups: type[Any]) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Let a command that takes one object per group be read by Typer as one with all their options."""

    def flatten(command: Callable[..., int]) -> Callable[..., int]:
        def flat(**given: Any) -> int:
            parts = [group(**{each.name: given[each.name] for each in fields(group)}) for group in groups]
            return command(*parts)

        flat.__name__ = command.__name__
        flat.__signature__ = inspect.Signature(_parameters(groups))  # type: ignore[attr-defined]
        flat.__annotations__ = {}
        return flat

    return flatten


def _parameters(groups: tuple[type[Any], ...]) -> list[inspect.Parameter]:
    return [
        inspect.Parameter(each.name, inspect.Parameter.KEYWORD_ONLY, default=each.default, annotation=hints[each.name])
        for group in groups
        for hints in [get_type_hints(group, include_extras=True)]
        for each in fields(group)
    ]
