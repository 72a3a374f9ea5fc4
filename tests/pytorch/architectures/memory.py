"""Networks that look things up: in sentences, stories, patterns and tapes; one sequence is an example."""

import torch
from pytorch.architectures import twin
from torch.nn import functional


def states(w, u, inputs, h):
    found = []
    for x in inputs:
        h = torch.tanh(w @ x + u @ h)
        found.append(h)
    return torch.cat(found, 1)


@twin()
def hopfield(v):
    sharp = torch.exp(v.s[0, 0])
    new = functional.scaled_dot_product_attention(sharp * v.R.T, v.X.T, v.X.T, scale=1.0)
    return (new - v.Y.T).square().sum(1).mean() / 2


@twin(Y1="one-hot", Y2="one-hot", y0="one-hot", y1="one-hot")
def seq2seq_attention(v):
    memory = states(v.W, v.U, v.every("x"), torch.zeros(3, 1))
    s, loss = memory[:, -1:], 0.0
    for word, y in zip(v.every("y"), v.every("Y"), strict=True):
        s = torch.tanh(functional.embedding(word.argmax(0), v.E.T).T + v.R @ s)
        weights = torch.softmax(torch.stack([h @ v.A @ s[:, 0] for h in memory.T]), 0)
        context = (weights * memory).sum(1, keepdim=True)
        out = v.V @ torch.tanh(v.C @ torch.cat([context, s]))
        loss = loss + functional.cross_entropy(out.T, y.argmax(0))
    return loss


@twin()
def pointer_network(v):
    memory = states(v.W, v.U, v.every("x"), torch.zeros(3, 1))
    s, loss = memory[:, -1:], 0.0
    for x, y in zip(v.every("p"), v.every("Y"), strict=True):
        s = torch.tanh(v.W_d @ x + v.U_d @ s)
        scores = torch.stack([v.v[0] @ torch.tanh(v.W1 @ e + v.W2 @ s[:, 0]) for e in memory.T])
        loss = loss + functional.cross_entropy(scores[None], y)
    return loss


@twin(Y="one-hot")
def memory_network(v):
    u = v.B @ v.q[:, 0]
    for _ in range(3):
        p = torch.softmax(torch.stack([u @ (v.A @ sentence) for sentence in v.X.T]), 0)
        u = v.H @ u + sum(weight * (v.C @ sentence) for weight, sentence in zip(p, v.X.T, strict=True))
    return functional.cross_entropy((v.W @ u)[None], v.Y.argmax(0))


@twin(w0="distribution")
def neural_turing_machine(v):
    h = v.h[:, 0]
    similar = functional.cosine_similarity(v.M, (v.K @ h)[None], dim=1)
    content = torch.softmax(functional.softplus(v.b[0] @ h) * similar, 0)
    weights = torch.lerp(v.w0[:, 0], content, torch.sigmoid(v.g[0] @ h))
    weights = functional.normalize(weights ** (1 + functional.softplus(v.c[0] @ h)), p=1, dim=0)
    erased = v.M * (1 - torch.outer(weights, torch.sigmoid(v.E @ h)))
    written = erased + torch.outer(weights, torch.tanh(v.A @ h))
    return (weights @ written - v.Y[:, 0]).square().sum()
