"""Layers one after another; rows are examples here."""

import torch
from pytorch.architectures import twin
from torch.nn import functional


def dense(weight, bias, x):
    return functional.linear(x, weight, None if bias is None else bias[:, 0])


def classified(weight, x, y):
    return functional.cross_entropy(functional.linear(x, weight), y.argmax(0))


@twin()
def mlp(v):
    out = torch.sigmoid(dense(v.W2, v.b2, torch.sigmoid(dense(v.W1, v.b1, v.X.T))))
    return functional.mse_loss(out, v.Y.T, reduction="sum") / 2


@twin(Y="one-hot")
def rectifier_network(v):
    x = v.X.T
    for weight, bias in zip(v.every("W"), v.every("b"), strict=True):
        x = functional.relu(dense(weight, bias, x))
    return classified(v.V, x, v.Y) + 0.01 * x.norm(p=1) / len(x)


@twin(Y="one-hot")
def maxout(v):
    pieces = torch.stack([dense(v.W1, v.b1, v.X.T), dense(v.W2, v.b2, v.X.T)])
    return classified(v.V, pieces.amax(0), v.Y)


@twin()
def radial_basis(v):
    distances = torch.cdist(v.X.T, v.C.T) ** 2
    out = torch.exp(-torch.exp(v.s[:, 0]) * distances) @ v.W.T
    return ((out - v.Y.T) ** 2).sum(1).mean() / 2


@twin(Y="one-hot")
def highway(v):
    x = v.X.T
    for w, b, gate, shift in zip(*map(v.every, "WbVc"), strict=True):
        x = torch.lerp(x, torch.tanh(dense(w, b, x)), torch.sigmoid(dense(gate, shift, x)))
    return classified(v.U, x, v.Y)


@twin(Y="one-hot")
def resnet(v):
    x = v.X.T
    for first, b, second, c in zip(*map(v.every, "WbVc"), strict=True):
        x = functional.relu(x + dense(second, c, functional.relu(dense(first, b, x))))
    return classified(v.U, x, v.Y)


@twin(Y="one-hot")
def densenet(v):
    found = [v.X.T]
    for weight in v.every("W"):
        found.append(functional.relu(functional.linear(torch.cat(found, 1), weight)))
    return classified(v.V, torch.cat(found, 1), v.Y)
