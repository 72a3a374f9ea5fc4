"""Pages of equations keep what somebody wrote: names, the order of a sum, one letter for one number of repetitions."""

from __future__ import annotations

from symbp import Network, derive, render
from symbp.networks.blocks import Kind


def page(lines: list[str], **shapes: tuple[int | str, int | str]) -> str:
    return render(derive(Network.equations(lines, shapes)), to="text")


TRIPLET = [
    *(f"U_{each} = V @ tanh(W @ X_{each})" for each in "apn"),
    "loss = sum(max(0, sum((U_a - U_p)**2, axis=0) - sum((U_a - U_n)**2, axis=0) + 1))",
]
TRIPLET_SHAPES = {**{f"X_{each}": (4, "m") for each in "apn"}, "W": (5, 4), "V": (3, 5)}


def test_what_names_do_not_count_is_no_loop() -> None:
    found = page(TRIPLET, **TRIPLET_SHAPES)
    assert "Uₐ  = V Uₐ₂" in found
    assert "Uₙ  = V Uₙ₂" in found
    assert "For l = " not in found
    counted = page(
        [line.replace("_a", "1").replace("_p", "2").replace("_n", "3") for line in TRIPLET],
        **{
            name.replace("_a", "1").replace("_p", "2").replace("_n", "3"): size for name, size in TRIPLET_SHAPES.items()
        },
    )
    assert "For l = 1, …, L (here L = 3)" in counted


def test_two_things_through_one_net_are_no_residual_network() -> None:
    lines = ["E1 = tanh(W @ X1)", "E2 = tanh(W @ X2)", "R = E1 - E2", "loss = mse(V @ R, Y)"]
    shapes = {"X1": (4, "m"), "X2": (4, "m"), "Y": (2, "m"), "W": (3, 4), "V": (2, 3)}
    blocks = Network.equations(lines, shapes).blocks
    assert all(each.kind is not Kind.RESIDUAL for each in blocks.children)


def test_another_name_of_a_matrix_is_where_a_recursion_starts() -> None:
    lines = [
        "H = W @ X",
        "Z[0] = H",
        "repeat k = 1..4:",
        "    Z[k] = 0.9 * Z[k-1] @ P + 0.1 * H",
        "loss = sum(Z[4]**2)",
    ]
    network = Network.equations(lines, {"P": (5, 5), "X": (3, 5), "W": (2, 3)}, inputs=["P", "X"])
    assert [each.name for each in network.forward] == ["H", "Z1", "Z2", "Z3", "Z4", "loss"]
    found = render(derive(network), to="text")
    assert "Zₗ = 9/10 Zₗ₋₁ P + 1/10 Z₀" in found
    assert "It starts with Z₀ = H." in found


def test_a_sum_stands_as_it_was_written() -> None:
    found = page(["loss = mean(Y * log(W @ X) + (1 - Y) * (3 - W @ X))"], X=(4, "m"), Y=(2, "m"), W=(2, 4))
    assert "1 − Y" in found
    assert "3 − " in found


def test_two_loops_of_other_lengths_have_other_letters() -> None:
    lines = [
        "A[0] = X", "repeat l = 1..3:", "    A[l] = tanh(W[l] @ A[l-1])",
        "B[0] = A[3]", "repeat l = 1..4:", "    B[l] = U @ B[l-1] + A[3]", "loss = mse(B[4], Y)",
    ]  # fmt: skip
    found = page(lines, X=(4, "m"), Y=(4, "m"), U=(4, 4), **{"W[1..3]": (4, 4)})
    assert "(here L = 3 and K = 4)" in found


def test_an_expert_is_no_head() -> None:
    lines = [
        "P = softmax(V @ X)", "L[0] = zeros(1, m)", "repeat k = 1..3:",
        "    L[k] = L[k-1] + P[k-1] * exp(-sum((Y - W[k] @ X)**2, axis=0))", "loss = -mean(log(L[3]))",
    ]  # fmt: skip
    found = page(lines, X=(3, "m"), Y=(2, "m"), V=(3, 3), **{"W[1..3]": (2, 3)})
    assert "Uₕ = rowsₕ(P)" in found
    assert "δUₕ = δL_H ⊙ Tₕ" in found


def test_heads_that_are_added_one_to_the_other_are_shown() -> None:
    lines = [
        "S[0] = zeros(4, 5)", "repeat h = 1..2:", "    A[h] = softmax((K[h] @ X).T @ (Q[h] @ X))",
        "    S[h] = S[h-1] + O[h] @ (V[h] @ X @ A[h])", "loss = sum((S[2] - Y)**2)",
    ]  # fmt: skip
    shapes = {"X": (4, 5), "Y": (4, 5), **{f"{each}[1..2]": (2, 4) for each in "QKV"}, "O[1..2]": (4, 2)}
    found = render(derive(Network.equations(lines, shapes, inputs=["X"])), to="text")
    assert "Sₗ = Sₗ₋₁ + Oₗ Vₗ X Aₗ" in found


def test_keys_and_values_that_all_heads_share_are_no_recursion() -> None:
    lines = [
        "K_X = K @ X", "V_X = V @ X", "H1 = V_X @ softmax(K_X.T @ (Q1 @ X))", "H2 = V_X @ softmax(K_X.T @ (Q2 @ X))",
        "loss = sum((O @ vstack(H1, H2) - Y)**2)",
    ]  # fmt: skip
    shapes = {"X": (4, 5), "Y": (4, 5), "O": (4, 4), **dict.fromkeys(("Q1", "Q2", "K", "V"), (2, 4))}
    found = render(derive(Network.equations(lines, shapes, inputs=["X"])), to="text")
    assert "Hₗ  = V_X Rₗ" in found
