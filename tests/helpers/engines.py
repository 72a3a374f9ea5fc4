"""Those that read what symbp writes: KaTeX, MathJax, MDX, pandoc, Sphinx. A test that lacks one is skipped."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from report_cases import need

NODE = shutil.which("node")
PANDOC = shutil.which("pandoc")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
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
    found = subprocess.run(ran, input=json.dumps(given), capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
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


def pandoc(folder: Path, source: str, to: str, pages: Mapping[str, str], *options: str) -> tuple[str, str]:
    """Return what pandoc makes of pages, all in one run, and what it says of them."""
    need("pandoc", PANDOC)
    for name, text in pages.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    files = [f"{name}.md" for name in pages]
    command = [str(PANDOC), "--file-scope", "-f", source, "-t", to, *options, *files]
    found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return found.stdout, found.stderr


def parsed(folder: Path, source: str, pages: Mapping[str, str]) -> Any:
    """Return the blocks that pandoc reads in pages, as it writes them in JSON."""
    return json.loads(pandoc(folder, source, "json", pages)[0])["blocks"]


def elements(node: Any) -> Iterator[Any]:
    """Yield every element of what pandoc read, outer ones first."""
    if isinstance(node, dict) and "t" in node:
        yield node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from elements(each)


CONF = 'extensions = ["myst_parser"]\n'
"""No extension of MyST is switched on."""


def sphinx(
    folder: Path, pages: Mapping[str, str], conf: str = CONF, files: Mapping[str, str] | None = None
) -> tuple[dict[str, str], str]:
    """Return the HTML of pages in MyST that Sphinx builds, with the files that they include, and what it warns of."""
    need("Sphinx with myst-parser", find_spec("sphinx") and find_spec("myst_parser"))
    source = folder / "source"
    source.mkdir()
    for name, text in {"conf.py": f'{conf}html_theme = "basic"\n', **(files or {})}.items():
        (source / name).write_text(text, encoding="utf-8")
    (source / "index.md").write_text("# Notes\n\n```{toctree}\n" + "\n".join(pages) + "\n```\n")
    for name, text in pages.items():
        (source / f"{name}.md").write_text(text, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-b",
        "html",
        str(source),
        str(folder / "html"),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    built = {name: (folder / "html" / f"{name}.html") for name in pages}
    return {name: file.read_text(encoding="utf-8") for name, file in built.items() if file.exists()}, ran.stderr


class Html(HTMLParser):
    """What a browser finds in HTML: its text, its elements, their ids, and where its links within the page lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.links: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element."""
        self.tags[tag] += 1
        for name, value in attrs:
            if name == "id":
                self.ids[value or ""] += 1
            if name == "href" and (value or "").startswith("#"):
                self.links.add((value or "")[1:])

    def handle_data(self, data: str) -> None:
        """Take text."""
        self.texts.append(data)

    @property
    def faults(self) -> list[str]:
        """Ids that are there twice, links that lead nowhere."""
        return [*(name for name, count in self.ids.items() if count > 1), *sorted(self.links - {*self.ids, ""})]
