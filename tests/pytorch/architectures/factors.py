"""Products of factors, dictionaries and projections."""

import torch
from pytorch.architectures import twin
from torch.nn import functional


@twin()
def factorisation_machine(v):
    """The interaction of every pair of features, one by one."""
    out = []
    for x in v.X.T:
        pairs = sum(v.V[:, i] @ v.V[:, j] * x[i] * x[j] for i in range(6) for j in range(i + 1, 6))
        out.append(v.w0[0, 0] + v.w[0] @ x + pairs)
    return functional.mse_loss(torch.stack(out), v.Y[0]) / 2


@twin(known="mask")
def matrix_factorisation(v):
    loss = 0.02 * sum(each.square().sum() for each in (v.P, v.Q, v.b, v.c))
    for u, i in v.known.nonzero().tolist():
        loss = loss + (v.R[u, i] - v.mu[0, 0] - v.b[u, 0] - v.c[0, i] - v.P[u] @ v.Q[i]) ** 2
    return loss


@twin()
def rayleigh_quotient(v):
    x = functional.normalize(v.x[:, 0], dim=0)
    return torch.einsum("i,ij,j->", x, v.A, x)


@twin()
def independent_components(v):
    """The log-density of the sources, logistic each, and of the change of variables."""
    base = torch.distributions.TransformedDistribution(
        torch.distributions.Uniform(0.0, 1.0), torch.distributions.SigmoidTransform().inv
    )
    sources = functional.linear(v.X.T, v.W, v.b[:, 0])
    return -(base.log_prob(sources).sum(1) + torch.linalg.slogdet(v.W)[1]).mean()


@twin()
def sparse_coding(v):
    return (v.X.T - v.S.T @ v.B.T).norm() ** 2 + 0.3 * torch.log1p(v.S**2).sum()


@twin()
def lista(v):
    shrink = lambda c: torch.sign(c) * functional.relu(c.abs() - torch.exp(v.theta[:, 0]))  # noqa: E731
    drive = v.X.T @ v.W.T
    code = shrink(drive)
    for _ in range(3):
        code = shrink(drive + code @ v.S.T)
    return (code - v.Z.T).square().sum() / 2
