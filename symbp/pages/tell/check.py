"""The report of a check: the answer, a row a gradient with the digits that each method reached, what was run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symbp.checking.report import NO_NUMBERS, CheckReport, Kind, Measured, Outcome, Row, Run, Verdict
from symbp.derivation import Derivation
from symbp.maths.tree import Num, Sign, row
from symbp.ops.elementwise import Elementwise
from symbp.ops.losses import EntrywiseLoss
from symbp.ops.pooling import MaxPool
from symbp.pages.page import Block, Page, Para, Table, Text
from symbp.pages.tell import opening
from symbp.pages.tell.checked import MOST_NAMES, drawn, ends
from symbp.pages.tell.context import Context
from symbp.pages.tell.derivation import context
from symbp.pages.tell.functions import definition, kink_values
from symbp.pages.tell.model import with_agreement
from symbp.pages.tell.operation import operation_context
from symbp.pages.words import Words, language

MOST_ROWS, ENDS = 30, 4
"""A longer table shows this many rows at both ends, and one that stands for those between."""

JUDGES = (Kind.COMPLEX, Kind.FLOAT, Kind.LONG)
"""What judges; the rest illustrates."""

KINKS = ("relu", "leaky_relu", "mae")
"""Functions whose slope at a kink other libraries choose differently."""


def check_page(report: CheckReport, derivation: Derivation, *, words: Words | None = None, command: str = "") -> Page:
    """Return the page of a check."""
    if derivation.is_alone:
        c: Context = operation_context(derivation, words)
    else:
        c = context(derivation, words=words or language(), complete=True)
    blocks = [*_table(c, report), *_notes(c.words, report), *_kinks(c)]
    about = () if derivation.is_alone else opening.network_words(c)
    about = with_agreement(c.words, about, derivation, exact=True)
    return Page(_answer(c, report), about, tuple(blocks), command=command)


def _answer(c: Context, report: CheckReport) -> Text:
    """Return the first line: right, wrong or incomplete, and why."""
    if report.outcome is Outcome.INCONCLUSIVE:
        return c.words("check.incomplete", why=_why(c, report))
    if report.outcome is Outcome.FAILED:
        failed = [row.name for row in report.rows if row.failed]
        return c.words("check.wrong", n=len(failed), total=len(report.rows), names=_names(failed))
    agree = [row for row in report.rows if row.verdict is Verdict.AGREES]
    depths = c.depths(report.counts) or ()
    if len(agree) == len(report.rows):
        return c.words("check.right", n=len(report.rows), depths=depths)
    rest: dict[Verdict, list[str]] = {}
    for each in report.rows:
        if each.verdict is not Verdict.AGREES:
            rest.setdefault(each.verdict, []).append(each.name)
    said = [c.words(f"check.is.{verdict}", n=len(names), names=_names(names)) for verdict, names in rest.items()]
    return c.words("check.right_but", n=len(agree), total=len(report.rows), rest=c.words.listed(said))


def _names(names: Sequence[str]) -> str:
    return ", ".join([*names[:MOST_NAMES], *["…"] * (len(names) > MOST_NAMES)])


def _why(c: Context, report: CheckReport) -> Text:
    """Return why nothing is proved: the first of the verdicts, and where the numbers end."""
    verdicts = [row.verdict for row in report.rows]
    worst = next((each for each in Verdict if each in verdicts), Verdict.PROVES_NOTHING)
    where = next((row.where for row in report.rows if row.where), "")
    if worst in NO_NUMBERS and where:
        symbol = next((each.lhs for each in c.reading.listed if each.lhs.name == where), None)
        letter = where if symbol is None else c.names.symbol(c.reading.spelled(symbol))
        return c.words(f"check.left.{worst}", where=letter)
    return c.words(f"check.why.{worst}")


def _table(c: Context, report: CheckReport) -> list[Block]:
    """Return the digits reached, a row a gradient, and what is expected of each method once below them."""
    failed = [each for each in report.rows if each.failed]
    if report.outcome is Outcome.INCONCLUSIVE:
        return []
    columns = _columns(report)
    found = failed or list(report.rows)
    rows = [_cells(c, each, columns) for each in found]
    if len(rows) > MOST_ROWS:
        between = found[ENDS:-ENDS]
        rows = [*rows[:ENDS], _between(c, between, columns), *rows[-ENDS:]]
    least = [_least(report.rows, column, "expected") for column in columns]
    foot = (c.words("check.expected"), (), (), *least, ())
    names = [c.words(f"head.{each}") for each in ("gradient", "key", "shape")]
    head = (*names, *(_head(c, report, *column) for column in columns), ())
    table = [head, *rows, foot]
    is_usual = not any(cells[-1] for cells in rows)
    first, *others = [cells[:-1] for cells in table] if is_usual else table
    align = "lll" + "r" * len(columns) + "l" * (not is_usual)
    caption = c.words("check.caption", depths=c.depths(report.counts) or ())
    return [Para(caption), Table(first, tuple(others), (len(rows),), align=align, wide=True)]


Column = tuple[Kind, str]
"""What a gradient is compared with; of libraries which."""


def _columns(report: CheckReport) -> list[Column]:
    """Return the columns of digits in the order of their kinds."""
    found = dict.fromkeys(_column(each) for row in report.rows for each in row.measured)
    return sorted(found, key=lambda column: tuple(Kind).index(column[0]))


def _column(of: Measured) -> Column:
    return of.kind, of.method if of.kind is Kind.ENGINE else ""


def _head(c: Context, report: CheckReport, kind: Kind, name: str) -> Text:
    return c.words(f"method.{kind}", precision=report.precision, name=name)


def _in(row: Row, column: Column) -> list[Measured]:
    return [each for each in row.measured if _column(each) == column]


def _least(rows: Sequence[Row], column: Column, what: str) -> Text:
    """Return the fewest digits of a column."""
    found = [getattr(each, what) for row in rows for each in _in(row, column)]
    return (f"{min(found):.1f}",) if found else ()


def _cells(c: Context, of: Row, columns: Sequence[Column]) -> tuple[Text, ...]:
    """Return a gradient: its letter, key and shape, the digits reached, what is unusual."""
    rows, columns_ = of.shape.split("×")
    shape = row(Num(rows), Sign("×"), Num(columns_))
    return (
        (c.named(of.name),),
        (of.name,),
        (shape,),
        *(_least([of], each, "reached") for each in columns),
        _remark(c.words, of),
    )


def _between(c: Context, rows: Sequence[Row], columns: Sequence[Column]) -> tuple[Text, ...]:
    return (c.words("check.between", n=len(rows)), (), (), *(_least(rows, each, "reached") for each in columns), ())


def _remark(words: Words, of: Row) -> Text:
    """Return what is unusual about a gradient; nothing where it agrees."""
    if of.verdict is Verdict.AGREES:
        return words("check.aside", n=of.aside) if of.aside else ()
    if of.verdict is Verdict.ZERO and of.size:
        return words("check.zero", size=f"{of.size:.0e}")
    return (of.note,) if of.failed and of.note else (str(of.verdict),)


def _notes(words: Words, report: CheckReport) -> Iterator[Block]:
    """Yield what was compared with what, the notes of the runs, and the sizes."""
    zero = [each.name for each in report.rows if each.verdict is Verdict.ZERO]
    if zero:
        yield Para(words("check.unproved", n=len(zero), names=_names(zero)), title=words("check.title.zero"))
    if report.outcome is not Outcome.INCONCLUSIVE:
        yield Para(_how(words, report), title=words("check.title.how"))
    for at, note in enumerate(report.run_notes):
        yield Para((note,), title=() if at else words("check.title.note"))
    if report.runs:
        yield Para(_runs(words, report), title=words("check.title.runs"))


def _how(words: Words, report: CheckReport) -> Text:
    """Return which entries each method compared."""
    methods: dict[tuple[str, ...], list[Text]] = {}
    for column in _columns(report):
        entries = dict.fromkeys(each.entries for row in report.rows for each in _in(row, column))
        kind, name = column
        said = words(f"method.{kind}", precision=report.precision, name=name)
        methods.setdefault(tuple(entries), []).append(said)
    parts = [
        words("check.how", methods=words.listed(said), entries=words.listed([words(f"entries.{e}") for e in entries]))
        for entries, said in methods.items()
    ]
    return words("check.ways", ways=_joined(parts))


def _joined(parts: Sequence[Text]) -> Text:
    return tuple(span for at, each in enumerate(parts) for span in (("; ", *each) if at else each))


def _runs(words: Words, report: CheckReport) -> Text:
    """Return the sizes and stand-ins of every run, of later ones what is another, and the seed."""
    said: list[Text] = []
    before: dict[str, Text] = {}
    for run in report.runs:
        parts = _settings(words, run)
        new = [text for key, text in parts.items() if before.get(key) != text]
        if new:
            said += [words("check.again", settings=new[0]), *new[1:]] if before else new
        before = parts
    return words("check.runs", runs=_joined([*said, drawn(words, report)]))


def _settings(words: Words, run: Run) -> dict[str, Text]:
    """Return sizes and stand-ins of a run; an operation alone has no widths."""
    found = {}
    if run.widths:
        found["widths"] = words("checked.widths", widths=ends(run.widths))
    if run.widths and run.examples:
        found["examples"] = words("checked.examples", n=run.examples)
    if run.standins:
        found["standins"] = words("check.standins", standins=run.standins)
    return found


def _kinks(c: Context) -> Iterator[Block]:
    """Yield what is agreed upon at the kinks that a network has."""
    for at, text in enumerate(conventions(c)):
        yield Para(text, title=() if at else c.words("check.title.kinks"))


def conventions(c: Context) -> list[Text]:
    """Return what is agreed upon at the kinks that a network has, and who does it otherwise."""
    found: dict[str, Text] = {}
    for equation in c.reading.derivation.forward:
        node = equation.rhs
        if isinstance(node, MaxPool):
            found["max_pool"] = c.words("kink.max_pool")
        elif isinstance(node, Elementwise | EntrywiseLoss) and node.function.name in KINKS:
            found[node.function.name] = c.words(f"kink.{node.function.name}", value=_value(c, node))
    return list(found.values())


def _value(c: Context, node: Elementwise | EntrywiseLoss) -> Text:
    """Return f′(0) = 0; nothing of a loss."""
    if isinstance(node, EntrywiseLoss):
        return ()
    return c.words.listed([(each,) for each in kink_values(c, definition(c, node.function))])
