"""How answers of foreign services are read: what is no answer, and numbers that may be text, empty or null. Pure.

Every parser here and in `venues/` takes a `Reply` and gives a value, or `NotListed`, or raises `NoAnswer`.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from math import inf, isfinite
from typing import TypeVar

import msgspec
from msgspec import Struct

from analysis.quotes import Book, Candle, Figure, Instrument, Levels
from analysis.verdict import TransferState

T = TypeVar("T")

Wire = float | int | str | bool | None  # how services spell one number or flag
LONGEST_REASON = 160
# "1000SHIB", "1000000MOG", "1MBABYDOGE" (Binance, Bybit) and "SHIB1000" (Bybit); a coin such as 1INCH is none of them.
_MULTIPLIED = re.compile(r"(?:(10{3,9}|1M)(?=\D)(.{2,})|(\D.*?)(10{3,9}))", re.DOTALL)


class NoAnswer(Exception):
    """This reply says nothing about the coin; the text says why and becomes the reason of a `Silent`."""


class Reply(Struct, frozen=True):
    """An HTTP answer as the parsers need it. `source` names service and path, for the facts made of it."""

    status: int
    body: bytes
    received_ms: int
    source: str


def refuse(reply: Reply) -> None:
    """Raise NoAnswer for what no parser should look at: blocks, bans, limits, server errors, HTML in place of JSON."""
    status = reply.status
    head = reply.body[:400].lstrip().lower()
    if status == 429:
        raise NoAnswer("HTTP 429, too many requests")
    if status == 418:
        raise NoAnswer("HTTP 418, banned for a while")
    if status == 451:
        raise NoAnswer("HTTP 451, not served to this place")
    if status == 403:
        too_frequent = b"too frequent" in head
        raise NoAnswer("HTTP 403, too frequent" if too_frequent else "HTTP 403, refused")
    if status >= 500:
        raise NoAnswer(f"HTTP {status}, server error")
    if head.startswith(b"<"):
        raise NoAnswer(f"HTTP {status}, a web page instead of JSON")
    if status == 401:
        raise NoAnswer("HTTP 401, the key was not accepted")
    if not head:
        raise NoAnswer(f"HTTP {status}, empty")


def require_200(reply: Reply) -> Reply:
    """The reply itself, for services whose every useful answer is HTTP 200; raise NoAnswer."""
    refuse(reply)
    if reply.status != 200:
        raise NoAnswer(f"HTTP {reply.status}")
    return reply


def decoded(reply: Reply, shape: type[T]) -> T:
    """The body as `shape`; extra fields are ignored. Raise NoAnswer, also for a body that `refuse` refuses."""
    refuse(reply)
    try:
        return msgspec.json.decode(reply.body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise NoAnswer(f"HTTP {reply.status}, unreadable: {e}"[:LONGEST_REASON]) from e


def number(wire: Wire) -> float | None:
    """A finite number, sign and zero kept; None for "", null, text that is none, true and false."""
    if wire is None or isinstance(wire, bool):
        return None
    try:
        value = float(wire)
    except (ValueError, OverflowError):
        return None
    return value if isfinite(value) else None


def positive(wire: Wire) -> float | None:
    """The same, but only above zero: a price or volume of 0 on the wire means "none"."""
    value = number(wire)
    return value if value is not None and value > 0 else None


def amount(wire: Wire) -> Decimal | None:
    """An exact amount of at least zero (a fee may be free); None if it is not told."""
    if wire is None or isinstance(wire, bool):
        return None
    try:
        value = Decimal(str(wire))
    except InvalidOperation:
        return None
    return value if value.is_finite() and value >= 0 else None


def whole(wire: Wire) -> int | None:
    """A count or a time of at least one."""
    value = positive(wire)
    return int(value) if value is not None and 1 <= value < 2**62 else None


def flag(wire: Wire) -> bool | None:
    """Yes or no, as true, 1, "1" or "true" and their opposites; None for anything else."""
    if isinstance(wire, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(wire.strip().lower())
    return bool(wire) if wire in (0, 1) else None


def transfer_state(wire: Wire) -> TransferState:
    """A flag as one side of a transfer; what is no flag is unknown, not closed."""
    told = flag(wire)
    return TransferState.UNKNOWN if told is None else TransferState.OPEN if told else TransferState.CLOSED


def figure(wire: Wire, reply: Reply, taken_ms: int | None, multiplier: int = 1) -> Figure | None:
    """A volume, or the price of one coin where the wire's is of `multiplier` coins, with its source."""
    value = positive(wire)
    return None if value is None else Figure(value / multiplier, reply.source, taken_ms or reply.received_ms)


