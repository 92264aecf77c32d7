"""Upbit's own seconds over its socket, as pure functions: requests out, candles in.

Contract: docs.upbit.com/kr/reference/websocket-candle (checked 2026-11-20). Upbit looks once a second and sends a
candle only if trades changed it; the same second may come several times, the last telling counts, and none is marked
as the last. Uncertain: whether a second's last trades are always told. Its times are UTC without a zone, trades are not
counted.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from collectors.events import Candle, Market
from collectors.exchanges import dialect
from collectors.exchanges.dialect import FIRST_MS, LAST_MS
from collectors.exchanges.frames import BadFrame, FeedError, StatusUp, Subscriptions
from config.units import SECOND_MS

TYPE = "candle.1s"

_MARKETS = dialect.Markets("upbit")
_Price = Annotated[float, Meta(gt=0)]
_Sum = Annotated[float, Meta(gt=0)]  # there is no candle without a trade


class _Second(Struct, gc=False):
    """A candle in full words (format DEFAULT)."""

    type: Literal["candle.1s"]
    code: str
    candle_date_time_utc: str
    opening_price: _Price
    high_price: _Price
    low_price: _Price
    trade_price: _Price
    candle_acc_trade_volume: _Sum
    candle_acc_trade_price: _Sum


class _ShortSecond(
    _Second,
    gc=False,
    rename={
        "type": "ty",
        "code": "cd",
        "candle_date_time_utc": "cdttmu",
        "opening_price": "op",
        "high_price": "hp",
        "low_price": "lp",
        "trade_price": "tp",
        "candle_acc_trade_volume": "catv",
        "candle_acc_trade_price": "catp",
    },
):
    """The same in short ones (SIMPLE)."""

    type: Literal["candle.1s"]
    code: str
    candle_date_time_utc: str
    opening_price: _Price
    high_price: _Price
    low_price: _Price
    trade_price: _Price
    candle_acc_trade_volume: _Sum
    candle_acc_trade_price: _Sum


_LONG = msgspec.json.Decoder(_Second | list[_Second])
_SHORT = msgspec.json.Decoder(_ShortSecond | list[_ShortSecond])


def subscribe(markets: Sequence[Market], ticket: str) -> str:
    """The request for the seconds of these from now on; it replaces the connection's former one.

    Without the snapshot, which is of whatever second was the last with a trade.
    """
    codes = [each.code for each in markets]
    wanted = {"type": TYPE, "codes": codes, "is_only_realtime": True}
    return msgspec.json.encode([{"ticket": ticket}, wanted, {"format": "SIMPLE"}]).decode()


def decode(frame: bytes) -> Candle | StatusUp | FeedError | Subscriptions:
    """A second as it stands, or a control frame; raise BadFrame otherwise. `trades` is 0: not told."""
    wire = dialect.one_of("upbit", frame, _LONG, _SHORT)
    return _candle(wire, frame) if isinstance(wire, _Second) else wire


def _candle(wire: _Second, frame: bytes) -> Candle:
    try:
        market, open_ms = _MARKETS[wire.code], _whole_second_ms(wire.candle_date_time_utc)
    except ValueError as e:
        raise BadFrame("upbit", "not a market code, or not a second", frame) from e
    prices = wire.opening_price, wire.high_price, wire.low_price, wire.trade_price
    return Candle(market, open_ms, *prices, wire.candle_acc_trade_volume, wire.candle_acc_trade_price, 0)


@lru_cache(maxsize=64)  # many markets tell of the same few seconds
def _whole_second_ms(text: str) -> int:
    """Epoch milliseconds; raise ValueError (OverflowError is one of its kind here) if it is no second of this age."""
    moment = datetime.fromisoformat(text)
    try:
        at_ms = round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except OverflowError as e:
        raise ValueError(text) from e
    if at_ms % SECOND_MS or not FIRST_MS <= at_ms < LAST_MS:
        raise ValueError(text)
    return at_ms
