"""News of a coin that is no listing: what is ending, what is halted, what is over. Pure: a notice in, its sense out."""

import re
from collections.abc import Collection
from enum import Enum

from msgspec import Struct

from collectors.notices.notice_parser import NoticeKind, ParsedNotice

_RESUMED = re.compile(r"재개|완료|정상화|resum|complet|reopen", re.IGNORECASE)
_NOT_YET = re.compile(r"예정|지연|연기|미정|delay|postpon", re.IGNORECASE)
_HALTED = re.compile(r"중단|중지|제한|종료|suspend|halt|paus|stop", re.IGNORECASE)


class What(Enum):
    """`value` is the word of the vocabulary in alerts/texts/news_text.py."""

    DELISTING = "delisting"
    CAUTION = "caution"
    CAUTION_LIFTED = "caution_lifted"
    HALTED = "halted"
    RESUMED = "resumed"
    TRANSFERS = "transfers"  # deposits and withdrawals, but neither halted nor resumed: a network more, a new address
    RENAME = "rename"


BAD = (What.DELISTING, What.CAUTION, What.HALTED)
OVER = (What.CAUTION_LIFTED, What.RESUMED)
_PLAIN = {
    NoticeKind.DELISTING: What.DELISTING,
    NoticeKind.CAUTION: What.CAUTION,
    NoticeKind.CAUTION_LIFTED: What.CAUTION_LIFTED,
    NoticeKind.RENAME: What.RENAME,
}


class OtherNews(Struct, frozen=True):
    """What a notice says of which of the coins under watch."""

    what: What
    coins: tuple[str, ...]


def other_news(meaning: ParsedNotice, title: str, watched: Collection[str]) -> OtherNews | None:
    """The sense of a notice for the coins under watch; None where it has none for them."""
    coins = tuple(symbol for symbol in meaning.symbols if symbol in watched)
    what = what_of(meaning.kind, title)
    return OtherNews(what, coins) if coins and what is not None else None


def what_of(kind: NoticeKind, title: str) -> What | None:
    """A notice of halted transfers is edited when they resume ("… 중단 안내 (완료)"): the later word counts."""
    if kind is not NoticeKind.DEPOSIT_WITHDRAWAL:
        return _PLAIN.get(kind)
    if _RESUMED.search(title) and not _NOT_YET.search(title):
        return What.RESUMED
    return What.HALTED if _HALTED.search(title) else What.TRANSFERS
