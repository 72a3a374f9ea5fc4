# Written by symbp
"""Backpropagation through 3 layers, derived by symbp; needs PyTorch alone, and works in its default precision."""

import torch

ARGUMENTS = "X", "Y", "W1", "b1", "W2", "b2", "W3", "b3"
GRADIENTS = "W1", "b1", "W2", "b2", "W3", "b3"


class Loss(torch.autograd.Function):
    """The loss as one operation: Loss.apply of the arrays that ARGUMENTS names."""

    @staticmethod
    def forward(ctx, *arrays):
        """Return the loss, and keep what the backward pass reads."""
        X, Y, W1, b1, W2, b2, W3, b3 = arrays
        m = X.shape[1]
        Z1 = W1 @ X + b1
        A1 = torch.tanh(Z1)
        Z2 = W2 @ A1 + b2
        A2 = torch.tanh(Z2)
        Z3 = W3 @ A2 + b3
        A3 = torch.tanh(Z3)
        loss = torch.sum((A3 - Y)**2) / (2*m)
        kept = X, Y, W2, W3, A1, A2, A3
        ctx.save_for_backward(*kept)
        return loss

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, upstream):
        """Return the gradient by each argument of forward, times upstream; None where nothing asks for it."""
        X, Y, W2, W3, A1, A2, A3 = ctx.saved_tensors
        m = X.shape[1]
        # layer 3
        delta_A3 = (A3 - Y) / m  # loss: the slope of the loss at each output
        delta3 = delta_A3 * (1 - A3**2)  # A3: times the slope, entry by entry
        dW3 = delta3 @ A2.T  # Z3: error times input, transposed
        db3 = torch.sum(delta3, dim=1, keepdim=True)  # Z3: added up over the columns

        # layer 2
        delta_A2 = W3.T @ delta3  # Z3: a weight sends errors back by its transpose
        delta2 = delta_A2 * (1 - A2**2)  # A2
        dW2 = delta2 @ A1.T  # Z2
        db2 = torch.sum(delta2, dim=1, keepdim=True)  # Z2

        # layer 1
        delta_A1 = W2.T @ delta2  # Z2
        delta1 = delta_A1 * (1 - A1**2)  # A1
        dW1 = delta1 @ X.T  # Z1
        db1 = torch.sum(delta1, dim=1, keepdim=True)  # Z1

        return (
            None, None, upstream * dW1, upstream * db1, upstream * dW2, upstream * db2, upstream * dW3,
            upstream * db3
        )


def loss_and_gradients(parameters, X, Y):
    """Return the loss and a dict of its gradients, with the keys of ``parameters``.

    Columns of X and Y are examples. Shapes:

        X n0×m; Y n3×m; W1 n1×n0; b1 n1×1; W2 n2×n1; b2 n2×1; W3 n3×n2; b3 n3×1
    """
    given = {"X": X, "Y": Y, **parameters}
    given |= {name: given[name].detach().requires_grad_() for name in GRADIENTS}
    loss = Loss.apply(*(given[name] for name in ARGUMENTS))
    gradients = torch.autograd.grad(loss, [given[name] for name in GRADIENTS])
    return loss.detach(), dict(zip(GRADIENTS, gradients))


if __name__ == "__main__":
    import numpy as np

    torch.set_default_dtype(torch.float64)
    random = np.random.default_rng(0)
    given = {
        "X": random.normal(size=(3, 4)),
        "Y": random.normal(size=(2, 4)),
        "W1": random.normal(size=(5, 3)) / 3**0.5,
        "b1": random.normal(size=(5, 1)) / 2,
        "W2": random.normal(size=(4, 5)) / 5**0.5,
        "b2": random.normal(size=(4, 1)) / 2,
        "W3": random.normal(size=(2, 4)) / 4**0.5,
        "b3": random.normal(size=(2, 1)) / 2,
    }
    arrays = [torch.tensor(given[name], requires_grad=name in GRADIENTS) for name in ARGUMENTS]
    assert torch.autograd.gradcheck(Loss.apply, arrays)
    print("right: the gradients agree with differences of the loss")
