"""Edits become bytes. The only package that knows libcst; it never reads or writes a file."""

from rescope.codemods.apply import apply
from rescope.codemods.keep_comment import with_keep_comment
from rescope.codemods.refusal import EditRefused

__all__ = ["EditRefused", "apply", "with_keep_comment"]
