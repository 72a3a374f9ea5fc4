"""Time symbp against its targets and against the tools a user might pick instead.

    python -m benchmarks [--only NAME] [--json]

One table: what was measured, its target or the peer it stands beside, their ratio, the verdict. Peers are an
extra: pip install '.[benchmark]'. Exit code 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module

from benchmarks.table import MISSED, Row, missing, table

GROUPS = (
    "derive", "fold", "check", "render", "compiled", "sequences", "analyze", "startup", "peers", "memory", "strict",
    "sweep",
)  # fmt: skip
"""The groups of rows, each a file beside this one with a tuple ROWS of functions."""

ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> int:
    """Run the groups asked for and print their rows."""
    parser = argparse.ArgumentParser(description="Time symbp against its targets and its peers.")
    parser.add_argument("--only", choices=GROUPS, action="append", help="run this group only (repeatable)")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of the table")
    options = parser.parse_args()
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    rows = [row for group in options.only or GROUPS for row in measured(group)]
    print(json.dumps([row.to_dict() for row in rows], indent=2) if options.json else table(rows))
    return int(any(row.verdict == MISSED for row in rows))


def measured(group: str) -> Iterator[Row]:
    """Yield a group's rows; one that cannot be measured says why instead of ending the run."""
    try:
        # Loaded by name, after the number of threads is set, which NumPy reads when it is imported.
        functions: tuple[Callable[[], Iterator[Row]], ...] = import_module(f"benchmarks.{group}").ROWS
    except Exception as error:
        yield missing(group, error)
        return
    for function in functions:
        title = (function.__doc__ or function.__name__).splitlines()[0].rstrip(".")
        print(f"{group}: {title}", file=sys.stderr, flush=True)
        try:
            yield from function()
        except Exception as error:
            yield missing(title, error)


if __name__ == "__main__":
    sys.exit(main())
