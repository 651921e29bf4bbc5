"""The pytest plugin: options only. Whatever watches is imported when one of them is used, so that the plugin is free otherwise."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: "pytest.Parser", pluginmanager: "pytest.PytestPluginManager") -> None:
    """The options. `--rescope=all` is a name of its own: an optional value would swallow the path in `pytest --rescope tests`."""
    if not pluginmanager.has_plugin("rescope"):  # loaded with -p: the entry point would register the same module once more
        pluginmanager.set_blocked("rescope")
    group = parser.getgroup("rescope", "state that leaks between tests (rescope)")
    add = group.addoption
    add("--rescope", dest="rescope", action="store_const", const="named", help="Watch the state that `rescope check` names, test by test.")
    add("--rescope=all", dest="rescope", action="store_const", const="all", help="Watch all module and process state as well.")
    add("--rescope-strict", action="store_true", default=False, help="Fail the test that leaves state behind (error at its teardown).")
    add("--rescope-record", metavar="FILE", default=None, help="Write what was seen, for `rescope check --evidence FILE`.")
    add("--rescope-watch", metavar="FILE", default=None, help="Take the state to watch from this output of `rescope check` as JSON.")


def pytest_configure(config: "pytest.Config") -> None:
    """Register the observer where any of the options is used."""
    option = config.option
    if not (option.rescope or option.rescope_strict or option.rescope_record or option.rescope_watch):
        return
    from rescope.observer.imports import imports_as_they_are

    with imports_as_they_are(config):
        from rescope.observer.plugin import register
    register(config)
