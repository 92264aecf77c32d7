"""What one version of a notice is worth telling besides a listing, and when it is too late for that. Pure."""

from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from collectors.events import Listing, Notice
from collectors.listings.market_lists import MarketLists
from collectors.listings.sightings import understand
from collectors.notices.notice_parser import NoticeKind, ParsedNotice
from collectors.notices.notice_versions import NoticeVersions, Version
from collectors.notices.other_news import OtherNews, other_news, what_of


class Reading(Struct, frozen=True):
    """One version of a notice that is new to us, what it means, and the version that it follows."""

    notice: Notice
    meaning: ParsedNotice
    version: Version
    before: Version | None


def too_old(notice: Notice, oldest_ms: int) -> bool:
    """Published and edited so long ago that nobody can act on it any more."""
    told = [at_ms for at_ms in (notice.published_ms, notice.edited_ms) if at_ms is not None]
    return bool(told) and max(told) < oldest_ms


def other_news_of(each: Reading, watched: Collection[str]) -> OtherNews | None:
    """Told once for each sense of a notice: an edit that says the same, or a body that follows, is no news."""
    found = other_news(each.meaning, each.notice.title, watched)
    if found is None or each.before is None:
        return found
    return None if what_of(_earlier(each, each.before).kind, each.before.title) is found.what else found


def newly_unread(each: Reading) -> bool:
    """Whether this version could not be read, and the one before could or did not exist."""
    return each.meaning.unread and (each.before is None or not _earlier(each, each.before).unread)


def _earlier(each: Reading, before: Version) -> ParsedNotice:
    """What the title before said."""
    return understand(replace(each.notice, title=before.title, body=None))


def rename_in(notice: Notice, meaning: ParsedNotice, lists: MarketLists) -> tuple[str, str] | None:
    """The coin that trades and the name that it will have, of a notice of a rename or swap that names both."""
    if meaning.kind is not NoticeKind.RENAME or notice.published_ms is None:
        return None
    old = [symbol for symbol in meaning.symbols if lists.shows_coin(notice.exchange, symbol)]
    new = [symbol for symbol in meaning.symbols if symbol not in old]
    return (old[0], new[0]) if len(old) == len(new) == 1 else None


def without_body(seen: Iterable[Notice], versions: NoticeVersions, active: Iterable[Listing]) -> Iterator[Notice]:
    """The notices of listings on their way whose body nobody has given us yet."""
    on_their_way = {(listing.exchange, listing.notice_id) for listing in active}
    for notice in seen:
        known = versions.known(notice)
        lacks = notice.body is None and known is not None and known.body is None
        if lacks and (notice.exchange, notice.notice_id) in on_their_way:
            yield notice
