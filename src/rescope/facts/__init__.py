"""Source text to facts, file by file: the only package that knows `ast`. Nothing here looks at a second file."""

from rescope.facts.collect import collect

__all__ = ["collect"]
