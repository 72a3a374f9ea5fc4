"""Reads pages of derived gradients back. classic: the pages of symbp 0.1; machine and judge: the target pages. See READBACK.md."""

from .cli import bar, details, line, main, review
