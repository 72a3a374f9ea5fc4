"""Many documents in one run of pdflatex: what TeX complains of is laid at the door of the document it came from."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

MARGIN = 5.0
"""Points by which a line may pass the margin: nobody sees them."""

SECONDS = 300

ARTICLE = "\\documentclass{article}\n\\usepackage{amsmath}\n"
"""The preamble of fragments that somebody inputs."""

COMPLAINT = re.compile(r"^(?:! .*|Overfull \\[hv]box \(([\d.]+)pt.*|.*\[U\+.*)", re.MULTILINE)
"""An error, a box that leaves the page, a sign that TeX does not know."""


def run(folder: Path, name: str, engine: str = "pdflatex") -> str:
    """Compile one file and return its log."""
    command = [engine, "-no-shell-escape", "-interaction=nonstopmode", f"{name}.tex"]
    environment = {**os.environ, "max_print_line": "1000"}
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False, timeout=SECONDS)
    return (folder / f"{name}.log").read_text(errors="replace")


def complaints(folder: Path, documents: Mapping[str, str], margin: float = MARGIN) -> dict[str, list[str]]:
    """Compile documents, or fragments of one, in one run for all with the same preamble; return what each has wrong."""
    found: dict[str, list[str]] = {}
    preambles: dict[str, dict[str, str]] = {}
    for name, text in documents.items():
        head, _, rest = text.rpartition("\\begin{document}")
        body = rest.partition("\\end{document}")[0]
        preambles.setdefault(head.partition("\\documentclass")[2], {})[name] = body
    for number, (head, bodies) in enumerate(preambles.items()):
        for name, body in bodies.items():
            (folder / f"part-{name}.tex").write_text(body, encoding="utf-8")
        parts = "".join(f"\\typeout{{[part {name}]}}\\input{{part-{name}}}\\clearpage\n" for name in bodies)
        start = f"\\documentclass{head}" if head else ARTICLE
        text = f"{start}\\begin{{document}}\n{parts}\\typeout{{[part end]}}\n\\end{{document}}\n"
        (folder / f"all-{number}.tex").write_text(text, encoding="utf-8")
        log = run(folder, f"all-{number}")
        assert "Output written" in log, log[-2000:]
        _, *sections = re.split(r"^\[part (.+)\]$", log, flags=re.MULTILINE)
        told = dict(zip(sections[::2], sections[1::2], strict=True))
        found |= {
            name: [each[0] for each in COMPLAINT.finditer(told[name]) if is_wrong(each, margin)] for name in bodies
        }
        assert "end" in told, log[-2000:]
    return found


def is_wrong(complaint: re.Match[str], margin: float) -> bool:
    return complaint[1] is None or float(complaint[1]) > margin
