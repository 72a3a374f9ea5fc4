"""Pages in headless Chromium: a silent console, nothing wider than a phone, no line cut off on a wide page."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import pytest
from engines import CHROMIUM
from page_commands import COMMANDS, written
from pages import PAGES
from report_cases import need
from test_page_html import told
from test_page_latex import EVERYTHING

from symbp.networks.examples import EXAMPLES
from symbp.writing.page_html import write_html

PHONE, WIDE = 360, 1000

pytestmark = pytest.mark.long

FRAME = '<iframe title="{name}" width="{width}" height="800" srcdoc="{text}"></iframe>'
MEASURE = """
<pre id="found"></pre>
<script>addEventListener('load', () => {
  const found = [...document.querySelectorAll('iframe')].map(frame => {
    const page = frame.contentDocument;
    const scrolls = each => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX === 'auto';
    const cut = [...page.querySelectorAll('.right, .line, .table')].filter(scrolls).map(each => each.textContent);
    const math = page.querySelector('math');
    const width = page.documentElement.scrollWidth, wide = math ? math.getBoundingClientRect().width : 1;
    return {name: frame.title, width: width, cut: cut, math: wide};
  });
  document.getElementById('found').textContent = JSON.stringify(found);
});</script>
"""


def seen(pages: dict[str, str], width: int, folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Return what Chromium measures of each page, and what it says on its console."""
    frames = "".join(FRAME.format(name=name, width=width, text=escape(text)) for name, text in pages.items())
    (folder / "frames.html").write_text(f'<!DOCTYPE html><meta charset="utf-8">{frames}{MEASURE}', encoding="utf-8")
    command = [
        CHROMIUM or "", "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom",
        f"--user-data-dir={folder / 'profile'}", (folder / "frames.html").as_uri(),
    ]  # fmt: skip
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    found = re.search(r'<pre id="found">(\[.*?\])</pre>', ran.stdout, re.DOTALL)
    assert found, ran.stdout[-500:]
    plain = found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return json.loads(plain), [line for line in ran.stderr.splitlines() if "CONSOLE" in line]


def documents() -> Iterator[tuple[str, str]]:
    for name in EXAMPLES:
        page, report = told(name)
        yield name, write_html(page)
        yield f"{name} checked", write_html(report)
    yield from ((name, written(name, "html")) for name in COMMANDS)
    for name, page in {**PAGES, "everything": EVERYTHING}.items():
        yield f"{name} by hand", write_html(page)


def test_every_example_fits_a_phone_and_a_wide_page(tmp_path: Path) -> None:
    need("Chromium", CHROMIUM)
    pages = dict(documents())
    found, said = seen(pages, PHONE, tmp_path)
    assert said == []
    assert {each["name"]: each["width"] for each in found if each["width"] > PHONE} == {}
    assert all(each["math"] > 0 for each in found)
    found, said = seen(pages, WIDE, tmp_path)
    assert said == []
    assert {each["name"]: each["cut"] for each in found if each["cut"]} == {}


def test_what_does_not_fit_and_what_complains_is_seen(tmp_path: Path) -> None:
    need("Chromium", CHROMIUM)
    text = write_html(PAGES["mlp"])
    wide = text.replace("<main>", '<main><p style="width:500px">x</p>')
    loud = text.replace("<main>", "<main><script>x</script>")
    cut = text.replace("overflow-x:auto;", "overflow-x:auto;width:20px;")
    found, said = seen({"wide": wide, "cut": cut}, PHONE, tmp_path)
    assert found[0]["width"] > PHONE
    assert found[1]["cut"]
    assert said == []
    _, said = seen({"loud": loud}, PHONE, tmp_path)
    assert any("Content Security Policy" in line for line in said)
