"""One file per operation family: whoever builds a node has imported its rule and its meaning with it.

The tables of activations and losses hold text: nothing here is imported before it is used.
"""
