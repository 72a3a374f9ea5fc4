"""Every operation that is read, in a small module: ours are PyTorch's gradients, and the lines read back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from modules import error, exported
from same_lists import unnamed

from symbp.networks.equation_text import equation_text
from symbp.networks.files import equations_of
from symbp.networks.importing.reader import imported

pytestmark = pytest.mark.long

torch = pytest.importorskip("torch")
nn, F = torch.nn, torch.nn.functional

D = torch.float64


class Small(nn.Module):
    """What ``forward`` makes of inputs and of parameters of these shapes; modules beside them by name."""

    def __init__(self, forward: Callable[..., Any], *shapes: tuple[int, ...], **modules: nn.Module) -> None:
        super().__init__()
        self.own = forward
        self.p = nn.ParameterList([nn.Parameter(torch.randn(shape, dtype=D)) for shape in shapes])
        for name, module in modules.items():
            self.add_module(name, module.double())

    def forward(self, *inputs: Any) -> Any:
        return self.own(self, *inputs)


def arithmetic(s, x):
    a = x @ s.p[0] + s.p[1]
    b = torch.mm(x, s.p[0]) * 2 - 1
    return torch.rsub(a, 3, alpha=2) * b + (-a) - torch.sub(b, a, alpha=0.5) + 1.5 * s.p[2]


def shapes(s, x):
    h = F.linear(x, s.p[0])
    h = h.view(x.shape[0], 4, 2, 3).transpose(1, 2).reshape(x.shape[0], 2, 12).permute(0, 2, 1)
    h = h.unsqueeze(1).squeeze(1).flatten(1).clone()
    return h * s.p[1].unsqueeze(0).expand(x.shape[0], -1).contiguous()


def parts(s, x):
    h = F.linear(x, s.p[0])
    a, b = h.split([2, 4], -1)
    c, d = b.chunk(2, -1)
    first, second = c.unbind(-1)
    return a * c + d[..., 0:2] * h[..., 4:] + (first * second).unsqueeze(-1) + h[:, 1, :2].unsqueeze(1)


def together(s, x):
    h = F.linear(x, s.p[0])
    both = torch.cat([h, x.mean(-1, keepdim=True), h[..., :1]], dim=-1)
    rows = torch.cat([h, h * 2], dim=1).sum(1)
    stacked = torch.stack([rows, rows**2], dim=1).flatten(1)
    return torch.hstack([both.sum(1), stacked])


def convolutions(s, x):
    h = F.relu(F.conv2d(x, s.p[0], s.p[1], stride=(2, 1), padding=1))
    h = F.conv2d(h, s.p[2], None, dilation=2, padding=2, groups=2)
    return F.max_pool2d(h, 2).flatten(1).sum(1, keepdim=True) + s.pool(h).flatten(1).mean(1, keepdim=True)


def pools(s, x):
    h = torch.tanh(s.conv(x))
    a = F.avg_pool2d(h, (2, 1), stride=1).flatten(1).sum(1)
    b = F.adaptive_avg_pool2d(h, (1, 2)).flatten(1).sum(1)
    return a + b * h.mean([2, 3]).sum(1) + F.avg_pool2d(h, h.size(2)).flatten(1).sum(1)


def signals(s, x):
    return F.conv1d(torch.tanh(F.conv1d(x, s.p[0], s.p[1], padding=1)), s.p[2], stride=2).flatten(1)


def transposed(s, x):
    return F.conv_transpose2d(F.conv_transpose2d(x, s.p[0], s.p[1], stride=2), s.p[2], padding=1, output_padding=0)


def norms(s, x):
    h = F.layer_norm(F.linear(x, s.p[0]), (6,), s.p[1], s.p[2])
    h = h * torch.rsqrt(h.pow(2).mean(-1, keepdim=True) + 1e-6) * s.p[3]
    return F.layer_norm(h, (4, 6))


def attention(s, q, k):
    a, b = F.linear(q, s.p[0]), F.linear(k, s.p[1])
    heads = [each.view(each.shape[0], -1, 2, 2).transpose(1, 2) for each in (a, b, b * 2)]
    keep = torch.tensor([[True, False, True], [True, True, True]])
    plain = F.scaled_dot_product_attention(*heads)
    masked = F.scaled_dot_product_attention(*heads, attn_mask=keep)
    shifted = F.scaled_dot_product_attention(
        *heads, attn_mask=torch.tensor([[0.5, -1.0, 0.0], [0.0, 0.25, 1.0]], dtype=D)
    )
    own = F.scaled_dot_product_attention(heads[1], heads[1], heads[2], is_causal=True, scale=0.3)
    return (plain + masked * shifted).transpose(1, 2).flatten(1).sum(1) + own.flatten(1).sum(1)


def many_products(s, x):
    a, b = F.linear(x, s.p[0]), F.linear(x, s.p[1])
    one = torch.bmm(a, b.transpose(1, 2))
    two = torch.einsum("btd,bsd->bts", a, b)
    three = torch.einsum("btd,de->bte", a, s.p[2])
    return (torch.matmul(one, b) + two @ three).flatten(1) + (a @ s.p[3]).sum(1, keepdim=True)


def padded(s, x, keep):
    q, k, v = F.linear(x, s.p[0]), F.linear(x, s.p[1]), F.linear(x, s.p[2])
    scores = q @ k.transpose(1, 2) / 2
    scores = scores.masked_fill(keep.unsqueeze(1) == 0, float("-inf"))
    return torch.softmax(scores, -1) @ v


def masked_twice(s, x, keep):
    q, k = F.linear(x, s.p[0]), F.linear(x, s.p[1])
    later = torch.triu(torch.ones(4, 4), 1) > 0
    scores = (q @ k.transpose(1, 2)).masked_fill(later, float("-inf"))
    both = scores.masked_fill(keep.unsqueeze(1) == 0, float("-inf"))
    shifted = scores + torch.linspace(0, 1, 4, dtype=D)
    return torch.softmax(both, -1) @ k + torch.softmax(shifted, -1) @ q


ACTIVATIONS = ("relu", "sigmoid", "tanh", "elu", "leaky_relu", "silu", "softplus", "hardswish", "gelu", "mish", "selu")


def activations(s, x):
    h = F.linear(x, s.p[0])
    total = F.gelu(h, approximate="tanh") + torch.sin(h) + F.elu(h, 0.5) + F.softplus(h, beta=2) + F.logsigmoid(h)
    for name in ACTIVATIONS:
        total = total + getattr(F, name)(h)
    return total


def functions(s, x):
    h = F.linear(x, s.p[0])
    positive = torch.exp(h) + 1
    a = torch.sqrt(positive) + torch.rsqrt(positive) + torch.log1p(positive) + torch.log(positive) + torch.cos(h)
    b = h**3 + torch.abs(h) + h.clamp(-0.5, 0.5) + h.clamp(min=0.1) + F.relu6(h) + positive.pow(-1.5) + torch.square(h)
    return a + b + F.prelu(h, s.p[1]) + torch.maximum(h, -h) + torch.minimum(h, x.sum(-1, keepdim=True))


def quotients(s, x):
    h = F.linear(x, s.p[0])
    return h / (1 + h**2) + 1 / (2 + h * h) + h / s.p[1] + torch.reciprocal(3 + h**2)


def sums(s, x):
    h = F.linear(x, s.p[0])
    centred = h - h.mean(1, keepdim=True)
    a = centred / torch.sqrt(h.var(1, unbiased=False, keepdim=True) + 0.1) + h.sum(-1, keepdim=True)
    return a + h.var(-1, keepdim=True) + h.mean() + h.mean(0, keepdim=True) + h.sum((1, 2), keepdim=True)


def maxima(s, x):
    h = F.linear(x, s.p[0])
    return h.max(dim=1).values + h.amax(-1, keepdim=True)[:, 0] + torch.cumsum(h, -1).sum(1)


def choices(s, x):
    h = F.linear(x, s.p[0])
    mask = torch.tensor([[True, False, True, False]])
    a = h.masked_fill(mask, 0.5) + torch.where(h > 0, h, 0.1 * h**2) + torch.where(mask, h, 2.0)
    return a + torch.where(x.sum(-1, keepdim=True) > 0, h, -h)


def filled(s, x):
    h = F.linear(x, s.p[0])
    start = h.new_zeros(x.shape[0], 4)
    return start + h * torch.ones_like(h) - torch.full_like(h, 0.3) + torch.zeros_like(h) + F.dropout(h, 0.5, False)


def stopped(s, x):
    h = F.linear(x, s.p[0])
    return h + h.detach() * h


def looked_up(s, tokens):
    return (F.embedding(tokens, s.p[0]) + F.embedding(torch.arange(tokens.shape[1]), s.p[1])).flatten(1)


def recurrent(name: str, **options: Any) -> Small:
    layer = getattr(nn, name)(3, 2, **options)

    def forward(s, x):
        out, _ = s.layer(x)
        return out

    return Small(forward, layer=layer)


def cells(s, x):
    h = c = torch.zeros(x.shape[0], 2, dtype=x.dtype)
    g = h
    for at in range(x.shape[1]):
        h, c = s.lstm(x[:, at], (h, c))
        g = s.gru(h, g)
    return g + c


def image(*shape: int) -> Any:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=D)


X, T = image(5, 3), image(5, 4, 3)
IMAGE = image(3, 2, 6, 5)
KEPT = torch.tensor([[1, 1, 1, 0], [1, 0, 1, 1], [1, 1, 0, 0]])
TOKENS = torch.tensor([[0, 2, 1], [3, 3, 0], [1, 4, 2]])

ROWS: dict[str, tuple[Callable[[], nn.Module], Any]] = {
    "arithmetic": (lambda: Small(arithmetic, (3, 4), (4,), (4,)), X),
    "shapes": (lambda: Small(shapes, (24, 3), (24,)), X),
    "parts": (lambda: Small(parts, (6, 3)), T),
    "together": (lambda: Small(together, (4, 3)), T),
    "convolutions": (
        lambda: Small(convolutions, (4, 2, 3, 3), (4,), (2, 2, 2, 2), pool=nn.AdaptiveAvgPool2d(1)), IMAGE,
    ),
    "pools": (lambda: Small(pools, conv=nn.Conv2d(2, 3, 3, padding=1)), image(3, 2, 4, 4)),
    "signals": (lambda: Small(signals, (4, 2, 3), (4,), (2, 4, 2)), image(3, 2, 6)),
    "transposed convolutions": (lambda: Small(transposed, (2, 3, 2, 2), (3,), (3, 1, 3, 3)), image(3, 2, 3, 2)),
    "batch norms": (lambda: Small(lambda s, x: s.a(s.n(x)), n=nn.BatchNorm2d(2), a=nn.Conv2d(2, 2, 1)), IMAGE),
    "batch norm of columns": (lambda: Small(lambda s, x: s.n(s.a(x)), a=nn.Linear(3, 4), n=nn.BatchNorm1d(4)), X),
    "batch norm in eval": (lambda: Small(lambda s, x: s.n(x), n=nn.BatchNorm2d(2)).eval(), IMAGE),
    "group norm": (lambda: Small(lambda s, x: s.n(s.c(x)), c=nn.Conv2d(2, 4, 1), n=nn.GroupNorm(2, 4)), IMAGE),
    "norms": (lambda: Small(norms, (6, 3), (6,), (6,), (6,)), T),
    "attention": (lambda: Small(attention, (4, 3), (4, 3)), (image(3, 2, 3), image(3, 3, 3))),
    "products": (lambda: Small(many_products, (3, 3), (3, 3), (3, 3), (3, 1)), T),
    "padding": (lambda: Small(padded, (3, 3), (3, 3), (3, 3)), (T[:3], KEPT)),
    "masked twice": (lambda: Small(masked_twice, (3, 3), (3, 3)), (T[:3], KEPT)),
    "activations": (lambda: Small(activations, (4, 3)), X),
    "functions": (lambda: Small(functions, (4, 3), (1,)), X),
    "quotients": (lambda: Small(quotients, (4, 3), (4,)), X),
    "sums": (lambda: Small(sums, (4, 3)), T),
    "maxima": (lambda: Small(maxima, (4, 3)), T),
    "choices": (lambda: Small(choices, (4, 3)), X),
    "filled": (lambda: Small(filled, (4, 3)), X),
    "stopped": (lambda: Small(stopped, (4, 3)), X),
    "looked up": (lambda: Small(looked_up, (5, 3), (3, 3)), TOKENS),
    "rnn": (lambda: recurrent("RNN", batch_first=True), T),
    "lstm": (lambda: recurrent("LSTM", batch_first=True, num_layers=2, bidirectional=True), T[:, :2]),
    "gru": (lambda: recurrent("GRU"), T[:3]),
    "cells": (lambda: Small(cells, lstm=nn.LSTMCell(3, 2), gru=nn.GRUCell(2, 2)), T[:, :2]),
}  # fmt: skip


def squares(output: Any, target: Any) -> Any:
    return (output * target).sum() + output.pow(2).mean()


@pytest.mark.parametrize("name", ROWS)
def test_a_row_of_the_table(name: str) -> None:
    torch.manual_seed(3)
    make, inputs = ROWS[name]
    module, given = make(), inputs if isinstance(inputs, tuple) else (inputs,)
    with torch.no_grad():
        target = torch.randn(module(*given).shape, dtype=D)
    message = exported(module, given, target, squares)
    assert error(message) < 1e-11
    network = imported(message).network
    assert unnamed(equations_of(equation_text(network)).forward) == unnamed(network.forward)


CLASSES = torch.tensor([1, 0, 3, 3, 2])
SEQUENCES = torch.tensor([[1, -100], [0, 3], [-100, 2], [3, 3], [2, 1]])
WEIGHTS = torch.tensor([0.5, 1.0, 2.0, 1.5], dtype=D)

LOSSES: dict[str, tuple[Callable[..., Any], Any]] = {
    **{name: (getattr(F, name), torch.rand(5, 4, dtype=D)) for name in ("mse_loss", "l1_loss", "huber_loss")},
    "sum of squares": (lambda a, y: F.mse_loss(a, y, reduction="sum"), torch.rand(5, 4, dtype=D)),
    "entries": (lambda a, y: (F.mse_loss(a, y, reduction="none") * y).sum(), torch.rand(5, 4, dtype=D)),
    "smooth l1": (lambda a, y: F.smooth_l1_loss(a, y, beta=0.4), torch.rand(5, 4, dtype=D)),
    "huber": (lambda a, y: F.huber_loss(a, y, delta=0.3), torch.rand(5, 4, dtype=D)),
    "binary": (lambda a, y: F.binary_cross_entropy(torch.sigmoid(a), y), torch.rand(5, 4, dtype=D).round()),
    "binary of others": (lambda a, y: F.binary_cross_entropy(a.sigmoid() * 0.6 + 0.2, y), torch.rand(5, 4, dtype=D)),
    "binary with logits": (F.binary_cross_entropy_with_logits, torch.rand(5, 4, dtype=D).round()),
    "classes": (F.cross_entropy, CLASSES),
    "smoothed classes": (lambda a, y: F.cross_entropy(a, y, label_smoothing=0.1), CLASSES),
    "weighted classes": (lambda a, y: F.cross_entropy(a, y, weight=WEIGHTS), CLASSES),
    "sum over classes": (lambda a, y: F.cross_entropy(a, y, reduction="sum"), CLASSES),
    "probabilities": (F.cross_entropy, torch.softmax(torch.rand(5, 4, dtype=D), -1)),
    "likelihood": (lambda a, y: F.nll_loss(F.log_softmax(a, -1), y), CLASSES),
    "likelihood of anything": (lambda a, y: F.nll_loss(torch.tanh(a), y), CLASSES),
    "ignored": (lambda a, y: F.cross_entropy(torch.stack([a, 2 * a], 1).view(-1, 4), y.view(-1)), SEQUENCES),
}  # fmt: skip


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss(name: str) -> None:
    torch.manual_seed(4)
    loss, target = LOSSES[name]
    message = exported(nn.Linear(3, 4).double(), X, target, loss)
    assert error(message) < 1e-11
    network = imported(message).network
    assert unnamed(equations_of(equation_text(network)).forward) == unnamed(network.forward)
