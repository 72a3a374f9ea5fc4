"""render(derivation): a report as text in any format and notation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symbp.checking.report import CheckReport
from symbp.derivation import Derivation
from symbp.domain import Decimals, described, takes
from symbp.errors import SpecError, later
from symbp.judging.diagnosis.reading import left_open
from symbp.maths.notation import Notation, notation_named
from symbp.maths.tree import Node
from symbp.networks.general import require_number
from symbp.numeric.compiled import Compiled, compile_systems
from symbp.pages.dress import dressed
from symbp.pages.page import Block, Line, Page
from symbp.pages.tell.derivation import context, derivation_page
from symbp.pages.tell.only import only as lines_of_one
from symbp.pages.tell.operation import only_lines, operation_context
from symbp.resources import MARK
from symbp.views.layout import LAYOUTS
from symbp.writing.breaking import FRAGMENT
from symbp.writing.formats import FORMATS, Format, format_named
from symbp.writing.latex import PLAIN, Hooks
from symbp.writing.macros import Symbols
from symbp.writing.page_latex import display_latex, write_latex, write_macros
from symbp.writing.page_markdown import FLAVOURS, write_markdown
from symbp.writing.picture import picture_text
from symbp.writing.setting import Setting
from symbp.writing.single import single_latex, single_text
from symbp.writing.templates import replaces
from symbp.writing.text import write_text
from symbp.writing.unused import COMPARED, DEFAULTS, OF_NUMBERS, no_use

if TYPE_CHECKING:
    from symbp.networks import equation_text
    from symbp.numeric import differentiable
    from symbp.pages.tell import program as telling
    from symbp.pages.tell import worked
    from symbp.worked import run
    from symbp.writing import identifiers, page_beamer, page_html, page_json, page_notebook, page_typst, svg, tikz
else:  # Most pages are without numbers, and in Markdown and LaTeX.
    equation_text = later("symbp.networks.equation_text")
    differentiable = later("symbp.numeric.differentiable")
    telling = later("symbp.pages.tell.program")
    worked = later("symbp.pages.tell.worked")
    run = later("symbp.worked.run")
    identifiers = later("symbp.writing.identifiers")
    page_beamer = later("symbp.writing.page_beamer")
    page_html = later("symbp.writing.page_html")
    page_json = later("symbp.writing.page_json")
    page_notebook = later("symbp.writing.page_notebook")
    page_typst = later("symbp.writing.page_typst")
    svg = later("symbp.writing.svg")
    tikz = later("symbp.writing.tikz")


@takes
def render(
    derivation: Derivation,
    to: str = "gfm",
    notation: str | Notation = "standard",
    check: CheckReport | None = None,
    *,
    roles: bool = True,
    show: Sequence[int] | None = None,
    only: str | None = None,
    by_output: bool = False,
    command: str | None = None,
    pair: tuple[int, int] | None = None,
    numbers: run.Worked | None = None,
    training: run.Training | None = None,
    digits: Decimals | None = None,
    standalone: bool = False,
    template_dir: str | Path | None = None,
    text_width: float | None = None,
    heading_shift: int = 0,
    label_prefix: str | None = None,
    credit: bool = True,
    columns: int | None = None,
) -> str:
    """Return the report of a derivation in one format.

    Args:
        derivation: what ``derive`` returned.
        to: a format of ``FORMATS`` or another name of it.
        notation: the name of a row of ``NOTATIONS``, or a row of one's own.
        check: a CheckReport, whose verdict and table enter the report.
        roles: write each factor's role under it in the deepest gradient.
        show: the layers whose gradients are written out; by default all, or both ends of a deep network.
        only: one equation alone, such as ``W1``, ``b2``, ``delta2``, ``dZ2``, ``forward`` or ``backward``.
        by_output: write slopes through the output, a ⊙ (1 − a), where that is possible.
        command: the command line that made the report, for its last line.
        pair: the two steps between which a recurrent layer's product over time is shown, the earlier first; by
            default the first and the last.
        numbers: the derivation at given numbers: the page has them in every line.
        training: where gradient descent leads from there, what ``numbers.train`` returned.
        digits: digits behind the point of all numbers; by default the smallest gradient keeps six.
        standalone, template_dir, text_width, heading_shift, label_prefix, credit, columns: as in a ``Setting``, those
            that the format has a use for.

    Raises:
        SpecError: an unknown format, notation, equation, layer or option.
        TemplateError: a template of ``template_dir`` that fails.
    """
    given: dict[str, Any] = {
        "standalone": standalone, "template_dir": template_dir, "text_width": text_width,
        "heading_shift": heading_shift, "label_prefix": label_prefix, "credit": credit, "columns": columns,
        "notation": notation, "roles": roles, "show": show, "by_output": by_output, "pair": pair,
        "numbers": numbers, "training": training, "digits": digits,
    }  # fmt: skip
    (used,) = useful(derivation, [to], only, given)
    return Report(derivation, check, command).text(to, only=only, **used)


def useful(
    derivation: Derivation, formats: Sequence[str], only: str | None, given: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return for a document in each of several formats the options given to ``render`` that change it.

    Raises:
        SpecError: an option that changes none of them, or that is wrong; the message begins with its name. What is of
            one network alone, of one of any depth.
    """
    for row in map(format_named, formats):
        if only is not None or row.runs or not row.is_page:
            require_number(derivation.network, row.name if only is None else "one equation alone")
    useless = [dict(unused(derivation, to, only, given)) for to in formats]
    for name, why in useless[0].items():
        if all(name in each for each in useless):
            raise SpecError(f"{name}: {why}; leave out {name}")
    return [{name: value for name, value in given.items() if name not in each} for each in useless]


