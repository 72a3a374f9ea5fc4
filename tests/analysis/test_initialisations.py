"""The table of initialisations: variances, orthogonality, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from symbp import SpecError
from symbp.analysis.initialisations import INITIALISATIONS, initialisation
from symbp.symbols import Role, Variable

N_IN, N_OUT = 300, 500
WEIGHT = Variable("W1", N_OUT, N_IN, Role.WEIGHT, "W", 1)
VARIANCES = {
    "normal": 1 / N_IN,
    "normal:1.5": 2.25 / N_IN,
    "xavier": 2 / (N_IN + N_OUT),
    "glorot": 2 / (N_IN + N_OUT),
    "He": 2 / N_IN,
    "kaiming": 2 / N_IN,
    "lecun": 1 / N_IN,
    "orthogonal:2": 4 / N_OUT,
}


@pytest.mark.parametrize(("name", "variance"), VARIANCES.items())
def test_variance_of_an_entry(name: str, variance: float) -> None:
    drawn = initialisation(name).parameter(WEIGHT, (N_OUT, N_IN), [0])
    assert drawn.shape == (N_OUT, N_IN)
    assert np.mean(drawn**2) == pytest.approx(variance, rel=5 * np.sqrt(2 / drawn.size))


@pytest.mark.parametrize("shape", [(4, 7), (7, 4), (5, 5), (1, 3), (1, 1)])
def test_orthogonal_matrices(shape: tuple[int, int]) -> None:
    drawn = initialisation("orthogonal:3").parameter(WEIGHT, shape, [1])
    square = drawn @ drawn.T if shape[0] <= shape[1] else drawn.T @ drawn
    np.testing.assert_allclose(square, 9 * np.eye(min(shape)), atol=1e-14)


def test_a_draw_depends_on_its_seed_alone() -> None:
    draw = initialisation("he").parameter
    assert (draw(WEIGHT, (3, 2), [0, 1]) == draw(WEIGHT, (3, 2), [0, 1])).all()
    assert (draw(WEIGHT, (3, 2), [0, 1]) != draw(WEIGHT, (3, 2), [1, 1])).all()


@pytest.mark.parametrize(("role", "value"), [(Role.BIAS, 0.0), (Role.SCALE, 1.0), (Role.SHIFT, 0.0)])
def test_other_parameters(role: Role, value: float) -> None:
    variable = Variable("v1", 3, 1, role, "v", 1)
    assert (initialisation("he").parameter(variable, (3, 1), [0]) == value).all()


@pytest.mark.parametrize("name", [*INITIALISATIONS, "normal:1.5", "orthogonal:2"])
def test_the_convention_is_said(name: str) -> None:
    about = initialisation(name).about
    assert about.startswith(name)
    assert ("σ = " in about) == INITIALISATIONS[name.partition(":")[0]].sigma


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("xavir", "'xavier'"),
        ("kaimin", "'kaiming'"),
        ("", "choose from"),
        ("zzz", "choose from"),
        ("x" * 10_000, "choose from"),
        ("he:2", "takes no number"),
        ("normal:", "σ is a positive number"),
        ("normal:-1", "σ is a positive number"),
        ("normal:0", "σ is a positive number"),
        ("normal:nan", "σ is a positive number"),
        ("normal:inf", "σ is a positive number"),
        ("normal:1e999", "σ is a positive number"),
        ("normal:1_0", "σ is a positive number"),
        ("normal: 1", "σ is a positive number"),
        ("normal:1:2", "σ is a positive number"),
        ("normal:one", "σ is a positive number"),
    ],
)
def test_refusals_are_one_line(text: str, said: str) -> None:
    with pytest.raises(SpecError, match=r"^init ") as caught:
        initialisation(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200
