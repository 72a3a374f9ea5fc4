"""For people's own test suites: an assertion whose message says what is wrong with a gradient.

Importing this costs nothing; SymPy and NumPy are loaded when an assertion runs.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from symbp.errors import CheckFailedError, SpecError

if TYPE_CHECKING:
    from symbp.checking.theirs.judging import Judged
    from symbp.derivation import Derivation
    from symbp.networks.network import Network


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
    home = import_module("symbp.derivation")
    is_derived = isinstance(network, home.Derivation)
    if is_derived and options:
        raise SpecError(f"give a network or options, not both: {', '.join(options)}")
    derivation = network if is_derived else home.derive(network, **options)
    judge = import_module("symbp.checking.theirs.same_process").judge_function
    judged: Judged = judge(derivation, backward, rows=rows, seed=seed, reduction=reduction)
    if not judged.right:
        page = import_module("symbp.pages.tell.verdict").verdict_page(judged)
        raise CheckFailedError(import_module("symbp.writing.text").write_text(page).rstrip("\n"))
