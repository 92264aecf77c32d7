"""What happened to one listing, in order: from the notice through every channel to the reader, and on. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from store.readings.listing_page import AlertRow, DecisionRow
from store.tables.listings import ListingRow
from store.tables.notices import NoticeRow

MOMENTS_MAX = 400
FIRST_SIGHT = "first_sight"


class Moment(Struct, frozen=True):
    """One thing that happened. `what` names it further: a channel, a market, a verdict, a label, an alert's kind.

    `detail` is text of others, such as a title. `theirs`: by the exchange's clock, else by ours. `ahead`: announced,
    and not come yet.
    """

    at_ms: int
    kind: str
    what: str = ""
    detail: str = ""
    theirs: bool = False
    ahead: bool = False


def timeline(
    listing: ListingRow,
    versions: Sequence[NoticeRow],
    decisions: Sequence[DecisionRow],
    alerts: Sequence[AlertRow],
    now_ms: int,
) -> list[Moment]:
    """Oldest first. Of verdicts only those that changed; `decisions` and `alerts` come newest first."""
    moments = [
        *_from_the_exchange(listing, now_ms),
        *(Moment(each.seen_ms, "seen", each.channel, each.kind) for each in listing.sightings),
        *(Moment(each.first_seen_ms, "notice_edited", str(each.version), each.title) for each in versions[1:]),
        *_to_the_reader(listing),
        *(Moment(each.created_ms, "alert", each.kind, _first_line(each.text)) for each in alerts if _told(each)),
        *_changes(reversed(decisions)),
    ]
    if listing.outcome is not None:
        moments.append(Moment(listing.outcome.made_ms, "outcome", listing.outcome.label))
    return sorted(moments, key=lambda moment: moment.at_ms)[-MOMENTS_MAX:]


def _from_the_exchange(listing: ListingRow, now_ms: int) -> Iterator[Moment]:
    if listing.published_ms is not None:
        yield Moment(listing.published_ms, "published", "", listing.title or "", theirs=True)
    for kind, at_ms in (("deposits", listing.deposit_opens_ms), ("trading", listing.trading_starts_ms)):
        if at_ms is not None:
            yield Moment(at_ms, kind, theirs=True, ahead=at_ms > now_ms)
    for market in listing.markets:
        if market.first_trade_ms is not None:
            yield Moment(market.first_trade_ms, "first_trade", market.quote, theirs=True)
    if listing.gone_ms is not None:
        yield Moment(listing.gone_ms, "gone")


def _to_the_reader(listing: ListingRow) -> Iterator[Moment]:
    for kind, at_ms in (
        ("alert_written", listing.alerted_ms),
        ("alert_requested", listing.requested_ms),
        ("alert_delivered", listing.delivered_ms),
    ):
        if at_ms is not None:
            yield Moment(at_ms, kind)


def _told(alert: AlertRow) -> bool:
    return alert.kind != FIRST_SIGHT  # its way is told step by step


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _changes(decisions: Iterable[DecisionRow]) -> Iterator[Moment]:
    last = ""
    for each in decisions:
        if each.verdict != last:
            yield Moment(each.made_ms, "verdict", each.verdict)
            last = each.verdict
