"""The files of ``examples/architectures``: what they say of themselves, their losses, and when two are the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from committed import ROOT
from sympy import Basic, MatrixSymbol

from symbp import Network
from symbp.ops.elementwise import ScalarFunction
from symbp.symbols import Variable

ARCHITECTURES = sorted((ROOT / "examples" / "architectures").iterdir())


def header(place: Path) -> tuple[str, str]:
    """Return the first two lines: what it is, and the paper it comes from."""
    first, second, *_ = place.read_text(encoding="utf-8").splitlines()
    assert first.startswith("# ")
    assert re.match(r"# .+ \(\d{4}\), .+", second), f"{place.name}: # authors (year), title of the paper"
    return first[2:], second[2:]


def losses_of(place: Path) -> list[str | None]:
    """Return the names of its losses where it has several, else None for the only one."""
    names = re.findall(r"^(loss_\w+) =", place.read_text(encoding="utf-8"), re.MULTILINE)
    return [*names] if len(names) > 1 else [None]


def networks(place: Path) -> list[Network]:
    """Return the network of each loss."""
    return [Network.load(place, loss=loss) for loss in losses_of(place)]


def canonical(network: Network) -> tuple[Any, ...]:
    """Return the forward list without names, sizes and numbers: what two equal architectures share."""
    seen: dict[str, int] = {}
    return tuple((_bare(each.rhs, seen), _bare(each.lhs, seen)) for each in network.forward)


def _bare(node: Basic, seen: dict[str, int]) -> Any:
    if isinstance(node, MatrixSymbol):
        kind = node.role.name if isinstance(node, Variable) and node.name not in seen else ""
        return seen.setdefault(node.name, len(seen)), kind
    if isinstance(node, ScalarFunction):
        return node.name, str(node.args[1:3])
    return type(node).__name__, tuple(_parts(node, seen))


def _parts(node: Basic, seen: dict[str, int]) -> Iterator[Any]:
    for each in node.args:
        if isinstance(each, ScalarFunction) or getattr(each, "is_Matrix", False):
            yield _bare(each, seen)


DOCUMENT = ROOT / "docs" / "architectures.md"

OPENING = """# Architectures

Networks as they stand in papers and textbooks, each typed in the language of equations, or in layers where these say it
better ([networks.md](networks.md)). The first two lines of a file say what it is and where it comes from.

```text
symbp derive examples/architectures/highway.eq
symbp check examples/architectures/highway.eq
symbp derive examples/architectures/gan.eq --loss loss_g
```

Every file is derived and checked by the tests, and its loss and gradients are compared with a network that was written
in PyTorch from the paper.

| architecture | from | file |
|---|---|---|
"""


def document() -> str:
    """Return docs/architectures.md as the files say it should be, by year."""
    rows = []
    for place in ARCHITECTURES:
        title, source = header(place)
        year = int(re.search(r"\((\d{4})\)", source)[1])
        rows.append((year, title, f"| {title} | {source} | [{place.stem}](../examples/architectures/{place.name}) |"))
    return OPENING + "\n".join(line for _, _, line in sorted(rows)) + "\n"
