"""Which verdict rings: an edit makes no sound, so what must be heard is a reply, and too many are not heard. Pure.

After the first, at most one ringing verdict a listing in `ring_every_s`; a GO withdrawn is the exception, since the
reader may be acting on it. A change is told once: what is held back rings when its time has come, if it still holds.
"""

from msgspec import Struct

from analysis.verdict import Finding, Outcome, Verdict

LOUD = (Outcome.GO, Outcome.READY)


class Rung(Struct, frozen=True):
    """What the reader was last told of a listing: which outcome, and when it last rang (None: it never did)."""

    outcome: Outcome | None = None
    rang_ms: int | None = None


class Ring(Struct, frozen=True):
    """Send a reply: `reason` is first | turned | withdrawn; `gone` and `new` are the blockers that made the change."""

    reason: str
    before: Outcome | None
    gone: tuple[Finding, ...] = ()
    new: tuple[Finding, ...] = ()


class Quiet(Struct, frozen=True):
    """Edit, if anything: `reason` is unchanged | not_loud | held; `until_ms` is when a held one may ring."""

    reason: str
    until_ms: int | None = None


def ringing(
    previous: Rung, new: Verdict, now_ms: int, ring_every_s: float, last: Verdict | None = None
) -> Ring | Quiet:
    """Whether `new` must be heard. `last` is the verdict before it, for what changed."""
    if new.outcome is previous.outcome:
        return Quiet("unchanged")
    if new.outcome not in LOUD and previous.outcome not in LOUD:
        return Quiet("not_loud")
    free_ms = None if previous.rang_ms is None else previous.rang_ms + round(ring_every_s * 1000)
    if previous.outcome is not Outcome.GO and free_ms is not None and now_ms < free_ms:
        return Quiet("held", free_ms)
    before = last.blockers if last is not None else ()
    gone = tuple(finding for finding in before if finding not in new.blockers)
    fresh = tuple(finding for finding in new.blockers if finding not in before)
    reason = "first" if previous.outcome is None else "turned" if new.outcome in LOUD else "withdrawn"
    return Ring(reason, previous.outcome, gone, fresh)


def rung(previous: Rung, answer: Ring | Quiet, new: Verdict, now_ms: int) -> Rung:
    """What the reader knows after `answer`; a held change is not told yet."""
    match answer:
        case Ring():
            return Rung(new.outcome, now_ms)
        case Quiet(reason="held"):
            return previous
    return Rung(new.outcome, previous.rang_ms)
