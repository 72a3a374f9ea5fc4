"""Numbers put into a derivation: what is given, every value of both passes, a step of gradient descent, training."""
