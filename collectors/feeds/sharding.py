"""Which connection carries which markets. Pure."""

from collections.abc import Iterable, Sequence

from collectors.events import Market


def spread(
    current: Sequence[Sequence[Market]], wanted: Iterable[Market], codes_per_connection: int
) -> list[tuple[Market, ...]]:
    """`wanted` over connections of at most `codes_per_connection` each; nobody who is placed already moves.

    Newcomers fill the emptiest connections one by one, so that at the start the busy markets, which exchanges list
    first, are dealt out evenly. The answer has the connections of `current` in their order (a connection may come out
    empty), then the new ones.
    """
    if codes_per_connection < 1:
        raise ValueError(f"a connection needs room for a code, not {codes_per_connection}")
    left = dict.fromkeys(wanted)
    shards: list[list[Market]] = []
    for shard in current:
        shards.append([market for market in shard if market in left])
        for market in shards[-1]:
            del left[market]
    total = sum(map(len, shards)) + len(left)
    while len(shards) * codes_per_connection < total:
        shards.append([])
    for market in left:
        min(shards, key=len).append(market)
    return [tuple(shard) for shard in shards]
