"""Backward passes of perceptrons as people write them: a seed chooses style, network and mistake, if any."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

ACTIVATIONS = {
    "tanh": ("np.tanh({z})", "(1 - {a} ** 2)"),
    "sigmoid": ("1 / (1 + np.exp(-({z})))", "{a} * (1 - {a})"),
    "relu": ("np.maximum({z}, 0)", "({a} > 0)"),
}
OUTPUTS = {
    "mse": ("identity", "{z}"),
    "bce": ("sigmoid", "1 / (1 + np.exp(-({z})))"),
    "cross_entropy": ("softmax", "softmax({z})"),
}
SOFTMAX = """
def softmax(z):
    e = np.exp(z - z.max(axis=AXIS, keepdims=True))
    return e / e.sum(axis=AXIS, keepdims=True)
"""
PLANTS = ("", "", "sign", "no mean", "no slope", "mean for sum", "wrong slope", "twice", "own activation")
"""Mistakes; every third file or so has none."""


@dataclass(frozen=True)
class Written:
    """A file, what is judged in it, the options of its network, and whether it is right."""

    text: str
    function: str
    options: dict[str, Any]
    plant: str


class Style:
    """Writes one file."""

    def __init__(self, seed: int) -> None:
        choose = random.Random(seed)
        self.layers = choose.choice((1, 2, 2, 3, 4)) if seed % 7 else 2
        self.activation = choose.choice(list(ACTIVATIONS))
        self.loss = choose.choice(list(OUTPUTS))
        self.rows = choose.random() < 0.5
        self.keep = choose.choice(WAYS)
        self.plant = choose.choice(PLANTS)
        self.at = choose.randint(1, self.layers)
        self.names = choose.choice((("X", "Y"), ("x", "y"), ("inputs", "targets"), ("x", "t"), ("data", "labels")))
        self.error = choose.choice(("dZ", "delta", "d", "err"))
        self.out = choose.choice(("d{}", "grad_{}", "{}", "{}_grad"))

    def forward(self) -> list[str]:
        x, _ = self.names
        lines = [f"A0 = {x}"]
        for layer in range(1, self.layers + 1):
            product = f"A{layer - 1} @ W{layer}" if self.rows else f"W{layer} @ A{layer - 1}"
            template = ACTIVATIONS[self.activation][0] if layer < self.layers else OUTPUTS[self.loss][1]
            lines.append(f"A{layer} = {template.format(z=f'{product} + b{layer}')}")
        return lines

    def backward(self) -> list[str]:
        """The lines of the backward pass, the mistake at one layer of it."""
        _, y = self.names
        e, last, plant = self.error, self.layers, self.plant
        count = f"A0.shape[{0 if self.rows else 1}]"
        over = "" if plant == "no mean" else f" / {count}"
        first = f"({y} - A{last})" if plant == "sign" else f"(A{last} - {y})"
        lines = [f"{e}{last} = {first}{over}"]
        for layer in range(last, 0, -1):
            is_here = layer == self.at
            before = f"A{layer}" if plant == "own activation" and is_here and layer > 1 else f"A{layer - 1}"
            product = f"{before}.T @ {e}{layer}" if self.rows else f"{e}{layer} @ {before}.T"
            lines.append(f"g_W{layer} = {'2 * ' if plant == 'twice' and is_here else ''}{product}")
            how = "mean" if plant == "mean for sum" and is_here else "sum"
            lines.append(f"g_b{layer} = {e}{layer}.{how}(axis={0 if self.rows else 1}, keepdims=True)")
            if layer > 1:
                back = f"{e}{layer} @ W{layer}.T" if self.rows else f"W{layer}.T @ {e}{layer}"
                slope = ACTIVATIONS[self.activation][1].format(a=f"A{layer - 1}")
                if plant == "wrong slope" and is_here:
                    slope = f"(1 - A{layer - 1})" if self.activation == "tanh" else f"A{layer - 1}"
                tail = "" if plant == "no slope" and is_here else f" * {slope}"
                lines.append(f"{e}{layer - 1} = ({back}){tail}")
        return lines

    @property
    def is_wrong(self) -> bool:
        """Whether the mistake changes something: the first layer hands nothing on."""
        if self.plant in ("no slope", "wrong slope", "own activation"):
            return self.at > 1
        return bool(self.plant)

    def parameters(self) -> list[str]:
        return [f"{letter}{layer}" for layer in range(1, self.layers + 1) for letter in "Wb"]

    def result(self) -> str:
        return "{" + ", ".join(f'"{self.out.format(p)}": g_{p}' for p in self.parameters()) + "}"

    def written(self) -> Written:
        softmax = SOFTMAX.replace("AXIS", str(int(self.rows))) if self.loss == "cross_entropy" else ""
        text, function = getattr(self, f"as_{self.keep}")()
        output = OUTPUTS[self.loss][0]
        options = {
            "layers": self.layers, "activation": self.activation, "output_activation": output, "loss": self.loss,
            "widths": [*(4, 6, 5, 7)[: self.layers], 3],
        }  # fmt: skip
        return Written(f"import numpy as np\n{softmax}{text}", function, options, self.plant if self.is_wrong else "")

    def body(self, *first: str, last: str) -> str:
        return "".join(f"    {line}\n" for line in (*first, *self.forward(), *self.backward(), last))

    def as_table(self) -> tuple[str, str]:
        """Parameters in a table, gradients in one."""
        taken = [f'{p} = params["{p}"]' for p in self.parameters()]
        x, y = self.names
        return f"def compute(params, {x}, {y}):\n" + self.body(*taken, last=f"return {self.result()}"), "compute"

    def as_arguments(self) -> tuple[str, str]:
        """Parameters one by one, a tuple back."""
        x, y = self.names
        back = ", ".join(f"g_{p}" for p in self.parameters())
        own = ", ".join(self.parameters())
        return f"def grads({x}, {y}, {own}):\n" + self.body(last=f"return {back}"), "grads"

    def as_pairs(self) -> tuple[str, str]:
        """A list of (W, b), the same back."""
        x, y = self.names
        taken = [f"W{layer}, b{layer} = params[{layer - 1}]" for layer in range(1, self.layers + 1)]
        back = ", ".join(f"(g_W{layer}, g_b{layer})" for layer in range(1, self.layers + 1))
        return f"def step(params, {x}, {y}):\n" + self.body(*taken, last=f"return [{back}]"), "step"

    def as_lists(self) -> tuple[str, str]:
        """A list of weights and one of biases."""
        x, y = self.names
        taken = [
            f"W{layer}, b{layer} = weights[{layer - 1}], biases[{layer - 1}]" for layer in range(1, self.layers + 1)
        ]
        every = range(1, self.layers + 1)
        back = f"[{', '.join(f'g_W{n}' for n in every)}], [{', '.join(f'g_b{n}' for n in every)}]"
        return f"def backprop(weights, biases, {x}, {y}):\n" + self.body(*taken, last=f"return {back}"), "backprop"

    def made(self, keep: str) -> str:
        """A class that makes its parameters from sizes."""
        shape = "n, k" if self.rows else "k, n"
        bias = "1, k" if self.rows else "k, 1"
        return (
            "class Net:\n    def __init__(self, sizes):\n        self.p = {}\n"
            "        for i, (n, k) in enumerate(zip(sizes[:-1], sizes[1:]), 1):\n"
            f'            self.{keep}["W" + str(i)] = np.random.randn({shape})\n'
            f'            self.{keep}["b" + str(i)] = np.zeros(({bias}))\n'
        )

    def method(self, name: str, *last: str) -> str:
        x, y = self.names
        taken = [f'{p} = self.p["{p}"]' for p in self.parameters()]
        lines = (*taken, *self.forward(), *self.backward(), *last)
        return f"    def {name}(self, {x}, {y}):\n" + "".join(f"        {line}\n" for line in lines)

    def as_method(self) -> tuple[str, str]:
        """A class with a method that returns the gradients."""
        return self.made("p") + self.method("gradients", f"return {self.result()}"), "Net.gradients"

    def as_attributes(self) -> tuple[str, str]:
        """A class whose method leaves the gradients behind."""
        left = [f"self.d{p} = g_{p}" for p in self.parameters()]
        return self.made("p") + self.method("backward", *left), "Net.backward"

    def as_training(self) -> tuple[str, str]:
        """A class whose method takes a step."""
        moved = [f'self.p["{p}"] -= self.lr * g_{p}' for p in self.parameters()]
        made = self.made("p").replace("self.p = {}", "self.p = {}\n        self.lr = 0.1")
        return made + self.method("train", *moved), "Net.train"

    def as_vector(self) -> tuple[str, str]:
        """One vector in, one vector out."""
        x, y = self.names
        taken = ["at = 0"]
        widths = [*(4, 6, 5, 7)[: self.layers], 3]
        for layer, (n, k) in enumerate(pairwise(widths), 1):
            shapes = (("W", (n, k) if self.rows else (k, n)), ("b", (1, k) if self.rows else (k, 1)))
            for letter, (a, b) in shapes:
                taken.append(f"{letter}{layer} = theta[at:at + {a * b}].reshape({a}, {b}); at += {a * b}")
        back = ", ".join(f"g_{p}.ravel()" for p in self.parameters())
        return f"def cost(theta, {x}, {y}):\n" + self.body(*taken, last=f"return np.concatenate([{back}])"), "cost"


WAYS = ("table", "arguments", "pairs", "lists", "method", "attributes", "training", "vector")


def written(seed: int) -> Written:
    """Return the file of a seed."""
    return Style(seed).written()
