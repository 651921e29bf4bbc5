"""One self-contained page; what never happens here: markup from text that was not escaped."""
