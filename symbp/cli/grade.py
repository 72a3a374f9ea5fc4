"""``symbp grade``: a folder of submissions against one network, a row and a page of feedback each."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from symbp.cli.console import columns, json_document, plain, progress, say, sentence
from symbp.cli.mine import MAX_TIMEOUT, REDUCTIONS
from symbp.cli.options import Json, flat, number, one_of, option, refuse, seed_option
from symbp.cli.sharing import cluster_option, jobs_option, workers
from symbp.cli.what import ModelOptions, NetworkOptions, command_line, described
from symbp.errors import later

if TYPE_CHECKING:
    from symbp.cli import bar
    from symbp.grading import grade, page, submissions
    from symbp.grading.marking import Row
    from symbp.grading.submissions import Settings
    from symbp.writing import text
else:
    bar = later("symbp.cli.bar")
    grade = later("symbp.grading.grade")
    page = later("symbp.grading.page")
    submissions = later("symbp.grading.submissions")
    text = later("symbp.writing.text")

HELP = """\
Judge every submission of a folder against a network: a row in a CSV file and a page of feedback each.

Each runs in a guarded process and an empty folder of its own; a crash, or an endless loop, is a row. What the file
holds already is not done again. Exit code 0 when every row was judged, 3 when one could not be.
"""

PLACE = "marks.csv"

FOLDER = typer.Argument(metavar="NETWORK FOLDER", help="A network (file or example; or options), and the folder.")


@dataclass(frozen=True)
class GradeOptions:
    """Who shares the work, how submissions are read, and where the marks go."""

    csv: Annotated[str | None, option("Grading", "--csv", "The table; marks.csv unless given.", "FILE.csv")] = None
    jobs: Annotated[int, jobs_option("Grading")] = 1
    cluster: Annotated[str | None, cluster_option("Grading")] = None
    only: Annotated[list[str] | None, option("Grading", "--only", "One submission; repeat for more.", "NAME")] = None
    function: Annotated[
        str | None, option("Grading", "--function", "The function in every file, where none is the only one.", "NAME")
    ] = None
    call: Annotated[
        str | None,
        option("Grading", "--call", "How it is called in every file: 'backprop(weights, x=X, reg=0.1)'.", "CALL"),
    ] = None
    rows: Annotated[bool, option("Grading", "--rows", "Rows are examples.")] = False
    reduction: Annotated[
        str | None,
        option(
            "Grading", "--reduction", "Their loss over the batch; mean unless given.", "mean|sum|torch",
            lambda name: one_of(name, REDUCTIONS),
        ),
    ] = None  # fmt: skip
    timeout: Annotated[
        int,
        option("Grading", "--timeout", "How long one may take; 10.", "SECONDS", number(1, MAX_TIMEOUT, "a time limit")),
    ] = 10
    seed: Annotated[int, seed_option("Grading", "values drawn")] = 0

    @property
    def settings(self) -> Settings:
        """How every submission is read."""
        reduction = self.reduction or "mean"
        return submissions.Settings(self.function, self.rows, reduction, self.timeout, self.seed, self.call)

    def place(self) -> Path:
        """Return the file of the table."""
        found = Path(self.csv or PLACE)
        if found.suffix.lower() != ".csv":
            refuse(str(found), "marks are a table; give a file that ends in .csv", "--csv")
        return found


@flat
def command(
    *,
    what: Annotated[list[str] | None, FOLDER] = None,
    network: NetworkOptions,
    model: ModelOptions,
    options: GradeOptions,
    json: Json = False,
) -> int:
    """Run ``symbp grade``; return 3 where a submission could not be judged."""
    named, folder = split(what or [])
    spec, place = described(named, network, model), options.place()
    of = spec.build()
    progress.end()  # The bar says what is done.
    with workers(options.cluster, options.jobs) as executor, bar.progress_bar() as shown:
        task = shown.add_task("", total=None)

        def watch(done: int, of: int, row: Row | None) -> None:
            shown.update(task, completed=done, total=of, description="" if row is None else row.file, refresh=True)

        found = grade.grade(
            of, folder, place, jobs=options.jobs, executor=executor, only=options.only or (),
            settings=options.settings, watch=watch,
        )  # fmt: skip
    if json:
        json_document({"rows": [each.to_dict() for each in found.rows], "wrote": [str(found.csv), str(found.pages)]})
    else:
        again = shlex.join([*shlex.split(command_line("grade", spec)), str(folder)])
        say(text.write_text(page.grade_page(found.rows, command=again), width=columns(), ascii=plain()).rstrip("\n"))
        kept = f"     ({sentence('screen.kept', kept=found.kept, all=len(found.rows))})" if found.kept else ""
        say(f"\n  {sentence('screen.wrote'):<11} {found.csv}, {found.pages}/{kept}")
    return 0 if found.judged else 3


def split(words: list[str]) -> tuple[str | None, str]:
    """Return the network, None where options describe it, and the folder.

    Raises:
        SpecError: no folder, or more than the two.
    """
    if not 1 <= len(words) <= 2:
        refuse(" ".join(words), "give a network and a folder, as in symbp grade network.toml submissions/", "FOLDER")
    return (words[0] if len(words) == 2 else None), words[-1]
