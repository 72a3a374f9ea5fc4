"""The backward pass: a reason for each line of the result, or the lines with a reason beside each."""

from __future__ import annotations

from symbp.equations import Step
from symbp.pages.page import Block, Heading, Para, Ref, Steps, Text
from symbp.pages.page import Line as PageLine
from symbp.pages.tell.context import Context, Spelled
from symbp.pages.tell.result import PRODUCT, general_product, is_short
from symbp.pages.tell.stream import in_frame


def backward(c: Context) -> list[Block]:
    """Return the section."""
    if is_short(c):
        return why(c)
    shown = in_frame(c)
    lines = [each for each in c.errors if each not in shown]
    said: set[str] = set()
    steps = tuple(PageLine((c.equation(each),), each.label, each.where, reason(c, each, said)) for each in lines)
    return [Heading(c.words("section.backward")), Steps(steps)] if steps else []


def why(c: Context) -> list[Block]:
    """Return a paragraph for each rule that led to a line of the result, at its first use."""
    blocks: list[Block] = [Heading(c.words("section.why"), detail=3)]
    said: dict[str, list[Spelled]] = {}
    for spelled in (*c.errors, *c.gradients):
        for step in spelled.equation.steps:
            sentence = sentence_of(c, step)
            if sentence:
                said.setdefault(sentence, []).append(spelled)
    for sentence, lines in said.items():
        blocks.append(Para((sentence,), title=_title(c, lines), detail=3))
    product = general_product(c)
    if product is not None:
        start, *_, recursion = c.errors
        text = c.words(
            "why.product", start=Ref(start.label), recursion=Ref(recursion.label), gradient=Ref(c.gradients[0].label),
            base=product.base, step=product.step, range=product.range, layer=product.layer,
        )  # fmt: skip
        blocks.append(Para(text, title=(Ref(PRODUCT), "."), detail=3))
    return blocks


def sentence_of(c: Context, step: Step) -> str:
    """Return why a rule holds; of one example a bias has a shorter reason, and an open loss says it in the result."""
    if step.rule == "generic_loss_vjp":
        return ""
    if step.rule == "broadcast" and c.reading.is_one:
        return c.words.template("why.bias_one")
    own = f"rule.{step.rule}.why"
    return c.words.template(own) if c.words.has(own) else step.why


def short_of(c: Context, step: Step) -> str:
    """Return a rule in a few words, those of the layout where it has some."""
    own = f"rule.{step.rule}.short"
    return c.words.template(own) if c.words.has(own) else step.short


def _title(c: Context, lines: list[Spelled]) -> Text:
    labels = list(dict.fromkeys(each.label for each in lines))
    return (*c.words.listed([(Ref(label),) for label in labels]), ".")


def reason(c: Context, spelled: Spelled, said: set[str]) -> Text:
    """Return the lines that an error undoes, and in a few words how: each rule at its first use."""
    equation = spelled.equation
    words = [short for step in equation.steps if (short := short_of(c, step)) and short not in said]
    said.update(words)
    refs = c.undone(spelled)
    how = "; ".join(dict.fromkeys(words))
    if not refs:
        return (how,) if how else ()
    return c.words("backward.reason", refs=refs, how=how) if how else refs
