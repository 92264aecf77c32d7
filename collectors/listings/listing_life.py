"""The life of one listing: announced -> postponed -> deposits open -> trading -> settled, or cancelled.

Many channels see the same coin, early and late, in any order. `observe` folds each sighting into the one `Listing` of
the coin and says what that changed. What is known after a set of sightings does not depend on the order in which they
arrived: markets are united, the earliest sighting is the first, and of two times the one told later counts (by the
notice's version where the channel gives it, else by when we saw it). Only a list's own comings and goings must be fed
in their order.

An episode ends when it is cancelled or gone for more than 24 h; a KRW market that joins a coin listed in BTC or
USDT belongs to the same episode and starts its round anew, because the KRW opening is what a reader waits for.
"""

from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

from collectors.events import Listing, ListingState, Sighting, SightingKind
from config.units import DAY_MS

# A coin that has not traded this long after the last we heard of it is no longer waited for. Our choice: long beside a
# postponement that says when; what is given up too early begins anew, and loudly.
GIVEN_UP_AFTER_MS = 14 * DAY_MS
RANK = {"KRW": 0, "BTC": 1, "ETH": 2, "USDT": 3}
NEVER = -1


class Change(Enum):
    """What a sighting, or time, did to a listing. FIRST_SIGHT and NEW_EPISODE are both a first sight."""

    NONE = "none"
    FIRST_SIGHT = "first_sight"
    NEW_EPISODE = "new_episode"
    QUOTES_ADDED = "quotes_added"
    TIME_SET = "time_set"
    TIME_MOVED = "time_moved"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"
    DEPOSITS_OPEN = "deposits_open"
    TRADING = "trading"
    SETTLED = "settled"
    RETURNED = "returned"
    GONE = "gone"


class Step(Struct, frozen=True):
    """A listing after one sighting, and the one change most worth telling; `added` are the markets that joined it."""

    listing: Listing
    change: Change
    added: tuple[str, ...] = ()


def observe(known: Listing | None, seen: Sighting, now_ms: int) -> Step:
    """Fold `seen` into what is known of its coin on its exchange.

    A coin not known that is seen cancelled or leaving a list gets a row too, so that an older page or its return
    within 24 h is recognised; that is never a first sight.
    """
    if known is None:
        return _begin(seen, episode=1, change=Change.FIRST_SIGHT)
    known = tick(known, now_ms).listing
    if known.state is ListingState.CANCELLED:
        return _after_cancelling(known, seen)
    if seen.kind is SightingKind.CANCELLED:
        return _cancel(known, seen)
    if seen.kind is SightingKind.OUT_OF_LIST:
        return _leave(known, seen)
    if _is_relisting(known, seen):
        return _begin(seen, known.episode + 1, Change.NEW_EPISODE)
    return _fold(known, seen)


def tick(listing: Listing, now_ms: int) -> Step:
    """What time alone changes: a listing settles 24 h after its first trade, or once it is gone for longer than that.

    One whose trades we do not record (no KRW market) settles 24 h after its stated start; one that never trades, when
    nothing was heard of it for `GIVEN_UP_AFTER_MS`. A stated start that passes proves no trade, and a stated opening no
    deposit: those states wait for their sightings.
    """
    if listing.state in (ListingState.CANCELLED, ListingState.SETTLED):
        return Step(listing, Change.NONE)
    began = listing.first_trade_ms
    if began is None and "KRW" not in listing.quotes:
        began = listing.trading_starts_ms
    rests = began is not None and now_ms - began >= DAY_MS
    is_gone = listing.gone_ms is not None and now_ms - listing.gone_ms > DAY_MS
    given_up = listing.first_trade_ms is None and now_ms - _last_word_ms(listing) > GIVEN_UP_AFTER_MS
    if not (rests or is_gone or given_up):
        return Step(listing, Change.NONE)
    return Step(replace(listing, state=ListingState.SETTLED), Change.SETTLED)


def _last_word_ms(listing: Listing) -> int:
    """The last moment that was told or stated of it: a start three weeks ahead is waited for until after it."""
    return max(
        listing.first_seen_ms,
        *(_or_never(at_ms) for at_ms in (listing.trading_starts_ms, listing.deposit_opens_ms)),
        *(_or_never(at_ms) for at_ms in (listing.trading_told_ms, listing.deposit_told_ms)),
    )


