"""What a user composes: layers, networks, and the safe readers of what they type."""
