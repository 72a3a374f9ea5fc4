"""Which network: WHAT, a file, an example, an operation or standard input, or the network options in its place."""

from __future__ import annotations

import re
import shlex
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from symbp.cli.console import note, progress, standard_input
from symbp.cli.options import (
    Binding,
    Listed,
    binding,
    depth,
    expression,
    flag,
    lengths,
    names,
    number,
    option,
    refuse,
    widths,
)
from symbp.errors import SpecError, UnusedParameterWarning, later, nearest, shown
from symbp.limits import MAX_FILE, MAX_STEPS
from symbp.networks.examples import VALUES
from symbp.networks.general import Depth
from symbp.networks.operations import Operation
from symbp.networks.places import Model, Place, place

if TYPE_CHECKING:
    from symbp import derivation
    from symbp.derivation import Derivation
    from symbp.networks import files, hessian, network
    from symbp.networks.network import Network
    from symbp.pages import words
    from symbp.pages.tell import model as model_page
else:
    derivation = later("symbp.derivation")
    files = later("symbp.networks.files")
    hessian = later("symbp.networks.hessian")
    network = later("symbp.networks.network")
    words = later("symbp.pages.words")
    model_page = later("symbp.pages.tell.model")

DEFAULT_LAYERS = 3
"""Depth where neither --layers nor a list of --widths says it: the smallest that shows the pattern."""

STANDARD_INPUT = "-"

_ODD = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)

_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.ASCII | re.IGNORECASE)
"""Names of devices: Windows has no such file, whatever its suffix."""

What = Annotated[
    str | None,
    typer.Argument(
        metavar="[WHAT]",
        help="A network: a .toml or .json file, a file of equations or - for standard input, a model of PyTorch "
        "(model.py:make) or an .onnx file, an example from 'symbp list examples' or an operation from "
        "'symbp list operations'; in place of the network options.",
        rich_help_panel="Network",
        show_default=False,
    ),
]

LAYERS = option(
    "Network", "--layers", f"Number of weight layers, L for any; {DEFAULT_LAYERS} unless given.", "N|L", depth
)
WIDTHS = option(
    "Network", "--widths",
    "One width for every layer, or L+1 of them with the inputs first; symbolic unless given.", "N[,N...]", widths,
)  # fmt: skip
ACTIVATION = option(
    "Network", "--activation",
    "A name from 'symbp list activations' or an expression in x; any f unless given.", "NAME|EXPR", expression,
)  # fmt: skip
OUTPUT_ACTIVATION = option(
    "Network", "--output-activation",
    "Activation of the last layer; the one that fits the loss unless given.", "NAME|EXPR", expression,
)  # fmt: skip
LOSS = option(
    "Network", "--loss",
    "A name from 'symbp list losses' or an expression in a and y; any loss unless given.", "NAME|EXPR", expression,
)  # fmt: skip
LET = option(
    "Network", "--let",
    "Number for a name in an expression, as in --let beta=1.702; repeat for more.", "NAME=VALUE", binding,
)  # fmt: skip
UNROLL = option(
    "Network", "--unroll", "Steps of the recurrent layers of WHAT, in place of what it says.", "T",
    number(1, MAX_STEPS, "the number of steps"),
)  # fmt: skip
WRT = option(
    "Network", "--wrt",
    "Parameters and inputs to differentiate by, as in --wrt X,W1; all parameters unless given.",
    "NAME[,NAME...]", names,
)  # fmt: skip

HESSIAN_VECTOR = option(
    "Network", "--hessian-vector",
    "The Hessian by a parameter or input times a given direction, R_W1, in place of the gradients.", "NAME",
)  # fmt: skip
PYTHON = option("Network", "--python", "The Python that runs a model; it needs PyTorch. Ours unless given.", "PROGRAM")
INPUT = option(
    "Network", "--input", "Lengths of the axes of an input of a model, as in 5x3x8; repeat for more.", "NxN...",
    lengths,
)  # fmt: skip

Bias = Annotated[bool, option("Network", "--bias/--no-bias", "With biases, the default, or without.")]
Batch = Annotated[bool, option("Network", "--batch", "A batch of m examples instead of one.")]
Let = Annotated[list[Binding] | None, LET]
Unroll = Annotated[int | None, UNROLL]


@dataclass(frozen=True)
class ModelOptions:
    """How a model is run, and with which inputs where its file gives none."""

    python: Annotated[str | None, PYTHON] = None
    input: Annotated[list[Listed] | None, INPUT] = None

    def words(self) -> list[str]:
        """Return the options that say it again."""
        found = [] if self.python is None else ["--python", self.python]
        return found + [word for each in self.input or () for word in ("--input", "x".join(map(str, each)))]


