"""Policies, values and preferences; rows are examples here."""

import torch
from pytorch.architectures import twin
from torch.distributions import Categorical, Normal
from torch.nn import functional


@twin(Y_w="one-hot", Y_l="one-hot")
def preference_optimisation(v):
    policy, given = Categorical(logits=v.X.T @ v.W.T), Categorical(logits=v.X.T @ v.V.T)
    won, lost = (policy.log_prob(y.argmax(0)) - given.log_prob(y.argmax(0)) for y in (v.Y_w, v.Y_l))
    return -functional.logsigmoid(0.1 * (won - lost)).mean()


@twin(Y="one-hot")
def policy_gradient(v):
    baseline = (v.X.T @ v.v.T)[:, 0]
    chosen = Categorical(logits=v.X.T @ v.W.T).log_prob(v.Y.argmax(0))
    return functional.mse_loss(baseline, v.G[0]) - ((v.G[0] - baseline.detach()) * chosen).mean()


@twin(Y="one-hot")
def proximal_policy(v):
    policy = Categorical(logits=torch.tanh(v.X.T @ v.W.T) @ v.V.T)
    ratio = torch.exp(policy.log_prob(v.Y.argmax(0)) - v.q[0])
    gain = torch.minimum(ratio * v.A[0], ratio.clamp(0.8, 1.2) * v.A[0])
    return -gain.mean() - 0.01 * policy.entropy().mean()


@twin(Y="one-hot")
def deep_q_network(v):
    values = functional.relu(v.X.T @ v.W.T) @ v.V.T
    with torch.no_grad():
        best = (functional.relu(v.X_next.T @ v.W_old.T) @ v.V_old.T).amax(1)
    taken = values.gather(1, v.Y.argmax(0)[:, None])[:, 0]
    return functional.smooth_l1_loss(taken, v.r[0] + 0.99 * best)


@twin()
def soft_actor_critic(v):
    """The density of a squashed normal, but for a constant; a small number keeps its logarithm finite."""
    x = v.X.T
    policy = Normal(x @ v.W.T, torch.exp((x @ v.V.T).clamp(-5, 2)))
    raw = policy.loc + policy.scale * v.epsilon.T
    action = torch.tanh(raw)
    constant = torch.log(torch.tensor(2 * torch.pi)) / 2
    likely = (policy.log_prob(raw) + constant - torch.log(1 - action**2 + 1e-6)).sum(1)
    return (0.2 * likely - functional.relu(x @ v.Q_x.T + action @ v.Q_a.T) @ v.q[0]).mean()
