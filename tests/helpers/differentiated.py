"""Runs programs of a library that differentiates, all in one process: ``python -m tests.helpers.differentiated torch``.

Sources by name come in as JSON; what comes out is for each the largest difference from the library's own gradients of
its forward pass, or what its own check says.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any


def runs(library: str, sources: Mapping[str, str]) -> dict[str, float | str]:
    """Run programs in another process."""
    quick = {"XLA_FLAGS": "--xla_backend_optimization_level=0"}
    given = {"env": {**os.environ, **quick}, "input": json.dumps(sources), "text": True, "check": True}
    ended = subprocess.run([sys.executable, "-m", __name__, library], capture_output=True, **given)
    found: dict[str, float | str] = json.loads(ended.stdout.splitlines()[-1])
    return found


def _torch(scope: dict[str, Any]) -> float:
    import torch

    class Context:
        def save_for_backward(self, *kept: Any) -> None:
            pass

    arrays = scope["arrays"]
    leaves = [each for each in arrays if each.requires_grad]
    own = torch.autograd.grad(scope["Loss"].apply(*arrays), leaves)
    theirs = torch.autograd.grad(scope["Loss"].forward(Context(), *arrays), leaves, allow_unused=True)
    zeros = torch.zeros(())
    return max(float((a - (zeros if b is None else b)).abs().max()) for a, b in zip(own, theirs, strict=True))


def _jax(scope: dict[str, Any]) -> float:
    import jax

    names, given = scope["GRADIENTS"], scope["given"]
    arrays, places = [given[name] for name in names], tuple(range(len(names)))

    def plain(*wrt: Any) -> Any:
        held = {**given, **dict(zip(names, wrt, strict=True))}
        return scope["forward"](*(held[name] for name in scope["ARGUMENTS"]))[0]

    own, theirs = (jax.grad(each, argnums=places)(*arrays) for each in (scope["of"], plain))
    return max(float(abs(a - b).max()) for a, b in zip(own, theirs, strict=True))


LIBRARIES: Mapping[str, Callable[[dict[str, Any]], float]] = {"torch": _torch, "jax": _jax}


def main(library: str) -> None:
    """Run what comes in."""
    found: dict[str, float | str] = {}
    for name, source in json.load(sys.stdin).items():
        scope: dict[str, Any] = {"__name__": "__main__"}
        try:
            exec(compile(source, name, "exec"), scope)  # Its own check is part of it.
            found[name] = LIBRARIES[library](scope)
        except Exception as error:  # What went wrong is what the test is told.
            found[name] = f"{type(error).__name__}: {error}"[:300]
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
