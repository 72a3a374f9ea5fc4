"""What a page says, before it has a format: blocks, words, and who tells them."""
