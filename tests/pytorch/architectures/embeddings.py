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


@twin()
def barlow_twins(v):
    correlations = torch.corrcoef(torch.cat([v.W @ v.X1, v.W @ v.X2]))[:3, 3:]
    apart = (correlations - torch.eye(3)) ** 2
    return apart.trace() + 0.005 * (apart.sum() - apart.trace())


@twin()
def vicreg(v):
    views = [x.T @ v.W.T for x in (v.X1, v.X2)]
    loss = 25 * functional.mse_loss(*views)
    for z in views:
        covariance = torch.cov(z.T)
        loss = loss + 25 * functional.relu(1 - (z.var(0) + 1e-4).sqrt()).mean() / 2
        loss = loss + (covariance - torch.diag(torch.diagonal(covariance))).square().sum() / 3
    return loss


@twin()
def byol(v):
    said, seen = torch.tanh(v.X1.T @ v.W.T) @ v.V.T, torch.tanh(v.X2.T @ v.W_slow.T)
    return (2 - 2 * functional.cosine_similarity(said, seen)).mean()


LABELS = torch.tensor([0, 1, 2, 0, 1, 2])


@twin(Y="one-hot", Y_S="labels")
def prototypical(v):
    support, query = (torch.tanh(functional.linear(x.T, v.W, v.b[:, 0])) for x in (v.S, v.X))
    centres = torch.stack([support[k == LABELS].mean(0) for k in range(3)])
    return functional.cross_entropy(-(torch.cdist(query, centres) ** 2), v.Y.argmax(0))


@twin(Y="one-hot", Y_S="labels")
def matching_network(v):
    support, query = v.S.T @ v.W.T, v.X.T @ v.W.T
    weights = torch.softmax(functional.cosine_similarity(query[:, None], support[None], dim=2), 1)
    said = torch.stack([weights[:, k == LABELS].sum(1) for k in range(3)], 1)
    return functional.nll_loss(said.log(), v.Y.argmax(0))


@twin(Y="binary")
def ranknet(v):
    first, second = (torch.tanh(x.T @ v.W.T) @ v.v.T for x in (v.X1, v.X2))
    return functional.binary_cross_entropy_with_logits(first - second, v.Y.T)


@twin()
def listwise_ranking(v):
    scores = (functional.relu(v.X.T @ v.W.T) @ v.v.T)[:, 0]
    return -sum(torch.log_softmax(scores[k:], 0)[0] for k in range(5))


@twin(P="positive")
def stochastic_neighbours(v):
    near = 1 / (1 + torch.cdist(v.Z.T, v.Z.T) ** 2)
    apart = ~torch.eye(5, dtype=torch.bool)
    q = near / near[apart].sum()
    p = v.P
    return (p[apart] * (p[apart] / q[apart]).log()).sum() + (torch.diagonal(p) * torch.diagonal(p).log()).sum()


@twin(D="positive")
def multidimensional_scaling(v):
    apart = ~torch.eye(5, dtype=torch.bool)
    distances = torch.stack([(a - b).norm() for i, a in enumerate(v.Z.T) for j, b in enumerate(v.Z.T) if i != j])
    return (v.D[apart] - distances).norm() / v.D.norm()


@twin()
def sinkhorn(v):
    """In logarithms, as it is implemented today."""
    cost = torch.cdist((v.W @ v.X).T, (v.W @ v.Z).T) ** 2
    f, g = torch.zeros(4), torch.zeros(5)
    for _ in range(5):
        f = -torch.logsumexp(g - cost, 1) - torch.log(torch.tensor(4.0))
        g = -torch.logsumexp(f[:, None] - cost, 0) - torch.log(torch.tensor(5.0))
    return (torch.exp(f[:, None] + g - cost) * cost).sum()
