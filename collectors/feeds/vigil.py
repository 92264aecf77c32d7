"""When a connection is too quiet: what to ask it, and when to give it up. Pure; `now` is monotonic seconds.

Three suspicions. A request that brings no data may be for codes that never traded: half-way to the deadline the
exchange is asked what it thinks it sends. A pause that is far too long for this connection's own rhythm: it is asked,
and given up if it does not answer. No data at all for `silent_s`: given up, whatever it answers, unless there never was
any and the exchange's list names the codes.
"""

from enum import Enum

from collectors.feeds.rhythm import Rhythm

ANSWER_S = 5.0  # how long a question may stay unanswered
LOOK_S = 1.0


class Step(Enum):
    """What is to be done about a quiet connection."""

    WAIT = "wait"
    PROBE = "probe"  # ask what it sends, and for it once more
    STANDS = "stands"  # the request stands: nothing spoke against it in all that time, and the other side lives
    NEVER_LIVE = "never_live"
    STALE = "stale"
    DEAF = "deaf"  # stale as well: it did not even answer


class Vigil:
    """The quiet of one connection. Tell it what happens; `look` says what to do about what does not."""

    def __init__(self, rhythm: Rhythm, silent_s: float | None, first_message_s: float, now: float) -> None:
        self._rhythm = rhythm
        self._silent_s = silent_s
        self._first_message_s = first_message_s
        self._asked = now
        self._heard = now
        self._data = now
        self._sent = now
        self._named = False  # the exchange's own list names what was asked for
        self._had_data = False
        self._probed: float | None = None
        self._unanswered = False
        self._questioned = False  # since the request, whatever came of it
        self._answered = False  # and a frame came after that
        self._patience = 1.0

    @property
    def asked_at(self) -> float:
        """When the last request was sent."""
        return self._asked

    @property
    def data_at(self) -> float:
        """When the last data came."""
        return self._data

    @property
    def heard_at(self) -> float:
        """When the last frame of any kind came."""
        return self._heard

    @property
    def sound_at(self) -> float:
        """Until when nothing was missed, whatever this silence turns out to be: the last data, or the last frame where
        there may be none for long.
        """
        silence_is_healthy = self._silent_s is None or (self._named and not self._had_data)
        return self._heard if silence_is_healthy else self._data

    @property
    def sent_at(self) -> float:
        """When the last data came that was no snapshot; before the first, since when there might have been some."""
        return self._sent

    @property
    def missed_since(self) -> float:
        """From when on something may be missing, should it end now: an exchange that sends nothing any more may answer
        until it hangs up. The last data, no snapshot; the last frame where there never was any and need not be.
        """
        silence_is_healthy = not self._had_data and (self._silent_s is None or self._named)
        return self._heard if silence_is_healthy else self._sent

    @property
    def waits(self) -> bool:
        """Whether a question is out that nothing has answered."""
        return self._probed is not None and self._unanswered

    def asked(self, now: float) -> None:
        """A subscription request was sent."""
        self._asked = now
        self._probed = None
        self._questioned = self._answered = False

    def heard(self, now: float) -> None:
        """A frame came, of whatever kind."""
        self._heard = now
        self._unanswered = False
        self._answered = self._questioned

    def data(self, now: float, snapshot: bool) -> None:
        """A trade came; a snapshot answers a question, but the stream itself may still be silent."""
        self._data = now
        self._had_data = True
        if not snapshot:
            self._sent = now
            self._patience = 1.0
            self._probed = None

    def named(self) -> None:
        """The exchange's list names what was asked for: silence may be all there is to hear."""
        self._named = True

    def probed(self, now: float) -> None:
        """A question was sent."""
        self._probed = now
        self._unanswered = self._questioned = True

    def look(self, now: float, pending: bool, live: bool) -> tuple[Step, float]:
        """What to do now, and in how many seconds to look again if that is WAIT."""
        waits = [LOOK_S]
        if pending:
            step = self._pending(now, live, waits)
            if step is not Step.WAIT:
                return step, 0.0
        if live:
            step = self._live(now, waits)
            if step is not Step.WAIT:
                return step, 0.0
        return Step.WAIT, max(0.0, min(waits))

    def _pending(self, now: float, live: bool, waits: list[float]) -> Step:
        deadline = self._asked + self._first_message_s
        if now >= deadline:
            return Step.STANDS if live or self._answered else Step.NEVER_LIVE
        halfway = self._asked + self._first_message_s / 2
        if not live and not self._questioned:
            if now >= halfway:
                return Step.PROBE
            waits.append(halfway - now)
        waits.append(deadline - now)
        return Step.WAIT

    def _live(self, now: float, waits: list[float]) -> Step:
        if self._silent_s is not None and (self._had_data or not self._named):
            if now >= self._data + self._silent_s:
                return Step.STALE
            waits.append(self._data + self._silent_s - now)
        if self._probed is not None and self._unanswered:
            if now >= self._probed + ANSWER_S:
                return Step.DEAF
            waits.append(self._probed + ANSWER_S - now)
            return Step.WAIT
        since = self._data if self._probed is None else max(self._data, self._probed)
        probe_at = since + self._rhythm.limit_s * self._patience
        if now >= probe_at:
            self._patience = min(self._patience * 2.0, 64.0)
            return Step.PROBE
        waits.append(probe_at - now)
        return Step.WAIT
