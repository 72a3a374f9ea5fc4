"""What is measured in a process of its own: ``python probes.py NAME ARGUMENT …`` prints one JSON document."""

from __future__ import annotations

import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from symbp import Dense, Network, derive
from symbp.networks.recurrent import LSTM
from symbp.networks.transformer import TransformerBlock
from symbp.pages.tell.derivation import derivation_page
from symbp.writing.expanded import expanded
from symbp.writing.files import write_chunks
from symbp.writing.page_latex import write_latex
from symbp.writing.page_markdown import write_markdown
from symbp.writing.text import write_text

STATUS = "/proc/self/status"


def main(name: str, *arguments: str) -> None:
    """Run one probe after a small derivation has imported everything."""
    derive(layers=2)
    print(json.dumps(PROBES[name](*map(int, arguments))))


def derive_time(layers: int) -> dict[str, float]:
    """Time the first derivation of a depth in this process and the best of the next few."""
    times = [_timed(lambda: derive(layers=layers)) for _ in range(6)]
    return {"cold": times[0], "warm": min(times[1:])}


def transformer_time(blocks: int) -> dict[str, float]:
    """Time building and deriving that many pre-norm transformer blocks, best of three."""
    return {"best": min(_timed(lambda: derive(_transformer(blocks))) for _ in range(3))}


def lstm_time(steps: int) -> dict[str, float]:
    """Time building and deriving an LSTM of that many steps with symbolic widths, best of three."""
    return {"best": min(_timed(lambda: derive(_lstm(steps))) for _ in range(3))}


def page_of_layers(layers: int) -> dict[str, float]:
    """Time the page of a plain stack, open activation and loss."""
    return _page(lambda: Network.mlp(layers), 12 if layers < 100 else 4)


def page_of_blocks(blocks: int) -> dict[str, float]:
    """Time the page of that many transformer blocks."""
    return _page(lambda: _transformer(blocks), 5)


def page_of_steps(steps: int) -> dict[str, float]:
    """Time the page of an LSTM of that many steps."""
    return _page(lambda: _lstm(steps), 5)


def _page(make: Callable[[], Network], repeats: int) -> dict[str, float]:
    """Return the best CPU seconds of deriving, of the page, and of each way to write it.

    Each is of a derivation that nobody looked at before; what a process has to do once is done.
    """
    for network in (Network.mlp(2), _transformer(1)):
        _stages(network)
    found = [_stages(make()) for _ in range(repeats)]
    return {key: min(each[key] for each in found) for key in found[0]}


def _stages(network: Network) -> dict[str, float]:
    derivation, derived = _cpu(lambda: derive(network))
    page, told = _cpu(lambda: derivation_page(derivation))
    writers = {"latex": write_latex, "markdown": write_markdown, "text": write_text}
    return {"derive": derived, "page": told, **{name: _cpu(partial(run, page))[1] for name, run in writers.items()}}


def _transformer(blocks: int) -> Network:
    stack = [TransformerBlock(tokens=4, heads=2) for _ in range(blocks)]
    return Network([*stack, Dense(5, "softmax")], 8, "cross_entropy")


def _lstm(steps: int) -> Network:
    return Network([LSTM(None, steps), Dense(None, "tanh")], loss="mse")


def derive_memory(layers: int) -> dict[str, float]:
    """Measure what a derivation keeps and the peak on the way, above what the imports took."""
    gc.collect()
    before = _resident("VmRSS")
    kept = derive(layers=layers)
    after = _resident("VmRSS")
    gradients = list(kept.gradients.values())
    products = [gradient.products for gradient in gradients]
    return {
        "kept": after - before,
        "factored": _resident("VmRSS") - before,
        "peak": _resident("VmHWM") - before,
        "gradients": len(products),
    }


def stream_products(layers: int) -> dict[str, float]:
    """Derive, then write the gradient of every weight, multiplied out, to a file: the CPU seconds of the writing."""
    gc.collect()
    before = _resident("VmRSS")
    derivation = derive(layers=layers)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "gradients.tex")
        _, took = _cpu(lambda: write_chunks(path, expanded(derivation)))
        return {"seconds": took, "size": path.stat().st_size, "peak": _resident("VmHWM") - before}


def sweep_draws(layers: int, width: int, draws: int) -> dict[str, Any]:
    """Measure draws of a sweep, in turns with the bare products and random draws of the same network."""
    from benchmarks.by_hand import bare_flow
    from symbp.analysis.budget import EXAMPLES
    from symbp.analysis.initialisations import initialisation
    from symbp.analysis.streamed import KEPT, Streamed
    from symbp.numeric.sizes import given_sizes

    gc.collect()
    before = _resident("VmRSS")
    derivation = derive(Network.mlp(layers, width, "tanh", loss="mse"))
    ready = Streamed.of(derivation, given_sizes(derivation.forward, EXAMPLES))
    init = initialisation("xavier")
    ours, bare, rates = [], [], []
    for seed in range(draws):
        bare.append(_timed(lambda seed=seed: bare_flow(layers, width, EXAMPLES, seed, KEPT)))
        ours.append(_timed(lambda seed=seed: rates.append(ready.flow(init, seed).rate)))
    return {
        "ours": min(ours), "bare": min(bare), "total": sum(ours), "bare_total": sum(bare), "count": len(rates),
        "peak": _resident("VmHWM") - before, "weights": 8 * layers * width**2,
    }  # fmt: skip


def _timed(run: Callable[[], object]) -> float:
    gc.collect()
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _cpu(run: Callable[[], Any]) -> tuple[Any, float]:
    """Run something; return its result and the CPU seconds it took, which other processes hardly change."""
    gc.collect()
    start = time.process_time()
    result = run()
    return result, time.process_time() - start


def _resident(field: str) -> int:
    """Return this process's resident memory in bytes, now (VmRSS) or at its peak (VmHWM); Linux only."""
    with open(STATUS) as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


PROBES: dict[str, Callable[..., dict[str, Any]]] = {
    "derive": derive_time,
    "lstm": lstm_time,
    "transformer": transformer_time,
    "memory": derive_memory,
    "stream": stream_products,
    "page_of_layers": page_of_layers,
    "page_of_blocks": page_of_blocks,
    "page_of_steps": page_of_steps,
    "sweep": sweep_draws,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
