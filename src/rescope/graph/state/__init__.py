"""The project's singletons: facts of all files joined by the state that they write. Nothing here decides what is reported."""

from dataclasses import replace

from rescope.graph.state.caches import cached_factories
from rescope.graph.state.containers import containers
from rescope.graph.state.context import context_variables
from rescope.graph.state.handling import read_handling
from rescope.graph.state.inputs import read_varied
from rescope.graph.state.instances import instances
from rescope.graph.state.known import Known
from rescope.graph.state.module_globals import module_globals
from rescope.graph.state.naming import read_naming
from rescope.graph.state.read_evidence import read_evidence
from rescope.graph.state.slots import class_slots
from rescope.graph.state.writes import read_writes
from rescope.model.state import Singleton

_KINDS = (module_globals, cached_factories, class_slots, containers, instances, context_variables)


def find_singletons(known: Known) -> tuple[Singleton, ...]:
    """All singletons of program modules, one for each name, in path order."""
    index, tests = known.index, known.tests
    writes = read_writes(known)
    evidence = read_evidence(known)
    modules = [module for path, module in sorted(index.modules.items()) if path not in tests]
    found = {s.address: s for module in modules for kind in _KINDS for s in kind(known, writes, module)}
    naming, varied = read_naming(known, found.values()), read_varied(known)
    handling = read_handling(known, found.values(), naming.called)
    return tuple(
        replace(
            evidence.join(singleton),
            named_by_tests=tuple(sorted(naming.of(singleton, evidence.patchers(singleton)))),
            read_by_tests=naming.is_read(singleton, evidence.patchers(singleton)),
            readers=tuple(dict.fromkeys(naming.readers_of(singleton))),
            worked_on=handling.works_on(singleton),
            varied_by_tests=varied.touches(known, singleton),
            varied_by_callers=varied.by_callers(known, singleton),
        )
        for singleton in found.values()
    )