def settled(seen: Sighting) -> Listing:
    """The row of a coin that traded before we first looked: what joins it later is no first sight of the coin."""
    return replace(_begin(seen, 1, Change.NONE).listing, state=ListingState.SETTLED, gone_ms=None)


def with_markets(known: Listing, seen: Sighting) -> Listing:
    """`known` where a list shows or lost what was there before: its markets are the coin's, nothing begins by them.

    A KRW market stays out of a listing that waits for another's first trade: one in KRW would pass for it.
    """
    is_back = seen.kind is SightingKind.IN_LIST and known.state is not ListingState.CANCELLED
    gone_ms = None if is_back and _brings_back(known, seen) else known.gone_ms
    theirs = set(seen.quotes) - ({"KRW"} if _waits_for_another(known) else set())
    return replace(known, quotes=_in_order({*known.quotes, *theirs}), gone_ms=gone_ms)


def _waits_for_another(known: Listing) -> bool:
    """Whether the first trade is still to come, and not one in KRW."""
    over = known.state in (ListingState.CANCELLED, ListingState.SETTLED)
    return bool(known.quotes) and "KRW" not in known.quotes and known.first_trade_ms is None and not over


def _begin(seen: Sighting, episode: int, change: Change) -> Step:
    listing = Listing(
        exchange=seen.exchange,
        base=seen.base,
        episode=episode,
        quotes=_in_order(set(seen.quotes)),
        state=ListingState.ANNOUNCED,
        first_seen_ms=seen.seen_ms,
        first_channel=seen.channel,
        published_ms=seen.published_ms,
        notice_id=seen.notice_id,
        url=seen.url,
        title=seen.title,
    )
    if seen.kind is SightingKind.CANCELLED:
        return Step(replace(listing, state=ListingState.CANCELLED, gone_ms=_told_ms(seen)), Change.CANCELLED)
    if seen.kind is SightingKind.OUT_OF_LIST:
        return Step(replace(listing, state=ListingState.SETTLED, gone_ms=seen.seen_ms), Change.GONE)
    listing = _opened(_retimed(listing, seen), seen)
    return Step(replace(listing, state=_state(listing, seen)), change, listing.quotes)


def _after_cancelling(known: Listing, seen: Sighting) -> Step:
    """Only news made after the cancelling begins a new episode; a slow channel still shows the old page."""
    ended_ms = known.gone_ms if known.gone_ms is not None else NEVER
    if seen.kind in (SightingKind.IN_LIST, SightingKind.TRADED):
        newer = seen.seen_ms > ended_ms
    elif seen.kind in (SightingKind.NOTICE, SightingKind.POSTPONED):
        newer = max(_or_never(seen.published_ms), _or_never(seen.edited_ms)) > ended_ms
    else:
        newer = False
    if newer:
        return _begin(seen, known.episode + 1, Change.NEW_EPISODE)
    return Step(_earliest(known, seen), Change.NONE)


def _cancel(known: Listing, seen: Sighting) -> Step:
    told_ms = _told_ms(seen)
    overtaken = told_ms < _or_never(known.trading_told_ms)
    if known.first_trade_ms is not None or known.state is ListingState.SETTLED or overtaken:
        return Step(known, Change.NONE)  # what trades was not cancelled: an old page, or news of another market
    listing = replace(_earliest(known, seen), state=ListingState.CANCELLED, gone_ms=told_ms)
    return Step(listing, Change.CANCELLED)


def _leave(known: Listing, seen: Sighting) -> Step:
    if known.episode > 1 and seen.quotes == ("KRW",) and "KRW" not in known.quotes:
        return Step(known, Change.NONE)  # it ended with an earlier episode; this list could not be read since
    quotes = _in_order({*known.quotes, *seen.quotes})  # what it lost it had: its return brings nothing new
    if "KRW" in seen.quotes and _waits_for_another(known):
        known = replace(known, state=ListingState.SETTLED)  # back in KRW it goes on: its next trade there opens nothing
    if known.gone_ms is not None:
        return Step(replace(known, quotes=quotes), Change.NONE)
    return Step(replace(known, gone_ms=seen.seen_ms, quotes=quotes), Change.GONE)


