"""Distances and similarities of embeddings."""

import torch
from pytorch.architectures import twin
from torch.nn import functional


@twin(Y="binary")
def siamese(v):
    first, second = (torch.tanh(x.T @ v.W.T) @ v.V.T for x in (v.X1, v.X2))
    r = functional.pairwise_distance(first, second, eps=0)
    return torch.where(v.Y[0] > 0, functional.relu(2 - r) ** 2, r**2).mean() / 2


@twin()
def triplet(v):
    a, p, n = (functional.normalize(functional.relu(x.T @ v.W.T) @ v.V.T, eps=0) for x in (v.X_a, v.X_p, v.X_n))
    near, far = ((a - other).square().sum(1) for other in (p, n))
    return functional.relu(near - far + 0.2).sum()


@twin()
def cpc(v):
    """Which of the encodings belongs to a context: a classification among all."""
    z = torch.tanh(v.X.T @ v.W.T)
    scores = functional.bilinear(z.repeat(len(z), 1), v.C.T.repeat_interleave(len(z), 0), v.B[None]).reshape(
        len(z), len(z)
    )
    return functional.cross_entropy(scores, torch.arange(len(z)))


@twin()
def clip(v):
    image, words = functional.normalize(v.X.T @ v.W_x.T), functional.normalize(v.T.T @ v.W_t.T)
    logits = torch.exp(v.s) * image @ words.T
    labels = torch.arange(len(logits))
    return (functional.cross_entropy(logits, labels) + functional.cross_entropy(logits.T, labels)) / 2


@twin(Y="one-hot")
def neighbourhood_components(v):
    z = v.X.T @ v.A.T
    scores = -(torch.cdist(z, z) ** 2)
    chosen = torch.softmax(scores.masked_fill(torch.eye(len(z), dtype=torch.bool), -torch.inf), 1)
    labels = v.Y.argmax(0)
    return -chosen[labels[:, None] == labels].sum()


@twin(X="one-hot", C="one-hot", N1="one-hot", N2="one-hot", N3="one-hot")
def skip_gram(v):
    words = functional.embedding(v.X.argmax(0), v.U.T)
    contexts = functional.embedding(v.C.argmax(0), v.V.T)
    loss = functional.logsigmoid((words * contexts).sum(1))
    for noise in v.every("N"):
        loss = loss + functional.logsigmoid(-(words * functional.embedding(noise.argmax(0), v.V.T)).sum(1))
    return -loss.mean()


@twin(C="positive")
def glove(v):
    loss = 0.0
    for i in range(6):
        for j in range(6):
            count = v.C[i, j]
            weight = (count / 2) ** 0.75 if count < 2 else 1.0
            fit = v.U[:, i] @ v.V[:, j] + v.b[i, 0] + v.c[j, 0] - torch.log(count)
            loss = loss + weight * fit**2
    return loss
