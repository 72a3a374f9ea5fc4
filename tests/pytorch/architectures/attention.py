"""Kinds of attention and the blocks around it; rows are tokens here."""

import torch
from pytorch.architectures import twin
from torch.nn import functional

attend = functional.scaled_dot_product_attention


def half(out, y):
    return functional.mse_loss(out, y, reduction="sum") / 2


@twin()
def dot_attention(v):
    x = v.X.T
    return half(attend(x @ v.W_Q.T, x @ v.W_K.T, x @ v.W_V.T), v.Y.T)


@twin()
def additive_attention(v):
    """One score after the other, as in the paper."""
    scores = torch.stack([v.v[0] @ torch.tanh(v.W @ v.s[:, 0] + v.U @ h) for h in v.H.T])
    return half((torch.softmax(scores, 0)[:, None] * v.H.T).sum(0), v.Y[:, 0])


@twin()
def multi_head_attention(v):
    """torch.nn.MultiheadAttention."""
    module = torch.nn.MultiheadAttention(4, 2, bias=False, batch_first=True)
    weights = {
        "in_proj_weight": torch.cat([*v.every("Q"), *v.every("K"), *v.every("V")]),
        "out_proj.weight": torch.cat(v.every("O"), 1),
    }
    x = v.X.T[None]
    out, _ = torch.func.functional_call(module, weights, (x, x, x), {"need_weights": False})
    return half(out[0], v.Y.T)


@twin()
def multi_query_attention(v):
    x = v.X.T
    queries = torch.stack([x @ each.T for each in v.every("Q")])[None]
    keys, values = ((x @ each.T)[None, None] for each in (v.K, v.V))
    heads = attend(queries, keys, values, enable_gqa=True)[0]
    return half(torch.cat(list(heads), 1) @ v.O.T, v.Y.T)


CAUSAL = torch.ones(5, 5, dtype=torch.bool).tril()


@twin(X="one-hot", Y="one-hot", mask="causal")
def causal_attention(v):
    h = functional.embedding(v.X.argmax(0), v.E.T) + v.P.T
    mixed = attend(h @ v.W_Q.T, h @ v.W_K.T, h @ v.W_V.T, is_causal=True)
    return functional.cross_entropy((h + mixed) @ v.E, v.Y.argmax(0))


@twin()
def linear_attention(v):
    """Every query with every key, without the order of products that makes it linear."""
    x = v.X.T
    q, k = (functional.elu(x @ each.T) + 1 for each in (v.W_Q, v.W_K))
    weights = functional.normalize(q @ k.T, p=1, dim=1)
    return half(weights @ x @ v.W_V.T, v.Y.T)


@twin(Y="one-hot")
def perceiver(v):
    x, z = v.X.T, v.Z.T
    h = functional.layer_norm(z + attend(z @ v.W_Q.T, x @ v.W_K.T, x @ v.W_V.T), [3])
    return functional.cross_entropy((h.mean(0) @ v.U.T)[None], v.Y.T)


@twin(mask="causal", distance="positive")
def alibi(v):
    x = v.X.T
    bias = (-torch.exp(v.s) * v.distance.T).masked_fill(~CAUSAL, -torch.inf)
    return half(attend(x @ v.W_Q.T, x @ v.W_K.T, x @ v.W_V.T, attn_mask=bias), v.Y.T)


@twin()
def transformer_encoder(v):
    """torch.nn.TransformerEncoderLayer."""
    layer = torch.nn.TransformerEncoderLayer(4, 1, 8, dropout=0.0, batch_first=True)
    zeros = torch.zeros(12)
    own = {
        "self_attn.in_proj_weight": torch.cat([v.W_Q, v.W_K, v.W_V]), "self_attn.in_proj_bias": zeros,
        "self_attn.out_proj.weight": v.W_O, "self_attn.out_proj.bias": zeros[:4],
        "linear1.weight": v.W1, "linear1.bias": v.b1[:, 0], "linear2.weight": v.W2, "linear2.bias": v.b2[:, 0],
        "norm1.weight": v.g1[:, 0], "norm1.bias": v.c1[:, 0], "norm2.weight": v.g2[:, 0], "norm2.bias": v.c2[:, 0],
    }  # fmt: skip
    return half(torch.func.functional_call(layer, own, (v.X.T[None],))[0], v.Y.T)


