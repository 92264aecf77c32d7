"""What the global venues' wire formats share: numbers as text, network names, who asks, candle spans.

Numbers are decimal text without exponents. Network names as in ccxt 4.5.90 `options.networks` (checked 2026-11-20).
"""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from aiohttp import web

from simulator.world.values import Level, SimCandle
from simulator.world.venues import SimVenue

NETWORKS: Mapping[str, Mapping[str, str]] = {
    "binance": {"ARB": "ARBITRUM", "OP": "OPTIMISM", "AVAX": "AVAXC"},
    "okx": {
        "ETH": "ERC20", "TRX": "TRC20", "SOL": "Solana", "XRP": "Ripple", "MATIC": "Polygon", "ARB": "Arbitrum One",
        "OP": "Optimism", "BASE": "Base", "AVAX": "Avalanche C-Chain", "APT": "Aptos", "ATOM": "Cosmos",
        "BTC": "Bitcoin", "XLM": "Stellar Lumens", "ALGO": "Algorand", "KAIA": "Klaytn",
    },
    "bybit": {"ARB": "ARBI", "AVAX": "CAVAX", "APT": "APTOS", "KAIA": "KLAY"},
    "gate": {"ARB": "ARBEVM", "OP": "OPETH", "BASE": "BASEEVM", "AVAX": "AVAX_C", "KAIA": "KLAY"},
    "kucoin": {
        "BTC": "btc", "ETH": "eth", "TRX": "trx", "BSC": "bsc", "SOL": "sol", "XRP": "xrp", "MATIC": "matic",
        "ARB": "arbitrum", "OP": "optimism", "BASE": "base", "AVAX": "avaxc", "TON": "ton", "APT": "aptos",
        "ATOM": "atom", "XLM": "xlm", "ALGO": "algo", "KAIA": "klay",
    },
    "bitget": {
        "ETH": "ERC20", "TRX": "TRC20", "MATIC": "Polygon", "ARB": "ArbitrumOne", "OP": "Optimism", "AVAX": "C-Chain",
        "APT": "Aptos", "KAIA": "Klaytn",
    },
    "htx": {"SOL": "SOLANA", "KAIA": "KLAY"},
    "coinbase": {
        "BTC": "bitcoin", "ETH": "ethereum", "SOL": "solana", "XRP": "ripple", "MATIC": "polygon", "ARB": "arbitrum",
        "OP": "optimism", "BASE": "base", "AVAX": "avacchain", "APT": "aptos", "SUI": "sui", "ATOM": "cosmos",
        "XLM": "stellar", "ALGO": "algorand",
    },
}  # fmt: skip


def network_as(venue: str, network: str) -> str:
    """How `venue` calls this chain; a chain that it does not rename keeps its name."""
    return NETWORKS.get(venue, {}).get(network, network)


def text(value: float) -> str:
    """As few decimals as needed, at most 12 significant digits: `96000`, `0.00000052`."""
    short = f"{Decimal(f'{value:.12g}'):f}"
    return short.rstrip("0").rstrip(".") if "." in short else short


def padded(value: float) -> str:
    """At least eight decimals, as Binance pads them: `0.35210000`; more only where eight would change the price."""
    eight = f"{value:.8f}"
    return eight if math.isclose(float(eight), value, rel_tol=1e-9) else text(value)


def step_of(price: float) -> float:
    """The price step of a market at this price, about 1/20,000 of it."""
    return float(f"1e{math.floor(math.log10(price)) - 4}")


def rows(levels: tuple[Level, ...], size_scale: float = 1.0, price_scale: float = 1.0) -> list[list[str]]:
    """Book levels as `[price, size]`."""
    return [[text(price * price_scale), text(size * size_scale)] for price, size in levels]


def rights_of(key: str) -> Literal["trade", "read", "none"]:
    """What a key of the simulator may do goes by its text: one with TRADE in it may trade, one with READ only read."""
    return "trade" if "TRADE" in key else "read" if "READ" in key else "none"


def caller(request: web.Request) -> str:
    """Whom a limit per address counts."""
    return request.remote or ""


def candles_between(
    venue: SimVenue, base: str, unit_s: int, limit: int, start_ms: int | None, end_ms: int | None, now_ms: int
) -> list[SimCandle]:
    """At most `limit` candles that open in [start, end], oldest first: the first ones after a start, else the last."""
    unit_ms = unit_s * 1000
    last_ms = now_ms if end_ms is None else min(now_ms, end_ms)
    if start_ms is not None:
        first_ms = -(-start_ms // unit_ms) * unit_ms
        last_ms = min(last_ms, first_ms + limit * unit_ms - 1)
        limit = min(limit, (last_ms - first_ms) // unit_ms + 1)
    if limit <= 0:
        return []
    forming = last_ms // unit_ms == now_ms // unit_ms
    return venue.klines(base, unit_s, limit, None if forming else last_ms // unit_ms * unit_ms + unit_ms - 1)[::-1]


def bounded(wire: str | None, default: int, most: int) -> int | None:
    """A `limit` parameter: the default when absent, cut to the maximum; None when it is no positive number."""
    if wire is None or wire == "":
        return default
    return min(int(wire), most) if wire.isdecimal() and int(wire) > 0 else None


def millis(wire: str | None) -> int | None:
    """A time parameter; None when absent or no number."""
    return int(wire) if wire and wire.isdecimal() else None
