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


@twin(X="binary")
def nade(v):
    """Every conditional from the bits before it, without sharing sums."""
    total = 0.0
    for x in v.X.T:
        for i in range(4):
            hidden = torch.sigmoid(v.c[:, 0] + v.W[:, :i] @ x[:i])
            logit = v.b[i, 0] + v.V[i] @ hidden
            total = total + functional.binary_cross_entropy_with_logits(logit, x[i])
    return total / v.X.shape[1]


@twin(X="binary", M_W="binary", M_V="binary")
def made(v):
    hidden = functional.relu(dense(v.W * v.M_W, v.b, v.X.T))
    return per_example(functional.binary_cross_entropy_with_logits, dense(v.V * v.M_V, v.c, hidden), v.X.T)


@twin(X="binary", N="binary")
def boltzmann_machine(v):
    """The free energy by the sum over all hidden states."""
    states = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 4)

    def free(x):
        energy = -(x @ v.b[:, 0])[:, None] - states @ v.c[:, 0] - x @ v.W.T @ states.T
        return -torch.logsumexp(-energy, 1)

    return (free(v.X.T) - free(v.N.T)).mean()


@twin()
def noise_contrastive(v):
    """The logits are the difference of two log-densities; the noise is a unit normal."""
    noise = torch.distributions.Normal(0.0, 1.0)
    constant = 1.5 * torch.log(torch.tensor(2 * torch.pi))

    def logit(x):
        model = -((x - v.mu[:, 0]) @ v.L.T).square().sum(1) / 2 + v.c[0, 0] - constant
        return model - noise.log_prob(x).sum(1)

    loss = functional.binary_cross_entropy_with_logits
    ones = torch.ones(v.X.shape[1])
    return loss(logit(v.X.T), ones) + loss(logit(v.N.T), 0 * ones)


@twin(t="unit")
def denoising_score(v):
    signal = torch.sigmoid(v.t.T)
    noisy = signal.sqrt() * v.X.T + (1 - signal).sqrt() * v.epsilon.T
    said = functional.silu(noisy @ v.W.T + torch.sin(dense(v.w, v.b, v.t.T))) @ v.V.T
    return per_example(functional.mse_loss, said, v.epsilon.T)


@twin(t="unit")
def flow_matching(v):
    between = torch.lerp(v.N.T, v.X.T, v.t.T)
    field = torch.tanh(dense(torch.cat([v.W, v.w], 1), v.b, torch.cat([between, v.t.T], 1))) @ v.V.T
    return per_example(functional.mse_loss, field, v.X.T - v.N.T)


@twin(X="binary")
def gumbel_softmax(v):
    logits = v.X.T @ v.W.T
    code = torch.softmax((logits + v.G.T) / 0.7, 1)
    prior = torch.distributions.Categorical(torch.ones(3) / 3)
    divergence = kl_divergence(torch.distributions.Categorical(logits=logits), prior).mean()
    return per_example(functional.binary_cross_entropy_with_logits, code @ v.V.T, v.X.T) + divergence


@twin()
def least_squares_gan(v):
    judged = [dense(v.w, v.c, each) for each in (v.X.T, torch.tanh(dense(v.G, v.g, v.z.T)))]
    real, fake = judged
    loss = functional.mse_loss
    ones = torch.ones_like(real)
    return {"loss_d": (loss(real, ones) + loss(fake, 0 * ones)) / 2, "loss_g": loss(fake, ones) / 2}


@twin()
def cycle_gan(v):
    there, back = torch.tanh(v.X.T @ v.G.T), torch.tanh(v.Z.T @ v.F.T)
    cycle = functional.l1_loss(there @ v.F.T, v.X.T) + functional.l1_loss(back @ v.G.T, v.Z.T)
    ones = torch.ones(v.X.shape[1], 1)
    return functional.mse_loss(there @ v.u.T, ones) + functional.mse_loss(back @ v.v.T, ones) + 10 * cycle
