"""What a matrix is in a network; apart from the symbols, so that a table of letters needs no SymPy."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a matrix is in the network; decides its letter in print and its role as a factor."""

    INPUT = "input"
    TARGET = "target"
    WEIGHT = "weight"
    BIAS = "bias"
    PREACTIVATION = "pre-activation"
    ACTIVATION = "activation"
    LOSS = "loss"
    CONSTANT = "constant"
    GRADIENT = "gradient inside"
    DIRECTION = "direction"
    FROZEN = "frozen weight"
    SCALE = "scale"
    SHIFT = "shift"
    NORMALISED = "normalised"
    SHIFTED = "scaled and shifted"
    BLOCK = "block output"
    GATE = "gate"
    STATE = "state"
    MASK = "mask"
    MASKED = "after dropout"
    PADDING = "mask of padding"
    QUERY = "queries"
    KEY = "keys"
    VALUE = "values"
    SCORE = "scores"
    ATTENTION = "attention weights"
    MIXED = "mixed values"
    CONVOLVED = "convolved"
    REPEATED = "repeated at every place"
    POOLED = "pooled"
    STACKED = "stacked"
    REARRANGED = "rearranged"
    UPSTREAM = "gradient from above"


DATA = (Role.INPUT, Role.MASK, Role.PADDING, Role.CONSTANT, Role.FROZEN, Role.DIRECTION)
"""What is given with the inputs: nothing of it is trained."""
