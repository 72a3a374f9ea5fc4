"""Networks whose point is the loss, the noise or the normalisation; rows are examples here."""

import torch
from pytorch.architectures import twin
from pytorch.architectures.feedforward import classified, dense
from torch.distributions import Categorical, MixtureSameFamily, Normal
from torch.nn import functional


def half(out, y):
    """Half the squared error, summed over what comes out and averaged over the examples."""
    return (out - y.T).square().sum() / (2 * len(out))


def soft(logits, targets):
    """Cross-entropy against distributions."""
    return functional.cross_entropy(logits, targets.T)


@twin(Y="binary")
def focal_loss(v):
    """As torchvision has it."""
    logits, y = functional.relu(v.X.T @ v.W.T) @ v.v.T, v.Y.T
    entropy = functional.binary_cross_entropy_with_logits(logits, y, reduction="none")
    alpha = torch.where(y > 0, 0.25, 0.75)
    return (alpha * (1 - torch.exp(-entropy)) ** 2 * entropy).mean()


@twin(Y="one-hot")
def label_smoothing(v):
    return functional.cross_entropy(functional.relu(v.X.T @ v.W.T) @ v.V.T, v.Y.argmax(0), label_smoothing=0.1)


@twin(Y="one-hot")
def distillation(v):
    """Four times the divergence, and the teacher's entropy, which no gradient sees."""
    logits, teacher = v.X.T @ v.W.T, functional.relu(v.X.T @ v.U.T) @ v.V.T
    student, target = (functional.log_softmax(each / 2, 1) for each in (logits, teacher))
    divergence = functional.kl_div(student, target, reduction="batchmean", log_target=True)
    entropy = Categorical(logits=teacher / 2).entropy().mean()
    return 4 * (divergence + entropy) + functional.cross_entropy(logits, v.Y.argmax(0)) / 2


@twin()
def bayes_by_backprop(v):
    constant, weights, loss = torch.log(torch.tensor(2 * torch.pi)) / 2, [], 0.0
    for mean, spread, noise in ((v.M, v.R, v.epsilon_W), (v.N, v.S, v.epsilon_V)):
        posterior = Normal(mean, functional.softplus(spread))
        weights.append(posterior.loc + posterior.scale * noise)
        loss = loss + (posterior.log_prob(weights[-1]) - Normal(0.0, 1.0).log_prob(weights[-1])).sum()
    out = torch.tanh(v.X.T @ weights[0].T) @ weights[1].T
    return loss - (Normal(out, 1.0).log_prob(v.Y.T) + constant).sum()


@twin()
def mixture_density(v):
    hidden = torch.tanh(v.X.T @ v.W.T)
    parts = Normal(hidden @ v.W_mu.T, torch.exp(hidden @ v.W_s.T))
    mixture = MixtureSameFamily(Categorical(logits=hidden @ v.W_pi.T), parts)
    return -(mixture.log_prob(v.Y[0]) + torch.log(torch.tensor(2 * torch.pi)) / 2).mean()


@twin()
def batch_normalisation(v):
    n = functional.batch_norm(v.X.T @ v.W.T, None, None, v.gamma[:, 0], v.beta[:, 0], training=True)
    return half(functional.relu(n) @ v.V.T, v.Y)


@twin()
def layer_normalisation(v):
    n = functional.layer_norm(v.X.T @ v.W.T, [5], v.g[:, 0], v.b[:, 0], eps=0)
    return half(torch.tanh(n) @ v.V.T, v.Y)


@twin(Y="one-hot")
def direction_and_length(v):
    """torch.nn.utils.parametrizations.weight_norm."""
    weight = torch._weight_norm(v.V, v.g, 0)
    return classified(v.U, functional.relu(dense(weight, v.b, v.X.T)), v.Y)


@twin()
def spectral_normalisation(v):
    weight = v.W / torch.einsum("i,ij,j->", v.u[:, 0], v.W, v.v[:, 0])
    real, fake = (functional.leaky_relu(x.T @ weight.T, 0.1) @ v.w.T for x in (v.X, v.F))
    return functional.relu(1 - real).mean() + functional.relu(1 + fake).mean()


@twin(D="binary", Y="one-hot")
def dropout(v):
    kept = torch.where(v.D.T > 0, 2 * functional.relu(dense(v.W, v.b, v.X.T)), 0.0)
    return classified(v.V, kept, v.Y)


@twin(r="unit", Y="one-hot", Y_Z="one-hot")
def mixup(v):
    """The losses of both targets, weighted."""
    logits = functional.relu(torch.lerp(v.Z.T, v.X.T, v.r.T) @ v.W.T) @ v.V.T
    one, other = (functional.cross_entropy(logits, y.argmax(0), reduction="none") for y in (v.Y, v.Y_Z))
    return torch.lerp(other, one, v.r[0]).mean()


