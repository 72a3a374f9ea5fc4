"""Layers of sequences against modules of PyTorch in float64: padding, two lengths, norms, shared heads, rotations."""

from __future__ import annotations

import numpy as np
import pytest

from symbp import Attention, CrossAttention, DecoderBlock, Encoder, Network, TransformerBlock, derive

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch==2.13.0")
F = torch.nn.functional

TOKENS, MEMORY, EXAMPLES, WIDTH, OTHER, HIDDEN, HEADS = 5, 3, 4, 6, 7, 8, 2
LENGTHS, MEMORY_LENGTHS = (5, 1, 3, 2), (1, 3, 2, 3)
"""How many tokens of each example are none of the padding."""
TIGHT = 1e-12


def kept(lengths, tokens):
    """The mask of padding, tokens × examples."""
    return (np.arange(tokens)[:, None] < np.array(lengths)).astype(float)


def rows(columns, tokens):
    """n × T·m -> m × T × n."""
    return torch.tensor(columns.T.reshape(EXAMPLES, tokens, -1))


def columns(found, tokens):
    return found.detach().numpy().reshape(EXAMPLES * tokens, -1).T


def attention_state(p, path, packed=True):
    """The state of torch.nn.MultiheadAttention; its key and value weights stand alone where widths differ."""
    weights = [p[f"{path}W{letter}"] for letter in "QKV"]
    state = dict(zip(("q_proj_weight", "k_proj_weight", "v_proj_weight"), weights, strict=True))
    return {
        **({"in_proj_weight": torch.cat(weights)} if packed else state),
        "in_proj_bias": torch.cat([p[f"{path}b{letter}"].flatten() for letter in "QKV"]),
        "out_proj.weight": p[f"{path}WO"],
        "out_proj.bias": p[f"{path}bO"].flatten(),
    }


def block_state(p, path, decoder=False):
    names = {"self_attn": "attention.", **({"multihead_attn": "cross."} if decoder else {})}
    state = {
        f"{theirs}.{key}": value
        for theirs, ours in names.items()
        for key, value in attention_state(p, path + ours).items()
    }
    for number in range(1, 3 + decoder):
        state[f"norm{number}.weight"] = p[f"{path}norm{number}.gamma"].flatten()
        state[f"norm{number}.bias"] = p[f"{path}norm{number}.beta"].flatten()
    for number, name in enumerate(("hidden", "output"), 1):
        state[f"linear{number}.weight"] = p[f"{path}{name}.W"]
        state[f"linear{number}.bias"] = p[f"{path}{name}.b"].flatten()
    return state


def compare(net, forward, given):
    """Assert that the loss and all gradients, X and C included, agree relative to their parameter's largest entry."""
    random = np.random.default_rng(0)
    tokens = {"X": TOKENS, "C": MEMORY}
    p = {each.name: random.normal(size=[int(n) for n in each.shape]) for each in net.parameters}
    x = {
        each.name: random.normal(size=(int(each.shape[0]), tokens[each.name] * EXAMPLES))
        for each in net.inputs
        if each.name in tokens
    }
    y = random.normal(size=(int(net.y.shape[0]), TOKENS * EXAMPLES))
    derived = derive(net, wrt=[*p, *x])
    loss, gradients = derived.compile()(p, x | given if given or len(x) > 1 else x["X"], y)
    theirs = {name: torch.tensor(value, requires_grad=True) for name, value in p.items()}
    data = {name: rows(value, tokens[name]).requires_grad_() for name, value in x.items()}
    out = forward(theirs, data)
    expected = ((out - rows(y, TOKENS)) ** 2).sum() / (2 * EXAMPLES * TOKENS)
    expected.backward()
    grads = {name: each.grad.numpy() for name, each in theirs.items()}
    grads |= {name: columns(each.grad, tokens[name]) for name, each in data.items()}
    assert abs(loss - expected.item()) <= TIGHT * expected.item()
    scale = max(np.abs(each).max() for each in grads.values())
    for name, grad in grads.items():
        size = scale if name.endswith("bK") else np.abs(grad).max()  # A key's bias has the gradient zero.
        assert np.abs(gradients[name] - grad).max() <= TIGHT * size, name


def hidden_causal():
    return torch.triu(torch.ones(TOKENS, TOKENS, dtype=torch.bool), 1)


def hidden_padding(mask):
    return torch.tensor(mask.T == 0)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("padding", [False, True])
def test_attention_with_both_masks(causal, padding):
    layer = Attention(tokens=TOKENS, heads=HEADS, bias=True, causal=causal, padding=padding)
    mask = kept(LENGTHS, TOKENS)
    module = torch.nn.MultiheadAttention(WIDTH, HEADS, batch_first=True, dtype=torch.float64)

    def forward(p, data):
        options = {
            "attn_mask": hidden_causal() if causal else None,
            "key_padding_mask": hidden_padding(mask) if padding else None,
            "need_weights": False,
        }
        x = data["X"]
        return torch.func.functional_call(module, attention_state(p, "attention."), (x, x, x), options)[0]

    compare(Network([layer], inputs=WIDTH, loss="mse"), forward, {"N": mask} if padding else {})


