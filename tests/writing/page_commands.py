"""Commands whose page is written in every format: a page of each kind beside those of networks."""

from __future__ import annotations

from functools import cache

from commands import outputs

COMMANDS = {
    "flow of a stack": "analyze --layers 8 --widths 16 --activation sigmoid --init xavier",
    "flow of blocks": "analyze transformer-block",
    "flow of steps": "analyze lstm-classifier",
    "comparison": "analyze --layers 8 --widths 16 --activation sigmoid --compare",
    "check": "check small-cnn",
    **{f"{name} alone": f"derive {name} --no-check" for name in ("attention", "batchnorm", "conv2d", "lstm")},
    "numbers": "derive two-two-two --values two-two-two --no-check",
    "theory": "analyze --derive xavier",
    "block of a flow": "analyze transformer-block --only block1",
    "verdict": "check --layers 2 --activation tanh --loss mse --formula dW2=dZ2*A1",
}
"""Each with the arguments it has before -t."""


@cache
def written(name: str, to: str) -> str:
    """Return the page of a command in a format."""
    ((code, text, said),) = outputs([[*COMMANDS[name].split(), "-t", to, "-o", "-", *["-s"] * (to == "typst")]])
    assert code in (0, 1), said  # 1: a verdict that is not right
    return text
