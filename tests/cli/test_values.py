"""Fuzz of the option values: each is read as exactly what it says, or refused by name in one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symbp import limits
from symbp.cli import values
from symbp.errors import SpecError

TYPED = st.one_of(st.text(max_size=40), st.text("0123456789,-.e_ +", max_size=20))


T = TypeVar("T")


def outcome(read: Callable[[], T], option: str) -> T | None:
    try:
        return read()
    except SpecError as error:
        said = str(error)
    assert said.startswith(option)
    assert said.isprintable()
    return None


@given(TYPED)
def test_layers(text: str) -> None:
    found = outcome(lambda: values.layers(text), "--layers")
    assert found is None or (1 <= found <= limits.MAX_LAYERS and text.lstrip("0") == str(found))


@given(TYPED, st.none() | st.integers(1, 5))
def test_widths(text: str, depth: int | None) -> None:
    found = outcome(lambda: values.widths(text, depth), "--widths")
    if isinstance(found, list):
        assert [str(each) for each in found] == [part.lstrip("0") for part in text.split(",")]
        assert depth is None or len(found) == depth + 1


@given(TYPED, st.integers(1, 200))
def test_show(text: str, depth: int) -> None:
    found = outcome(lambda: values.layer_set(text, depth), "--show")
    assert found is None or (found and found == sorted(set(found)) and found[0] >= 1 and found[-1] <= depth)


@given(st.lists(st.one_of(TYPED, st.from_regex(r"[a-z]{1,3}=[0-9.]+", fullmatch=True)), max_size=4))
def test_let(texts: list[str]) -> None:
    found = outcome(lambda: values.bindings(texts), "--let")
    assert found is None or [f"{name}={value}" for name, value in found.items()] == texts


@given(TYPED)
def test_choice(text: str) -> None:
    assert outcome(lambda: values.choice("--to", text, ("gfm", "latex")), "--to") in (None, text)


@given(st.text())
def test_what_a_message_repeats_is_short_and_printable(text: str) -> None:
    said = values.shown(text)
    assert said
    assert said.isprintable()
    assert len(said) <= 10 * values.MAX_SHOWN + 2


@pytest.mark.parametrize(
    ("count", "words"), [(999, "999 bytes"), (4_000_000_000, "4 GB"), (10**20, "more than 1000 PB")]
)
def test_sizes_are_in_words(count: int, words: str) -> None:
    assert values.size(count) == words


def test_show_reads_ranges() -> None:
    assert values.layer_set("1-3,98-100,2", 100) == [1, 2, 3, 98, 99, 100]
