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
