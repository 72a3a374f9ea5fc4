"""Measuring a gradient: what each factor does to its size, and how that depends on the initialisation."""
