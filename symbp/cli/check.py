"""``symbp check``: its options."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from symbp.cli.options import CheckOptions, JsonOptions, MethodOptions, NetworkOptions, takes
from symbp.cli.theirs import TheirOptions
from symbp.cli.what import WhatOptions
from symbp.errors import later

if TYPE_CHECKING:
    from symbp.cli.jobs import check as check_job
    from symbp.cli.jobs import theirs as theirs_job
else:
    check_job = later("symbp.cli.jobs.check")
    theirs_job = later("symbp.cli.jobs.theirs")


HELP = """\
Compare every derived gradient with differences of the loss, or somebody's own gradient with the derived one.

Complex step, 50-digit differences and central differences, one row a parameter, with the digits that each method
is expected to reach. Exit code 1 when a gradient is wrong, 3 when nothing could tell (overflow, dead units). With
MINE or --formula your own gradient is judged, and what is wrong with it is named.
"""


@takes(WhatOptions, TheirOptions, NetworkOptions, CheckOptions, MethodOptions, JsonOptions)
def command(
    what: WhatOptions,
    theirs: TheirOptions,
    network: NetworkOptions,
    check: CheckOptions,
    methods: MethodOptions,
    as_json: JsonOptions,
) -> int:
    """Run ``symbp check``."""
    named, asked = theirs.read(what.what, network)
    spec, seed = replace(what, what=named).read(network), check.read()
    if asked is not None:
        return theirs_job.run(spec, asked, seed, as_json.json, methods)
    return check_job.run(spec, seed, as_json.json, methods)
