"""``symbp check``: its options."""

from __future__ import annotations

from symbp.cli.options import CheckOptions, JsonOptions, MethodOptions, NetworkOptions, takes
from symbp.cli.registry import job
from symbp.cli.what import WhatOptions


@takes(WhatOptions, NetworkOptions, CheckOptions, MethodOptions, JsonOptions)
def command(
    what: WhatOptions, network: NetworkOptions, check: CheckOptions, methods: MethodOptions, as_json: JsonOptions
) -> int:
    """Compare every derived gradient with differences of the loss.

    Complex step, 50-digit differences and central differences, one row a parameter, with the digits that each method
    is expected to reach. Exit code 1 when a gradient is wrong, 3 when nothing could tell (overflow, dead units).
    """
    spec, seed = what.read(network), check.read()
    return int(job("check").run(spec, seed, as_json.json, methods))
