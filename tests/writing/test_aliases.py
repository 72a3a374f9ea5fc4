"""What earlier pages printed is still read: every formula of the terminal's pages as they were, and found right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from symbp.cli.verdict import concrete
from symbp.cli.what import NetworkOptions
from symbp.derivation import Derivation, derive
from symbp.errors import SymbpError
from symbp.judging.formula import OTHER_NAMES, Formulas
from symbp.networks.examples import EXAMPLES
from symbp.networks.network import Network
from symbp.writing.aliases import aliases
from symbp.writing.readback import lexicon

PAGES = json.loads((Path(__file__).parent / "earlier_pages.json").read_text(encoding="utf-8"))
"""For each network how it is described, and the formulas of its page in Unicode and in ASCII."""

SHORT = {"custom": 6, "open": 6, "l2": 5, "own": 5, "norms": 15, "rnn": 9, "transformer-block": 25}
"""Of these networks every so manyth formula is read in the short suite."""


def networks(name: str, folder: Path) -> tuple[Derivation, Derivation]:
    """Return a network as it was shown, and with functions in the place of those left open."""
    page = PAGES[name]
    if "options" not in page:
        place = (
            Path(EXAMPLES[name]) if name in EXAMPLES else folder / f"{name}{'.txt' if 'equations' in page else '.toml'}"
        )
        if name not in EXAMPLES:
            place.write_text(page.get("equations") or page["file"], encoding="utf-8")
        found = derive(Network.load(place))
        return found, found
    shown = derive(**page["options"])
    if "activation" in page["options"] and "loss" in page["options"]:
        return shown, shown
    return shown, derive(concrete(NetworkOptions(**page["options"])))


def unread(name: str, folder: Path, step: int = 1) -> list[str]:
    """Return the formulas of a page that are not read and found right, with what is said of them."""
    shown, derivation = networks(name, folder)
    over = Formulas(derivation.readable, lexicon(shown, derivation))
    wrong = []
    for formula in PAGES[name]["formulas"][::step]:
        try:
            judged = over.judge(formula)
        except SymbpError as error:
            wrong.append(f"{formula}: {error}")
            continue
        if not judged.right:
            wrong.append(f"{formula}: {judged.sentence or judged.diagnosis.verdict}")
    return wrong


@pytest.mark.parametrize("name", SHORT)
def test_some_formulas_of_earlier_pages_are_right(name: str, tmp_path: Path) -> None:
    assert unread(name, tmp_path, SHORT[name]) == []


@pytest.mark.long
@pytest.mark.parametrize("name", PAGES)
def test_all_formulas_of_earlier_pages_are_right(name: str, tmp_path: Path) -> None:
    assert unread(name, tmp_path) == []


@pytest.mark.long
def test_a_name_of_two_things_is_none_of_them() -> None:
    block = derive(Network.load(EXAMPLES["transformer-block"])).readable
    found = aliases(block, {})
    assert found["W[hidden]"].of.name == "block1.hidden.W"  # type: ignore[union-attr]
    assert found["S_2"].of.name == "block1.S_2"  # type: ignore[union-attr]
    assert found["Q"].of.name == "block1.attention.Q"  # type: ignore[union-attr]
    assert not {"gamma", "J", "P", "W"} & set(found)


def test_a_name_that_is_another_thing_today_is_said_to_be_read_as_it_was(tmp_path: Path) -> None:
    shown, derivation = networks("rnn", tmp_path)
    over = Formulas(derivation.readable, lexicon(shown, derivation))
    assert over.judge("z₂ = W₂ h_3 + b₂").notes[-1] == OTHER_NAMES
    assert not over.judge("a₂ = tanh(z₂)").right
