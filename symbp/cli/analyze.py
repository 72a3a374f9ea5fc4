"""``symbp analyze``: its options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from symbp.cli.analysis_options import CurveOptions, MeasureOptions, Measures, PageOptions, Theory, TheoryOptions
from symbp.cli.options import JsonOptions, takes
from symbp.cli.what import Described, WhatOptions
from symbp.errors import later

if TYPE_CHECKING:
    from symbp.cli.jobs import analyze as analyze_job
    from symbp.cli.jobs import theory as theory_job
else:
    analyze_job = later("symbp.cli.jobs.analyze")
    theory_job = later("symbp.cli.jobs.theory")


@dataclass(frozen=True)
class Request:
    """What to analyze, what to measure of it, and what to write."""

    networks: tuple[Described, ...]
    measures: Measures
    page: PageOptions
    json: bool
    is_named: bool
    theory: Theory

    @property
    def is_theory(self) -> bool:
        """Whether theory is asked for, without a measurement."""
        return self.theory.solve_init or self.theory.derive is not None


HELP = """\
Say what happens to the gradient on its way to the first layer, and which factor does it.

Every factor is measured on the gradient that flows through it; the logarithms add up to those of the compiled
gradients, or the exit code is 1. Network options and --init may be repeated, one curve each; without
--activation it contrasts sigmoid with ReLU. The report is written to output/ as .md and .tex, whose figures, all that
    there are, are PNG files; -t latex or -o FILE.tex alone has them as PDF, --only FIGURE -o FILE.svg one as SVG.
"""


@takes(WhatOptions, CurveOptions, MeasureOptions, TheoryOptions, PageOptions, JsonOptions)
def command(
    what: WhatOptions,
    network: CurveOptions,
    measure: MeasureOptions,
    theory: TheoryOptions,
    page: PageOptions,
    as_json: JsonOptions,
) -> int:
    """Run ``symbp analyze``."""
    found = what.read(network)
    networks = tuple(found) if isinstance(found, list) else (found,)
    request = Request(networks, Measures.read(measure), page, as_json.json, what.what is not None, theory.read())
    if request.is_theory:
        return theory_job.run(request)
    return analyze_job.run(request)
