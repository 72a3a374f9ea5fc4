# Written by symbp
"""Backpropagation through 3 layers, derived by symbp; needs NumPy alone."""

import numpy as np


def loss_and_gradients(parameters, X, Y):
    """Return the loss and a dict of its gradients, with the keys of ``parameters``.

    Columns of X and Y are examples. Shapes:

        X n0×m; Y n3×m; W1 n1×n0; b1 n1×1; W2 n2×n1; b2 n2×1; W3 n3×n2; b3 n3×1
    """
    W1, b1 = parameters["W1"], parameters["b1"]
    W2, b2 = parameters["W2"], parameters["b2"]
    W3, b3 = parameters["W3"], parameters["b3"]
    m = X.shape[1]

    # forward
    Z1 = W1 @ X + b1
    A1 = np.tanh(Z1)
    Z2 = W2 @ A1 + b2
    A2 = np.tanh(Z2)
    Z3 = W3 @ A2 + b3
    A3 = np.tanh(Z3)
    loss = np.sum((A3 - Y)**2) / (2*m)

    # backward, layer 3
    delta_A3 = (A3 - Y) / m
    delta3 = delta_A3 * (1 - A3**2)
    dW3 = delta3 @ A2.T
    db3 = np.sum(delta3, axis=1, keepdims=True)
    del A3, delta_A3, Z3  # memory for the next layer

    # backward, layer 2
    delta_A2 = W3.T @ delta3
    delta2 = delta_A2 * (1 - A2**2)
    dW2 = delta2 @ A1.T
    db2 = np.sum(delta2, axis=1, keepdims=True)
    del delta3, delta_A2, A2, Z2  # memory for the next layer

    # backward, layer 1
    delta_A1 = W2.T @ delta2
    delta1 = delta_A1 * (1 - A1**2)
    dW1 = delta1 @ X.T
    db1 = np.sum(delta1, axis=1, keepdims=True)

    return loss, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2, "W3": dW3, "b3": db3}
