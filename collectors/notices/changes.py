"""What an edited listing title says of each coin: still new, its start moved, or taken back.

Editors append a bracket: `(거래지원 개시 시점 변경 안내)`, `(AAA 거래지원 취소 안내)`. One that names no coin speaks of
all; one that names a market speaks of that market. A changed network, name or price limit moves no start.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum

from msgspec import Struct

from collectors.notices import patterns as re
from collectors.notices.spelling import Spelling
from collectors.notices.text import squeezed


class ItemStatus(Enum):
    """What became of a coin's listing since it was announced."""

    NEW = "new"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"


class Changes(Struct, frozen=True):
    """Coins that are not simply new, and markets that were taken back while the listing stands."""

    status: Mapping[str, ItemStatus]
    without_markets: tuple[str, ...]


_TIME = r"(?:시점|시간|일시|일정|시각|날짜|예정일|일자)"
_BEGIN = r"(?:거래지원|거래|오픈|개시|상장|추가|시작|마켓)"
_LINK = r"(?:의|을|를|이|가|은|는|추가|재|일부|긴급|최종|잠정|일시|무기한|예정|:|-|\()*"
_CANCELLED = re.compile(
    r"(?<!주문)(?<!이벤트)(?<!에어드랍)(?<!예약)(?<!결제)취소(?!주문|수수료)|(?:거래지원|상장|추가|결정)(?:의|을)?철회|무산|백지화|"
    r"cancell?(?:ed|ation)|withdrawn|calledoff"
)
_POSTPONED = re.compile(
    rf"{_TIME}(?:(?:및|/|·|,)[가-힣]{{1,16}}?)?{_LINK}(?:연기|변경|지연|정정|조정|순연|보류|수정|앞당|단축|재공지)|"
    rf"{_BEGIN}{_LINK}(?:연기|순연|지연|보류|앞당)|(?:연기|순연|보류)(?:안내|됨|$)|\d(?:시|분|[:]\d\d)(?:으?로|에서)?[^|]{{0,12}}(?:변경|연기|조정)|"
    r"(?:변경|연기)(?:후|:)\D{0,8}\d{1,2}[시:]|"
    r"postpon|delay|reschedul|(?:time|schedule|date)(?:\w{0,8})(?:chang|updat|revis|correct|adjust)|(?:chang|updat|revis)\w*(?:of|to|in)?(?:the)?(?:\w{0,20})(?:time|schedule)"
)
_OF_DEPOSITS = re.compile(
    r"(?<!개시및)(?<!개시/)(?<!지원및)(?<!거래및)(?<!거래/)(?:입출금|입금|(?<!입)출금|deposits?|withdrawals?)[가-힣a-z]{0,12}$"
)
_MARKET = re.compile(r"(원화|krw|btc|eth|usdt)(?=마켓|market|,|/|·|및|$)")
_QUOTE = {"원화": "KRW", "krw": "KRW", "btc": "BTC", "eth": "ETH", "usdt": "USDT"}


def changes_in(texts: Iterable[str], coins: Mapping[str, Spelling], markets: Sequence[str]) -> Changes:
    """Read the head and the remarks of a listing title, in their order; the last word on a coin holds."""
    status: dict[str, ItemStatus] = {}
    without: list[str] = []
    for text in texts:
        for clause in _clauses(text):
            change = _change_in(squeezed(clause))
            if change is None:
                continue
            named = [symbol for symbol, spelling in coins.items() if spelling.is_in(clause)]
            quotes = [_QUOTE[each] for each in _MARKET.findall(squeezed(clause))] if not named else []
            if change is ItemStatus.CANCELLED and quotes and set(quotes) < set(markets):
                without += quotes
                continue
            status |= dict.fromkeys(named or coins or ("",), change)
    return Changes(status, tuple(dict.fromkeys(without)))


def _clauses(text: str) -> list[str]:
    """Cut after each announced deed, so that each clause holds its coins and what becomes of them."""
    return [
        each
        for each in re.split(
            r"(?<=안내)[\s,/·]*|(?<=취소)\s*(?:및|,|/|·)\s*|(?<=변경)\s*(?:및|,|/|·)\s*|(?<=연기)\s*(?:및|,|/|·)\s*|;",
            text,
        )
        if each
    ]


def _change_in(words: str) -> ItemStatus | None:
    if _CANCELLED.search(words):
        return ItemStatus.CANCELLED
    for match in _POSTPONED.finditer(words):
        if not _OF_DEPOSITS.search(words[: match.start()]):
            return ItemStatus.POSTPONED
    return None
