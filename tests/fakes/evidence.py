"""A listing where everything is known and good, to be spoiled one fact at a time. All names and numbers are invented.

The coin "NOVA" trades abroad at 1.00 USDT (bid 0.999, ask 1.001, deep) and in Korea at a mid of 1,470 KRW while a USDT
is worth 1,400 KRW: an excess of 5 %.
"""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import msgspec

from analysis.evidence import Evidence, FxLegs, KoreanFacts
from analysis.quotes import (
    BankRate,
    Book,
    Figure,
    Leg,
    Levels,
    Listed,
    NetworkState,
    NotListed,
    Perp,
    Quote,
    Silent,
    Spot,
    Transfers,
    VenueAnswer,
)
from analysis.verdict import TransferState
from config.load import load_settings
from config.settings import Gate, Settings, VaspEntry

NOW = 1_800_000_000_000
CONTRACT = "0xA11CE00000000000000000000000000000000001"
SHIPPED = load_settings(Path(__file__).resolve().parents[2] / "config")

Row = tuple[float, float]


def settings(vasp: str = "yes", **gate: object) -> Settings:
    """The shipped settings, with a travel-rule table that says `vasp` everywhere, and changes to `gate`."""
    entry = msgspec.convert(
        {"deposit": vasp, "source": "test", "date": "2026-11-01", "review_by": "2027-11-01"}, VaspEntry
    )
    table = {korean: dict.fromkeys(("binance", "okx", "bybit"), entry) for korean in ("upbit", "bithumb")}
    changed: Gate = msgspec.structs.replace(SHIPPED.radar.gate, **gate)
    radar = msgspec.structs.replace(SHIPPED.radar, gate=changed)
    return msgspec.structs.replace(SHIPPED, radar=radar, vasps=table)


def figure(value: float, taken_ms: int = NOW, source: str = "test") -> Figure:
    return Figure(value, source, taken_ms)


def book(bids: tuple[Row, ...], asks: tuple[Row, ...], taken_ms: int = NOW, source: str = "test book") -> Book:
    return Book(Levels(bids), Levels(asks), taken_ms, NOW, source)


def two_sided(bid: float, ask: float, size: float = 1e6, taken_ms: int = NOW) -> Book:
    return book(((bid, size),), ((ask, size),), taken_ms)


def good_spot(bid: float = 0.999, ask: float = 1.001, volume: float | None = 5e6, of: Book | None = None) -> Spot:
    return Spot(
        "NOVAUSDT",
        last=figure((bid + ask) / 2),
        bid=figure(bid),
        ask=figure(ask),
        quote_volume_24h=None if volume is None else figure(volume),
        book=two_sided(bid, ask) if of is None else of,
    )


def good_perp(bid: float = 0.9995, ask: float = 1.0005, funding: float | None = 0.0001) -> Perp:
    return Perp(
        "NOVAUSDT",
        mark=figure((bid + ask) / 2),
        funding_rate=None if funding is None else figure(funding),
        funding_interval_h=figure(8.0),
        book=two_sided(bid, ask),
    )


def network(
    name: str = "ETH",
    withdrawal: TransferState = TransferState.OPEN,
    deposit: TransferState = TransferState.OPEN,
    fee: str | None = "2",
    contract: str = CONTRACT,
) -> NetworkState:
    return NetworkState(name, deposit, withdrawal, Decimal(fee) if fee is not None else None, contract=contract)


def good_transfers(*networks: NetworkState, taken_ms: int = NOW) -> Transfers:
    return Transfers(networks or (network(),), "test transfers", taken_ms)


def venue(
    name: str = "binance",
    spot: Spot | NotListed | Silent | None = None,
    perp: Perp | NotListed | Silent | None = None,
    transfers: Transfers | NotListed | Silent | None = None,
) -> Listed:
    """A venue where all is well but for what is given."""
    return Listed(Quote(name, "NOVA", NOW, spot or good_spot(), perp or good_perp(), transfers or good_transfers()))


def leg(base: str, quote: str, price: float, taken_ms: int = NOW) -> Leg:
    return Leg(base, quote, price, taken_ms, NOW, f"{base}-{quote}")


def legs(**changes: object) -> FxLegs:
    """BTC, ETH and USDT all say 1,400 KRW; the bank says 1,380 and a USDT is worth one dollar."""
    good = FxLegs(
        btc_krw=leg("BTC", "KRW", 140_000_000.0),
        btc_usdt=leg("BTC", "USDT", 100_000.0),
        eth_krw=leg("ETH", "KRW", 4_200_000.0),
        eth_usdt=leg("ETH", "USDT", 3_000.0),
        usdt_krw=leg("USDT", "KRW", 1_400.0),
        bank=BankRate(1_380.0, NOW, NOW, "bank"),
        usdt_usd=figure(1.0, source="coinbase"),
    )
    return msgspec.structs.replace(good, **changes)


def korean(bid: float = 1_469.0, ask: float = 1_471.0, **changes: object) -> KoreanFacts:
    good = KoreanFacts(
        book=two_sided(bid, ask), transfers=good_transfers(network(fee=None, contract="")), contracts={"ETH": CONTRACT}
    )
    return msgspec.structs.replace(good, **changes)


def evidence(venues: Mapping[str, VenueAnswer] | None = None, **changes: object) -> Evidence:
    good = Evidence(
        exchange="upbit",
        base="NOVA",
        now_ms=NOW,
        korean=korean(),
        venues={"binance": venue(), "okx": NotListed(), "bybit": NotListed()} if venues is None else venues,
        legs=legs(),
    )
    return msgspec.structs.replace(good, **changes)


S = TypeVar("S")
TIMES = ("taken_ms", "received_ms", "posted_ms")


def told_at(value: S, now_ms: int) -> S:
    """The same answer as if it had been given at `now_ms`: every time of a source in it is that moment."""
    if not isinstance(value, msgspec.Struct):
        return value
    changes = {}
    for name in value.__struct_fields__:
        inner = getattr(value, name)
        changes[name] = now_ms if name in TIMES and inner is not None else told_at(inner, now_ms)
    return msgspec.structs.replace(value, **changes)
