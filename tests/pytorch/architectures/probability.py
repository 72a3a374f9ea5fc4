"""Models with matrices of covariances and states."""

import itertools

import torch
from pytorch.architectures import twin
from torch.distributions import MultivariateNormal

TWO_PI = torch.log(torch.tensor(2 * torch.pi, dtype=torch.float64))


def surprise(y, covariance):
    """−log of the normal density, but for its constant."""
    normal = MultivariateNormal(torch.zeros(len(y)), covariance)
    return -normal.log_prob(y) - len(y) * TWO_PI / 2


@twin()
def gaussian_process(v):
    x = v.X.T * torch.exp(-v.l[:, 0])
    kernel = torch.exp(v.s) * torch.exp(-(torch.cdist(x, x) ** 2) / 2) + torch.exp(v.e) * torch.eye(len(x))
    return surprise(v.Y[:, 0], kernel)


@twin()
def deep_kernel(v):
    z = torch.tanh(v.X.T @ v.W.T + v.b[:, 0]) @ v.V.T
    kernel = torch.exp(-(torch.cdist(z, z) ** 2) / 2) + torch.exp(v.e) * torch.eye(len(z))
    return surprise(v.Y[:, 0], kernel)


@twin()
def kalman_filter(v):
    """The joint normal of all that is seen, without a filter."""
    steps, a = len(v.every("y")), v.A
    spread, states = torch.eye(3), []
    for _ in range(steps):
        spread = a @ spread @ a.T + torch.exp(v.q) * torch.eye(3)
        states.append(spread)
    blocks = [
        [
            v.C @ torch.linalg.matrix_power(a, i - j) @ states[j] @ v.C.T
            if i >= j
            else (v.C @ torch.linalg.matrix_power(a, j - i) @ states[i] @ v.C.T).T
            for j in range(steps)
        ]
        for i in range(steps)
    ]
    covariance = torch.cat([torch.cat(each, 1) for each in blocks]) + torch.exp(v.r) * torch.eye(2 * steps)
    return surprise(torch.cat(v.every("y"))[:, 0], covariance)


@twin(Y="one-hot")
def discriminant(v):
    score = (v.X.T @ v.w)[:, 0]
    groups = [score[v.Y.argmax(0) == k] for k in range(2)]
    within = sum((each - each.mean()).square().sum() for each in groups)
    between = sum(len(each) * (each.mean() - score.mean()) ** 2 for each in groups)
    return -between / within


@twin()
def canonical_correlation(v):
    """The squared singular values of the whitened covariance."""
    f, g = torch.tanh(v.X.T @ v.W.T), torch.tanh(v.Z.T @ v.V.T)
    f, g = f - f.mean(0), g - g.mean(0)
    first, second = (torch.linalg.cholesky(each.T @ each / len(each) + 0.1 * torch.eye(2)) for each in (f, g))
    mixed = torch.linalg.solve_triangular(first, f.T @ g / len(f), upper=False)
    whitened = torch.linalg.solve_triangular(second, mixed.T, upper=False).T
    return -torch.linalg.svdvals(whitened).square().sum()


@twin(**{f"Y{t}": "one-hot" for t in range(1, 5)})
def random_field(v):
    """Over all sequences of labels, one by one."""
    scores = [v.W @ x[:, 0] for x in v.every("x")]

    def score(labels):
        own = sum(each[label] for each, label in zip(scores, labels, strict=True))
        return own + sum(v.T[a, b] for a, b in itertools.pairwise(labels))

    every = torch.stack([score(labels) for labels in itertools.product(range(2), repeat=4)])
    return torch.logsumexp(every, 0) - score([int(y.argmax()) for y in v.every("Y")])
