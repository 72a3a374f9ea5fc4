"""The calculus: the backward list, its factors, and their products."""
