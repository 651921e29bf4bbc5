"""One Report to text, diff or JSON. Nothing here decides what is reported."""
