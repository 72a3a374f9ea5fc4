"""For people's own test suites: assertions whose messages say what is wrong with a gradient, or with an operation.

Importing this costs nothing; SymPy and NumPy are loaded when an assertion runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from symbp.errors import CheckFailedError, SpecError, later

if TYPE_CHECKING:
    from symbp import derivation
    from symbp.checking import operation
    from symbp.derivation import Derivation
    from symbp.judging import same_process
    from symbp.judging.judging import Judged
    from symbp.networks.network import Network
    from symbp.op import Op
    from symbp.pages.tell import derivation as derivation_pages
    from symbp.pages.tell import operations, verdict
    from symbp.writing import render, text
else:
    derivation = later("symbp.derivation")
    derivation_pages = later("symbp.pages.tell.derivation")
    operation = later("symbp.checking.operation")
    operations = later("symbp.pages.tell.operations")
    render = later("symbp.writing.render")
    same_process = later("symbp.judging.same_process")
    verdict = later("symbp.pages.tell.verdict")
    text = later("symbp.writing.text")


def assert_gradients_match(
    backward: Callable[..., Any] | tuple[Callable[..., Any], Callable[..., Any]],
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

    A pair, ``(affine_forward, affine_backward)``, is a layer by itself: the second is held against differences of the
    first, and no network is given.

    Raises:
        CheckFailedError: an AssertionError whose message is the diagnosis: which gradient, which factor, both versions.
        SpecError: ``backward`` cannot be called or returns no gradients; its own exception is the cause.
    """
    if isinstance(backward, tuple):
        _assert_layer(*backward, seed=seed, is_alone=network is None and not options and reduction == "mean")
        return
    if isinstance(network, derivation.Derivation) and options:
        raise SpecError(f"give a network or options, not both: {', '.join(options)}")
    derived = network if isinstance(network, derivation.Derivation) else derivation.derive(network, **options)
    _require_right(same_process.judge_function(derived, backward, rows=rows, seed=seed, reduction=reduction))


def _assert_layer(
    forward: Callable[..., Any], backward: Callable[..., Any], *, seed: int, is_alone: bool
) -> None:  # fmt: skip
    if not is_alone:
        raise SpecError("a layer by itself is held against its own forward pass: leave out the network and its options")
    _require_right(same_process.judge_layer(forward, backward, seed=seed))


def _require_right(judged: Judged) -> None:
    if not judged.right:
        raise CheckFailedError(text.write_text(verdict.verdict_page(judged)).rstrip("\n"))


def check_operation(node: Op) -> None:
    """Assert that an operation is whole: its meaning, its rule, its words, its entry form, and a page with it.

    ``node`` is the operation on symbols whose sizes are letters, or numbers that differ; operands with a role of data
    (mask, constant, target) are not differentiated by. Its meaning runs on arrays that nothing may write to, on complex
    numbers, with 50 digits and on stacked copies; its rule is compared with differences of the meaning (complex step
    and 50 digits) at sizes that all differ and several examples, once more with one symbol twice where two operands
    have one shape. What the rule makes must have a rule too: gradients are differentiated again. ``flat`` operations
    have no gradient to compare.

    Raises:
        CheckFailedError: an AssertionError of one line that says what is wrong.
        RuleNotFoundError: it has no meaning or no rule; the message says what to write.
        SpecError: the node is none on symbols, or equal sizes would hide a missing transpose.
    """
    derived = operation.examined(node)
    if not isinstance(node.label, str) or not node.label.strip() or not node.label.isprintable():
        raise CheckFailedError(f"the label of {type(node).__name__} is a word, not {node.label!r}")
    shown = operations.shown(derivation_pages.context(derived))
    for each in shown:
        if each.entry() is None:
            kind = type(each).__name__
            raise CheckFailedError(f"the page does not say what {each.label} is: {kind} needs its entry()")
    try:
        page = text.write_text(derivation_pages.derivation_page(derived))
        for notation in ("standard", "rows"):
            render.render(derived, to="latex", notation=notation)
    except Exception as error:  # whatever the operation's own methods raise
        raise CheckFailedError(f"{type(node).__name__} cannot be printed: {error}") from error
    by_label = any(type(each) is type(node) for each in shown) and node.sign is None and node.extent is None
    if by_label and node.label not in page:
        raise CheckFailedError(f"the label of {type(node).__name__}, {node.label}, does not stand on its page")
