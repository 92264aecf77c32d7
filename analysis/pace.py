"""When to look at a listing again, whether its trading has begun, and which verdicts are worth telling. Pure."""

import math
from enum import Enum

from analysis.evidence import KoreanFacts
from analysis.ringing import Quiet, Ring
from analysis.verdict import Verdict
from collectors.events import Listing, ListingState
from config.settings import Gate

SLOW_S = 60.0
SETTLED_AFTER_S = 24 * 3_600.0
FIGURES_EVERY_S = 30.0  # how often moved figures alone are told
DECISION_EVERY_S = 60.0  # how often a verdict is kept although nothing changed
LATE_OPENING_S = 60.0
CROWD = 4  # listings that are looked at at full pace; more share it


def opened(listing: Listing | None, korean: KoreanFacts, now_ms: int, before: bool = False) -> bool:
    """Whether KRW trading has begun, as far as anyone knows: by its first trade or its time, once there is a price.

    In the first seconds there may be none yet; a READY would fall for that and the GO behind it would not ring. So for
    a minute the absence of a price is taken for an opening that is a little late, and after that for a bad sign; what
    had opened `before` stays open. A coin without a listing is open if the exchange has a book for it.
    """
    has_book = korean.book is not None and bool(korean.book.bids) and bool(korean.book.asks)
    if listing is None:
        return has_book
    began_ms = listing.trading_starts_ms if listing.first_trade_ms is None else listing.first_trade_ms
    if began_ms is None:
        return has_book or listing.state in (ListingState.TRADING, ListingState.SETTLED)
    if listing.first_trade_ms is None and now_ms < began_ms:
        return listing.state in (ListingState.TRADING, ListingState.SETTLED)
    return has_book or before or (now_ms - began_ms) / 1000 >= LATE_OPENING_S


def pause_s(listing: Listing, gate: Gate, now_ms: int, crowd: int) -> float | None:
    """Seconds until the next look; None: it is settled. Every `recheck_s` until an hour after the opening, then slowly.

    Without a known opening the hour counts from the first sight. An opening that lies ahead is never slept through.
    """
    opening_ms = listing.first_trade_ms or listing.trading_starts_ms
    since_s = (now_ms - (opening_ms or listing.first_seen_ms)) / 1000
    if opening_ms is not None and since_s > SETTLED_AFTER_S:
        return None
    fast = "KRW" in listing.quotes or not listing.quotes
    fast = fast and since_s <= gate.recheck_for_min * 60
    seconds = gate.recheck_s * math.ceil(max(1, crowd) / CROWD) if fast else SLOW_S
    return min(seconds, -since_s) if opening_ms is not None and since_s < 0 else seconds


class Worth(Enum):
    """What is done with a verdict: told and kept, only kept because it is another one, or neither."""

    TELL = "tell"
    KEEP = "keep"
    NOTHING = "nothing"


def worth(
    told: Verdict | None,
    kept: Verdict | None,
    new: Verdict,
    answer: Ring | Quiet,
    since_s: float,
    edit_every_s: float,
) -> Worth:
    """What a verdict is worth; `since_s` counts from the one that was told last, `kept` is the one kept last.

    What rings goes out at once. Else at most one in `edit_every_s`: a changed verdict or reason as soon as that allows,
    moved figures alone more rarely, and the same again once a minute for the record. A change that comes too early to
    be told is kept all the same.
    """
    if told is None or isinstance(answer, Ring):
        return Worth.TELL
    if since_s >= edit_every_s:
        if _reasons(told) != _reasons(new) or since_s >= DECISION_EVERY_S:
            return Worth.TELL
        if since_s >= FIGURES_EVERY_S and (told.net_bps, told.run_bps) != (new.net_bps, new.run_bps):
            return Worth.TELL
    return Worth.KEEP if kept is None or _reasons(kept) != _reasons(new) else Worth.NOTHING


def _reasons(verdict: Verdict) -> tuple[object, ...]:
    """What a reader would call a change: not the figures."""
    findings = tuple((finding.code, finding.subject) for finding in (*verdict.blockers, *verdict.warnings))
    best = verdict.routes[0] if verdict.routes else None
    route = (best.venue, best.network, not best.reasons) if best is not None else None
    ran = verdict.run_bps is not None
    return (verdict.mode, verdict.outcome, verdict.level, findings, route, verdict.venues_silent, ran)
