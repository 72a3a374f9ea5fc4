"""Autoencoders and generators; rows are examples here."""

import torch
from pytorch.architectures import twin
from pytorch.architectures.feedforward import dense
from torch.distributions import Bernoulli, Normal, kl_divergence
from torch.nn import functional


def per_example(loss, out, x):
    """Summed over what comes out, averaged over the examples."""
    return loss(out, x, reduction="sum") / len(x)


@twin()
def autoencoder(v):
    return per_example(functional.mse_loss, v.X.T @ v.W.T @ v.V.T, v.X.T) / 2


def tied(v, x):
    hidden = torch.sigmoid(dense(v.W, v.b, x))
    return hidden, torch.sigmoid(dense(v.W.T, v.c, hidden))


@twin(X="binary")
def denoising_autoencoder(v):
    return per_example(functional.binary_cross_entropy, tied(v, v.N.T)[1], v.X.T)


@twin(X="binary")
def contractive_autoencoder(v):
    """The Jacobian of the code by automatic differentiation."""
    jacobian = torch.func.vmap(torch.func.jacrev(lambda x: tied(v, x)[0]))(v.X.T)
    penalty = (jacobian**2).sum() / v.X.shape[1]
    return per_example(functional.binary_cross_entropy, tied(v, v.X.T)[1], v.X.T) + 0.1 * penalty


@twin()
def sparse_autoencoder(v):
    hidden = torch.sigmoid(dense(v.W, v.b, v.X.T))
    kl = kl_divergence(Bernoulli(torch.tensor(0.05)), Bernoulli(hidden.mean(0))).sum()
    return per_example(functional.mse_loss, dense(v.V, v.c, hidden), v.X.T) / 2 + 3 * kl


@twin(X="binary")
def variational_autoencoder(v):
    hidden = torch.tanh(v.X.T @ v.W.T)
    posterior = Normal(hidden @ v.W_mu.T, torch.exp(0.5 * (hidden @ v.W_s.T)))
    z = posterior.loc + posterior.scale * v.epsilon.T
    logits = torch.tanh(z @ v.V.T) @ v.U.T
    divergence = kl_divergence(posterior, Normal(0.0, 1.0)).sum(1).mean()
    return per_example(functional.binary_cross_entropy_with_logits, logits, v.X.T) + divergence


@twin()
def gan(v):
    def judged(x):
        return functional.leaky_relu(x @ v.V.T, 0.2) @ v.w.T

    ones = torch.ones(v.X.shape[1], 1)
    fake = judged(functional.relu(v.z.T @ v.G1.T) @ v.G2.T)
    loss = functional.binary_cross_entropy_with_logits
    return {"loss_d": loss(judged(v.X.T), ones) + loss(fake, 0 * ones), "loss_g": loss(fake, ones)}


@twin(epsilon="unit")
def wasserstein_gan(v):
    def critic(x):
        return functional.softplus(x @ v.V.T) @ v.w.T

    between = torch.lerp(v.F.T, v.X.T, v.epsilon.T).requires_grad_()
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return critic(v.F.T).mean() - critic(v.X.T).mean() + 10 * ((slope.norm(dim=1) - 1) ** 2).mean()
