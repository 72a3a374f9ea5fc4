"""Recurrent cells, one step after another; rows are examples here."""

import torch
from pytorch.architectures import twin
from pytorch.architectures.feedforward import classified, dense
from torch.nn import functional


def steps(v, stem="X"):
    return [each.T for each in v.every(stem)]


def half(out, y):
    """Half the squared error, summed over what comes out and averaged over the examples."""
    return (out - y.T).square().sum() / (2 * len(out))


def zeros(v, units):
    return torch.zeros(v.every("X")[0].shape[1], units)


@twin()
def elman(v):
    h, loss = zeros(v, 5), 0.0
    for x, y in zip(steps(v), steps(v, "Y"), strict=True):
        h = torch.sigmoid(dense(torch.cat([v.W, v.U], 1), v.b, torch.cat([x, h], 1)))
        loss = loss + half(torch.sigmoid(dense(v.V, v.c, h)), y.T)
    return loss


@twin()
def jordan(v):
    context = zeros(v, 2)
    for x in steps(v):
        out = torch.sigmoid(torch.tanh(x @ v.W.T + context @ v.U.T) @ v.V.T)
        context = context / 2 + out
    return half(out, v.Y)


@twin(Y="one-hot")
def lstm(v):
    """torch.nn.LSTM, whose second bias is zero."""
    module = torch.nn.LSTM(3, 4)
    w, u, b = (torch.cat([getattr(v, f"{stem}_{gate}") for gate in "ifco"]) for stem in "WUb")
    own = {"weight_ih_l0": w, "weight_hh_l0": u, "bias_ih_l0": b[:, 0], "bias_hh_l0": torch.zeros(16)}
    out, _ = torch.func.functional_call(module, own, (torch.stack(steps(v)),))
    return classified(v.V, out[-1], v.Y)


@twin()
def peephole_lstm(v):
    h = c = zeros(v, 4)

    def gate(name, x, seen):
        drive = x @ getattr(v, f"W_{name}").T + h @ getattr(v, f"U_{name}").T
        return torch.sigmoid(drive + getattr(v, f"p_{name}")[:, 0] * seen)

    for x in steps(v):
        new = gate("f", x, c) * c + gate("i", x, c) * torch.tanh(x @ v.W_c.T + h @ v.U_c.T)
        h, c = gate("o", x, new) * torch.tanh(new), new
    return half(h @ v.V.T, v.Y)


@twin(Y="one-hot")
def gru(v):
    h = zeros(v, 4)
    for x in steps(v):
        z, r = (torch.sigmoid(x @ w.T + h @ u.T) for w, u in ((v.W_z, v.U_z), (v.W_r, v.U_r)))
        h = torch.lerp(torch.tanh(x @ v.W_h.T + (r * h) @ v.U_h.T), h, z)
    return classified(v.V, h, v.Y)


@twin()
def minimal_gated_unit(v):
    h = zeros(v, 4)
    for x in steps(v):
        f = torch.sigmoid(dense(v.W_f, v.b_f, x) + h @ v.U_f.T)
        h = torch.lerp(h, torch.tanh(dense(v.W_h, v.b_h, x) + (f * h) @ v.U_h.T), f)
    return half(h @ v.V.T, v.Y)


@twin()
def indrnn(v):
    """A plain recurrent network with a diagonal matrix."""
    module = torch.nn.RNN(3, 4, nonlinearity="relu")
    own = {"weight_ih_l0": v.W, "weight_hh_l0": torch.diag(v.u[:, 0]), "bias_ih_l0": v.b[:, 0]}
    own["bias_hh_l0"] = torch.zeros(4)
    out, _ = torch.func.functional_call(module, own, (torch.stack(steps(v)),))
    return half(out[-1] @ v.V.T, v.Y)


@twin()
def clockwork(v):
    """A module of period 1, which sees the one of period 2, over six steps."""
    fast = slow = zeros(v, 4)
    inputs = [each for pair in zip(steps(v, "Z"), steps(v), strict=True) for each in pair]
    for t, x in enumerate(inputs, 1):
        old = slow
        if t % 2 == 0:
            slow = torch.tanh(x @ v.W_s.T + old @ v.U_ss.T)
        fast = torch.tanh(x @ v.W_f.T + fast @ v.U_ff.T + old @ v.U_fs.T)
    return half(torch.cat([fast, slow], 1) @ v.V.T, v.Y)


@twin()
def qrnn(v):
    """PyTorch's convolution over time."""
    x = torch.stack(steps(v), 2)
    z, f, o = (
        functional.conv1d(x, torch.stack([getattr(v, f"W_{gate}"), getattr(v, f"V_{gate}")], 2)) for gate in "zfo"
    )
    c = 0.0
    for t in range(3):
        c = torch.lerp(torch.tanh(z[:, :, t]), c + zeros(v, 4), torch.sigmoid(f[:, :, t]))
    return half((torch.sigmoid(o[:, :, 2]) * c) @ v.U.T, v.Y)


@twin()
def sru(v):
    c = zeros(v, 4)
    for x in steps(v):
        f = torch.sigmoid(dense(v.W_f, v.b_f, x) + v.v_f[:, 0] * c)
        r = torch.sigmoid(dense(v.W_r, v.b_r, x) + v.v_r[:, 0] * c)
        c = torch.lerp(x @ v.W.T, c, f)
        h = torch.lerp(x, c, r)
    return half(h, v.Y)


@twin()
def retention(v):
    """The parallel form: every key weighted by how long ago it was."""
    x = torch.cat(v.every("x"), 1).T
    decay = 0.9 ** torch.arange(3, -1, -1)
    scores = decay * (x @ v.W_K.T @ v.W_Q @ x[-1])
    return (scores @ x @ v.W_V.T - v.Y[:, 0]).square().sum() / 2


