"""Two looks at a list of markets -> what joined, what left, and whether the second look can be believed."""

from collections.abc import Set

from msgspec import Struct


class ListDiff(Struct, frozen=True):
    """`suspicious` asks for a second page before anything here is acted on; the sets say what the page claims."""

    added: frozenset[str]
    removed: frozenset[str]
    suspicious: bool


def diff(before: Set[str], after: Set[str], mass: int) -> ListDiff:
    """What changed from `before` to `after`.

    An empty page after a full one is a failure of the page, not the end of all markets; more than `mass` codes joining
    or leaving at once (each counted apart) is either an exchange's big day or a broken page. Both are suspicious.
    """
    added = frozenset(after - before)
    removed = frozenset(before - after)
    emptied = bool(before) and not after
    return ListDiff(added, removed, emptied or len(added) > mass or len(removed) > mass)