def _is_relisting(known: Listing, seen: Sighting) -> bool:
    if seen.kind in (SightingKind.DEPOSITS_OPEN, SightingKind.IN_ASSETS):
        return False  # the wallet of a coin that left is no listing
    if _is_taken_up(known, seen):
        return True
    if seen.kind in (SightingKind.IN_LIST, SightingKind.TRADED):
        return known.gone_ms is not None and seen.seen_ms - known.gone_ms > DAY_MS
    # A coin that trades is not announced again in the same market, unless it left while we did not look.
    over_ms = known.gone_ms
    if over_ms is None and known.state is ListingState.SETTLED and set(seen.quotes) <= set(known.quotes):
        over_ms = known.trading_starts_ms if known.first_trade_ms is None else known.first_trade_ms
    is_other = known.notice_id is None or seen.notice_id != known.notice_id
    return over_ms is not None and is_other and _or_never(seen.published_ms) - over_ms > DAY_MS


def _is_taken_up(known: Listing, seen: Sighting) -> bool:
    """An announced coin that was given up, as far as we know before it traded, is on its way after all."""
    never_opened = known.state is ListingState.SETTLED and known.first_trade_ms is None and known.notice_id is not None
    if not never_opened or (known.quotes and not set(seen.quotes) <= set(known.quotes)):
        return False
    if seen.kind is SightingKind.IN_LIST:
        return known.gone_ms is None and seen.seen_ms - _last_word_ms(known) > GIVEN_UP_AFTER_MS
    is_ahead = _or_never(seen.trading_starts_ms) > seen.seen_ms
    return seen.kind is not SightingKind.TRADED and is_ahead and _told_ms(seen) > _trading_told_ms(known)


def _fold(known: Listing, seen: Sighting) -> Step:
    quotes = _in_order({*known.quotes, *seen.quotes})
    added = tuple(quote for quote in quotes if quote not in known.quotes)
    listing = replace(known, quotes=quotes)
    opened = known.first_trade_ms is not None or known.state is ListingState.SETTLED
    same_notice = seen.notice_id is not None and seen.notice_id == known.notice_id
    if "KRW" in added and known.quotes and (opened or not same_notice):
        listing = _new_round(listing)
    if seen.kind in (SightingKind.IN_LIST, SightingKind.TRADED) and _brings_back(known, seen):
        listing = replace(listing, gone_ms=None)
    listing = _opened(_retimed(_earliest(listing, seen), seen), seen)
    listing = replace(listing, state=_state(listing, seen))
    return Step(listing, _worth_telling(known, listing, seen, added), added)


def _brings_back(known: Listing, seen: Sighting) -> bool:
    """A coin that left with its KRW market has not come back with another one; one whose KRW is yet to open has."""
    to_come = known.notice_id is not None and known.state not in (ListingState.TRADING, ListingState.SETTLED)
    return "KRW" in seen.quotes or "KRW" not in known.quotes or to_come


def _new_round(listing: Listing) -> Listing:
    """The KRW market joins a coin listed in others: its notice, its start and its first trade are its own.

    Whether the others have opened is not asked: only KRW markets are recorded, so nobody may have seen it.
    """
    return replace(
        listing,
        state=ListingState.ANNOUNCED,
        published_ms=None,
        notice_id=None,
        url=None,
        title=None,
        first_trade_ms=None,
        trading_starts_ms=None,
        deposit_opens_ms=None,
        trading_told_ms=None,
        deposit_told_ms=None,
        deposit_closed_ms=None,
    )


def _worth_telling(before: Listing, after: Listing, seen: Sighting, added: tuple[str, ...]) -> Change:
    if after.first_trade_ms is not None and before.first_trade_ms is None:
        return Change.TRADING
    if added and before.quotes:
        return Change.QUOTES_ADDED
    if before.gone_ms is not None and after.gone_ms is None:
        return Change.RETURNED
    if after.state in (ListingState.TRADING, ListingState.SETTLED):
        return Change.NONE  # what was planned is history
    was, is_now = before.trading_starts_ms, after.trading_starts_ms
    moved_back = was is not None and was != is_now and (is_now is None or is_now > was)
    newly = after.state is ListingState.POSTPONED and before.state is not ListingState.POSTPONED
    if seen.kind is SightingKind.POSTPONED and (newly or moved_back):
        return Change.POSTPONED
    if was != is_now:
        return Change.TIME_SET if was is None else Change.TIME_MOVED
    if after.state is ListingState.DEPOSITS_OPEN and before.state is not ListingState.DEPOSITS_OPEN:
        return Change.DEPOSITS_OPEN
    return Change.NONE


