"""The committed gallery is what symbp writes today.

``SYMBP_UPDATE=1 pytest tests/test_gallery.py`` writes it anew.
"""

import pytest
from committed import GALLERY, NAMES, SUFFIXES, UPDATE, gallery


@pytest.mark.parametrize("name", NAMES)
def test_fresh(name):
    for file, text in gallery(name).items():
        path = GALLERY / file
        if UPDATE:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        assert path.read_text(encoding="utf-8") == text


def test_nothing_else_is_in_it():
    assert {path.name for path in GALLERY.iterdir()} == {f"{name}{suffix}" for name in NAMES for suffix in SUFFIXES}
