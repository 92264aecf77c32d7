"""Korea's share of the 24 h spot volume, by coin and in all: our minutes against what the reference venues say. Pure.

Where fewer than 24 hours of Korea were heard, `share` is what we can prove (at least), `pace_share` what it would be if
the hours that we missed were like those that we heard. Neither is a guess at what nobody told: a coin whose volume
abroad is unknown has no share and is not in the total.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from analysis.evidence import positive
from config.units import HOUR_MS
from store.readings.volumes import MarketVolume, WorldVolume

DAY_H = 24.0
FULL_H = 23.98  # a minute may be missing and nobody needs to be told


class CoinShare(Struct, frozen=True):
    """24 h volumes in USDT (None: unknown, or not traded there) and the parts of 1 that Korea has of them."""

    base: str
    upbit_usdt: float | None
    bithumb_usdt: float | None
    world_usdt: float | None
    heard_h: float
    share: float | None
    pace_share: float | None


class Dominance(Struct, frozen=True):
    """`coins` by Korean volume, largest first. `total` is over the coins that have a share, `compared` of them.

    `left_out_usdt` is the Korean volume of the others. `venues` are those abroad that told anything.
    """

    total: CoinShare
    coins: tuple[CoinShare, ...]
    compared: int
    left_out_usdt: float
    venues: tuple[str, ...]


def dominance(korea: Iterable[MarketVolume], world: Iterable[WorldVolume], krw_per_usdt: float) -> Dominance:
    """From the volumes of the last 24 h and one rate for all of them."""
    abroad = {each.base: each for each in world}
    here: dict[str, dict[str, MarketVolume]] = {}
    for each in korea:
        here.setdefault(each.base, {})[each.exchange] = each
    coins = [_share(base, markets, abroad.get(base), krw_per_usdt) for base, markets in here.items()]
    coins.sort(key=lambda coin: (-_korean(coin), coin.base))
    compared = [coin for coin in coins if coin.share is not None]
    return Dominance(
        total=_total(compared),
        coins=tuple(coins),
        compared=len(compared),
        left_out_usdt=sum(_korean(coin) for coin in coins if coin.share is None),
        venues=tuple(sorted({venue for each in abroad.values() for venue in each.venues})),
    )


def _share(base: str, markets: Mapping[str, MarketVolume], world: WorldVolume | None, krw_per_usdt: float) -> CoinShare:
    volumes = {exchange: market.volume_krw / krw_per_usdt for exchange, market in markets.items()}
    heard_h = min(market.heard_ms for market in markets.values()) / HOUR_MS
    world_usdt = None if world is None else positive(world.volume_24h_usdt)
    return _coin(base, volumes.get("upbit"), volumes.get("bithumb"), world_usdt, heard_h)


def _coin(base: str, upbit: float | None, bithumb: float | None, world_usdt: float | None, heard_h: float) -> CoinShare:
    korean = (upbit or 0.0) + (bithumb or 0.0)
    share = pace = None
    if world_usdt is not None:
        share = korean / (korean + world_usdt)
        at_pace = korean * max(1.0, DAY_H / heard_h)
        pace = share if heard_h >= FULL_H else at_pace / (at_pace + world_usdt)
    return CoinShare(base, upbit, bithumb, world_usdt, heard_h, share, pace)


def _total(compared: list[CoinShare]) -> CoinShare:
    """Hours heard are weighted by volume: they are the hours of what is summed."""
    if not compared:
        return CoinShare("", None, None, None, 0.0, None, None)
    korean = sum(_korean(coin) for coin in compared)
    heard_h = sum(coin.heard_h * _korean(coin) for coin in compared) / korean if korean else compared[0].heard_h
    return _coin(
        "",
        _sum(coin.upbit_usdt for coin in compared),
        _sum(coin.bithumb_usdt for coin in compared),
        _sum(coin.world_usdt for coin in compared),
        heard_h,
    )


def _korean(coin: CoinShare) -> float:
    return (coin.upbit_usdt or 0.0) + (coin.bithumb_usdt or 0.0)


def _sum(volumes: Iterable[float | None]) -> float | None:
    known = [volume for volume in volumes if volume is not None]
    return sum(known) if known else None
