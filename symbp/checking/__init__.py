"""Every derived gradient against differences of its own forward pass."""
