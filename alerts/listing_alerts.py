"""Which alert a change of a listing makes, and how loud. Pure: what happened in, `Alert` or nothing out."""

from collections.abc import Sequence

from alerts.alert import KRW_ADDED, Alert, AlertKind, AlertLevel
from alerts.texts import message, news_text
from alerts.texts.words import Language
from collectors.events import Exchange, Listing, Notice
from collectors.listings.listing_life import Change
from collectors.listings.market_lists import Renamed
from collectors.notices.other_news import OVER, OtherNews

FIRST = (Change.FIRST_SIGHT, Change.NEW_EPISODE)
UNTOLD = (Change.NONE, Change.SETTLED, Change.GONE, Change.RETURNED)


def of_change(
    change: Change,
    before: Listing | None,
    listing: Listing,
    language: Language,
    now_ms: int,
    blind_since_ms: int | None = None,
) -> Alert | None:
    """The first sight of an episode, or a follow-up to it; None for what a reader need not act on.

    HIGH where KRW is among the markets or they are not told, LOW otherwise; a first sight leaves at once whatever its
    level. `blind_since_ms`: since when nobody had looked.
    """
    if change in UNTOLD:
        return None
    level = AlertLevel.HIGH if "KRW" in listing.quotes or not listing.quotes else AlertLevel.LOW
    if change in FIRST:
        text = message.first_sight(listing, language, now_ms, level)
        return Alert(listing.key, AlertKind.FIRST_SIGHT, level, text, now_ms, links=message.links(listing, language))
    text = message.change(change.value, before, listing, language, now_ms, level, blind_since_ms=blind_since_ms)
    links = message.links(listing, language) if change is Change.TRADING else ()
    joined = set(listing.quotes).difference(() if before is None else before.quotes)
    about = KRW_ADDED if change is Change.QUOTES_ADDED and "KRW" in joined else change.value
    return Alert(listing.key, AlertKind.FOLLOW_UP, level, text, now_ms, links=links, about=about)


def cannot_wait(alert: Alert) -> bool:
    """What leaves from memory where it can't be stored: a listing, or a notice that may be one; CRITICAL."""
    unread = alert.kind is AlertKind.NEWS and alert.level >= AlertLevel.HIGH
    return alert.lists or alert.level >= AlertLevel.CRITICAL or unread


def of_unread(notice: Notice, language: Language, now_ms: int) -> Alert:
    """A notice of a trade category that nobody could read: told at once, as it stands."""
    links = (("notice", notice.url),) if notice.url else ()
    text = message.unread_notice(notice, language, now_ms)
    key = f"{notice.exchange}:notice:{notice.notice_id}"
    return Alert(key, AlertKind.NEWS, AlertLevel.HIGH, text, now_ms, links=links)


def of_missed(notices: Sequence[Notice], language: Language, now_ms: int) -> Alert:
    """One line each for listings that were published too long ago to be told one by one."""
    unique = list({(notice.exchange, notice.notice_id): notice for notice in notices}.values())
    text = message.missed_digest(unique, language, now_ms)
    return Alert("digest:missed", AlertKind.DIGEST, AlertLevel.LOW, text, now_ms)


def of_rival(listing: Listing, rival: Listing, language: Language, now_ms: int) -> Alert:
    """The same coin on the other exchange while `listing` is news: it rings, in the thread of `listing`."""
    text = message.rival_lists(listing, rival, language, now_ms)
    links = message.links(rival, language)
    return Alert(listing.key, AlertKind.FOLLOW_UP, AlertLevel.HIGH, text, now_ms, links=links, about="rival")


def of_other_news(news: OtherNews, notice: Notice, language: Language, now_ms: int) -> Alert:
    """Another notice about coins under watch: LOW, and only recorded where it says that something is over."""
    level = AlertLevel.INFO if news.what in OVER else AlertLevel.LOW
    links = (("notice", notice.url),) if notice.url else ()
    text = news_text.other(news, notice, language, level)
    key = f"{notice.exchange}:notice:{notice.notice_id}"
    return Alert(key, AlertKind.NEWS, level, text, now_ms, links=links)


def of_rename(exchange: Exchange, change: Renamed, live: bool, language: Language, now_ms: int) -> Alert:
    """A new code that is no listing. HIGH where the coin is just being listed, else MEDIUM: a guess must be seen."""
    level = AlertLevel.HIGH if live else AlertLevel.MEDIUM
    text = news_text.renamed(exchange, change, language, level)
    return Alert(f"{exchange}:rename:{change.old}:{change.new}", AlertKind.NEWS, level, text, now_ms)


def of_new_wallet(exchange: Exchange, base: str, language: Language, now_ms: int) -> Alert:
    """A hint of a listing, or of something else: sent at once, but it does not ring."""
    text = news_text.new_wallet(exchange, base, language, AlertLevel.MEDIUM)
    return Alert(f"{exchange}:wallet:{base}", AlertKind.NEWS, AlertLevel.MEDIUM, text, now_ms)
