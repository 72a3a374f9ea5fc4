"""README.md and docs/ tell the truth: code and commands run, and what stands below them is what they print.

``SYMBP_UPDATE=1 pytest tests/test_documents.py`` writes the outputs anew. In an output a line ⋮ stands for lines left
out. A Python block whose first line is ``# NAME.py`` is a file for the commands that follow.
"""

import re

import pytest
from committed import DOCUMENTS, ROOT, UPDATE, document

LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


LONG = ("any-depth", "gradients", "README", "formats", "notes", "pytorch")
"""Pages that measure for more than two seconds, make a PDF without TeX, or run PyTorch."""


@pytest.mark.whole
@pytest.mark.parametrize(
    "page",
    [pytest.param(page, marks=[pytest.mark.long] * (page.stem in LONG)) for page in DOCUMENTS],
    ids=lambda page: page.stem,
)
def test_what_stands_there_is_what_happens(page, tmp_path, capsys):
    fresh = document(page, tmp_path, capsys)
    if UPDATE:
        page.write_text(fresh, encoding="utf-8", newline="\n")
    assert page.read_text(encoding="utf-8") == fresh


def test_a_wrong_output_is_seen(tmp_path, capsys):
    wrong = "```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n\n```console\n$ symbp --version\n0.0.0\n⋮\n```"
    page = tmp_path / "wrong.md"
    page.write_text(wrong, encoding="utf-8")
    fresh = document(page, tmp_path, capsys)
    assert "```text\n2\n```" in fresh
    assert "0.0.0" not in fresh


@pytest.mark.whole
@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: page.stem)
def test_links_lead_somewhere(page):
    targets = [target for target in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_index_names_every_page():
    linked = set(LINK.findall((ROOT / "docs" / "README.md").read_text(encoding="utf-8")))
    assert {page.name for page in DOCUMENTS[1:]} - {"README.md"} <= linked
