"""From pages to bytes: one writer a syntax, the table of formats."""
