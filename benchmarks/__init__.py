"""Ratios against targets and peers: ``python -m benchmarks``."""
