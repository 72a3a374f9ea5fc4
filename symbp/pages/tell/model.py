"""What a page says of the model that its network was made from."""

from __future__ import annotations

from collections.abc import Iterator

from symbp.checking.models import FLOAT, steady_digits
from symbp.derivation import Derivation
from symbp.pages.page import Text
from symbp.pages.words import Words, commas


def with_agreement(words: Words, about: Text, derivation: Derivation, *, exact: bool = False) -> Text:
    """Return the line under a title with how the gradients agree with the model's; as it is for any other network.

    Pages are the same on any processor, so they give a bound of the worst error; ``exact`` is the error measured here.
    """
    found = derivation.agreement
    if found is None:
        return about
    number = f"{found.worst:.0e}" if exact else f"1e-{steady_digits(found.worst, FLOAT)}"
    worst = words("model.worst" if exact else "model.below", worst=number)
    count = len(found.rows)
    agrees = words("model.agrees", right=str(count - len(found.wrong)), total=str(count), worst=worst)
    return commas([about, agrees])


def remarks(words: Words, derivation: Derivation) -> Iterator[Text]:
    """Yield what was seen of the model: in which mode it is, where it holds for these sizes alone."""
    sample = derivation.network.sample
    for each in () if sample is None else sample.remarks:
        line = words("model.line", line=str(each.line)) if each.line else ()
        yield words(f"model.{each.what}", where=each.where, line=line)