def unused(derivation: Derivation, to: str, only: str | None, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the options among those given to ``render`` that change nothing, each with the reason.

    Raises:
        SpecError: an unknown format, notation, equation, layer or step.
    """
    row, given = format_named(to), {**DEFAULTS, **given}
    letters = notation_named(given["notation"])
    layout = LAYOUTS[letters.layout]
    require_layers(derivation, given["show"])
    require_steps(derivation, given["pair"])
    asked = [name for name, default in DEFAULTS.items() if given[name] != default]
    found = dict(no_use(derivation, row, only, layout, given["numbers"]))
    if given["numbers"] is not None and letters.has_other_values:
        found["notation"] = "its units, thresholds or steps are not the numbers that are given"
    ours = tuple(filter(None, (row.template, row.shared)))
    if ours and given["template_dir"] is not None and not replaces(given["template_dir"], *ours):
        found.setdefault("template_dir", f"{row.template}, which makes {row.name}, is not in it")
    yield from ((name, found[name]) for name in asked if name in found)
    left = {name: given[name] for name in asked if name in COMPARED and name not in found}
    if left:
        report, same = Report(derivation), {"only": only, **{name: given[name] for name in OF_NUMBERS}}
        whole = report.text(to, **same, **left)
        for name in left:
            if report.text(to, **same, **{**left, name: DEFAULTS[name]}) == whole:
                yield name, "the page is the same without it"


class Report:
    """What is said of a derivation, with the verdict of its check: its page is told once, whatever it is written as."""

    def __init__(self, derivation: Derivation, check: CheckReport | None = None, command: str | None = None) -> None:
        self.derivation, self.check, self.command = derivation, check, command or ""
        self._pages: dict[tuple[object, ...], Page] = {}

    def page(self, *, steps: bool = False, **options: Any) -> Page:
        """Return the page with these options of ``render``; those that are about a format do not change it.

        With ``steps`` it can be stepped through.
        """
        given = {name: options[name] for name in OF_PAGE if options.get(name, DEFAULTS[name]) != DEFAULTS[name]}
        key = (steps, *((name, id(each) if name in OF_NUMBERS else str(each)) for name, each in given.items()))
        if key not in self._pages:
            self._pages[key] = self._told(steps=steps, **given)
        return self._pages[key]

    def _told(
        self,
        notation: str | Notation = "standard",
        numbers: run.Worked | None = None,
        training: run.Training | None = None,
        digits: int | None = None,
        steps: bool = False,
        **options: Any,
    ) -> Page:
        letters = notation_named(notation)
        options |= {"stem": stem_of(self.command), "command": self.command}
        if numbers is None:
            return dressed(derivation_page(self.derivation, self.check, letters, steps=steps, **options), letters)
        found = worked.worked_page(numbers, self.check, letters, training=training, digits=digits, **options)
        return dressed(found, letters)

    def text(
        self,
        to: str,
        *,
        only: str | None = None,
        **options: Any,
    ) -> str:
        """Return it in one format, with these options of ``render``."""
        row, setting = format_named(to), Setting.of(options)
        if only is not None:
            told = {name: options[name] for name in options if name in OF_PAGE}
            lines, beside = one_equation(self.derivation, only, **told)
            return SINGLES[row.name](lines, setting, beside, only)
        if not row.is_page:
            return PROGRAMS[row.name](self, setting, options)
        page = self.page(steps=row.has_steps, **options)
        if row.runs:
            page = replace(page, blocks=(*page.blocks, *self._program(options)))
        return page_text(page, row, setting)

    def _program(self, options: Mapping[str, Any]) -> tuple[Block, ...]:
        """Return the section with the program; of what leaves something open, what that is."""
        if missing := left_open(self.derivation):
            return telling.no_program(missing)
        compiled = _compiled(self, options)
        forward, backends = self.derivation.forward, differentiable.BACKENDS
        is_checked = differentiable.has_differences(forward)
        check = backends["check"].source(compiled.program, forward) if is_checked else ""
        return telling.program(compiled.source, check)


OF_PAGE = ("notation", "by_output", "roles", "show", "pair", *OF_NUMBERS)
"""The options that a page is told with."""


def page_text(page: Page, row: Format, setting: Setting) -> str:
    """Return a page in one format."""
    return PAGES[row.name](page, setting)


def _markdown(flavour: str) -> Callable[[Page, Setting], str]:
    return lambda page, setting: write_markdown(page, flavour, setting, picture_text=picture_text)


def _text(page: Page, setting: Setting) -> str:
    text = write_text(page) if setting.columns is None else write_text(page, width=setting.columns)
    return f"{format_named('text').comment.format(MARK)}\n\n{text}"


PAGES: Mapping[str, Callable[[Page, Setting], str]] = {
    **{name: _markdown(name) for name in FLAVOURS},
    "latex": write_latex,
    "macros": write_macros,
    "html": lambda page, setting: page_html.write_html(page, setting),
    "json": lambda page, setting: page_json.write_json(page, setting),
    "ipynb": lambda page, setting: page_notebook.write_notebook(page, setting),
    "typst": lambda page, setting: page_typst.write_typst(page, setting),
    "beamer": lambda page, setting: page_beamer.write_beamer(page, setting),
    "svg": lambda page, setting: svg.write_svg(page, setting),
    "tikz": lambda page, setting: tikz.write_tikz(page, setting),
    "text": _text,
}
"""Who writes a page in each format that knows pages."""


def _marked(name: str, text: str) -> str:
    return f"{format_named(name).comment.format(MARK)}\n{text}"


def _compiled(report: Report, options: Mapping[str, Any]) -> Compiled:
    """Return the program of a derivation in the names of a notation; an operation alone has those of its literature."""
    derived = report.derivation
    notation = notation_named(options.get("notation", DEFAULTS["notation"]))
    names = {} if derived.is_alone else identifiers.identifiers(derived, notation)
    return compile_systems(derived.forward, derived.backward, derived.wrt, names=names)


def _program(name: str) -> Callable[[Report, Setting, Mapping[str, Any]], str]:
    """Return what writes a program of a library that differentiates."""

    def write(report: Report, setting: Setting, options: Mapping[str, Any]) -> str:
        backend = differentiable.BACKENDS[name]
        return _marked(name, backend.source(_compiled(report, options).program, report.derivation.forward))

    return write


PROGRAMS: Mapping[str, Callable[[Report, Setting, Mapping[str, Any]], str]] = {
    "numpy": lambda report, _, options: _marked("numpy", _compiled(report, options).source),
    **{name: _program(name) for name in ("torch", "jax")},
    "equations": lambda report, _, __: _marked("equations", equation_text.equation_text(report.derivation.network)),
}
"""Who writes what is made of a derivation: of the report, the setting, and all options of ``render``."""


def require_layers(derivation: Derivation, show: Sequence[int] | None) -> None:
    """Refuse to show layers that the network does not have.

    Raises:
        SpecError: with the first of them.
    """
    depth = derivation.network.depth
    if show is None or derivation.is_alone:
        return
    require_number(derivation.network, "show: a choice of layers")
    wrong = next((layer for layer in show if not 1 <= layer <= depth), None)
    if wrong is not None or not show:
        raise SpecError(f"show: there is no layer {described(wrong)} to show: give layers from 1 to {depth}")


def require_steps(derivation: Derivation, pair: tuple[int, int] | None) -> None:
    """Refuse a pair of steps that the recurrent layers do not have.

    Raises:
        SpecError: with the last step there is.
    """
    last = min((max(steps) for steps in derivation.states.values()), default=None)
    if pair is None or last is None:
        return
    if not 1 <= min(pair) <= max(pair) <= last:
        raise SpecError(f"pair: the recurrent layer has steps 1 to {last}; unroll gives it more")
    if pair[0] >= pair[1]:
        raise SpecError(f"pair: the earlier step comes first, as in {min(pair)},{max(pair)}")


def stem_of(command: str | None) -> str:
    """Return what labels begin with: the network that the command names."""
    words = (command or "").split()
    named = [word for word in words[2:] if not word.startswith("-")]
    return Path(named[0]).stem if named and len(words) > 2 and not words[2].startswith("-") else "symbp"


def one_equation(
    derivation: Derivation,
    only: str,
    notation: str | Notation = "standard",
    numbers: run.Worked | None = None,
    training: run.Training | None = None,
    digits: int | None = None,
    **options: Any,
) -> tuple[Sequence[Line], Sequence[Node]]:
    """Return the lines of one equation, and how the symbols beside it are spelled."""
    if derivation.is_alone and numbers is None:
        own = operation_context(derivation)
        return only_lines(own, only), own.spellings
    letters = notation_named(notation)
    c = context(derivation, letters, complete=True, **options)
    found = lines_of_one(c, only) if numbers is None else worked.lines_with_numbers(c, numbers, only, digits)
    return dressed(found, letters), c.spellings


def _display(row: Format, hooks: Hooks = PLAIN) -> Callable[[Sequence[Line], Setting, Sequence[Node], str], str]:
    """Return what writes lines in LaTeX, with what stands around a display in a format."""

    def write(lines: Sequence[Line], setting: Setting, beside: Sequence[Node], name: str) -> str:
        text = row.wrap.format(single_latex(lines, hooks, measure=setting.text_width or FRAGMENT)) + "\n"
        return display_latex(text, standalone=True) if setting.standalone else text

    return write


def _macros(lines: Sequence[Line], setting: Setting, beside: Sequence[Node], name: str) -> str:
    """Return lines in LaTeX whose symbols are commands, and these before them."""
    symbols = Symbols.of(tuple(lines))
    text = single_latex(lines, replace(PLAIN, symbol=symbols.spell), setting.text_width or FRAGMENT)
    return display_latex(FORMATS["macros"].wrap.format(text), symbols, standalone=setting.standalone)


def _no_equation(name: str) -> Callable[[Sequence[Line], Setting, Sequence[Node], str], str]:
    """Return what refuses to write an equation as a picture."""

    def refuse(lines: Sequence[Line], setting: Setting, beside: Sequence[Node], one: str) -> str:
        raise SpecError(f"only: {name} shows the network and no equation; leave out only")

    return refuse


SINGLES: Mapping[str, Callable[[Sequence[Line], Setting, Sequence[Node], str], str]] = {
    **{name: _display(FORMATS[name], each.hooks) for name, each in FLAVOURS.items()},
    "macros": _macros,
    **{name: _display(FORMATS[name]) for name in ("latex", "beamer")},
    "html": lambda lines, _, __, name: page_html.single_html(lines, name),
    "typst": lambda lines, setting, _, __: page_typst.single_typst(lines, setting),
    "json": lambda lines, _, __, name: page_json.single_json(lines, name),
    "ipynb": lambda lines, setting, beside, name: page_notebook.single_notebook(
        _display(FORMATS["ipynb"])(lines, setting, beside, name)
    ),
    **{name: _no_equation(name) for name in ("svg", "tikz")},
    **dict.fromkeys((*PROGRAMS, "text"), lambda lines, _, beside, __: f"{single_text(lines, beside)}\n"),
}
"""Who writes equations by themselves: the lines, whether as a document, what no letter may look like, a name."""
