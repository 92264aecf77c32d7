"""From what a channel showed to sightings of coins. Pure: notices and market lists in, `Sighting`s out."""

from collections.abc import Iterable, Iterator

from collectors.events import Channel, Market, Notice, Sighting, SightingKind, exchange_of
from collectors.notices.notice_parser import ItemStatus, NoticeKind, ParsedNotice, Published, parse

KIND_OF_STATUS = {
    ItemStatus.NEW: SightingKind.NOTICE,
    ItemStatus.POSTPONED: SightingKind.POSTPONED,
    ItemStatus.CANCELLED: SightingKind.CANCELLED,
}


def understand(notice: Notice) -> ParsedNotice:
    """What a notice says, read with what the channel tells beside its text."""
    published = None if notice.published_ms is None else Published.at(notice.published_ms)
    return parse(notice.exchange, notice.title, notice.body, published, notice.categories)


def of_notice(channel: Channel, notice: Notice, meaning: ParsedNotice, seen_ms: int) -> Iterator[Sighting]:
    """One sighting a coin, of a notice that speaks of a listing or takes one back; nothing of any other."""
    if not (meaning.is_listing or meaning.kind is NoticeKind.CANCELLED):
        return
    for item in meaning.items:
        yield Sighting(
            exchange=notice.exchange,
            base=item.symbol,
            quotes=item.markets,
            channel=channel,
            kind=KIND_OF_STATUS[item.status],
            seen_ms=seen_ms,
            published_ms=notice.published_ms,
            edited_ms=notice.edited_ms,
            trading_starts_ms=item.trading_starts_ms,
            deposit_opens_ms=item.deposit_opens_ms,
            notice_id=notice.notice_id,
            url=notice.url,
            title=notice.title,
        )


def of_list(channel: Channel, added: Iterable[Market], removed: Iterable[Market], seen_ms: int) -> Iterator[Sighting]:
    """One sighting a coin, of the markets that joined a list and of those that left it."""
    for kind, markets in ((SightingKind.IN_LIST, added), (SightingKind.OUT_OF_LIST, removed)):
        quotes: dict[str, tuple[str, ...]] = {}
        for market in sorted(markets):
            quotes[market.base] = (*quotes.get(market.base, ()), market.quote)
        for base, joined in quotes.items():
            yield Sighting(exchange_of(channel), base, joined, channel, kind, seen_ms)
