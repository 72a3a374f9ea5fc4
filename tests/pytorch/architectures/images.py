"""Networks of images and of layers; a batch of images is examples × channels × height × width here."""

import torch
from pytorch.architectures import twin
from torch.nn import functional


def pictures(v, *sizes):
    return v.X.T.reshape(-1, *sizes)


def convolved(v, number, x, kernel, **options):
    """One convolution of torch.nn.functional, with a bias where there is one."""
    values, groups = vars(v), options.get("groups", 1)
    weight = values[f"W{number}"].reshape(-1, x.shape[1] // groups, kernel, kernel)
    bias = values.get(f"b{number}")
    return functional.conv2d(x, weight, None if bias is None else bias[:, 0], **options)


def dense(v, number, x):
    values = vars(v)
    return functional.linear(x, values[f"W{number}"], values[f"b{number}"][:, 0])


def classes(v, z):
    return functional.cross_entropy(z, v.Y.T)


def half(v, out):
    return functional.mse_loss(out.flatten(1), v.Y.T, reduction="sum") / (2 * out.shape[0])


@twin(Y="one-hot")
def lenet(v):
    x = functional.avg_pool2d(torch.tanh(convolved(v, 1, pictures(v, 1, 10, 10), 3)), 2)
    x = functional.avg_pool2d(torch.tanh(convolved(v, 2, x, 3)), 2)
    return classes(v, dense(v, 4, torch.tanh(dense(v, 3, x.flatten(1)))))


@twin(Y="one-hot")
def network_in_network(v):
    x = torch.relu(convolved(v, 1, pictures(v, 2, 5, 4), 3, padding=1))
    x = convolved(v, 3, torch.relu(convolved(v, 2, x, 1)), 1)
    return classes(v, x.mean((2, 3)))


@twin()
def convolutional_autoencoder(v):
    x = torch.tanh(convolved(v, 1, pictures(v, 1, 6, 6), 3, padding=1))
    x = functional.interpolate(functional.max_pool2d(x, 2), scale_factor=2)
    weight = v.W2.reshape(3, 1, 3, 3)
    return half(v, torch.sigmoid(functional.conv_transpose2d(x, weight, v.b2[:, 0], padding=1)))


@twin(Y="binary")
def u_net(v):
    values = vars(v)

    def conv(name, x, padding):
        weight, side = values[name.format("W")], 2 * padding + 1
        weight = weight.reshape(-1, x.shape[1], side, side)
        return functional.conv2d(x, weight, values[name.format("b")][:, 0], padding=padding)

    level = torch.relu(conv("down.{}1", pictures(v, 1, 4, 4), 1))
    deep = torch.relu(conv("{}2", functional.max_pool2d(level, 2), 1))
    up = functional.conv_transpose2d(deep, v.W3.reshape(3, 2, 2, 2), v.b3[:, 0], stride=2)
    x = torch.relu(conv("{}4", torch.cat([up, level], 1), 1))
    z = conv("{}5", x, 0).flatten(1)
    return functional.binary_cross_entropy_with_logits(z, v.Y.T, reduction="sum") / z.shape[0]


@twin(Y="one-hot")
def prelu(v):
    x = functional.prelu(dense(v, 1, v.X.T), v.alpha1[0])
    return classes(v, dense(v, 3, functional.prelu(dense(v, 2, x), v.alpha2[0])))


@twin()
def dilated_convolutions(v):
    x = pictures(v, 2, 7, 6)
    for number, step in enumerate((1, 2, 4), 1):
        x = torch.relu(convolved(v, number, x, 3, padding=step, dilation=step))
    return half(v, convolved(v, 4, x, 1))


@twin()
def weight_normalisation(v):
    first, second = torch._weight_norm(v.V1, v.g1, 0), torch._weight_norm(v.V2, v.g2, 0)
    x = torch.relu(functional.linear(v.X.T, first, v.b1[:, 0]))
    return half(v, functional.linear(x, second, v.b2[:, 0]))


@twin()
def instance_normalisation(v):
    x = convolved(v, 1, pictures(v, 2, 5, 4), 3, padding=1)
    x = functional.instance_norm(x, weight=v.gamma1[:, 0], bias=v.beta1[:, 0])
    return half(v, convolved(v, 2, torch.relu(x), 1))


def batch_norm(x, gamma, beta):
    return functional.batch_norm(x, None, None, gamma[:, 0], beta[:, 0], training=True)


@twin(Y="one-hot")
def mobilenet(v):
    x = convolved(v, 1, pictures(v, 3, 6, 5), 3, padding=1, groups=3)
    x = convolved(v, 2, torch.relu(batch_norm(x, v.gamma1, v.beta1)), 1)
    x = torch.relu(batch_norm(x, v.gamma2, v.beta2)).mean((2, 3))
    return classes(v, dense(v, 3, x))


@twin(Y="one-hot")
def group_normalisation(v):
    x = convolved(v, 1, pictures(v, 2, 4, 4), 3, padding=1)
    x = torch.relu(functional.group_norm(x, 2, v.gamma1[:, 0], v.beta1[:, 0]))
    return classes(v, dense(v, 2, x.flatten(1)))


@twin(Y="one-hot")
def vision_transformer(v):
    """A convolution as wide as its stride, and the modules of torch.nn behind it."""
    values = vars(v)
    x = (
        functional.conv2d(pictures(v, 1, 4, 6), v.W1.reshape(4, 1, 2, 2), v.b1[:, 0], stride=2)
        .flatten(2)
        .transpose(1, 2)
    )
    x = torch.cat([v.c1.T.expand(len(x), 1, 4), x], 1) + values["positions.P"].T
    u = _norm(values, "block1.norm1.", x)
    q, k, w = (_heads(u @ values[f"block1.attention.W{each}"].T) for each in "QKV")
    mixed = functional.scaled_dot_product_attention(q, k, w).transpose(1, 2).flatten(2)
    x = x + mixed @ values["block1.attention.WO"].T
    hidden = _linear(values, "block1.hidden.", _norm(values, "block1.norm2.", x))
    x = x + _linear(values, "block1.output.", functional.gelu(hidden))
    last = max(int(name.removeprefix("W")) for name in values if name.startswith("W"))
    x = functional.layer_norm(x, (4,), values[f"gamma{last - 1}"][:, 0], values[f"beta{last - 1}"][:, 0])[:, 0]
    return classes(v, dense(v, last, x))


def _heads(x):
    return x.unflatten(2, (2, 2)).transpose(1, 2)


def _norm(values, path, x):
    return functional.layer_norm(x, (4,), values[f"{path}gamma"][:, 0], values[f"{path}beta"][:, 0])


def _linear(values, path, x):
    return functional.linear(x, values[f"{path}W"], values[f"{path}b"][:, 0])
