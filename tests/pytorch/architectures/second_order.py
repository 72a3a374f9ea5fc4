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
