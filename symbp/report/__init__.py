"""Reports: notation, printers, documents, files."""
