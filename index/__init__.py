"""Documents in, passages out. Knows no chat, no language model and no web."""