@dataclass(frozen=True)
class NetworkOptions:
    """A multilayer perceptron by its options, the same in every command, and what to differentiate by.

    Raises:
        SpecError: options that do not go together.
    """

    layers: Annotated[int | None, LAYERS] = None
    widths: Annotated[Listed | None, WIDTHS] = None
    activation: Annotated[str | None, ACTIVATION] = None
    output_activation: Annotated[str | None, OUTPUT_ACTIVATION] = None
    loss: Annotated[str | None, LOSS] = None
    bias: Bias = True
    batch: Batch = False
    let: Let = None
    unroll: Unroll = None
    wrt: Annotated[Listed | None, WRT] = None
    hessian_vector: Annotated[str | None, HESSIAN_VECTOR] = None

    def __post_init__(self) -> None:
        given, taken = len(self.widths or ()), self.depth + 1
        if given > 1 and isinstance(self.depth, Depth):
            refuse(str(self.widths), f"--layers {self.depth} takes one width for all: give a single number", "--widths")
        if given > 1 and given != taken:
            why = f"{given} widths, but --layers {self.layers} takes {taken}: the inputs, then one for every layer"
            refuse(str(self.widths), why, "--widths")
        known: dict[str, str] = {}
        for name, value in self.let or ():
            if name in known:
                refuse(f"{name}={value}", f"{name} was already given as {shown(known[name])}", "--let")
            known[name] = value

    @property
    def depth(self) -> int:
        """The number of weight layers."""
        return self.layers or (len(self.widths) - 1 if self.widths and len(self.widths) > 1 else DEFAULT_LAYERS)

    @property
    def number(self) -> int | str:
        """The number of weight layers as ``Network.mlp`` takes it: a letter for any."""
        return str(self.depth) if isinstance(self.depth, Depth) else self.depth

    @property
    def sizes(self) -> list[int] | int | None:
        """The widths as ``Network.mlp`` takes them."""
        if self.widths is None:
            return None
        return int(self.widths[0]) if len(self.widths) == 1 else list(self.widths)

    @property
    def stem(self) -> str:
        """The name of its reports, without suffix."""
        return f"backprop-{self.depth}"

    @property
    def short(self) -> str:
        """What tells it in the name of other reports."""
        return str(self.depth)

    def build(self) -> Network:
        """Return the network, or raise a SpecError that begins with the option to change."""
        return curved(self._plain(), self.hessian_vector)

    def _plain(self) -> Network:
        try:
            return network.Network.mlp(
                layers=self.number, widths=self.sizes, bias=self.bias, batch=self.batch,
                let=dict(self.let or ()), **{name: getattr(self, name) for name in SUSPECTS},
            )  # fmt: skip
        except SpecError as error:
            if str(error).startswith("let "):
                raise SpecError(f"--{error}") from None
            given = [name for name in (*SUSPECTS, "widths") if getattr(self, name) is not None]
            guilty = next(self._culprits(given, str(error)), None)
            blamed = " ".join(
                f"{flag(name)} {shown(str(getattr(self, name)))}" for name in ([guilty] if guilty else given)
            )
            raise SpecError(f"{blamed}: {error}" if blamed else str(error)) from None

    def _culprits(self, given: Sequence[str], said: str) -> Iterator[str]:
        """Yield the options that make the same complaint when they stand alone: messages below know no options."""
        for name in given:
            alone: dict[str, Any] = {name: self.sizes if name == "widths" else getattr(self, name)}
            try:
                depth = self.depth if name == "widths" else min(self.depth, 2)
                network.Network.mlp(layers=depth, let=dict(self.let or ()), **alone)
            except SpecError as error:
                if str(error) == said:
                    yield name

    def words(self) -> list[str]:
        """Return the options that say it again; those that are not given are left out."""
        found = ["--layers", str(self.depth)]
        for name in ("widths", *SUSPECTS):
            found += [] if getattr(self, name) is None else [flag(name), str(getattr(self, name))]
        found += ["--batch"] * self.batch + ["--no-bias"] * (not self.bias)
        for name, value in self.let or ():
            found += ["--let", f"{name}={value}"]
        return found + asked(self)


SUSPECTS = ("activation", "output_activation", "loss")
"""Options whose values the floors below read, in the order they are suspected."""

BESIDE = ("batch", "unroll", "wrt", "loss", "hessian_vector")
"""The network options that go beside WHAT."""


@dataclass(frozen=True)
class Named:
    """A network by name: ``what`` as typed, ``place`` its file or operation, None for standard input."""

    what: str
    place: Place | None
    batch: bool = False
    unroll: int | None = None
    wrt: Listed | None = None
    loss: str | None = None
    hessian_vector: str | None = None
    model: ModelOptions = ModelOptions()

    @property
    def stem(self) -> str:
        """The name of its reports, without suffix; that of an operation is its own, whatever was typed."""
        if isinstance(self.place, Operation):
            return self.place.name
        found = _ODD.sub("-", self.place.stem).strip("-.") if self.place is not None else ""
        return f"network-{found}" if _RESERVED.match(found) else found or "network"

    @property
    def short(self) -> str:
        """What tells it in the name of other reports."""
        return self.stem

    def build(self) -> Network:
        """Return the network, or raise a SpecError that begins with its file."""
        return curved(self._plain(), self.hessian_vector)

    def _plain(self) -> Network:
        progress("reading the network")
        if isinstance(self.place, Operation):
            return self.place.build()
        of_file: dict[str, Any] = {"batch": self.batch, "unroll": self.unroll, "loss": self.loss}
        if self.place is None:
            return files.network_of(standard_input(MAX_FILE), "-", **of_file)
        return files.load(self.place, **of_file, python=self.model.python, inputs=self.model.input)

    def words(self) -> list[str]:
        """Return the words that name it again."""
        found = [*["--"] * (self.what[:1] == "-" != self.what), self.what, *["--batch"] * self.batch]
        found += [] if self.unroll is None else ["--unroll", str(self.unroll)]
        found += [] if self.loss is None else ["--loss", self.loss]
        return found + self.model.words() + asked(self)


