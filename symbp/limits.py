"""How large a network may be; the command line and the networks floor both refuse beyond it."""

MAX_LAYERS = 100_000
"""Deepest network accepted: memory grows with every layer."""

BYTES_PER_LAYER = 10_000
"""Memory one layer's equations take, forward and backward, measured from 5 to 4000 layers."""

MAX_STEPS = 1_000
"""Longest sequence a recurrent layer is unrolled for: an LSTM writes 14 equations a step and is checked in 30 s."""

MAX_TOKENS = 10_000
"""Most tokens an example has: attention compares each with each."""

MAX_UNITS = 1_000_000
"""Widest layer accepted."""

MAX_EQUATIONS = 10_000
"""Most equations of one's own, and most layers of a file once repeats, steps and heads are written out."""

MAX_FILE = 1_000_000
"""Largest file that describes a network, in bytes: 10,000 layers, each in a table of its own."""

MAX_ARRAYS = 500_000_000
"""Largest file of arrays, in bytes, and the most that it may hold once unpacked."""

MAX_JSON_ARRAYS = 100_000_000
"""Largest file of arrays in JSON, in bytes: read, its numbers take twenty times as much."""

MAX_TABLE = 100_000_000
"""Largest table of a sweep, in bytes."""

MAX_TRAINING = 100_000
"""Most steps of gradient descent of a worked example."""

MAX_DIGITS = 17
"""Most significant digits shown: a float64 has no more."""
