"""The command line: parse, call, print. No mathematics.

``main`` is the shell around everything (exit codes, one-line errors), ``app`` the table of commands, and a command is
one module. What a command works with, SymPy and NumPy below it, is imported when there is work: help and refusals
cost no mathematics.
"""
