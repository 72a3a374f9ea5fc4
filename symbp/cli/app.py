"""The Typer application: the table of commands, help in titled groups, usage errors in one line.

To add a command: a row of the table here, and its module.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from symbp import __version__
from symbp.cli.console import say
from symbp.errors import SpecError, closest, later, shown


@dataclass(frozen=True)
class Command:
    """A command: its name, what it does in one line, and the other names people type for it.

    Its module has that name; its function ``command`` is the command, ``HELP`` its help. It is imported when the
    command is typed, and what it works with when there is work: help and refusals cost no mathematics.
    """

    name: str
    summary: str
    aliases: tuple[str, ...] = ()


COMMANDS = (
    Command("derive", "Derive every gradient, check it, and write the report.", ("derivate", "derivation", "backprop")),
    Command("check", "Compare every derived gradient with differences of the loss.", ("verify", "gradcheck")),
    Command("analyze", "Say why gradients vanish or explode: every factor's gain.", ("analyse", "analysis", "flow")),
    Command("grade", "Judge a folder of submissions: a row and a page of feedback each.", ("mark",)),
    Command("list", "List the names that options take, examples and operations.", ("ls",)),
    Command("notation", "Print a notation as a file, to change single axes of it."),
    Command("schema", "Print the JSON Schema of a network file."),
)

BY_NAME = {name: command for command in COMMANDS for name in (command.name, *command.aliases)}
"""Every name that reaches a command, aliases among them."""

FIRST_STEPS = (
    ("symbp derive --layers 4", "the general derivation: reports in output/"),
    ("symbp derive --layers 2 --activation tanh --loss mse", "a concrete network"),
    ("symbp derive --layers 3 --only W1", "one gradient, as LaTeX"),
    ("symbp check --layers 4 --activation sigmoid --loss bce", "every gradient against differences"),
    ("symbp list", "activations, losses, formats, notations, examples, operations"),
)
"""What bare ``symbp`` prints: five commands to try, and what each gives."""

HELP_NAMES = {"help_option_names": ["-h", "--help"]}

UsageError: Any = typer.BadParameter.__base__
"""Typer's own usage errors. Typer vendors click since 0.26, so this is the one road to the name in every version."""


class PanelCommand(TyperCommand):
    """A command whose help shows its options under their panels' titles, in the order they are declared.

    Typer draws panels with rich only, which doubles the time of ``--help``.
    """

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write one titled section for every panel."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                title = getattr(parameter, "rich_help_panel", None) or "Other"
                panels.setdefault(title, []).append(record)
        for title, records in panels.items():
            with formatter.section(title):
                formatter.write_dl(records)


class LazyGroup(TyperGroup):
    """The commands of the table; a command's module is imported when its name is typed."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands, without aliases."""
        return [command.name for command in COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of a name or alias, or None."""
        row = BY_NAME.get(cmd_name)
        if row is None:
            return None
        one = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)
        module: Any = later(f"symbp.cli.{row.name}")
        one.command(row.name, cls=PanelCommand, help=module.HELP, context_settings=HELP_NAMES)(module.command)
        return typer.main.get_command(one)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that was typed, or refuse with the nearest name."""
        typed = args[0]
        if typed not in BY_NAME and not typed.startswith("-"):
            near = closest(typed, BY_NAME)
            hint = f"did you mean {near}?" if near else f"the commands are {', '.join(self.list_commands(ctx))}"
            raise SpecError(f"no command {shown(typed)}; {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands from the table, so that help imports none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(command.name, command.summary) for command in COMMANDS])


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"symbp {__version__}")
        raise typer.Exit


app = typer.Typer(
    cls=LazyGroup,
    help="Derive backpropagation: symbolic gradients, factored, checked and typeset.",
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
    context_settings=HELP_NAMES,
)


@app.callback()
def first(
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> int:
    """Run ``symbp`` with no command or before one."""
    if ctx.invoked_subcommand is None:
        wide = max(len(command) for command, _ in FIRST_STEPS)
        steps = "\n".join(f"  {command:<{wide}}   {gives}" for command, gives in FIRST_STEPS)
        say(f"symbp derives backpropagation. Five commands to try:\n\n{steps}\n\nOptions: symbp derive --help")
    return 0


def run(argv: Sequence[str]) -> int:
    """Parse the arguments, run the command, return its exit code; usage errors become one line."""
    command = typer.main.get_command(app)
    try:
        with command.make_context("symbp", list(argv)) as context:
            return int(command.invoke(context) or 0)
    except typer.Exit as leave:
        return leave.exit_code
    except UsageError as error:
        typed = [row.name for row in map(BY_NAME.get, argv[:1]) if row is not None]
        raise SpecError(usage(error, " ".join(["symbp", *typed]))) from None


def usage(error: Any, where: str) -> str:
    """Return a usage error of Typer's parser in our words; ``where`` is the command it happened in."""
    option = getattr(error, "option_name", None)
    if isinstance(error, typer.BadParameter) and error.param is not None:
        return f"{option_of(error.param)} {error.message}".lstrip()
    if option is None:
        said = error.format_message().rstrip(".")
        return f"{said[:1].lower()}{said[1:]}; see {where} --help"
    if not hasattr(error, "possibilities"):
        wrong = "takes no value" if "not take a value" in error.message else "needs a value"
        return f"{option}: {wrong}; {where} --help shows how it is written"
    options = error.ctx.command.get_params(error.ctx)
    near = closest(option, [name for each in options for name in (*each.opts, *each.secondary_opts)])
    hint = f"did you mean {near}?" if near else f"{where} --help lists the options"
    if where == "symbp" and not near:
        hint = "the options of a command follow its name, as in symbp derive --layers 4"
    return f"{option}: no such option; {hint}"


def option_of(parameter: Any) -> str:
    """Return the long name of an option; nothing for an argument, which is the value itself."""
    return next((name for name in parameter.opts if name.startswith("--")), "")
