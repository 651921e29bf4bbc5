"""How pytest's `monkeypatch` makes a change that a statement makes for good."""

from rescope.facts.undo import takes_away
from rescope.model.edit import Patch, PatchKind
from rescope.model.facts import Effect, EffectKind

_CUT = "..."


def process_patch(known: str, effect: Effect) -> Patch | None:
    """The patch for a change of the environment or the command line; None where `monkeypatch` has no method for this one."""
    if known == "sys.argv":
        return attribute_patch(effect, missing=False)
    if known != "os.environ" or effect.text.endswith(_CUT) or effect.key.startswith("{"):
        return None
    if effect.kind is EffectKind.SET_ITEM and effect.how == "=":
        return Patch(kind=PatchKind.SET_ENV, state=effect.text)
    removed = effect.kind is EffectKind.DELETE or effect.how == "pop"
    return Patch(kind=PatchKind.DEL_ENV, state=effect.text) if removed and effect.key else None


def attribute_patch(effect: Effect, *, missing: bool) -> Patch | None:
    """The patch for an assigned attribute, which may be `missing` before; None for any other statement."""
    whole = effect.kind is EffectKind.SET_ATTR and effect.how == "=" and not effect.text.endswith(_CUT)
    return Patch(kind=PatchKind.SET_ATTR, state=effect.text, missing=missing) if whole else None


def item_patch(kind: str, effect: Effect) -> Patch | None:
    """The patch for an entry that is set in a mapping; None for other containers and statements."""
    plain = kind == "dict" and effect.kind is EffectKind.SET_ITEM and effect.how == "=" and not effect.text.endswith(_CUT)
    return Patch(kind=PatchKind.SET_ITEM, state=effect.text) if plain and effect.key and not set(effect.key) & {",", ":"} else None


def changed_inside(effect: Effect) -> str:
    """The source of the container that an effect changes in place."""
    return (
        effect.text.removesuffix(f"[{effect.key}]") if effect.kind is not EffectKind.MUTATE else effect.text.partition(f".{effect.how}(")[0]
    )


def inside_idiom(name: str, kind: str, effect: Effect) -> str:
    """How a message says what undoes a change inside of a container of a kind, "" if pytest and mock have no word for it."""
    if kind != "dict":
        return ""
    if effect.kind is EffectKind.SET_ITEM and effect.how == "=":
        return f"monkeypatch.setitem({name}, {effect.key}, ...)"
    if effect.kind is EffectKind.DELETE:
        return f"monkeypatch.delitem({name}, {effect.key})"
    return f"mock.patch.dict({name})"


def idiom(known: str, effect: Effect) -> str:
    """How a message says what undoes a change of the process."""
    key = "..." if effect.key.startswith("{") or effect.how in {"insert", "update"} else effect.key or "..."
    removed = takes_away(effect)
    match known:
        case "os.environ":
            return f"monkeypatch.delenv({key})" if removed else f"monkeypatch.setenv({key}, ...)"
        case "sys.path":
            return f"monkeypatch.syspath_prepend({key})"
        case "sys.modules":
            return f"monkeypatch.{'delitem' if removed else 'setitem'}(sys.modules, {key}{'' if removed else ', ...'})"
        case _:
            return f'monkeypatch.setattr("{known}", ...)'
