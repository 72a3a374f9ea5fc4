"""Differential equations and changes of variables."""

import torch
from pytorch.architectures import twin


def runge_kutta(field, z, step):
    """The classical method of four stages."""
    first = field(z)
    second = field(z + step / 2 * first)
    third = field(z + step / 2 * second)
    fourth = field(z + step * third)
    return z + step / 6 * (first + 2 * second + 2 * third + fourth)


@twin()
def neural_ode_euler(v):
    z = v.X
    for t in torch.arange(4) / 4:
        z = z + 0.25 * (v.V @ torch.tanh(v.W @ z + v.b + v.w * t))
    return (z - v.Y).square().sum(0).mean() / 2


@twin()
def neural_ode_runge_kutta(v):
    z = v.X
    for _ in range(2):
        z = runge_kutta(lambda z: v.V @ torch.tanh(v.W @ z + v.b), z, 0.5)
    return (z - v.Y).square().sum(0).mean() / 2


def log_density(flow, x):
    """Return −log of the density that a flow gives to each example, but for constants: by its Jacobian."""
    z = torch.stack([flow(each) for each in x.T])
    jacobians = torch.stack([torch.func.jacrev(flow)(each) for each in x.T])
    return z.square().sum(1) / 2 - torch.linalg.slogdet(jacobians)[1]


@twin()
def coupling_flow(v):
    def flow(x):
        first, second = x[:2], x[2:]
        hidden = torch.tanh(v.W1 @ first + v.b1[:, 0])
        second = torch.exp(torch.tanh(v.S1 @ hidden)) * second + v.T1 @ hidden
        hidden = torch.tanh(v.W2 @ second + v.b2[:, 0])
        return torch.cat([torch.exp(torch.tanh(v.S2 @ hidden)) * first + v.T2 @ hidden, second])

    return log_density(flow, v.X).mean()


@twin()
def planar_flow(v):
    def flow(z):
        for w, u, b in zip(*map(v.every, "wub"), strict=True):
            z = z + u[:, 0] * torch.tanh(w[:, 0] @ z + b[0, 0])
        return z

    return log_density(flow, v.X).mean()


@twin()
def invertible_mixing(v):
    return log_density(lambda x: v.W @ (torch.exp(v.s[:, 0]) * x + v.b[:, 0]), v.X).mean()
