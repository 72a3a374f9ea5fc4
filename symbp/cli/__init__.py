"""The command line: parse, call, print. No mathematics.

Three rings, so that help and refusals cost no mathematics: ``main`` (the shell around everything: exit
codes, one-line errors), ``commands/`` (one small module a command: its options, read and refused) and
``jobs/`` (one module a command: the work, which imports SymPy and NumPy). Commands and jobs are loaded
by name from the tables of ``registry``, because that is what keeps ``symbp --help`` at the price of Typer;
everywhere else our own modules are imported at the top of the file.
"""
