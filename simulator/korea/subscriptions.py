"""What a client of a Korean socket asks for: one JSON array that replaces everything asked before on its connection.

Both exchanges speak the same grammar; a `Dialect` holds where they differ. Sources: docs.upbit.com/kr/v1.6.4
websocket-guide and websocket-error, apidocs.bithumb.com 웹소켓-에러 (all as of 2026-11).

An unknown type or option is INVALID_PARAM, as an empty `codes` is. A code that is not in the market list is not an
error here: nothing comes for it until the market exists (the exchanges document neither this nor an error).
"""

import json
from collections.abc import Mapping
from typing import Any, Literal, cast

from msgspec import Struct

Format = Literal["DEFAULT", "SIMPLE", "JSON_LIST", "SIMPLE_LIST"]

WRONG_FORMAT = "Format 이 맞지 않습니다."
NO_TICKET = "티켓이 존재하지 않거나, 유효하지 않습니다."
NO_TYPE = "type 필드가 존재하지 않습니다."
NO_CODES = "codes 필드가 존재하지 않습니다."
EMPTY_CODES = "codes 필드가 비어 있습니다."

CATEGORIES = {
    "notice": "안내",
    "trade": "거래",
    "wallet": "입출금",
    "maintenance": "점검",
    "digital_asset": "디지털 자산",
    "nft": "NFT",
    "event": "이벤트",
}
OTHER_CATEGORIES = frozenset({"service", "note", "trading", "airdrop", "feature", "disclosure"})  # other regions


class RequestRefused(ValueError):
    """The exchange answers this request with an error frame; `name` is the code of it."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message


class Dialect(Struct, frozen=True):
    """What one socket understands. `code_types` need `codes`; `free_types` go without."""

    code_types: frozenset[str]
    formats: frozenset[str]
    free_types: frozenset[str] = frozenset()
    bad_format: str = "지원하지 않는 포맷입니다."
    units: tuple[int, ...] = ()
    """Numbers that a `.N` behind an order book's code may take; empty when the suffix means nothing here."""


class Subscription(Struct, frozen=True):
    """One type object. `codes` are as they were asked; `level` as text, `units` levels of a book by code."""

    type: str
    codes: tuple[str, ...] = ()
    snapshot: bool = True
    realtime: bool = True
    level: str = "0"
    units: Mapping[str, int] = {}
    categories: frozenset[str] = frozenset()
    include_body: bool = False


class Subscribe(Struct, frozen=True):
    """Replace the subscriptions of this connection. `format` None: not told, DEFAULT."""

    ticket: str
    subscriptions: tuple[Subscription, ...]
    format: Format


class ListSubscriptions(Struct, frozen=True):
    """Tell what is subscribed now; a format here changes that of the connection."""

    ticket: str
    format: Format | None


def parse_request(text: str | bytes, dialect: Dialect) -> Subscribe | ListSubscriptions:
    """What the client wants, or RequestRefused in the words of the exchange."""
    try:
        items = json.loads(text)
    except (ValueError, RecursionError) as e:
        raise RequestRefused("WRONG_FORMAT", WRONG_FORMAT) from e
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise RequestRefused("WRONG_FORMAT", WRONG_FORMAT)
    ticket = next((item["ticket"] for item in items if "ticket" in item), None)
    if not isinstance(ticket, str) or not ticket:
        raise RequestRefused("NO_TICKET", NO_TICKET)
    format_ = _format(items, dialect)
    method = next((item["method"] for item in items if "method" in item), None)
    if method is not None:
        if method != "LIST_SUBSCRIPTIONS":
            raise RequestRefused("INVALID_PARAM", "지원하지 않는 method 입니다.")
        return ListSubscriptions(ticket, format_)
    subscriptions = tuple(_subscription(item, dialect) for item in items if "type" in item)
    if not subscriptions:
        raise RequestRefused("NO_TYPE", NO_TYPE)
    return Subscribe(ticket, subscriptions, format_ or "DEFAULT")


def _format(items: list[dict[str, Any]], dialect: Dialect) -> Format | None:
    wanted = next((item["format"] for item in items if "format" in item), None)
    if wanted is None:
        return None
    if not isinstance(wanted, str) or wanted not in dialect.formats:
        raise RequestRefused("INVALID_PARAM", dialect.bad_format.format(wanted))
    return cast(Format, wanted)


def _subscription(item: dict[str, Any], dialect: Dialect) -> Subscription:
    type_ = item["type"]
    if not isinstance(type_, str) or type_ not in dialect.code_types | dialect.free_types:
        raise RequestRefused("INVALID_PARAM", "지원하지 않는 type 입니다.")
    only_snapshot = _flag(item, "is_only_snapshot", "isOnlySnapshot")
    only_realtime = _flag(item, "is_only_realtime", "isOnlyRealtime")
    asked = _codes(item, required=type_ in dialect.code_types)
    codes, units = asked, dict[str, int]()
    if type_ == "orderbook" and dialect.units:
        codes, units = _units(asked, dialect.units)
    return Subscription(
        type=type_,
        codes=codes,
        snapshot=only_snapshot or not only_realtime,
        realtime=not only_snapshot,
        level=_level(item.get("level")),
        units=units,
        categories=_categories(item.get("categories")) if type_ == "announcement" else frozenset(),
        include_body=item.get("include_body") is True,
    )


def _flag(item: dict[str, Any], snake: str, camel: str) -> bool:
    value = item.get(snake, item.get(camel, False))
    if not isinstance(value, bool):
        raise RequestRefused("INVALID_PARAM", f"{snake} 필드가 올바르지 않습니다.")
    return value


def _codes(item: dict[str, Any], required: bool) -> tuple[str, ...]:
    codes = item.get("codes")
    if codes is None:
        if required:
            raise RequestRefused("NO_CODES", NO_CODES)
        return ()
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
        raise RequestRefused("INVALID_PARAM", "codes 필드가 올바르지 않습니다.")
    if required and not codes:
        raise RequestRefused("INVALID_PARAM", EMPTY_CODES)
    return tuple(dict.fromkeys(codes))


def _units(codes: tuple[str, ...], allowed: tuple[int, ...]) -> tuple[tuple[str, ...], dict[str, int]]:
    """`KRW-BTC.15` asks for 15 levels; a number that is not offered gives the most."""
    units: dict[str, int] = {}
    for code in codes:
        name, _, suffix = code.partition(".")
        wanted = int(suffix) if suffix.isascii() and suffix.isdigit() else max(allowed)
        units[name] = wanted if wanted in allowed else max(allowed)
    return tuple(units), units


def _level(value: object) -> str:
    """A number in the older documents, a numeric text in those of 2026; both name a step of the price."""
    if value is None:
        return "0"
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise RequestRefused("INVALID_PARAM", "level 필드가 올바르지 않습니다.")
    text = str(value)
    return text[:-2] if text.endswith(".0") else text


def _categories(value: object) -> frozenset[str]:
    """None, or an empty list: every category."""
    if value is None:
        return frozenset()
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise RequestRefused("INVALID_PARAM", "categories 필드가 올바르지 않습니다.")
    unknown = set(value) - set(CATEGORIES) - OTHER_CATEGORIES
    if unknown:
        raise RequestRefused("INVALID_PARAM", f"지원하지 않는 카테고리입니다. ({', '.join(sorted(unknown))})")
    return frozenset(value)