Described = NetworkOptions | Named
"""A network, and what to differentiate by."""


def described(what: str | None, options: NetworkOptions, model: ModelOptions) -> Described:
    """Return the network that is meant, by name or by options; nothing is read.

    Raises:
        SpecError: no such file or example, or options beside a name.
    """
    if what is None:
        if options.unroll is not None:
            why = "the options describe no recurrent layer; name a file that has one"
            refuse(str(options.unroll), why, "--unroll")
        _require_model(None, model)
        return options
    found = None if what == STANDARD_INPUT else place(what)
    for each in fields(options):
        if each.name not in BESIDE and getattr(options, each.name) != each.default:
            typed = "--no-bias" if each.name == "bias" else flag(each.name)
            raise SpecError(
                f"{typed}: {shown(what)} says the whole network; leave out {typed}, "
                "or describe the network by options alone"
            )
    if isinstance(found, Model):
        for name, text in (("batch", ""), ("unroll", f" {options.unroll}")):
            if getattr(options, name):
                why = "the model has its own batch and its own steps; leave it out"
                raise SpecError(f"{flag(name)}{text}: {why}")
    else:
        _require_model(what, model)
    if isinstance(found, Operation):
        if options.unroll is not None:
            refuse(str(options.unroll), f"{what} alone is one step; name a file with its layer", "--unroll")
        if options.batch:
            raise SpecError(f"--batch: {shown(what)} alone has all its columns or rows; leave it out")
        if options.loss is not None:
            raise SpecError(f"--loss: {shown(what)} alone has no loss; leave it out")
        if options.hessian_vector is not None:
            raise SpecError(f"--hessian-vector: {shown(what)} alone has no loss to differentiate twice; leave it out")
    return Named(what, found, model=model, **{name: getattr(options, name) for name in BESIDE})


def asked(spec: Described) -> list[str]:
    """Return the options that say again by what is differentiated."""
    found = [] if spec.wrt is None else ["--wrt", str(spec.wrt)]
    return found if spec.hessian_vector is None else [*found, "--hessian-vector", spec.hessian_vector]


def curved(found: Network, name: str | None) -> Network:
    """Return the network that gives the Hessian by a name times a direction; itself where nothing is asked for.

    Raises:
        SpecError: no such parameter, or what has no second derivative; it begins with the option.
    """
    if name is None:
        return found
    try:
        return hessian.hessian_vector(found, name)
    except SpecError as error:
        raise SpecError(f"--{str(error).replace('_', '-', 1)}") from None


def _require_model(what: str | None, model: ModelOptions) -> None:
    """Refuse options of a model beside anything else.

    Raises:
        SpecError: with an option that changes nothing.
    """
    for word in model.words()[:1]:
        named = "no model is named" if what is None else f"{shown(what)} is no model"
        raise SpecError(f"{word}: {named}; name one, as in symbp derive model.py:make, or leave out {word}")


@dataclass(frozen=True)
class Numbers:
    """A file of numbers, under the name that was typed."""

    what: str
    place: Path

    def __str__(self) -> str:
        return self.what


def numbers_of(text: str) -> Numbers:
    """Return the file of numbers that is named: a path, or an example that comes with numbers."""
    if text in VALUES and not Path(text).is_file():
        return Numbers(text, VALUES[text])
    if not Path(text).suffix:
        refuse(text, f"no such file{nearest(text, VALUES) or '; examples with values: ' + ', '.join(VALUES)}")
    return Numbers(text, Path(text))


def command_line(command: str, spec: Described) -> str:
    """Return the command that names this network, ready for a shell."""
    return shlex.join(["symbp", command, *spec.words()])


def derived(found: Network, wrt: Listed | None = None) -> Derivation:
    """Return the derivation by ``wrt``; what the loss does not depend on is said on standard error.

    Raises:
        SpecError: a name that is no parameter and no input; it begins with the option.
    """
    progress(f"deriving {len(found.forward.equations):,} equations")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", UnusedParameterWarning)
        try:
            result = derivation.derive(found, wrt=wrt)
        except SpecError as error:
            if wrt is None or not str(error).startswith("wrt: "):
                raise
            refuse(str(wrt), str(error).removeprefix("wrt: "), "--wrt")
    for each in said:
        note(f"symbp: warning: {each.message}")
    if found.sample is not None:
        for text in model_page.remarks(words.language(), found, model_page.LOUD):
            note(f"symbp: note: {''.join(map(str, text))}")
    return result
