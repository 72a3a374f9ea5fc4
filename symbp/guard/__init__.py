"""Processes that symbp starts and that end with it: somebody's code, somebody's templates, pdflatex."""
