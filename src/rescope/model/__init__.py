"""Nouns only: frozen values. Nothing here reads a file, parses text or prints."""
