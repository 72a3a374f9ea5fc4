"""Somebody's own gradient: a function in a file, a formula, or arrays, brought into symbp's orientation and judged."""
