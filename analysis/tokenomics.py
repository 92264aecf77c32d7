"""What CoinGecko knows of a coin: ids, chains, market cap, dilution, supply. Pure; the asking is in `coingecko.py`.

Contract: coingecko-api-oas demo-api.json, 2026-06-22. A symbol is not unique. What is new has 0 or null for hours or
days, which is "unknown" here, never 0. The same field may be a whole number, a fraction or null.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from analysis.fetching.reading import Reply, Wire, decoded, positive, require_200


class KnownCoin(Struct, frozen=True):
    """One row of the id map. `platforms`: CoinGecko's chain name -> contract address, as spelled there."""

    coin_id: str
    symbol: str
    name: str
    platforms: Mapping[str, str]


class MarketCap(Struct, frozen=True):
    """One coin's size in USD and in coins; None: unknown. `updated_ms` is CoinGecko's.

    `fdv_usd` is the value of all coins there will be. `matched_by` tells how sure it is that this is the coin meant.
    """

    coin_id: str
    symbol: str
    name: str
    rank: int | None
    price_usd: float | None
    market_cap_usd: float | None
    fdv_usd: float | None
    volume_24h_usd: float | None
    circulating: float | None
    total: float | None
    maximum: float | None
    updated_ms: int | None
    source: str
    matched_by: Literal["contract", "symbol", "id"] = "id"


class _Market(Struct):
    id: str
    symbol: str
    name: str = ""
    current_price: Wire = None
    market_cap: Wire = None
    market_cap_rank: Wire = None
    fully_diluted_valuation: Wire = None
    total_volume: Wire = None
    circulating_supply: Wire = None
    total_supply: Wire = None
    max_supply: Wire = None
    last_updated: str | None = None


def parse_market_caps(reply: Reply) -> tuple[MarketCap, ...]:
    """`/coins/markets?vs_currency=usd`; an unknown id has no row. Raise NoAnswer."""
    return tuple(_cap(row, reply.source) for row in decoded(require_200(reply), list[_Market]))


def chosen(caps: Sequence[MarketCap], by_contract: bool) -> MarketCap | None:
    """The coin that is meant: by contract, else the one of the best rank, marked as matched by its symbol."""
    if not caps:
        return None
    best = min(caps, key=lambda cap: (cap.rank is None, cap.rank or 0, -(cap.market_cap_usd or 0.0), cap.coin_id))
    return msgspec.structs.replace(best, matched_by="contract" if by_contract else "symbol")


def _cap(row: _Market, source: str) -> MarketCap:
    rank = positive(row.market_cap_rank)
    return MarketCap(
        coin_id=row.id,
        symbol=row.symbol.upper(),
        name=row.name,
        rank=None if rank is None else int(rank),
        price_usd=positive(row.current_price),
        market_cap_usd=positive(row.market_cap),
        fdv_usd=positive(row.fully_diluted_valuation),
        volume_24h_usd=positive(row.total_volume),
        circulating=positive(row.circulating_supply),
        total=positive(row.total_supply),
        maximum=positive(row.max_supply),
        updated_ms=_millis(row.last_updated),
        source=source,
    )


def _millis(text: str | None) -> int | None:
    """An ISO time with offset; None for anything else."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return round(moment.timestamp() * 1000) if moment.tzinfo else None
