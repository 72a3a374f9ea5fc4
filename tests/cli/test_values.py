"""Fuzz of the option values: each is read as exactly what it says, or refused by name in one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbp import limits
from symbp.cli import options
from symbp.cli.analyze import deviation
from symbp.errors import MAX_SHOWN, SpecError, shown

TYPED = st.one_of(st.text(max_size=40), st.text("0123456789,-.e_ +", max_size=20))


T = TypeVar("T")


def outcome(read: Callable[[], T], text: str) -> T | None:
    try:
        return read()
    except SpecError as error:
        said = str(error)
    assert said.startswith((f"{shown(text)}: ", "--show "))
    assert said.isprintable()
    return None


@pytest.mark.long
@given(TYPED)
def test_layers(text: str) -> None:
    found = outcome(lambda: options.layers(text), text)
    assert found is None or (1 <= found <= limits.MAX_LAYERS and text.lstrip("0") == str(found))


@pytest.mark.long
@given(TYPED)
def test_widths(text: str) -> None:
    found = outcome(lambda: options.widths(text), text)
    assert found is None or [str(each) for each in found] == [part.lstrip("0") for part in text.split(",")]


@settings(max_examples=30)
@given(TYPED, st.integers(1, 200))
def test_show(text: str, depth: int) -> None:
    ranges = outcome(lambda: options.ranges(text), text)
    found = outcome(lambda: ranges and ranges.within(depth), "")
    assert found is None or (found and found == sorted(set(found)) and found[0] >= 1 and found[-1] <= depth)


@given(TYPED)
def test_pair(text: str) -> None:
    found = outcome(lambda: options.pair(text), text)
    assert found is None or (found.first < found.last and [int(each) for each in text.split(",")] == list(found))


@given(st.one_of(TYPED, st.from_regex(r"[a-z]{1,3}=[0-9.]+", fullmatch=True)))
def test_let(text: str) -> None:
    found = outcome(lambda: options.binding(text), text)
    assert found is None or f"{found.name}={found.value}" == text


@given(TYPED)
def test_a_deviation(text: str) -> None:
    found = outcome(lambda: deviation(text), text)
    assert found is None or found == float(text)


@given(TYPED)
def test_choice(text: str) -> None:
    assert outcome(lambda: options.one_of(text, ("gfm", "latex")), text) in (None, text)


@given(st.text())
def test_what_a_message_repeats_is_short_and_printable(text: str) -> None:
    said = shown(text)
    assert said
    assert said.isprintable()
    assert len(said) <= 10 * MAX_SHOWN + 2


@pytest.mark.parametrize(
    ("count", "words"), [(999, "999 bytes"), (4_000_000_000, "4 GB"), (10**20, "more than 1000 PB")]
)
def test_sizes_are_in_words(count: int, words: str) -> None:
    assert options.size(count) == words


def test_show_reads_ranges() -> None:
    assert options.ranges("1-3,98-100,2").within(100) == [1, 2, 3, 98, 99, 100]
