"""A network as lines of equations reads back to the same list."""

from pathlib import Path

import pytest
from same_lists import unnamed

import symbp
from symbp.derivation import derive
from symbp.errors import SpecError
from symbp.networks.equation_text import equation_text
from symbp.networks.files import equations_of
from symbp.networks.network import Network
from symbp.networks.recurrent import GRU
from symbp.pages.tell.derivation import derivation_page
from symbp.writing.render import render

EXAMPLES = Path(symbp.__file__).parents[1] / "examples"
FILES = sorted(path for path in EXAMPLES.glob("*.toml") if ".values" not in path.name)
SPLIT = ("vision-transformer",)
"""What adds up rearrangements, which read back as equations of their own."""
ARCHITECTURES = sorted(each for each in (EXAMPLES / "architectures").glob("*.*") if each.stem not in SPLIT)
LOSS = {"gan": "loss_d", "least-squares-gan": "loss_d"}
SECOND_ORDER = ("adversarial-training", "hamiltonian-network", "maml", "pinn", "score-matching", "wasserstein-gan")
"""What holds a gradient within, which is spelled out in nodes that no word says."""


def require_same(network: Network) -> None:
    read = equations_of(equation_text(network))
    assert unnamed(read.forward) == unnamed(network.forward)
    assert len(read.parameters) == len(network.parameters)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_example_reads_back(path: Path) -> None:
    require_same(Network.load(path))


@pytest.mark.long
@pytest.mark.parametrize("path", ARCHITECTURES, ids=lambda path: path.name)
def test_an_architecture_reads_back(path: Path) -> None:
    network = Network.load(path, loss=LOSS.get(path.stem))
    if path.stem in SECOND_ORDER:
        with pytest.raises(SpecError, match="no word of equations says"):
            equation_text(network)
    else:
        require_same(network)


def test_a_lost_transpose_is_seen() -> None:
    network = Network.load(EXAMPLES / "transformer-block.toml")
    spoilt = equation_text(network).replace(".T @", " @")
    assert spoilt != equation_text(network)
    with pytest.raises((AssertionError, symbp.ShapeError)):
        assert unnamed(equations_of(spoilt).forward) == unnamed(network.forward)


def test_the_lines_are_those_that_people_write() -> None:
    network = symbp.Network.equations(
        ["H = tanh(W @ X + b)", "loss = mse(2 * V @ H - H**3 * c, Y)"],
        {"W": (3, 2), "b": (3, 1), "V": (3, 3), "c": (3, 1), "X": (2, "m"), "Y": (3, "m")},
    )
    text = render(symbp.derive(network), "equations")
    assert text.startswith("# Written by symbp\nX: 2 x m\nY: 3 x m\nW: 3 x 2\n")
    assert "H = tanh(H_1)\n" in text
    assert "H_1 = W @ X + b\n" in text


def test_dots_become_underscores_and_the_name_is_said() -> None:
    text = equation_text(Network([GRU(3, 2)], 2, "mse"))
    assert "gru1_Wr: 3 x 2  # gru1.Wr\n" in text


def test_what_is_left_open_is_refused() -> None:
    with pytest.raises(SpecError, match="no word of equations says"):
        equation_text(Network.mlp(layers=2, loss="mse"))


COX = "# Cox regression: the partial likelihood, columns from the longest time to the shortest\n# Cox (1972)\n"


@pytest.mark.parametrize(
    ("start", "title"),
    [
        (COX, "Cox regression: the partial likelihood"),
        ("# Written by symbp\n# A maxout network\n", "A maxout network"),
        ("\n", ""),
        (f"# {'x' * 80}\n", ""),
        ("V: 1 x 2 # no title\n# nor this\n", ""),
    ],
)
def test_the_first_comment_is_the_title_of_the_page(start: str, title: str) -> None:
    weight = "" if start.startswith("V") else "V: 1 x 2\n"
    network = equations_of(f"{start}{weight}X: 2 x m\nloss = mean((V @ X)**2)\n")
    assert network.title == title
    shown = "".join(map(str, derivation_page(derive(network)).title))
    assert shown == title if title else shown.startswith("Backpropagation")
    assert equations_of(equation_text(network)).title == title
