"""The commands: their options, and nothing that needs mathematics."""