@twin(Y_c="one-hot")
def uncertainty_weighting(v):
    hidden = torch.tanh(v.X.T @ v.W.T)
    regression = functional.mse_loss(hidden @ v.V.T, v.Y.T)
    return (torch.exp(-v.s) * regression + v.s) / 2 + torch.exp(-v.t) * classified(v.U, hidden, v.Y_c) + v.t / 2


@twin()
def hypernetwork(v):
    weight = (v.A @ v.z + v.a).reshape(3, 4)
    return half(torch.tanh(v.X.T @ weight) @ v.V.T, v.Y)


@twin(Y="one-hot")
def film(v):
    return classified(v.V, functional.relu(v.C.T @ v.G.T * (v.X.T @ v.W.T) + v.C.T @ v.B.T), v.Y)


@twin(Y="one-hot")
def low_rank_adaptation(v):
    x = v.X.T
    hidden = functional.gelu(functional.linear(x, v.W) + functional.linear(functional.linear(x, v.A), v.B) * 4)
    return classified(v.V, hidden, v.Y)


@twin()
def siren(v):
    hidden = torch.sin(dense(v.W2, v.b2, torch.sin(30 * dense(v.W1, v.b1, v.X.T))))
    return (hidden @ v.V.T - v.Y.T).square().sum(1).mean()


@twin()
def radiance_field(v):
    """Alpha compositing, sample by sample."""
    colour, left = torch.zeros(3), torch.ones(())
    for x, step in zip(v.X.T, v.step[0], strict=True):
        encoded = torch.cat([x, torch.sin(x), torch.cos(x), torch.sin(2 * x), torch.cos(2 * x), x**2])
        hidden = functional.relu(v.W @ encoded)
        alpha = 1 - torch.exp(-functional.softplus(v.v[0] @ hidden) * functional.softplus(step))
        colour, left = colour + left * alpha * torch.sigmoid(v.U @ hidden), left * (1 - alpha)
    return (colour - v.Y[:, 0]).square().sum()


@twin()
def operator_network(v):
    branch = torch.tanh(v.F.T @ v.B1.T) @ v.B2.T
    trunk = torch.tanh(torch.tanh(v.X.T @ v.T1.T) @ v.T2.T)
    return functional.mse_loss(torch.einsum("ij,ij->i", branch, trunk) + v.c[0, 0], v.Y[0])


@twin(Y="binary")
def arithmetic_unit(v):
    weight = torch.tanh(v.V) * torch.sigmoid(v.M)
    x = v.X.T
    product = torch.exp(torch.log(x.abs() + 0.001) @ weight.T)
    return half(torch.lerp(product, x @ weight.T, torch.sigmoid(x @ v.G.T)), v.Y)


@twin(Y="one-hot")
def soft_tree(v):
    """Every leaf by the way to it."""
    turns = torch.sigmoid(dense(v.W, v.b, v.X.T))
    misfit = -functional.log_softmax(v.Q.T, 1)[:, v.Y.argmax(0)].T
    loss = 0.0
    for leaf in range(4):
        left, lower = leaf < 2, turns[:, 1 + leaf // 2]
        way = (turns[:, 0] if left else 1 - turns[:, 0]) * (lower if leaf % 2 == 0 else 1 - lower)
        loss = loss + (way * misfit[:, leaf]).mean()
    return loss


@twin(C="one-hot")
def infogan(v):
    fake = torch.tanh(torch.cat([v.z.T, v.C.T], 1) @ v.G.T)
    deceit = -functional.logsigmoid(fake @ v.w.T).mean()
    return deceit + functional.cross_entropy(fake @ v.Q.T, v.C.argmax(0))


@twin()
def kernel_regression(v):
    def kernel(a, b):
        return torch.exp(-torch.exp(v.s) * torch.cdist(a.T, b.T) ** 2)

    weights = torch.linalg.inv(kernel(v.X, v.X) + torch.exp(v.t) * torch.eye(5)) @ v.Y.T
    return functional.mse_loss(kernel(v.X_test, v.X) @ weights, v.Y_test.T)


@twin(Y="one-hot")
def variational_dropout(v):
    log_alpha = v.R - torch.log((v.W.abs() + 0.01) ** 2)
    x = v.X.T
    logits = x @ v.W.T + torch.sqrt(x**2 @ torch.exp(v.R).T) * v.epsilon.T
    slope = 0.63576 * torch.sigmoid(1.8732 + 1.48695 * log_alpha) - 0.5 * torch.log1p(torch.exp(-log_alpha)) - 0.63576
    return functional.cross_entropy(logits, v.Y.argmax(0)) - slope.sum() / 100
