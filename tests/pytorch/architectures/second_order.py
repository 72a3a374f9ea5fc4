"""Losses that hold a gradient."""

import torch
from pytorch.architectures import twin


@twin()
def pinn(v):
    def u(t):
        return (v.v @ torch.tanh(v.V @ torch.tanh(v.w[:, 0] * t + v.b[:, 0]))).squeeze()

    second = torch.func.grad(torch.func.grad(u))
    residual = torch.stack([second(t) + u(t) for t in v.t[0]])
    return (residual**2).mean() + (u(torch.zeros(())) - 1) ** 2


@twin()
def maml(v):
    def loss(weights, x, y):
        return ((weights[1] @ torch.tanh(weights[0] @ x) - y) ** 2).sum(0).mean() / 2

    before = (v.W, v.V)
    slopes = torch.autograd.grad(loss(before, v.X, v.Y), before, create_graph=True)
    after = [weight - 0.1 * slope for weight, slope in zip(before, slopes, strict=True)]
    return loss(after, v.X_test, v.Y_test)


@twin()
def hamiltonian_network(v):
    def energy(q, p):
        return v.w[0] @ torch.tanh(v.V @ torch.tanh(v.W @ q + v.U @ p + v.b[:, 0]))

    loss = 0.0
    for q, p, q_dot, p_dot in zip(v.q.T, v.p.T, v.Q_dot.T, v.P_dot.T, strict=True):
        by_q, by_p = torch.func.grad(energy, (0, 1))(q, p)
        loss = loss + (by_p - q_dot).square().sum() + (-by_q - p_dot).square().sum()
    return loss / v.q.numel()


@twin()
def score_matching(v):
    def energy(x):
        return v.v[0] @ torch.nn.functional.softplus(v.W @ x + v.b[:, 0])

    loss = 0.0
    for x in v.X.T:
        score, hessian = -torch.func.grad(energy)(x), -torch.func.hessian(energy)(x)
        loss = loss + score.square().sum() / 2 + hessian.trace()
    return loss / v.X.shape[1]


@twin(Y="one-hot")
def adversarial_training(v):
    def loss(x):
        return torch.nn.functional.cross_entropy(torch.tanh(x @ v.W.T) @ v.V.T, v.Y.argmax(0))

    x = v.X.T.requires_grad_()
    (slope,) = torch.autograd.grad(loss(x), x)
    return (loss(v.X.T) + loss(v.X.T + 0.1 * slope.sign())) / 2


class Turned(torch.autograd.Function):
    """The identity, whose gradient goes back turned around."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, slope):
        return -slope


@twin(Y="one-hot")
def domain_adversarial(v):
    features = [torch.tanh(x.T @ v.W.T) for x in (v.X, v.T)]
    labels = torch.tensor([1.0, 0.0])
    domain = sum(
        torch.nn.functional.binary_cross_entropy_with_logits((Turned.apply(x) @ v.u.T)[:, 0], label.expand(len(x)))
        for x, label in zip(features, labels, strict=True)
    )
    return torch.nn.functional.cross_entropy(features[0] @ v.V.T, v.Y.argmax(0)) + domain
