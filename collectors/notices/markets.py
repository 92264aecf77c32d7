"""The quote markets that a title names: `원화 마켓`, `KRW, BTC, USDT 마켓`, `원화(KRW) 마켓`, `ETC/KRW`."""

from collections.abc import Iterable, Sequence

from collectors.notices import patterns as re

_SPELLINGS = {"KRW": "원화 KRW WON", "BTC": "BTC 비트코인", "USDT": "USDT 테더", "ETH": "ETH 이더리움", "USDC": "USDC"}
QUOTES = {word.lower(): quote for quote, spellings in _SPELLINGS.items() for word in spellings.split()}
_ORDER = tuple(_SPELLINGS)  # how the exchanges list them

QUOTE = "(?:" + "|".join(sorted(QUOTES, key=len, reverse=True)) + ")"
MARKET_WORD = re.compile(r"마켓|시장|market", re.IGNORECASE)
_JOINT = r"(?:,|/|·|&|\+|및|와|과|and\b|(?:마켓|markets?)\s*(?:,|/|·|&|및|와|과|and\b))"
RUN = re.compile(
    rf"(?<![a-z0-9])(?P<quotes>{QUOTE}(?:\s*(?:{_JOINT}\s*)?{QUOTE})*)\s*(?:마켓|시장|페어|markets?(?![a-z])|pairs?(?![a-z]))",
    re.IGNORECASE,
)
ONLY_QUOTES = re.compile(rf"\s*{QUOTE}(?:\s*{_JOINT}\s*{QUOTE})*\s*", re.IGNORECASE)
ENDS_WITH_QUOTE = re.compile(rf"{QUOTE}$", re.IGNORECASE)
PAIR = re.compile(
    rf"(?<![A-Za-z0-9/])(?P<base>[A-Z0-9]{{2,12}})/(?P<quote>{QUOTE})(?![A-Za-z0-9/])(?!\s*마켓)", re.IGNORECASE
)
ONLY_PAIRS = re.compile(rf"\s*[A-Z0-9]{{2,12}}/{QUOTE}(?:\s*[,·&]\s*[A-Z0-9]{{2,12}}/{QUOTE})*\s*", re.IGNORECASE)
_ONE = re.compile(QUOTE, re.IGNORECASE)


def quotes_in(run: str) -> tuple[str, ...]:
    """The quotes of a run such as `KRW, BTC`."""
    return in_order(QUOTES[each.lower()] for each in _ONE.findall(run))


def markets_in(text: str) -> tuple[str, ...]:
    """The quote markets that `text` names."""
    return in_order(quote for run in RUN.finditer(text) for quote in quotes_in(run["quotes"]))


def in_order(quotes: Iterable[str]) -> tuple[str, ...]:
    """Each quote once, KRW first."""
    return tuple(sorted(set(quotes), key=_ORDER.index))


def per_coin(order: Sequence[str | tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Which markets each coin of a title joins, from its coins (str) and market mentions (tuple) as they follow.

    A mention speaks of the coins right before it, or, in titles that begin with one, of those after it. Where markets
    are mentioned once, and for coins without a mention of their own, all markets hold.
    """
    mentions = [each for each in order if isinstance(each, tuple)]
    found: dict[str, set[str]] = {each: set() for each in order if isinstance(each, str)}
    everywhere = in_order(quote for mention in mentions for quote in mention)
    if len(mentions) > 1:
        runs = list(order) if isinstance(order[0], tuple) else list(reversed(order))
        current: tuple[str, ...] = ()
        fresh = True
        for each in runs:
            if isinstance(each, str):
                found[each] |= set(current)
                fresh = True
            else:
                current = each if fresh else (*current, *each)
                fresh = False
    return {symbol: in_order(quotes) or everywhere for symbol, quotes in found.items()}
