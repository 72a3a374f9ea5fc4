"""Backward passes as people write them, for a network of two tanh layers with the squared error; and broken ones."""

RIGHT = """
import numpy as np

def backward(parameters, cache, X, Y):
    m = X.shape[1]
    A1, A2 = cache["A1"], cache["A2"]
    dZ2 = (A2 - Y) / m * (1 - A2**2)
    dZ1 = parameters["W2"].T @ dZ2 * (1 - A1**2)
    return {"dW1": dZ1 @ X.T, "db1": dZ1.sum(axis=1, keepdims=True),
            "dW2": dZ2 @ A1.T, "db2": dZ2.sum(axis=1, keepdims=True)}
"""

SHORT = """
def backward(parameters, cache, X, Y):
    m = X.shape[1]
    A1, A2 = cache["A1"], cache["A2"]
    dZ2 = (A2 - Y) / m * (1 - A2**2)
    dZ1 = parameters["W2"].T @ dZ2 * (1 - A1**2)
    g = dict(W1=dZ1 @ X.T, b1=dZ1.sum(axis=1, keepdims=True), W2=dZ2 @ A1.T, b2=dZ2.sum(axis=1, keepdims=True))
    {}
"""
"""Ends in a line of the test's own."""

SEPARATE = """
import numpy as np

def helper(z):
    return np.tanh(z)

def gradients(X, y, W1, b1, W2, b2, learning_rate=0.1):
    a1 = helper(W1 @ X + b1)
    a2 = helper(W2 @ a1 + b2)
    dZ2 = (a2 - y) / X.shape[1] * (1 - a2**2)
    dZ1 = W2.T @ dZ2 * (1 - a1**2)
    dW1, dW2 = dZ1 @ X.T, dZ2 @ a1.T
    db1, db2 = dZ1.sum(axis=1), dZ2.sum(axis=1)
    return dW2, db2, dW1, db1
"""

ROWS = """
import numpy as np

def backprop(x, labels, params):
    m = len(x)
    h = np.tanh(x @ params["W1"] + params["b1"])
    z = h @ params["W2"] + params["b2"]
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(m), labels]).mean()
    p[np.arange(m), labels] -= 1
    d2 = p / m
    d1 = d2 @ params["W2"].T * (1 - h**2)
    return loss, {"W1": x.T @ d1, "b1": d1.sum(axis=0), "W2": h.T @ d2, "b2": d2.sum(axis=0)}
"""
"""Softmax and cross-entropy, rows as examples, class labels."""
