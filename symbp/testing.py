"""For people's own test suites: an assertion whose message says what is wrong with a gradient.

Importing this costs nothing; SymPy and NumPy are loaded when an assertion runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from symbp.errors import CheckFailedError, SpecError, later

if TYPE_CHECKING:
    from symbp import derivation
    from symbp.checking.theirs import same_process
    from symbp.derivation import Derivation
    from symbp.networks.network import Network
    from symbp.pages.tell import verdict
    from symbp.writing import text
else:
    derivation = later("symbp.derivation")
    same_process = later("symbp.checking.theirs.same_process")
    verdict = later("symbp.pages.tell.verdict")
    text = later("symbp.writing.text")


def assert_gradients_match(
    backward: Callable[..., Any],
    network: Network | Derivation | None = None,
    *,
    rows: bool = False,
    reduction: str = "mean",
    seed: int = 0,
    **options: Any,
) -> None:
    """Assert that a backward pass of one's own returns the gradients of a network.

    ``backward`` is called in this process on fresh random numbers, several batches of at least 5 examples; its
    arguments are fitted by their names (``parameters``, ``cache``, ``X``, ``Y``, ``W1`` …), what it returns is read by
    key (``dW1`` or ``W1``) or in order. ``network`` is a Network or a Derivation; instead, ``options`` are those of
    ``Network.mlp``. ``rows`` says that examples are rows, ``reduction`` whether the loss is the "mean" over the
    examples, their "sum", or PyTorch's default, "torch" (``MSELoss`` is 2/n_L times ours).

    Raises:
        CheckFailedError: an AssertionError whose message is the diagnosis: which gradient, which factor, both versions.
        SpecError: ``backward`` cannot be called or returns no gradients; its own exception is the cause.
    """
    if isinstance(network, derivation.Derivation) and options:
        raise SpecError(f"give a network or options, not both: {', '.join(options)}")
    derived = network if isinstance(network, derivation.Derivation) else derivation.derive(network, **options)
    judged = same_process.judge_function(derived, backward, rows=rows, seed=seed, reduction=reduction)
    if not judged.right:
        raise CheckFailedError(text.write_text(verdict.verdict_page(judged)).rstrip("\n"))
