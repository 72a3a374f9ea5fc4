"""The tests of the tests: where they run, that a skip fails in CI, that every planted mistake has its place."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT))

from tests.planted.__main__ import spread  # noqa: E402
from tests.planted.mistakes import KINDS, MISTAKES, Mistake  # noqa: E402


@pytest.mark.whole
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda each: each.name)
def test_a_planted_mistake_has_its_place(mistake: Mistake) -> None:
    """Where a line has changed, its mistake gets the new text in tests/planted/mistakes.py."""
    for wrong in mistake.new:
        place, text = mistake.planted(ROOT, wrong)
        assert text != place.read_text(encoding="utf-8")
        compile(text, str(place), "exec")
    assert all((ROOT / "tests" / each).is_file() for each in mistake.tests)


def test_there_are_forty_mistakes_and_two_of_each_kind() -> None:
    counts = Counter(each.kind for each in MISTAKES)
    assert sorted(counts) == sorted(KINDS)
    assert min(counts.values()) >= 2
    assert counts.total() >= 40


def test_a_mistake_without_its_place_is_refused() -> None:
    for old in ("no such line\n", "return"):
        with pytest.raises(ValueError, match="times, not once"):
            Mistake("sign", "op.py", old, ("",), ()).planted(ROOT, "")


def test_of_many_cases_the_short_suite_runs_some(pytestconfig: pytest.Config) -> None:
    conftest = pytestconfig.pluginmanager.get_plugin(str(ROOT / "tests" / "conftest.py"))
    for mark, count in (("", conftest.MOST), ("whole", 30)):
        items = [Case(f"tests/test_x.py::test_y[{at}]", {mark}) for at in range(30)]
        conftest.pytest_collection_modifyitems(items)
        left = [item for item in items if "long" not in item.marks]
        assert len(left) == count
        assert (left[0], left[-1]) == (items[0], items[-1])


@dataclass
class Case:
    """What the hook asks of a test."""

    nodeid: str
    marks: set[str]
    path: Path = ROOT / "tests" / "test_x.py"

    def get_closest_marker(self, name: str) -> bool:
        return name in self.marks

    def add_marker(self, mark: pytest.MarkDecorator) -> None:
        self.marks.add(mark.name)


@pytest.mark.parametrize(("args", "workers"), [(["tests"], None), (["tests/a/test_b.py::test_c"], 0)])
def test_a_single_file_starts_no_workers(args: list[str], workers: int | None, pytestconfig: pytest.Config) -> None:
    conftest = pytestconfig.pluginmanager.get_plugin(str(ROOT / "tests" / "conftest.py"))
    assert conftest.pytest_xdist_auto_num_workers(SimpleNamespace(args=args)) == workers


@pytest.mark.long
@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize(
    "source",
    [
        "import pytest\ndef test_a(): pytest.skip('away')\n",
        "import pytest\npytest.skip('away', allow_module_level=True)\n",
        "import warnings\ndef test_a(): warnings.warn('old')\n",
    ],
    ids=["test", "module", "warning"],
)
def test_in_ci_a_skip_fails_and_a_warning_anywhere(source: str, workers: str, tmp_path: Path) -> None:
    (tmp_path / "tests" / "planted").mkdir(parents=True)
    for name in ("pyproject.toml", "tests/conftest.py", "tests/planted/mistakes.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "tests" / "test_mine.py").write_text(source, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-n", workers, "-p", "no:cacheprovider"]
    environment = {**os.environ, "CI": "true", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in (1, 2), done.stdout
    assert "away" in done.stdout or "old" in done.stdout


def test_some_mistakes_are_of_every_kind() -> None:
    found = spread([(mistake, "") for mistake in MISTAKES], 2 * len(KINDS))
    assert set(Counter(mistake.kind for mistake, _ in found).values()) == {2}
