"""How pages are set, on the command line and by symbp.toml: widths, levels, labels, credit, columns."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from symbp.cli.main import main
from symbp.cli.measure import text_width


def said(capsys, *words):
    code = main(list(words))
    out, err = capsys.readouterr()
    return code, out or err


def page(capsys, *options, what=("check", "two-two-two")):
    code, text = said(capsys, *what, "-t", "latex", "-o", "-", *options)
    assert code == 0, text
    return text


@pytest.mark.parametrize(
    ("typed", "letters", "em"),
    [
        ("252pt", None, 22.91), ("252pt", 10, 25.2), ("8cm", None, 20.69), ("3in", None, 19.71), ("120mm", 12, 28.45),
        ("ieee", None, 22.91), ("article", 10, 34.5), ("article", None, 32.73), ("article", 12, 32.5),
        ("tufte", 10, 31.2), ("32em", None, 32.0), ("24.5 em", None, 24.5),
    ],
)  # fmt: skip
def test_a_width_in_em_of_its_letters(typed, letters, em):
    assert text_width(typed).em(letters) == em


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--text-width 3,5,2", "has a unit, as in 252pt; for the widths of layers give --widths 3,5,2"),
        ("--text-width ieeee", "--text-width ieeee: did you mean 'ieee'?"),
        ("--text-width 8km", "8km: give a length in pt, bp, pc, in, cm, mm, em, as in 252pt or 8cm, or one of article"),
        ("--text-width 5pt", "--text-width 5pt: 0.45 em of text; give from 18 to 200 em"),
        ("--text-width 32em --font-size 10", "--font-size 10: 32em counts in letters already"),
        ("--font-size 10", "--font-size 10: the letters of which width? give --text-width too"),
        ("--font-size 7 --text-width 8cm", "the size of letters is a whole number from 8 to 20"),
        ("--widths 252pt", "as in --widths 3,5,2; for the width of text give --text-width 252pt"),
        ("--text-widht 8cm", "--text-widht: no such option; did you mean --text-width?"),
        ("--label-prefix a{b", "--label-prefix a{b: labels begin with letters"),
        ("--columns 60 -t latex -o -", "--columns 60: latex has no columns of characters; leave out --columns"),
        ("--no-credit -t text -o -", "--no-credit: text has no line that says who wrote it; leave out --no-credit"),
    ],
)
def test_what_is_refused(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, text = said(capsys, "derive", "--layers", "1", "--no-check", *words.split())
    assert code == 2
    assert message in text
    assert text.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--text-width 8cm", "--text-width: no page is written; leave out --text-width"),
        ("-s -t gfm", "--standalone: gfm has no standalone form; leave out --standalone"),
        ("--columns 60 -t latex -o -", "--columns: latex has no columns of characters"),
    ],
)
def test_a_page_without_a_use_refuses_as_a_derivation_does(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, text = said(capsys, "check", "two-two-two", *words.split())
    assert (code, message in text) == (2, True), text


def test_the_screen_has_as_many_columns_as_asked_for(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    _, narrow = said(capsys, "derive", "--layers", "2", "--no-check", "--columns", "50")
    _, wide = said(capsys, "derive", "--layers", "2", "--no-check", "--columns", "120")
    longest = [max(map(len, text.partition("  wrote")[0].splitlines())) for text in (narrow, wide)]
    assert longest[0] <= 50 < longest[1] <= 120


MLP = ("derive", "--layers", "1", "--no-check")


def test_labels_begin_with_the_name_of_the_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    said(capsys, *MLP, "-o", "week_3.tex")
    labels = re.findall(r"\\label\{([^#}]*)\}", Path("week_3.tex").read_text("utf-8"))
    assert labels
    assert all(label.startswith("week_3:") for label in labels)
    assert r"\label{nn:" in page(capsys, "--label-prefix", "nn", what=MLP)
    assert r"\label{week" not in page(capsys, what=MLP)


def test_headings_are_lower_and_nobody_is_named(capsys):
    plain, lower = page(capsys, what=MLP), page(capsys, "--shift-heading-level-by", "1", "--no-credit", what=MLP)
    assert "% Made by" in plain
    assert "% Made by" not in lower
    assert re.findall(r"^\\symbp(?:title|heading|subheading|minor)\b", plain, re.MULTILINE)[:2] == [
        r"\symbptitle", r"\symbpheading",
    ]  # fmt: skip
    assert re.findall(r"^\\symbp(?:title|heading|subheading|minor)\b", lower, re.MULTILINE)[:2] == [
        r"\symbpheading", r"\symbpsubheading",
    ]  # fmt: skip


def test_symbp_toml_sets_widths_and_labels_of_every_page(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    plain = page(capsys, what=MLP)
    Path("symbp.toml").write_text('text_width = "7cm"\nlabel_prefix = "nn"\n', encoding="utf-8")
    assert page(capsys, "--no-config", what=MLP) == plain
    found = page(capsys, what=MLP)
    assert r"\label{nn:" in found  # On standard output there is no name of a file.
    assert found != page(capsys, "--text-width", "40em", what=MLP)
    code, text = said(capsys, "check", "two-two-two", "-o", "page.tex")
    assert (code, text.splitlines()[-1].strip()) == (0, "settings    symbp.toml: text_width, label_prefix")
    said(capsys, *MLP, "-o", "deep.tex")
    assert r"\label{nn:deep:" in Path("deep.tex").read_text("utf-8")
    Path("symbp.toml").write_text('\ntext_width = "7"\n', encoding="utf-8")
    code, text = said(capsys, *MLP)
    assert (code, "symbp.toml:2: text_width 7: a width of text has a unit" in text) == (2, True)
