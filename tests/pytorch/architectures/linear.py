"""Linear models and what is fitted to their outputs; rows are examples here."""

import torch
from pytorch.architectures import twin
from torch.nn import functional


def linear(v):
    return functional.linear(v.X.T, v.w, v.b[:, 0])


@twin()
def linear_regression(v):
    return functional.mse_loss(linear(v), v.Y.T)


@twin()
def ridge_regression(v):
    """Of the dual problem: predictions from the Gram matrix of the examples."""
    gram = v.X.T @ v.X + torch.exp(v.s) * torch.eye(v.X.shape[1])
    predicted = v.X_test.T @ v.X @ torch.linalg.solve(gram, v.Y.T)
    return functional.mse_loss(predicted, v.Y_test.T) / 2


@twin(Y="binary")
def logistic_regression(v):
    return functional.binary_cross_entropy_with_logits(linear(v), v.Y.T)


@twin(Y="one-hot")
def softmax_regression(v):
    return functional.cross_entropy(functional.linear(v.X.T, v.W, v.b[:, 0]), v.Y.argmax(0))


@twin(Y="sign")
def adaline(v):
    return functional.mse_loss(functional.linear(v.X.T, v.w), v.Y.T, reduction="sum")


@twin(Y="sign")
def perceptron(v):
    """The sum over the examples that are classified wrong."""
    scores = functional.linear(v.X.T, v.w)[:, 0]
    wrong = scores.sign() != v.Y[0]
    return -(v.Y[0] * scores)[wrong].sum()


@twin(Y="sign")
def support_vector_machine(v):
    return v.w.norm() ** 2 / 2 + 0.7 * functional.hinge_embedding_loss(
        v.Y.T * linear(v), -torch.ones_like(v.Y.T), margin=1.0, reduction="sum"
    )


@twin(Y="positive")
def poisson_regression(v):
    return functional.poisson_nll_loss(linear(v), v.Y.T, log_input=True)


@twin()
def quantile_regression(v):
    error = v.Y.T - linear(v)
    return (error * (0.9 - (error < 0).double())).mean()


@twin()
def huber_regression(v):
    return functional.huber_loss(linear(v), v.Y.T, delta=0.8)


@twin(Y="one-hot")
def ordinal_regression(v):
    """P(y ≤ k) = σ(θₖ − wᵀx), θ rising."""
    theta = [v.c[0, 0]]
    for step in torch.exp(v.s[:, 0]):
        theta.append(theta[-1] + step)
    total = torch.zeros(())
    for x, k in zip(v.X.T, v.Y.argmax(0).tolist(), strict=True):
        score = (v.w[0] * x).sum()
        upper = torch.sigmoid(theta[k] - score) if k < len(theta) else torch.ones(())
        lower = torch.sigmoid(theta[k - 1] - score) if k > 0 else torch.zeros(())
        total = total - torch.log(upper - lower)
    return total / v.X.shape[1]


@twin(event="binary")
def cox_regression(v):
    """Every event against all that are at risk then: those with times at least as long, which stand before it."""
    scores = functional.linear(v.X.T, v.w)[:, 0]
    return -sum(scores[i] - torch.logsumexp(scores[: i + 1], 0) for i in range(len(scores)) if v.event[0, i] > 0)
