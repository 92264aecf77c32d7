"""The `classify` command: one notice in, as a line of JSON, one line of JSON out that says what it means.

In: `exchange`, `title`, optional `body`, `published`, `categories`. Out: kind, coins, markets, times, items, and beside
them `reason`, `unread`, `names`, `networks`, `contracts`. A line that is no notice is answered with `{"error": …}`, so
that lines out still match lines in.
"""

import msgspec
from msgspec import Struct

from collectors.events import EXCHANGES
from collectors.notices.notice_parser import CoinName, ListedItem, ParsedNotice, parse, published_of
from collectors.notices.times import iso_of


class _Line(Struct):
    title: str
    exchange: str = ""
    body: str | None = None
    published: str | None = None
    categories: tuple[str, ...] = ()


class _Item(Struct):
    symbol: str
    markets: tuple[str, ...]
    trading_starts: str | None
    deposit_opens: str | None
    status: str


class _Answer(Struct):
    kind: str
    is_listing: bool
    symbols: tuple[str, ...]
    markets: tuple[str, ...]
    trading_starts: str | None
    deposit_opens: str | None
    date_inferred: bool
    items: tuple[_Item, ...]
    reason: str
    unread: bool
    names: tuple[CoinName, ...]
    networks: tuple[str, ...]
    contracts: tuple[str, ...]


class _Refusal(Struct):
    error: str


def classify_line(line: str | bytes) -> tuple[str, bool]:
    """What the notice of one JSON line means, as one JSON line, and whether the line was a notice at all."""
    try:
        asked = msgspec.json.decode(line, type=_Line)
    except (msgspec.DecodeError, UnicodeError) as trouble:
        return _line_of(_Refusal(f"not a notice: {trouble}")), False
    if asked.exchange.lower() not in EXCHANGES:
        return _line_of(_Refusal(f"exchange: upbit or bithumb is expected, not {asked.exchange[:40]!r}")), False
    published = published_of(asked.published)
    parsed = parse(asked.exchange.lower(), asked.title, asked.body, published, asked.categories)
    return _line_of(_answer(parsed)), True


def _answer(parsed: ParsedNotice) -> _Answer:
    return _Answer(
        kind=parsed.kind.value,
        is_listing=parsed.is_listing,
        symbols=parsed.symbols,
        markets=parsed.markets,
        trading_starts=iso_of(parsed.trading_starts_ms),
        deposit_opens=iso_of(parsed.deposit_opens_ms),
        date_inferred=parsed.date_inferred,
        items=tuple(map(_item, parsed.items)),
        reason=parsed.reason,
        unread=parsed.unread,
        names=parsed.names,
        networks=parsed.networks,
        contracts=parsed.contracts,
    )


def _item(item: ListedItem) -> _Item:
    return _Item(
        symbol=item.symbol,
        markets=item.markets,
        trading_starts=iso_of(item.trading_starts_ms),
        deposit_opens=iso_of(item.deposit_opens_ms),
        status=item.status.value,
    )


def _line_of(answer: _Answer | _Refusal) -> str:
    return msgspec.json.encode(answer).decode()
