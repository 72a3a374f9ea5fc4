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


@twin(Y="binary")
def cross_network(v):
    """Outer products of the features, as in the paper."""
    x = start = v.X.T
    for w, b in zip(v.every("w"), v.every("b"), strict=True):
        x = torch.einsum("ni,nj,j->ni", start, x, w[:, 0]) + b[:, 0] + x
    logits = torch.cat([x, functional.relu(start @ v.W.T)], 1) @ v.v.T
    return functional.binary_cross_entropy_with_logits(logits, v.Y.T)


@twin(U="one-hot", I_="one-hot", Y="binary")
def collaborative_filtering(v):
    users, items = v.U.argmax(0), v.I_.argmax(0)
    product = v.P.T[users] * v.Q.T[items]
    deep = functional.relu(torch.cat([v.P_n.T[users], v.Q_n.T[items]], 1) @ v.W.T)
    return functional.binary_cross_entropy_with_logits(torch.cat([product, deep], 1) @ v.h.T, v.Y.T)


ENTITIES = {"H": "one-hot", "T": "one-hot", "R": "one-hot"}


@twin(**ENTITIES, H_n="one-hot", T_n="one-hot")
def translation_embedding(v):
    def far(head, tail):
        moved = v.E.T[head.argmax(0)] + v.V.T[v.R.argmax(0)]
        return functional.pairwise_distance(moved, v.E.T[tail.argmax(0)], eps=0)

    near, wrong = far(v.H, v.T), far(v.H_n, v.T_n)
    return functional.margin_ranking_loss(wrong, near, torch.ones_like(near), margin=1.0, reduction="sum")


@twin(**ENTITIES, Y="sign")
def bilinear_knowledge(v):
    score = torch.stack(
        [
            v.E[:, head] @ torch.diag(v.V[:, relation]) @ v.E[:, tail]
            for head, relation, tail in zip(*(each.argmax(0) for each in (v.H, v.R, v.T)), strict=True)
        ]
    )
    return functional.soft_margin_loss(score, v.Y[0]) + 0.01 * (v.E.norm() ** 2 + v.V.norm() ** 2)


@twin(Y="sign")
def tensor_network(v):
    pair = torch.cat([v.X1, v.X2]).T
    slices = functional.bilinear(v.X1.T, v.X2.T, torch.stack(v.every("W")))
    score = torch.tanh(slices + functional.linear(pair, v.V, v.b[:, 0])) @ v.u.T
    return functional.soft_margin_loss(score[:, 0], v.Y[0])


@twin(V="positive")
def nonnegative_factorisation(v):
    return functional.poisson_nll_loss(torch.exp(v.A) @ torch.exp(v.B), v.V, log_input=False, eps=0, reduction="sum")
