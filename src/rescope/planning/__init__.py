"""Findings, keeps and the graph to a plan. Nothing here reads or changes source text."""

from rescope.planning.make_plan import make_plan

__all__ = ["make_plan"]
