"""What a page says, section by section, from facts; one file a section."""
