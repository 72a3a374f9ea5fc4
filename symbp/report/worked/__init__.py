"""A derivation with numbers in it: forward, backward, one step of gradient descent, training."""
