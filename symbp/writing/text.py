"""Text for a terminal."""

from symbp.writing.formula import math_text

__all__ = ["math_text"]
