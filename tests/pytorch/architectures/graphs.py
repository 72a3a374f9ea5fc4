"""Networks over graphs and sets; rows are nodes."""

import torch
from pytorch.architectures import twin
from torch.nn import functional


def classified(scores, y):
    """The mean over the nodes, y one-hot in rows."""
    return functional.cross_entropy(scores, y)


@twin(A="binary")
def graph_convolution(v):
    loops = v.A + torch.eye(5)
    degree = torch.diag(loops.sum(1).rsqrt())
    spread = degree @ loops @ degree
    return classified(spread @ functional.relu(spread @ v.X @ v.W1) @ v.W2, v.Y)


@twin(A="binary")
def graph_attention(v):
    """Every node over its neighbours; where it has none, over all."""
    hidden = v.X @ v.W
    rows = []
    for i in range(5):
        pairs = [torch.cat([hidden[i], each]) for each in hidden]
        scores = functional.leaky_relu(torch.stack(pairs) @ torch.cat([v.a1, v.a2])[:, 0], 0.2)
        scores = scores.masked_fill(v.A[i] == 0, -1000.0)
        rows.append(torch.softmax(scores, 0) @ hidden)
    return classified(functional.elu(torch.stack(rows)) @ v.V, v.Y)


@twin(A="positive")
def graphsage(v):
    means = functional.normalize(v.A, p=1, dim=1) @ v.X
    hidden = functional.relu(torch.cat([v.X, means], 1) @ v.W)
    return (functional.normalize(hidden) - v.Y).square().sum()


@twin(A="binary")
def graph_isomorphism(v):
    h, out = v.X, v.X.sum(0) @ v.U0
    for s, first, second, read in zip(v.every("s"), v.every("W"), v.every("V"), v.every("U")[1:], strict=True):
        h = functional.relu(((1 + s) * h + v.A @ h) @ first) @ second
        out = out + h.sum(0) @ read
    return functional.cross_entropy(out[None], v.Y, reduction="sum")


@twin(A="binary")
def gated_graph(v):
    h = v.X.T
    for _ in range(3):
        messages = v.A.T @ h @ v.W.T
        gates = torch.sigmoid(messages @ v.W_z.T + h @ v.U_z.T), torch.sigmoid(messages @ v.W_r.T + h @ v.U_r.T)
        state = torch.tanh(messages @ v.W_h.T + (gates[1] * h) @ v.U_h.T)
        h = torch.lerp(h, state, gates[0])
    return (h - v.Y.T).square().sum() / 2


@twin()
def personalised_pagerank(v):
    start = functional.relu(v.X.T @ v.W1.T) @ v.W2.T
    z = start
    for _ in range(4):
        z = 0.9 * v.P.T @ z + 0.1 * start
    return functional.cross_entropy(z, v.Y.T, reduction="sum")


@twin()
def chebyshev(v):
    """The polynomials of L by their recursion on matrices."""
    polynomials = [torch.eye(5), v.L]
    while len(polynomials) < 4:
        polynomials.append(2 * v.L @ polynomials[-1] - polynomials[-2])
    out = sum(each @ v.X @ weight for each, weight in zip(polynomials, v.every("W"), strict=True))
    return (functional.relu(out) - v.Y).square().sum()


@twin()
def deep_sets(v):
    embedded = functional.relu(functional.linear(v.X.T, v.W1, v.b1[:, 0])) @ v.W2.T
    hidden = functional.relu(functional.linear(embedded.sum(0), v.V1, v.c1[:, 0]))
    return (v.V2 @ hidden - v.Y[:, 0]).square().sum()


@twin()
def set_transformer(v):
    def attended(queries, keys, k):
        q, key, value, mixed = (getattr(v, f"{letter}{k}") for letter in "QKVF")
        out = queries + functional.scaled_dot_product_attention(queries @ q.T, keys @ key.T, keys @ value.T)
        return out + functional.relu(out @ mixed.T)

    x = v.X.T
    out = attended(v.s.T, attended(x, attended(v.M.T, x, 1), 2), 3)
    return (out @ v.U.T - v.Y.T).square().sum()