@twin(mask="causal")
def llama_block(v):
    x = v.X.T
    a = functional.rms_norm(x, [4], v.g1[:, 0], eps=1e-5)
    x = x + attend(a @ v.W_Q.T, a @ v.W_K.T, a @ v.W_V.T, is_causal=True) @ v.W_O.T
    a = functional.rms_norm(x, [4], v.g2[:, 0], eps=1e-5)
    return half(x + (functional.silu(a @ v.W1.T) * (a @ v.W3.T)) @ v.W2.T, v.Y.T)


@twin()
def parallel_block(v):
    x = v.X.T
    a = functional.layer_norm(x, [4])
    mixed = attend(a @ v.W_Q.T, a @ v.W_K.T, a @ v.W_V.T) @ v.W_O.T
    return half(x + mixed + functional.gelu(a @ v.W1.T) @ v.W2.T, v.Y.T)


@twin()
def swiglu(v):
    x = v.X.T
    out = (functional.silu(x @ v.W.T) * (x @ v.V.T)) @ v.U.T
    return (out - v.Y.T).square().sum() / (2 * len(x))


@twin()
def mlp_mixer(v):
    """Patches are rows of X already."""
    x = v.X
    x = x + (functional.gelu(functional.layer_norm(x, [4]).T @ v.W1.T) @ v.W2.T).T
    return half(x + functional.gelu(functional.layer_norm(x, [4]) @ v.W3) @ v.W4, v.Y)


@twin()
def gmlp(v):
    z1, z2 = functional.gelu(functional.layer_norm(v.X, [4]) @ v.U).chunk(2, 1)
    gate = functional.linear(functional.layer_norm(z2, [3]).T, v.W, v.b[:, 0]).T
    return half(v.X + (z1 * gate) @ v.V, v.Y)


@twin(Y="one-hot")
def squeeze_excite(v):
    scale = torch.sigmoid(v.W2 @ functional.relu(v.W1 @ v.X.mean(1)))
    pooled = functional.adaptive_avg_pool1d(functional.relu(torch.diag(scale) @ v.X)[None], 1)
    return functional.cross_entropy(pooled[:, :, 0] @ v.U.T, v.Y.T)


@twin()
def mixture_of_experts(v):
    gates = torch.log_softmax(v.X.T @ v.V.T, 1)
    misfits = torch.stack([(v.Y.T - v.X.T @ each.T).square().sum(1) for each in v.every("W")], 1)
    return -torch.logsumexp(gates - misfits / 2, 1).mean()


@twin()
def hierarchical_mixture(v):
    x = v.X.T
    outer, inner = torch.sigmoid(x @ v.U.T), [torch.sigmoid(x @ each.T) for each in v.every("V")]
    experts = [x @ each.T for each in v.every("W")]
    weights = [outer * inner[0], outer * (1 - inner[0]), (1 - outer) * inner[1], (1 - outer) * (1 - inner[1])]
    out = sum(weight * expert for weight, expert in zip(weights, experts, strict=True))
    return (out - v.Y.T).square().sum() / (2 * len(x))


@twin(Y="binary")
def capsules(v):
    votes = torch.stack([v.W_a @ v.u + v.c_a, v.W_b @ v.u + v.c_b])
    logits = torch.zeros(2, 4)
    for _ in range(3):
        s = torch.einsum("jdi,ji->jd", votes, torch.softmax(logits, 0))
        length = s.norm(dim=1, keepdim=True)
        out = length**2 / (1 + length**2) * s / length
        logits = logits + torch.einsum("jdi,jd->ji", votes, out)
    length = out.norm(dim=1)
    present = v.Y[0] * functional.relu(0.9 - length) ** 2
    return (present + 0.5 * (1 - v.Y[0]) * functional.relu(length - 0.1) ** 2).sum()