def signed_figure(wire: Wire, reply: Reply, taken_ms: int | None) -> Figure | None:
    """A rate: zero and negative numbers are real ones."""
    value = number(wire)
    return None if value is None else Figure(value, reply.source, taken_ms or reply.received_ms)


def book(
    bids: Sequence[Sequence[Wire]],
    asks: Sequence[Sequence[Wire]],
    reply: Reply,
    taken_ms: int | None,
    multiplier: int = 1,
) -> Book:
    """A book of coins from rows that begin with price and size, best first whatever order they came in."""
    return Book(
        bids=Levels(sorted(_levels(bids, multiplier), key=_price, reverse=True)),
        asks=Levels(sorted(_levels(asks, multiplier), key=_price)),
        taken_ms=taken_ms or reply.received_ms,
        received_ms=reply.received_ms,
        source=reply.source,
    )


def _levels(rows: Sequence[Sequence[Wire]], multiplier: int) -> list[tuple[float, float]]:
    """The rows that hold a price and a size; a book has hundreds, so the usual ones take the short way."""
    levels = []
    for row in rows:
        try:
            price, size = float(row[0]), float(row[1])  # type: ignore[arg-type]  # what is no number raises
        except (TypeError, ValueError, OverflowError, IndexError):
            continue
        if 0 < price < inf and 0 < size < inf and not (row[0] is True or row[1] is True):
            levels.append((price / multiplier, size * multiplier))
    return levels


def _price(level: tuple[float, float]) -> float:
    return level[0]


def candles(rows: Sequence[Sequence[Wire]], quote_volume_at: int, multiplier: int = 1) -> list[Candle]:
    """Candles of rows that begin with time, open, high, low, close; a row without one of these is left out."""
    found = []
    for row in rows:
        at = whole(row[0]) if row else None
        prices = [price / multiplier for cell in row[1:5] if (price := positive(cell)) is not None]
        if at is not None and len(prices) == 4 and len(row) > quote_volume_at:
            opened, high, low, close = prices
            found.append(Candle(at, opened, high, low, close, positive(row[quote_volume_at]) or 0.0))
    return found


def columns(rows: Sequence[Sequence[Wire]], order: str) -> list[list[Wire]]:
    """Rows in the order that `candles` reads. `order` names each column as it comes, one letter each.

    t: time in ms, T: in seconds; o h l c: prices; q: quote volume; v with p: volume and the price that turns it into
    one; anything else is left out. A row that is too short is left out.
    """
    at = {letter: place for place, letter in enumerate(order)}
    found: list[list[Wire]] = []
    for row in rows:
        if len(row) > max(at[letter] for letter in order if letter != "-"):
            seconds = number(row[at["T"]]) if "T" in at else None
            opened = row[at["t"]] if "t" in at else None if seconds is None else seconds * 1000
            found.append([opened, *(row[at[letter]] for letter in "ohlc"), _quote_volume(row, at)])
    return found


def _quote_volume(row: Sequence[Wire], at: Mapping[str, int]) -> Wire:
    if "q" in at:
        return row[at["q"]]
    volume, price = positive(row[at["v"]]), positive(row[at["p" if "p" in at else "c"]])
    return None if volume is None or price is None else volume * price


QUOTE_VOLUME = 5  # its column, after `columns`


def coin_and_multiplier(name: str) -> tuple[str, int]:
    """`1000SHIB` is 1,000 SHIB, `1MBABYDOGE` a million BABYDOGE, `SHIB1000` (Bybit) 1,000 SHIB; `1INCH` is itself."""
    found = _MULTIPLIED.fullmatch(name)
    if found is None:
        return name, 1
    factor = found[1] or found[4]
    return found[2] or found[3], 1_000_000 if factor == "1M" else int(factor)


def by_coin(instruments: Sequence[Instrument]) -> dict[str, Instrument]:
    """The instruments by coin; where a coin has several, a live one first, then the one without a multiplier."""
    ranked = sorted(instruments, key=lambda one: (not one.live, one.pre_market, one.multiplier))
    chosen: dict[str, Instrument] = {}
    for instrument in ranked:
        chosen.setdefault(instrument.base, instrument)
    return chosen


def listed(instruments: Sequence[Instrument]) -> dict[str, Instrument]:
    """The same, of a whole list; raise NoAnswer for an empty one: no venue trades nothing."""
    if not instruments:
        raise NoAnswer("an empty instrument list")
    return by_coin(instruments)
