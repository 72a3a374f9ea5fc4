"""Notations on the command line: files of one's own, single axes, what symbp.toml sets."""

from __future__ import annotations

import pytest

from symbp.cli.main import main
from symbp.maths.axes import axes, changed, clashes, read_file, written
from symbp.maths.notation import NOTATIONS, STANDARD


def test_a_printed_notation_is_that_notation(tmp_path):
    for row in NOTATIONS.values():
        file = tmp_path / f"{row.name}.toml"
        file.write_text(written(row), encoding="utf-8")
        found = read_file(file)
        assert {name: getattr(found, name) for name in axes()} == {name: getattr(row, name) for name in axes()}


def test_no_two_letters_of_a_notation_clash():
    assert {row.name: list(clashes(row)) for row in NOTATIONS.values() if list(clashes(row))} == {}


def test_a_clash_is_seen():
    with pytest.raises(ValueError, match="weight: activation has the letter A already"):
        changed(STANDARD, {"weight": "A"})


BAD = [
    ('layre = "x"', ":1: layre: no axis of a notation; did you mean 'layer'?"),
    ('\nlayer = "x"', ":2: layer: x does not fit; choose from round, bracket, bare, below"),
    ('preset = "nng"', ":1: preset: nng is no notation; did you mean 'ng'?"),
    ('\npreset = "own.toml"', "own.toml:1: preset: leads back to mine.toml, which starts from it"),
    ('loss = "C"\npreset = "mine.toml"', "mine.toml:2: preset: leads back to mine.toml, which starts from it"),
    ('preset = "deep-0.toml"', "deep-6.toml:1: preset: more than 8 files start from each other"),
    ('preset = "nowhere.toml"', "nowhere.toml"),
    ("preset = 3", ":1: preset: 3 is no notation"),
    ("weight = 3", ":1: weight: 3 does not fit; give one letter"),
    ("[weight]\nletter = 'W'", ":1: weight: {'letter': 'W'} does not fit; give one letter"),
    ('weight = "V"\n"bias" = "V"', ":1: weight: bias has the letter V already"),
    ("layer", "mine.toml: "),
    ('first = "7"', ":1: first: 7 does not fit; layers are counted from 0, 1 or 2"),
    ('activation_number = "3k"', ":1: activation_number: 3k does not fit"),
    ('weight = "\\\\input"', ":1: weight: \\input does not fit; give one letter"),
    ('error = "Z"', ":1: error: preactivation has the letter Z already"),
]


@pytest.mark.parametrize(("text", "said"), BAD)
def test_a_bad_file_is_refused_by_name_and_line(text, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    (tmp_path / "own.toml").write_text('preset = "mine.toml"', encoding="utf-8")
    for number in range(9):
        (tmp_path / f"deep-{number}.toml").write_text(f'preset = "deep-{number + 1}.toml"', encoding="utf-8")
    assert main(["derive", "--layers", "2", "--notation", "mine.toml"]) == 2
    error = capsys.readouterr().err
    assert "--notation" in error
    assert said in error


def only(capsys, *options):
    assert main(["derive", "--layers", "2", "--only", "W1", "-t", "text", *options]) == 0
    return capsys.readouterr().out


def test_one_axis_is_set(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text('preset = "ng"\nloss = "C"\ngradient = "fraction"', encoding="utf-8")
    assert "∂C/∂W" in only(capsys, "--notation", "mine.toml")
    assert only(capsys, "--notation", "ng", "--set", "loss=C", "--set", "gradient=fraction") == only(
        capsys, "--notation", "mine.toml"
    )
    assert main(["derive", "--layers", "2", "--set", "layre=below"]) == 2
    assert "--set layre=below: layre: no axis of a notation; did you mean 'layer'?" in capsys.readouterr().err
    assert main(["notation", "nng"]) == 2
    assert "notation nng: unknown; did you mean 'ng'?" in capsys.readouterr().err


def test_symbp_toml_sets_the_notation_up_to_the_root_of_the_repository(tmp_path, monkeypatch, capsys):
    inside = tmp_path / "course" / "week"
    inside.mkdir(parents=True)
    (tmp_path / "symbp.toml").write_text('notation = "ng"', encoding="utf-8")
    monkeypatch.chdir(inside)
    plain = only(capsys, "-o", "-")
    assert "∂ℒ/∂W" in plain  # It is above, and nothing says that the folder belongs to it.
    (tmp_path / ".git").mkdir()
    assert "dW" in only(capsys, "-o", "-")
    assert only(capsys, "-o", "-", "--no-config") == plain
    assert "∇" in only(capsys, "-o", "-", "--notation", "goodfellow")
    assert main(["derive", "--layers", "1", "--no-check"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("symbp.toml: notation")
    assert main(["derive", "softmax", "--no-check", "-t", "text", "-o", "-"]) == 0  # Has no use for it.
    capsys.readouterr()
    (tmp_path / "symbp.toml").write_text('notation = "ng"\nseed = "3"', encoding="utf-8")
    assert main(["derive", "--layers", "2"]) == 2
    assert (
        "symbp.toml:2: seed is not set here; it sets notation, text_width, label_prefix and nothing else"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize("name", ["scalar", "zhou"])
def test_numbers_are_refused_where_a_notation_has_others(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["derive", "two-two-two", "--values", "two-two-two", "--notation", name]) == 2
    assert f"--notation {name}: its units, thresholds or steps are not the numbers" in capsys.readouterr().err