@pytest.mark.parametrize("padding", [False, True])
def test_cross_attention_of_another_length_and_width(padding):
    layer = CrossAttention(tokens=TOKENS, memory=MEMORY, width=OTHER, heads=HEADS, bias=True, padding=padding)
    mask = kept(MEMORY_LENGTHS, MEMORY)
    module = torch.nn.MultiheadAttention(WIDTH, HEADS, batch_first=True, dtype=torch.float64, kdim=OTHER, vdim=OTHER)

    def forward(p, data):
        options = {"key_padding_mask": hidden_padding(mask) if padding else None, "need_weights": False}
        state = attention_state(p, "cross.", packed=False)
        return torch.func.functional_call(module, state, (data["X"], data["C"], data["C"]), options)[0]

    compare(Network([layer], inputs=WIDTH, loss="mse"), forward, {"NC": mask} if padding else {})


OPTIONS = {"tokens": TOKENS, "heads": HEADS, "hidden": HIDDEN, "activation": "relu", "bias": True}


def module_of(kind, post_norm):
    return kind(
        WIDTH, HEADS, HIDDEN, dropout=0.0, activation="relu", batch_first=True, norm_first=not post_norm,
        dtype=torch.float64,
    )  # fmt: skip


@pytest.mark.parametrize("post_norm", [False, True])
@pytest.mark.parametrize(("causal", "padding"), [(False, False), (True, False), (False, True), (True, True)])
def test_the_encoder_layer(post_norm, causal, padding):
    block = TransformerBlock(**OPTIONS, post_norm=post_norm, causal=causal, padding=padding)
    mask = kept(LENGTHS, TOKENS)
    module = module_of(torch.nn.TransformerEncoderLayer, post_norm)

    def forward(p, data):
        options = {
            "src_mask": hidden_causal() if causal else None,
            "src_key_padding_mask": hidden_padding(mask) if padding else None,
        }
        return torch.func.functional_call(module, block_state(p, "block1."), (data["X"],), options)

    compare(Network([block], inputs=WIDTH, loss="mse"), forward, {"N": mask} if padding else {})


@pytest.mark.parametrize("post_norm", [False, True])
@pytest.mark.parametrize("padding", [False, True])
def test_the_decoder_layer_behind_an_encoder(post_norm, padding):
    options = {**OPTIONS, "post_norm": post_norm, "padding": padding}
    encoder = Encoder(layers=[TransformerBlock(**{**options, "tokens": MEMORY})], tokens=MEMORY, inputs=WIDTH)
    net = Network([encoder, DecoderBlock(**options)], inputs=WIDTH, loss="mse")
    mask, memory_mask = kept(LENGTHS, TOKENS), kept(MEMORY_LENGTHS, MEMORY)
    first = module_of(torch.nn.TransformerEncoderLayer, post_norm)
    second = module_of(torch.nn.TransformerDecoderLayer, post_norm)

    def forward(p, data):
        hidden = hidden_padding(memory_mask) if padding else None
        own = block_state(p, "encoder.block1.")
        memory = torch.func.functional_call(first, own, (data["C"],), {"src_key_padding_mask": hidden})
        masks = {
            "tgt_mask": hidden_causal(),
            "tgt_key_padding_mask": hidden_padding(mask) if padding else None,
            "memory_key_padding_mask": hidden,
        }
        return torch.func.functional_call(second, block_state(p, "block1.", decoder=True), (data["X"], memory), masks)

    compare(net, forward, {"N": mask, "NC": memory_mask} if padding else {})


def rotated(x):
    """Su et al. 2021 for examples × heads × tokens × d, in the layout of halves."""
    half = x.shape[-1] // 2
    angle = torch.arange(x.shape[-2], dtype=torch.float64)[:, None] * 10_000.0 ** (
        -torch.arange(half, dtype=torch.float64) / half
    )
    turn = torch.polar(torch.ones_like(angle), angle)
    z = torch.complex(x[..., :half], x[..., half:]) * turn
    return torch.cat((z.real, z.imag), dim=-1)


@pytest.mark.parametrize("rotary", [False, True])
@pytest.mark.parametrize("kv_heads", [1, 2, 4])
def test_shared_heads_and_rotary_positions(rotary, kv_heads):
    heads, units = 4, 16
    layer = Attention(tokens=TOKENS, heads=heads, units=units, kv_heads=kv_heads, rotary=rotary, causal=True)

    def forward(p, data):
        def split(letter):
            found = F.linear(data["X"], p[f"attention.W{letter}"])
            return found.reshape(EXAMPLES, TOKENS, -1, units // heads).transpose(1, 2)

        q, k, v = map(split, "QKV")
        q, k = (rotated(q), rotated(k)) if rotary else (q, k)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        return F.linear(mixed.transpose(1, 2).reshape(EXAMPLES, TOKENS, units), p["attention.WO"])

    compare(Network([layer], inputs=WIDTH, loss="mse"), forward, {})


def test_a_bias_by_distance():
    layer = Attention(tokens=TOKENS, heads=HEADS, relative=True)

    def forward(p, data):
        q, k, v = (
            F.linear(data["X"], p[f"attention.W{letter}"]).reshape(EXAMPLES, TOKENS, HEADS, -1).transpose(1, 2)
            for letter in "QKV"
        )
        distance = torch.arange(TOKENS)[:, None] - torch.arange(TOKENS) + TOKENS - 1  # query − key
        bias = torch.stack([p[f"attention.head{head}.r"][0, distance] for head in (1, 2)])
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        return F.linear(mixed.transpose(1, 2).reshape(EXAMPLES, TOKENS, WIDTH), p["attention.WO"])

    compare(Network([layer], inputs=WIDTH, loss="mse"), forward, {})
