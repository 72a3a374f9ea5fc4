"""Options of ``render`` that a kind of page has no use for, and why: they are refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from symbp.derivation import Derivation
from symbp.symbols import BATCH
from symbp.views.layout import COLUMNS, Layout
from symbp.writing.formats import Format
from symbp.writing.setting import OPTIONS, REASONS, Setting

if TYPE_CHECKING:
    from symbp.networks.alone.network import OperationNetwork
    from symbp.worked.run import Worked

DEFAULTS: Mapping[str, Any] = {
    **OPTIONS, "notation": "standard", "roles": True, "show": None, "by_output": False, "pair": None,
    "numbers": None, "training": None, "digits": None,
}  # fmt: skip
"""What each option is where it is not given."""

OF_NUMBERS = ("numbers", "training", "digits")
"""The options of a page with numbers."""

ALONE = {
    "numbers": "{name} alone is shown without numbers",
    "show": "{name} alone has no layers",
    "notation": "{name} alone has the letters of its literature",
    "pair": "{name} alone is one step",
    "roles": "{name} alone has no role labels",
    "by_output": "{name} alone has its slopes through the output already",
}
"""What the page of an operation alone has no use for."""

SINGLE = {
    "show": "one equation has no layers to choose",
    "pair": "one equation has no product over time",
    "roles": "one equation has no role labels",
    "template_dir": "one equation has no template",
    "heading_shift": "one equation has no heading",
    "label_prefix": "one equation has no label",
    "credit": "one equation has no line that says who wrote it",
    "training": "one equation has no steps",
}
"""What one equation without a page has no use for."""

PROGRAM = {
    "show": "a program has all layers",
    "pair": "a program has no product over time",
    "roles": "a program has no role labels",
    "notation": "equations have the names that symbp reads",
    "by_output": "a program has its own form of every slope",
    **dict.fromkeys(OF_NUMBERS, "a program is called with numbers"),
}
"""What a program has no use for."""


WITH_NUMBERS = {
    "by_output": "with numbers a slope has a line of its own",
    "roles": "with numbers there are no role labels",
    "pair": "with numbers there is no product over time",
}
"""What a page with numbers has no use for."""

WITHOUT_NUMBERS = dict.fromkeys(("training", "digits"), "there are no numbers")

COMPARED = ("by_output", "roles", "show", "pair")
"""Options of which only the page itself tells whether they change it."""


def no_use(
    derivation: Derivation, row: Format, only: str | None, layout: Layout, numbers: Worked | None = None
) -> Mapping[str, str]:
    """Return the options that pages of this kind have no use for; ``layout`` is that of the notation asked for."""
    found = {option: why.format(name=row.name) for option, why in REASONS.items() if option not in row.uses}
    if derivation.is_alone:
        name = cast("OperationNetwork", derivation.network).name
        found |= {option: why.format(name=name) for option, why in ALONE.items()}
    elif layout is not COLUMNS and _examples_are_rows(derivation):
        found["notation"] = "the examples of this network are rows already"
    found |= WITHOUT_NUMBERS if numbers is None else WITH_NUMBERS
    if only is not None:
        return found | SINGLE
    if not row.is_page:
        return found | {option: why for option, why in PROGRAM.items() if option not in row.uses}
    if not derivation.states and not derivation.is_alone and numbers is None:
        found["pair"] = "the network has no recurrent layer of two or more steps"
    return found


def unused_settings(rows: Sequence[Format], asked: Setting) -> Iterator[tuple[str, str]]:
    """Yield the options of a setting that no document of a page has a use for, each with the reason."""
    for name, default in OPTIONS.items():
        if getattr(asked, name) != default and not any(name in row.uses for row in rows):
            yield name, REASONS[name].format(name=rows[0].name) if rows else "no page is written"


def _examples_are_rows(derivation: Derivation) -> bool:
    """Whether somebody wrote the network with an example in each row: turned, it would be shown in columns."""
    shapes = [each.shape for each in derivation.network.inputs]
    return any(rows.has(BATCH) for rows, _ in shapes) and not any(columns.has(BATCH) for _, columns in shapes)
