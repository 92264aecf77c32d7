"""What of a changed configuration can be taken over while the daemon runs, and what needs a restart. Pure.

Taken over at once: the numbers of the verdict, fees, estimates of networks, the travel-rule table, the hedges kept by
hand, how alerts are held and which coins are muted, whose other news is told, how long minutes are kept, how much is
logged. What opens connections, builds channels or sizes queues is built once, and named instead.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from config.settings import Settings, SettingsError, checked

Path = tuple[str, ...]
FILES = {
    "radar": "radar.yaml",
    "features": "features.yaml",
    "services": "exchanges.yaml",
    "fees": "fees.yaml",
    "networks": "networks.yaml",
    "vasps": "vasp_matrix.yaml",
    "hedges": "hedges.yaml",
}
LIVE: tuple[Path, ...] = (
    ("radar", "log_level"),
    ("radar", "gate"),
    ("radar", "alerting", "medium_quiet_s"),
    ("radar", "alerting", "digest_every_s"),
    ("radar", "alerting", "expire_after_s"),
    ("radar", "alerting", "mute"),
    ("radar", "channels", "watch"),
    ("radar", "channels", "catch_up_max_h"),
    ("radar", "channels", "mass_change"),
    ("radar", "retention", "minutes_days"),
    ("radar", "retention", "fx_snapshots_days"),
    ("radar", "retention", "quarantine_days"),
    ("fees",),
    ("networks",),
    ("vasps",),
    ("hedges",),
)
# Inside of what is live: who is asked and how long is built into the askers, names of networks into the registry.
BUILT_IN: tuple[Path, ...] = (
    ("radar", "gate", "venues"),
    ("radar", "gate", "source_deadline_s"),
    ("radar", "gate", "price_spread_max"),
)
_ABSENT = object()


class Change(Struct, frozen=True):
    """`settings` are what holds from now on. Each line says file, key, before and after."""

    settings: Settings
    taken: tuple[str, ...]
    waiting: tuple[str, ...]


def change(now: Settings, wanted: Settings) -> Change:
    """Take over what can be; raise SettingsError if that would not go together with what has to wait."""
    before, after = _plain(now), _plain(wanted)
    merged = _plain(now)
    taken, waiting = [], []
    names_stay = _names(now) == _names(wanted)
    for path, old, new in _differences(before, after):
        if _is_live(path) and (path[0] != "networks" or names_stay):
            _put(merged, path, new)
            taken.append(_line(path, old, new))
        else:
            waiting.append(_line(path, old, new))
    try:
        settings = checked(msgspec.convert(merged, Settings))
    except SettingsError as e:
        raise SettingsError(f"{e}; together with what still waits for a restart this cannot be taken over") from e
    return Change(settings, tuple(taken), tuple(waiting))


def _plain(settings: Settings) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(settings)
    return plain


def _names(settings: Settings) -> dict[str, Mapping[str, tuple[str, ...]]]:
    return {network: entry.names for network, entry in settings.networks.items()}


def _differences(before: object, after: object, path: Path = ()) -> Iterator[tuple[Path, object, object]]:
    """Leaves that differ; a mapping that is new or gone is told leaf by leaf, but an empty one is a leaf itself."""
    if before != after and {} in (before, after):
        yield path, before, after
    elif isinstance(before, dict) or isinstance(after, dict):
        old, new = (each if isinstance(each, dict) else {} for each in (before, after))
        for name in dict.fromkeys((*old, *new)):
            yield from _differences(old.get(name, _ABSENT), new.get(name, _ABSENT), (*path, name))
    elif before != after:
        yield path, before, after


def _is_live(path: Path) -> bool:
    return any(path[: len(each)] == each for each in LIVE) and not any(path[: len(each)] == each for each in BUILT_IN)


def _put(tree: dict[str, Any], path: Path, value: object) -> None:
    """Set the leaf; one that is gone takes its branch along once that is empty."""
    *branch, leaf = path
    at = tree
    for name in branch:
        at = at.setdefault(name, {})
    if value is not _ABSENT:
        at[leaf] = value
        return
    at.pop(leaf, None)
    if not at and len(branch) > 1:
        _put(tree, tuple(branch), _ABSENT)


def _line(path: Path, old: object, new: object) -> str:
    return f"{FILES[path[0]]}: {'.'.join(path[1:])}: {_word(old)} → {_word(new)}"


def _word(value: object) -> str:
    if value is _ABSENT:
        return "absent"
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list | tuple) else str(value)
