"""Layers as people write them: right ones, and those whose names say that they are wrong."""

import numpy as np


def affine_forward(x, w, b):
    return x @ w + b, (x, w, b)


def affine_backward(dout, cache):
    x, w, _ = cache
    dx = dout @ w.T
    dw = x.T @ dout
    db = dout.sum(axis=0)
    return dx, dw, db


def wrong_affine_forward(x, w, b):
    return x @ w + b, (x, w, b)


def wrong_affine_backward(dout, cache):
    x, w, _ = cache
    dx, dw, db = dout @ w.T, x.T @ dout, dout.mean(axis=0)
    return dx, dw, db


def conv_forward(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    high, wide = w.shape[2:]
    rows, columns = (padded.shape[2] - high) // stride + 1, (padded.shape[3] - wide) // stride + 1
    out = np.zeros((len(x), len(w), rows, columns))
    for i in range(rows):
        for j in range(columns):
            window = padded[:, :, i * stride : i * stride + high, j * stride : j * stride + wide]
            out[:, :, i, j] = np.tensordot(window, w, axes=([1, 2, 3], [1, 2, 3])) + b
    return out, (padded, w, conv_param)


def conv_backward(dout, cache):
    padded, w, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    high, wide = w.shape[2:]
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            at = np.s_[:, :, i * stride : i * stride + high, j * stride : j * stride + wide]
            dw += np.tensordot(dout[:, :, i, j], padded[at], axes=([0], [0]))
            dpadded[at] += np.tensordot(dout[:, :, i, j], w, axes=([1], [0]))
    return dpadded[:, :, pad:-pad, pad:-pad], dw, dout.sum(axis=(0, 2, 3))


def relu_forward(x):
    return np.maximum(x, 0), x


def relu_backward(dout, cache):
    return dout * (cache > 0)


def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get("eps", 1e-5)
    variance = x.var(axis=0)
    normed = (x - x.mean(axis=0)) / np.sqrt(variance + eps)
    return gamma * normed + beta, (normed, gamma, variance + eps)


def batchnorm_backward(dout, cache):
    normed, gamma, variance = cache
    dbeta, dgamma = dout.sum(axis=0), (dout * normed).sum(axis=0)
    dx = gamma / np.sqrt(variance) / len(dout) * (len(dout) * dout - dbeta - normed * dgamma)
    return dx, dgamma, dbeta


def wrong_batchnorm_forward(x, gamma, beta):
    return batchnorm_forward(x, gamma, beta, {})


def wrong_batchnorm_backward(dout, cache):
    normed, gamma, variance = cache
    dbeta, dgamma = dout.sum(axis=0), (dout * normed).sum(axis=0)
    return gamma / np.sqrt(variance) * (dout - dbeta / len(dout)), dgamma, dbeta


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    h = np.tanh(x @ Wx + prev_h @ Wh + b)
    return h, (x, prev_h, Wx, Wh, h)


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, h = cache
    dz = dnext_h * (1 - h * h)
    return dz @ Wx.T, dz @ Wh.T, x.T @ dz, prev_h.T @ dz, dz.sum(axis=0)


def gate_forward(a_prev, xt, Wf, bf):
    joined = np.concatenate([a_prev, xt])
    f = 1 / (1 + np.exp(-(Wf @ joined + bf)))
    return f, (a_prev, joined, Wf, f)


def gate_backward(df, cache):
    a_prev, joined, Wf, f = cache
    dz = df * f * (1 - f)
    djoined = Wf.T @ dz
    return {"da_prev": djoined[: len(a_prev)], "dxt": djoined[len(a_prev) :], "dWf": dz @ joined.T,
            "dbf": dz.sum(axis=1, keepdims=True)}  # fmt: skip


def wrong_gate_forward(a_prev, xt, Wf, bf):
    return gate_forward(a_prev, xt, Wf, bf)


def wrong_gate_backward(df, cache):
    found = gate_backward(df, cache)
    return {**found, "da_prev": found["da_prev"] * 2}


def dropout_forward(x, p=0.5):
    mask = (np.random.rand(*x.shape) < p) / p
    return x * mask, mask


def dropout_backward(dout, cache):
    return dout * cache


class Linear:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class WrongSigmoid:
    def forward(self, x):
        self.out = 1 / (1 + np.exp(-x))
        return self.out

    def backward(self, dout):
        return dout * self.out
