"""The committed gallery is what symbp writes today.

``SYMBP_UPDATE=1 pytest tests/test_gallery.py`` writes it anew.
"""

import pytest
from committed import GALLERY, IN_FORMATS, MODELS, NAMES, NOTATED, UPDATE, formats_of, gallery
from report_cases import PDFLATEX, need
from tex import complaints


@pytest.mark.whole
@pytest.mark.parametrize(
    "name", [*NAMES, *(pytest.param(name, marks=pytest.mark.long) for name in (*MODELS, *NOTATED, *IN_FORMATS))]
)
def test_fresh(name):
    for file, text in gallery(name).items():
        path = GALLERY / file
        if UPDATE:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        assert path.read_text(encoding="utf-8") == text


def test_nothing_else_is_in_it():
    assert {path.name for path in GALLERY.iterdir()} == {
        f"{name}{suffix}" for name in (*NAMES, *MODELS, *NOTATED, *IN_FORMATS) for suffix in formats_of(name)
    }


@pytest.mark.long
def test_every_fragment_compiles_and_fits_the_default_article(tmp_path):
    need("pdflatex", PDFLATEX)
    fragments = [path for path in GALLERY.glob("*.tex") if path.stem != "format-beamer"]  # Its frames want beamer.
    found = complaints(tmp_path, {path.stem: path.read_text(encoding="utf-8") for path in fragments})
    assert {name: said for name, said in found.items() if said} == {}
