"""Many gradients: which of them are compared together, which stand for all, and which of a group is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from symbp.checking.report import FAILED
from symbp.checking.tolerance import Comparison

MOST_HALVINGS = 64
"""How many more comparisons may be spent on finding which of many gradients is wrong."""


def groups(names: Sequence[str], copies: Callable[[str], int], room: int) -> Iterator[list[str]]:
    """Yield the names in groups that need no more copies of the forward pass than there is room for."""
    group: list[str] = []
    for name in names:
        if group and sum(map(copies, group)) + copies(name) > room:
            yield group
            group = []
        group.append(name)
    if group:
        yield group


def halved(
    names: Sequence[str], compare: Callable[[Sequence[str]], Comparison], tolerance: float
) -> dict[str, Comparison]:
    """Compare many gradients at once; where that fails, halve until the wrong ones stand alone."""
    found: dict[str, Comparison] = {}
    waiting = [list(names)]
    left = MOST_HALVINGS
    while waiting:
        group = waiting.pop()
        if not group:
            continue
        comparison = compare(group)
        left -= 1
        if comparison.verdict(tolerance) in FAILED and len(group) > 1 and left > 0:
            middle = len(group) // 2
            waiting += [group[:middle], group[middle:]]
        else:
            found |= dict.fromkeys(group, comparison)
    return found


def badness(comparison: Comparison) -> float:
    """Order comparisons by relative error; what is not a number is the worst."""
    return float("inf") if comparison.relative != comparison.relative else comparison.relative


def spaced(names: Sequence[str], count: int) -> list[str]:
    """Return ``count`` names at even distances, the first and the last among them."""
    if count >= len(names):
        return list(names)
    if count == 1:
        return [names[0]]
    places = [round(index * (len(names) - 1) / (count - 1)) for index in range(count)]
    return [names[place] for place in dict.fromkeys(places)]
