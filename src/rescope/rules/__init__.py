"""All rules; a file in this folder is a rule by being here. No rule knows another."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from rescope.rule import Rule


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, by code."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    return tuple(sorted((module.RULE for module in modules), key=lambda rule: rule.code))
