"""What a row of `gaps` means, in words. Pure."""

from collections.abc import Mapping

from collectors.events import GapCause

CAUSES: Mapping[str, str] = {
    GapCause.START.value: "we did not run, or did not listen yet",
    GapCause.STOP.value: "we stopped listening",
    GapCause.DISCONNECT.value: "the connection was lost",
    GapCause.STALE.value: "connected, but nothing came for longer than it should",
    GapCause.NEVER_LIVE.value: "connected, but the first message did not come in time",
    GapCause.DROPPED.value: "the disk was slower than the market, so seconds were dropped",
    GapCause.PAUSED.value: "the database took no writes, so recording paused",
    GapCause.QUARANTINED.value: "something came that could not be believed or read, and was refused",
    GapCause.MARKET_ADDED.value: "the market was not listened to yet",
    GapCause.DIFFERED.value: "the exchange's own record, looked at later, was not ours",
}


def why(cause: str, state: str, lasts: bool, source: str | None) -> str:
    """Why a gap is there, and what has become of it. `lasts`: it has no end yet; `source` is what healed it, or why
    nothing can.
    """
    because = CAUSES.get(cause, cause)
    match state:
        case "healed":
            return f"{because}; healed from {source}" if source else f"{because}; healed"
        case "unhealable":
            return f"{because}; can't be healed: {source}" if source else f"{because}; can't be healed"
    return f"{because}; it lasts" if lasts else f"{because}; waits to be healed"
