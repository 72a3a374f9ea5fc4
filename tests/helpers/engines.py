"""Those that read what symbp writes: KaTeX, MathJax, MDX. A test that lacks one is skipped, and says so."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from report_cases import need

NODE = shutil.which("node")
SCRIPTS = Path(__file__).parents[1] / "node"

Formula = tuple[str, str, bool]
"""Where it stands, what it is, and whether it is displayed."""


def node_modules(*packages: str) -> Path | None:
    """Return the folder that NODE_MODULES says, in which KATEX_DIR is, or that is found from here, if it has all."""
    alone = os.environ.get("KATEX_DIR")
    given = os.environ.get("NODE_MODULES") or (alone and Path(alone).parent)
    folders = [Path(given)] if given else [Path(folder, "node_modules") for folder in (Path.cwd(), Path.home())]
    return next((each for each in folders if all((each / package).is_dir() for package in packages)), None)


def node(script: str, packages: Sequence[str], given: object) -> Any:
    """Return what one of our scripts prints as JSON for what it is given as JSON."""
    folder = node_modules(*packages) if NODE else None
    need(f"{', '.join(packages)} (set NODE_MODULES)", folder)
    ran = [str(NODE), str(SCRIPTS / script), str(folder)]
    found = subprocess.run(ran, input=json.dumps(given), capture_output=True, text=True, check=True)
    return json.loads(found.stdout)


def refused(formulas: Sequence[Formula]) -> list[list[str]]:
    """Return the formulas that KaTeX refuses in strict mode, with the reason."""
    return list(node("katex.cjs", ["katex"], formulas))


def refused_by_mathjax(formulas: Sequence[Formula]) -> list[list[str]]:
    """Return the formulas in which MathJax 3 finds an error."""
    return list(node("mathjax.cjs", ["mathjax"], formulas))


def html_of_mdx(pages: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the HTML that MDX with remark-math and rehype-katex makes of pages, or the error of each."""
    return dict(node("mdx.mjs", ["@mdx-js/mdx", "remark-math", "rehype-katex"], pages))
