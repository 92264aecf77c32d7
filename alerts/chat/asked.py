"""What a reader may ask in the chat, and how it is spelled. Pure: a message's text in, a question or nothing out."""

import re
from collections.abc import Mapping
from enum import Enum

from msgspec import Struct

from alerts.texts.words import Words

LONGEST = 256  # characters of a message that are looked at; the longest command needs far less
_COMMAND = re.compile(r"/([a-z]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+(\S.*))?", re.DOTALL)
_SYMBOL = re.compile(r"[0-9A-Z]{1,20}")


class Ask(Enum):
    """The commands, by the name that is typed."""

    STATUS = "status"
    LISTINGS = "listings"
    ANALYZE = "analyze"
    PREMIUM = "premium"
    GAPS = "gaps"
    MUTE = "mute"
    UNMUTE = "unmute"
    TEST = "test"
    HELP = "help"


MENU: Mapping[Ask, Words] = {
    Ask.STATUS: ("지금 상태", "how the radar is"),
    Ask.LISTINGS: ("진행 중이거나 최근의 상장", "listings on their way and lately"),
    Ask.ANALYZE: ("코인 판단: /analyze SOL", "a verdict on a coin: /analyze SOL"),
    Ask.PREMIUM: ("프리미엄: /premium 또는 /premium SOL", "the premium: /premium or /premium SOL"),
    Ask.GAPS: ("수신하지 못한 구간", "what was not received"),
    Ask.MUTE: ("코인 알림 끄기: /mute SOL", "mute a coin: /mute SOL"),
    Ask.UNMUTE: ("코인 알림 켜기: /unmute SOL", "let a coin ring again: /unmute SOL"),
    Ask.TEST: ("시험 알림 보내기", "send a test alert"),
    Ask.HELP: ("도움말", "this list"),
}
NEEDS_SYMBOL = (Ask.ANALYZE, Ask.UNMUTE)
TAKES_SYMBOL = (*NEEDS_SYMBOL, Ask.PREMIUM, Ask.MUTE)


class Asked(Struct, frozen=True):
    """A question of the chat behind `target`. `symbol` is upper case, empty where none was given.

    `ignored` is how many messages of chats that are not served came so far.
    """

    target: str
    ask: Ask
    symbol: str = ""
    ignored: int = 0


class Misspelled(Struct, frozen=True):
    """Meant for us, but no command; `ask` where only its symbol is wrong or missing."""

    ask: Ask | None = None


def read(text: str, own_name: str) -> tuple[Ask, str] | Misspelled | None:
    """A command and its symbol; None for talk and for what is meant for another bot (`/status@other_bot`)."""
    found = _COMMAND.fullmatch(text[:LONGEST].strip())
    if found is None:
        return Misspelled() if text.startswith("/") else None
    name, bot, rest = found.groups()
    if bot is not None and bot.lower() != own_name.lower():
        return None
    ask = next((each for each in Ask if each.value == name), Ask.HELP if name == "start" else None)
    if ask is None:
        return Misspelled()
    if ask not in TAKES_SYMBOL:
        return ask, ""
    symbol = (rest or "").strip().upper()
    wrong = not _SYMBOL.fullmatch(symbol) if symbol else ask in NEEDS_SYMBOL
    return Misspelled(ask) if wrong else (ask, symbol)
