"""One ``.npy`` file as an array of numbers; what its header claims is held against what is there."""

from __future__ import annotations

import math
from io import BytesIO
from typing import Any

from symbp.errors import SpecError

NUMBERS = "biufc"
"""The kinds of NumPy's types that are numbers."""


def array_of(content: bytes) -> Any:
    """Return the array that the bytes of a ``.npy`` file hold, its own copy.

    Raises:
        SpecError: no such file, pickled objects, something that is no number, or a header that claims another size;
            the message continues a name.
    """
    import numpy as np

    stream = BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)
        if version not in _HEADERS:
            raise SpecError(f"is of version {version[0]}.{version[1]} of .npy, and arrays of numbers are of 1.0 or 2.0")
        shape, by_columns, dtype = getattr(np.lib.format, _HEADERS[version])(stream)
    except SpecError:
        raise
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        raise SpecError("has no header of a .npy file: save it with np.savez") from None
    if dtype.hasobject:
        raise SpecError(
            "is a pickled object, and pickles can run code: save plain arrays, np.savez(file, W1=W1, dW1=dW1, X=X, Y=Y)"
        )
    if dtype.kind not in NUMBERS or min(shape, default=0) < 0:
        raise SpecError("is no array of numbers: save it as one, np.asarray(W1, dtype=float)")
    claimed, held = math.prod(shape) * dtype.itemsize, len(content) - stream.tell()
    if claimed != held:
        raise SpecError(f"claims {_amount(claimed)} bytes, but holds {_amount(held)}: save it again")
    try:
        return (
            np.frombuffer(content, dtype, offset=stream.tell()).reshape(shape, order="F" if by_columns else "C").copy()
        )
    except ValueError as error:
        raise SpecError(f"cannot be an array: {error}") from None


_HEADERS = {(1, 0): "read_array_header_1_0", (2, 0): "read_array_header_2_0"}


def _amount(count: int) -> str:
    return f"{count:,}" if count < 10**15 else "more than 10^15"
