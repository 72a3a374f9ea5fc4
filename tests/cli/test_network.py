"""Network options that only the floors below can judge: the line still begins with the option to change."""

from __future__ import annotations

import pytest

from symbp.cli.options import binding, widths
from symbp.cli.what import NetworkOptions
from symbp.errors import SpecError

REFUSED = [
    ({"activation": "tahn"}, ["--activation tahn: ", "'tanh'"]),
    ({"loss": "msee"}, ["--loss msee: ", "'mse'"]),
    ({"activation": "tanh", "loss": "msee"}, ["--loss msee: "]),
    ({"output_activation": "relu6"}, ["--output-activation relu6: ", "'relu'"]),
    ({"activation": "softmax"}, ["--activation softmax: ", "output only"]),
    ({"activation": "tanh", "output_activation": "relu", "loss": "bce"}, ["--output-activation relu --loss bce: "]),
    ({"activation": "x.__class__"}, ["--activation x.__class__: "]),
    ({"activation": "__import__('os')"}, ["--activation __import__('os'): "]),
    ({"activation": "9**9**9"}, ["--activation 9**9**9: "]),
    ({"loss": "(" * 10_000}, ["--loss ((("]),
    ({"activation": "x*beta"}, ["--activation x*beta: ", "--let beta="]),
    ({"activation": "tanh", "let": [binding("q=1")]}, ["--let q=1: "]),
    ({"activation": "x*q", "let": [binding("q=nan")]}, ["--let q", "nan"]),
]


@pytest.mark.parametrize(("options", "words"), REFUSED, ids=lambda each: str(each)[:50])
def test_the_option_is_named(options: dict[str, object], words: list[str]) -> None:
    with pytest.raises(SpecError) as caught:
        NetworkOptions(**options).build()  # type: ignore[arg-type]
    said = str(caught.value)
    assert said.isprintable()
    for word in words:
        assert word in said
    assert said.index(words[0].split()[0]) < 60


def test_widths_alone_set_the_layers() -> None:
    assert NetworkOptions(widths=widths("3,5,2")).build().depth == 2
    assert NetworkOptions(widths=widths("5")).build().depth == 3
    assert NetworkOptions().build().depth == 3
