"""The project as a graph: who resolves to which fixture, who reaches which state. Pure: no file is read here."""

from rescope.graph.build import build
from rescope.graph.fixture_graph import FixtureGraph, Registration, Requester, TestNode

__all__ = ["FixtureGraph", "Registration", "Requester", "TestNode", "build"]
