"""Results as JSON can hold them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import Enum
from typing import Any


def json_data(value: Any) -> Any:
    """Return a value with null for every number that is not finite, and plain names for members of enumerations."""
    if isinstance(value, Mapping):
        return {str(key): json_data(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [json_data(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, Enum) else value
