"""The two lists as one NumPy program, and what it runs with."""
