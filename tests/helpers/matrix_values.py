"""Matrix expressions with numbers put in, for one example; nothing of the calculus is trusted here."""

from functools import reduce, singledispatch

import numpy as np
from sympy import (
    BlockMatrix,
    DiagMatrix,
    HadamardProduct,
    Identity,
    MatAdd,
    MatMul,
    MatrixSymbol,
    OneMatrix,
    Transpose,
    ZeroMatrix,
)

from symbp.ops.elementwise import Elementwise, Slope
from symbp.symbols import BATCH

FUNCTIONS = {"tanh": np.tanh, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "softplus": lambda z: np.log(1 + np.exp(z))}


@singledispatch
def value(node, known):
    """Return the numbers of an expression."""
    raise NotImplementedError(type(node))


value.register(MatrixSymbol, lambda node, known: known[node.name])
value.register(MatMul, lambda node, known: _product(node, known))
value.register(MatAdd, lambda node, known: sum(value(arg, known) for arg in node.args))
value.register(HadamardProduct, lambda node, known: np.prod([value(arg, known) for arg in node.args], axis=0))
value.register(Transpose, lambda node, known: value(node.arg, known).T)
value.register(DiagMatrix, lambda node, known: np.diagflat(value(node.args[0], known)))
value.register(OneMatrix, lambda node, known: np.ones([int(n.xreplace({BATCH: 1})) for n in node.shape]))
value.register(ZeroMatrix, lambda node, known: np.zeros([int(n.xreplace({BATCH: 1})) for n in node.shape]))
value.register(Identity, lambda node, known: np.eye(int(node.shape[0])))
value.register(Elementwise, lambda node, known: FUNCTIONS[node.function.name](value(node.args[1], known)))
value.register(BlockMatrix, lambda node, known: _blocks(node, known))


def _product(node, known):
    number, factors = node.as_coeff_matrices()
    return float(number) * reduce(np.matmul, [value(factor, known) for factor in factors])


def _blocks(node, known):
    rows, columns = node.blockshape
    return np.block([[value(node.blocks[i, j], known) for j in range(columns)] for i in range(rows)])


@value.register
def _(node: Slope, known):
    """A slope as a difference of its function."""
    step = 1e-20j
    return (FUNCTIONS[node.function.name](value(node.inputs[0], known) + step) / 1e-20).imag


def run(derived, given, held):
    """Run the forward list; what is held keeps its value."""
    known = dict(given)
    for equation in derived.unstacked.forward.equations[:-2]:
        known[equation.name] = held[equation.name] if equation.name in held else value(equation.rhs, known)
    return known
