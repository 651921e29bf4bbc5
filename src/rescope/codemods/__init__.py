"""Edits become bytes. The only package that knows libcst; it never reads or writes a file."""

from rescope.codemods.apply import apply
from rescope.codemods.refusal import EditRefused

__all__ = ["EditRefused", "apply"]