@twin()
def delta_network(v):
    """One step of gradient descent on ½‖S k − v‖² for each token."""
    memory = torch.zeros(3, 2, requires_grad=True)
    for x in v.every("x"):
        key = torch.softmax(v.W_K @ x, 0)
        (slope,) = torch.autograd.grad((memory @ key - v.W_V @ x).square().sum() / 2, memory, create_graph=True)
        memory = memory - torch.sigmoid(v.w @ x) * slope
    return (memory @ torch.softmax(v.W_Q @ x, 0) - v.Y).square().sum() / 2


@twin()
def diagonal_state_space(v):
    """As a convolution with its kernel; both matrices by the exponential of one."""
    length, a = 4, -torch.exp(v.a[:, 0])
    system = torch.zeros(5, 2, 2)
    system = system.index_put((torch.arange(5), torch.tensor(0), torch.tensor(0)), a)
    system = system.index_put((torch.arange(5), torch.tensor(0), torch.tensor(1)), v.b[:, 0])
    exact = torch.linalg.matrix_exp(torch.exp(v.s) * system)
    kernel = [(v.c[0] * exact[:, 0, 0] ** k * exact[:, 0, 1]).sum() for k in range(length)]
    u = torch.cat(v.every("u"))
    out = sum(kernel[length - 1 - t] * u[t] for t in range(length)) + v.D_[0, 0] * u[-1]
    return (out - v.Y[0]).square().mean() / 2


@twin()
def mamba(v):
    out = []
    for sequence in torch.cat(v.every("u")).T:
        h = torch.zeros(4)
        for u in sequence:
            delta = functional.softplus(v.w[0, 0] * u + v.b[0, 0])
            h = torch.exp(-delta * torch.exp(v.a[:, 0])) * h + delta * (v.W_B[:, 0] * u) * u
        out.append((v.W_C[:, 0] * u) @ h)
    return (torch.stack(out) - v.Y[0]).square().mean() / 2


@twin()
def legendre_memory(v):
    h, memory = zeros(v, 5), zeros(v, 4)
    for x in steps(v):
        u = torch.cat([x, h, memory], 1) @ torch.cat([v.e_x, v.e_h, v.e_m], 1).T
        memory = torch.cat([memory, u], 1) @ torch.cat([v.A, v.B], 1).T
        h = torch.tanh(torch.cat([x, h, memory], 1) @ torch.cat([v.W_x, v.W_h, v.W_m], 1).T)
    return half(h @ v.V.T, v.Y)


@twin()
def echo_state(v):
    h = zeros(v, 6)
    for x in steps(v):
        h = torch.lerp(h, torch.tanh(x @ v.W.T + h @ v.U.T), 0.3)
    return half(h @ v.V.T, v.Y) + 0.05 * v.V.square().sum()


@twin(Y="one-hot")
def bidirectional(v):
    """torch.nn.RNN, bidirectional."""
    module = torch.nn.RNN(3, 4, bias=False, bidirectional=True)
    own = {"weight_ih_l0": v.W, "weight_hh_l0": v.U, "weight_ih_l0_reverse": v.W_b, "weight_hh_l0_reverse": v.U_b}
    _, ends = torch.func.functional_call(module, own, (torch.stack(steps(v)),))
    return classified(torch.cat([v.V, v.V_b], 1), torch.cat(list(ends), 1), v.Y)


@twin()
def orthogonal_rnn(v):
    skew = v.B - v.B.T
    turn = torch.linalg.inv(torch.eye(3) + skew) @ (torch.eye(3) - skew)
    assert torch.allclose(turn @ turn.T, torch.eye(3))
    h = zeros(v, 3)
    for x in steps(v):
        z = x @ v.W.T + h @ turn.T
        h = torch.where(z > 0, 1.0, -1.0) * functional.relu(z.abs() + v.c[:, 0])
    return half(h @ v.V.T, v.Y)


@twin()
def antisymmetric_rnn(v):
    h = zeros(v, 4)
    for x in steps(v):
        h = h + 0.2 * torch.tanh(h @ (v.W - v.W.T).T - 0.1 * h + dense(v.V, v.b, x))
    return half(h @ v.U.T, v.Y)


@twin()
def liquid_time_constant(v):
    h = zeros(v, 4)
    for x in steps(v):
        f = torch.sigmoid(dense(v.W, v.b, x) + h @ v.U.T)
        h = (h + 0.1 * f * v.A[:, 0]) / (1 + 0.1 * (torch.exp(v.tau[:, 0]) + f))
    return half(h @ v.V.T, v.Y)


@twin()
def deep_equilibrium(v):
    x = v.X.T
    z = torch.zeros(len(x), 4)
    for _ in range(8):
        z = torch.tanh(z @ v.W.T / 2 + dense(v.U, v.b, x))
    return half(z @ v.V.T, v.Y)


def gates(order, a, c):
    """One step of a memory from the stacked inputs of its gates."""
    i, f, o, g = (a[:, 4 * order.index(gate) : 4 * order.index(gate) + 4] for gate in "ifog")
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


@twin()
def lstm_autoencoder(v):
    h = c = zeros(v, 4)
    for x in steps(v):
        h, c = gates("figo", dense(torch.cat([v.W, v.U], 1), v.b, torch.cat([x, h], 1)), c)
    loss = 0.0
    for x in reversed(steps(v)):
        h, c = gates("figo", dense(v.R, v.r, h), c)
        loss = loss + (h @ v.V.T - x).square().sum() / len(x)
    return loss
