"""Mathematics before it has a format: the tree, names, notations, the builder, the breaker."""
