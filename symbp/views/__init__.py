"""Systems that mean the same as the derived ones and read better: one file a view."""
