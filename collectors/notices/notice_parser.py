"""An exchange's notice -> what it means: its kind, its coins, their markets, and when trading starts.

The title decides the kind; a body adds times, networks and contract addresses. Every text has an answer and none
raises. What stands in a trade category and cannot be understood is marked `unread`, because the one notice that nobody
expected may be the listing.

Wordings: Upbit 2017-2026 and Bithumb 2018-2026, Korean and English, as their notice archives show them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from collectors.notices.body import contracts_of, markets_of, networks_of, rows_of
from collectors.notices.changes import Changes, ItemStatus, changes_in
from collectors.notices.kinds import TRADE_CATEGORY, NoticeKind, facts_of, is_odd_in_trade, judge
from collectors.notices.labels import What
from collectors.notices.markets import in_order, markets_in, per_coin
from collectors.notices.phrases import MARKET, Facts
from collectors.notices.schedule import CHANGED, Told, best, told_in_remark, told_in_rows
from collectors.notices.spelling import spellings
from collectors.notices.symbols import Coin, bare_coins, is_office_word, read
from collectors.notices.text import read_title, squeezed
from collectors.notices.times import Moment, Precision, Published, published_of

__all__ = [
    "CoinName",
    "ItemStatus",
    "ListedItem",
    "NoticeKind",
    "ParsedNotice",
    "Precision",
    "Published",
    "parse",
    "published_of",
]

LISTING_KINDS = (NoticeKind.LISTING, NoticeKind.MARKET_ADDED, NoticeKind.POSTPONED)
_NAMES_COINS = (
    *LISTING_KINDS,
    NoticeKind.CANCELLED,
    NoticeKind.DELISTING,
    NoticeKind.CAUTION,
    NoticeKind.CAUTION_LIFTED,
    NoticeKind.DEPOSIT_WITHDRAWAL,
    NoticeKind.RENAME,
)
_ONLY_OF_COINS = (*LISTING_KINDS, NoticeKind.CANCELLED, NoticeKind.DELISTING)  # no office is listed: `서비스(SNS)`
_NAMES_MARKETS = (*LISTING_KINDS, NoticeKind.CANCELLED, NoticeKind.DELISTING)
_ENDING_TOO = re.compile(  # `별빛(STAR) 신규 거래지원 및 달무리(HALO) 거래지원 종료`
    rf"(§(?:[,/·]§)*)(?:의|{MARKET})?(?:거래(?:지원)?(?:서비스)?종료|상장폐지)(?!(?:결정)?(?:철회|취소))"
)
COINS_MAX = 60


class ListedItem(Struct, frozen=True):
    """One coin of a listing notice. Times are UTC epoch milliseconds, None where the notice does not tell them."""

    symbol: str
    markets: tuple[str, ...]
    trading_starts_ms: int | None
    deposit_opens_ms: int | None
    status: ItemStatus


class CoinName(Struct, frozen=True):
    """How the title calls a coin besides its ticker."""

    symbol: str
    korean: str | None
    english: str | None


class ParsedNotice(Struct, frozen=True):
    """What a notice says. `is_listing`: at least one coin becomes tradable in a market where it was not before.

    The two times are the earliest over all coins that are not cancelled; `date_inferred`: that trading start (or, where
    none is told, the deposit opening) was written without a day. `reason` names the rule that decided the kind.
    `unread`: tell the reader at once; it may be a listing in words that the rules do not know, or one without coins, or
    it takes one of its markets back.
    """

    kind: NoticeKind
    is_listing: bool
    symbols: tuple[str, ...]
    markets: tuple[str, ...]
    trading_starts_ms: int | None
    deposit_opens_ms: int | None
    date_inferred: bool
    items: tuple[ListedItem, ...]
    names: tuple[CoinName, ...]
    networks: tuple[str, ...]
    contracts: tuple[str, ...]
    reason: str
    understood: bool
    unread: bool


def parse(
    exchange: str,
    title: str,
    body: str | None = None,
    published: Published | None = None,
    categories: Sequence[str] = (),
) -> ParsedNotice:
    """Understand a notice. `published` is its first publication; `categories` are those the exchange put it in."""
    parts = read_title(title)
    reading = read(parts)
    named = reading.coins or bare_coins(reading.head)
    markets = in_order(quote for each in reading.order if not isinstance(each, Coin) for quote in each)
    markets = markets or markets_in(" ".join(parts.prefixes))
    groups = (*parts.prefixes, *categories)
    facts = facts_of(exchange, reading.head, reading.remarks, groups, bool(named), markets)
    judgement = judge(facts)
    kind = judgement.kind
    if kind is NoticeKind.DELISTING:
        markets = _ending(reading.head) or markets
    if kind in LISTING_KINDS:
        markets = markets or markets_in(" ".join(reading.remarks))
    coins = _coins(kind, named)
    items: tuple[ListedItem, ...] = ()
    starts = opens = None
    networks: tuple[str, ...] = ()
    contracts: tuple[str, ...] = ()
    takes_back = False
    if kind in LISTING_KINDS:
        coins = _that_begin(_that_do_not_end(coins, facts.head), reading.head, facts)
        rows = rows_of(body or "")
        spelled = spellings((coin.symbol, (coin.name,)) for coin in coins)
        changes = changes_in((reading.head, *reading.remarks), spelled, markets)
        told = [each for text in (reading.head, *reading.remarks) for each in told_in_remark(text, spelled, published)]
        told += told_in_rows(rows, spelled, published)
        told = [_only_for_moved(each, changes) for each in told]
        named_for = per_coin([each.symbol if isinstance(each, Coin) else each for each in reading.order])
        items = _items(coins, named_for | markets_of(rows, spelled), markets, changes, told)
        takes_back = bool(changes.without_markets)
        kind = _kind_after(kind, changes, [coin.symbol for coin in coins])
        starts, opens = _earliest(items, told, What.TRADING), _earliest(items, told, What.DEPOSITS)
        networks, contracts = networks_of(rows), contracts_of(rows)
    is_listing = kind in LISTING_KINDS
    in_trade = any(TRADE_CATEGORY.search(squeezed(group)) for group in groups)
    first = starts or opens
    return ParsedNotice(
        kind=kind,
        is_listing=is_listing,
        symbols=tuple(coin.symbol for coin in coins),
        markets=markets if kind in _NAMES_MARKETS else (),
        trading_starts_ms=starts.at_ms if starts else None,
        deposit_opens_ms=opens.at_ms if opens else None,
        date_inferred=first.date_inferred if first else False,
        items=items,
        names=tuple(_name(coin) for coin in coins if coin.name),
        networks=networks,
        contracts=contracts,
        reason=judgement.reason,
        understood=judgement.understood,
        unread=(is_listing and (takes_back or not items))
        or (in_trade and (not judgement.understood or is_odd_in_trade(facts, kind))),
    )


def _coins(kind: NoticeKind, named: Iterable[Coin]) -> tuple[Coin, ...]:
    """The coins that a notice of this kind names, each once."""
    is_general = kind not in _NAMES_COINS
    bare_too = not is_general or kind is NoticeKind.EVENT
    named = [coin for coin in named if coin.in_brackets or bare_too]
    sure = [coin for coin in named if not is_office_word(coin, is_general)]
    if not sure and kind in _ONLY_OF_COINS:
        sure = named
    unique: dict[str, Coin] = {}
    for coin in sure:
        unique.setdefault(coin.symbol, coin)
    return tuple(unique.values())[:COINS_MAX]


def _that_begin(coins: tuple[Coin, ...], head: str, facts: Facts) -> tuple[Coin, ...]:
    """Without the coins of a clause that gives the reason: "비비(BBB) 리브랜딩에 따른 씨씨(CCC) 원화 마켓 추가"."""
    named = [coin for coin in coins if coin.name]
    in_reason = facts.head[: len(facts.head) - len(facts.clause)].count("§")
    if in_reason == 0 or in_reason > len(named):
        return coins
    rest = tuple(coin for coin in coins if coin not in named[:in_reason])
    return rest or bare_coins(head.rpartition("§")[2]) or coins


def _that_do_not_end(coins: tuple[Coin, ...], head: str) -> tuple[Coin, ...]:
    """Without the coins whose trading ends: "비비(BBB) 거래지원 종료 및 씨씨(CCC) 상장"."""
    named = [coin for coin in coins if coin.name]
    if head.count("§") != len(named):
        return coins
    first = [(head[: run.start()].count("§"), run[1].count("§")) for run in _ENDING_TOO.finditer(head)]
    ending = [coin for at, count in first for coin in named[at : at + count]]
    return tuple(coin for coin in coins if coin not in ending) or coins


def _ending(head: str) -> tuple[str, ...]:
    """The markets that end, in a title that goes on: "KRW 마켓 거래지원 종료 및 BTC 마켓 유의 종목 지정 해제"."""
    ends, _, rest = head.partition("종료")
    return markets_in(ends) if "유의" in rest else ()


def _only_for_moved(told: Told, changes: Changes) -> Told:
    """A changed time that names no coin is that of the coins whose start the title says was moved."""
    moved = tuple(symbol for symbol, status in changes.status.items() if status is ItemStatus.POSTPONED and symbol)
    return replace(told, symbols=moved) if moved and told.rank >= CHANGED and not told.symbols else told


def _items(
    coins: Sequence[Coin],
    named_for: Mapping[str, tuple[str, ...]],
    markets: tuple[str, ...],
    changes: Changes,
    told: Sequence[Told],
) -> tuple[ListedItem, ...]:
    items: list[ListedItem] = []
    for coin in coins:
        status = changes.status.get(coin.symbol, ItemStatus.NEW)
        quotes = named_for.get(coin.symbol) or markets
        starts = opens = None
        if status is not ItemStatus.CANCELLED:
            starts, opens = best(told, What.TRADING, coin.symbol), best(told, What.DEPOSITS, coin.symbol)
        items.append(
            ListedItem(
                symbol=coin.symbol,
                markets=tuple(quote for quote in quotes if quote not in changes.without_markets),
                trading_starts_ms=starts.at_ms if starts else None,
                deposit_opens_ms=opens.at_ms if opens else None,
                status=status,
            )
        )
    return tuple(items)


def _kind_after(kind: NoticeKind, changes: Changes, symbols: Sequence[str]) -> NoticeKind:
    """A listing some of whose coins moved is postponed; one all of whose coins were taken back is cancelled."""
    states = [changes.status.get(symbol, ItemStatus.NEW) for symbol in symbols or ("",)]
    if all(state is ItemStatus.CANCELLED for state in states):
        return NoticeKind.CANCELLED
    return NoticeKind.POSTPONED if ItemStatus.POSTPONED in states else kind


def _earliest(items: Sequence[ListedItem], told: Sequence[Told], what: What) -> Moment | None:
    symbols = [item.symbol for item in items if item.status is not ItemStatus.CANCELLED]
    moments = [best(told, what, symbol) for symbol in (symbols if items else ("",))]
    return min((each for each in moments if each), key=lambda moment: moment.at_ms, default=None)


def _name(coin: Coin) -> CoinName:
    is_korean = re.search(r"[가-힣]", coin.name) is not None
    return CoinName(coin.symbol, coin.name if is_korean else None, None if is_korean else coin.name)
