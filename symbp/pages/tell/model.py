"""What a page says of the model that its network was made from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symbp.checking.models import FLOAT, steady_digits
from symbp.derivation import Derivation
from symbp.networks.network import Network
from symbp.pages.page import Text
from symbp.pages.words import Words, commas
from symbp.sample import Remark


def with_agreement(words: Words, about: Text, derivation: Derivation, *, exact: bool = False) -> Text:
    """Return the line under a title with how the gradients agree with the model's; as it is for any other network.

    Pages are the same on any processor, so they give a bound of the worst error; ``exact`` is the error measured here.
    """
    found, sample = derivation.agreement, derivation.network.sample if derivation.network is not None else None
    if found is None or sample is None:
        return about
    if not sample.given:
        return commas([about, words("model.evaluated")])
    if not found.rows:
        return about
    number = f"{found.worst:.0e}" if exact else f"1e-{steady_digits(found.worst, FLOAT)}"
    worst = words("model.worst" if exact else "model.below", worst=number)
    count = len(found.rows)
    agrees = words("model.agrees", right=str(count - len(found.wrong)), total=str(count), worst=worst)
    return commas([about, agrees])


LOUD = ("size", "constant", "folded", "inference")
"""What means that another network is derived than the one that somebody may have in mind."""

SAID = (*LOUD, "eval", "checkpoint", "double")
"""What is said of a model whose gradients are right; the rest explains why others are not."""


def remarks(words: Words, network: Network, among: Sequence[str] = SAID) -> Iterator[Text]:
    """Yield what was seen of the model: in which mode it is, where it holds for these sizes alone."""
    seen: dict[str, list[Remark]] = {}
    for each in () if network.sample is None else network.sample.remarks:
        seen.setdefault(each.what, []).append(each)
    for what in among:
        for name, line in {each.where: each.line for each in seen.get(what, ())}.items():
            at = words("model.line", line=str(line)) if line else ()
            yield words(f"model.{what}", where=name, line=at)