def _earliest(listing: Listing, seen: Sighting) -> Listing:
    """The first sighting stays the earliest one, whenever it arrives; the newest version of the notice names it."""
    if seen.seen_ms < listing.first_seen_ms:
        listing = replace(listing, first_seen_ms=seen.seen_ms, first_channel=seen.channel)
    if seen.published_ms is not None and (listing.published_ms is None or seen.published_ms < listing.published_ms):
        listing = replace(listing, published_ms=seen.published_ms)
    if seen.notice_id is not None and (listing.notice_id is None or _told_ms(seen) >= _trading_told_ms(listing)):
        listing = replace(listing, notice_id=seen.notice_id, url=seen.url, title=seen.title)
    return listing


def _retimed(listing: Listing, seen: Sighting) -> Listing:
    """The times told last. A postponement without a new time makes the old one unknown; silence elsewhere does not."""
    if seen.kind not in (SightingKind.NOTICE, SightingKind.POSTPONED):
        return listing
    told_ms = _told_ms(seen)
    speaks = seen.trading_starts_ms is not None or seen.kind is SightingKind.POSTPONED
    if speaks and _wins(told_ms, seen.trading_starts_ms, _trading_told_ms(listing), listing.trading_starts_ms):
        listing = replace(listing, trading_starts_ms=seen.trading_starts_ms, trading_told_ms=told_ms)
    deposit_told_ms = _or_never(listing.deposit_told_ms)
    if seen.deposit_opens_ms is not None and _wins(
        told_ms, seen.deposit_opens_ms, deposit_told_ms, listing.deposit_opens_ms
    ):
        listing = replace(listing, deposit_opens_ms=seen.deposit_opens_ms, deposit_told_ms=told_ms)
    return listing


def _wins(told_ms: int, time_ms: int | None, old_told_ms: int, old_ms: int | None) -> bool:
    """Later news wins; of one version read twice (title, then body) a time wins over none, and the later over both."""
    return (told_ms, _or_never(time_ms)) > (old_told_ms, _or_never(old_ms))


def _opened(listing: Listing, seen: Sighting) -> Listing:
    """A listing with a KRW market opens with its first KRW trade; the others with their first trade."""
    if seen.kind is not SightingKind.TRADED or ("KRW" in listing.quotes and "KRW" not in seen.quotes):
        return listing
    traded_ms = seen.seen_ms if seen.trading_starts_ms is None else seen.trading_starts_ms
    if listing.first_trade_ms is not None:
        traded_ms = min(traded_ms, listing.first_trade_ms)
    return replace(listing, first_trade_ms=traded_ms)


LIFE = (
    ListingState.ANNOUNCED,
    ListingState.POSTPONED,
    ListingState.DEPOSITS_OPEN,
    ListingState.TRADING,
    ListingState.SETTLED,
)
REACHED = {SightingKind.POSTPONED: ListingState.POSTPONED, SightingKind.DEPOSITS_OPEN: ListingState.DEPOSITS_OPEN}


def _state(listing: Listing, seen: Sighting) -> ListingState:
    """The furthest state that any sighting proved; old news of an earlier one does not lead back."""
    reached = REACHED.get(seen.kind, ListingState.ANNOUNCED)
    if listing.first_trade_ms is not None:
        reached = ListingState.TRADING
    return max(listing.state, reached, key=LIFE.index)


def _told_ms(seen: Sighting) -> int:
    """How new a word is. Bithumb writes notices ahead: nobody was told before the publication, whatever the edit."""
    return seen.seen_ms if seen.edited_ms is None else max(seen.edited_ms, _or_never(seen.published_ms))


def _trading_told_ms(listing: Listing) -> int:
    """How new the known start is; for a row stored without it, at least as new as the publication."""
    if listing.trading_told_ms is None and listing.trading_starts_ms is not None:
        return _or_never(listing.published_ms)
    return _or_never(listing.trading_told_ms)


def _or_never(time_ms: int | None) -> int:
    return NEVER if time_ms is None else time_ms


def _in_order(quotes: set[str]) -> tuple[str, ...]:
    """KRW first, then the exchange's other markets, then whatever is new, by name."""
    return tuple(sorted(quotes, key=lambda quote: (RANK.get(quote, len(RANK)), quote)))
