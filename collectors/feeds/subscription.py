"""What one connection is subscribed to, and how a code that the exchange refuses is found without losing the others.

Each request replaces the connection's set, so a request always names the accepted markets and adds a group on trial.
A refused group is halved until the offending code stands alone. Pure: the shell sends what `next_request` says and
reports what came back.
"""

from collections.abc import Iterable, Sequence

from collectors.events import Market, Trade

REFUSED_ALONE = 8  # so many codes refused one by one and none accepted: the exchange itself is to blame


class Subscription:
    """The state of one connection's subscription. Starts with nothing asked."""

    def __init__(self, wanted: Sequence[Market]) -> None:
        self._wanted = dict.fromkeys(wanted)
        self._accepted: dict[Market, None] = {}
        self._live: dict[Market, None] = {}
        self._were_sent: set[Market] = set()  # at any time: what stood, wanted by then or not
        self._queue: list[tuple[Market, ...]] = [tuple(self._wanted)] if wanted else []
        self._trial: tuple[Market, ...] | None = None
        self._stale_set = False  # what the exchange has is not what we last wanted
        self.refusals = 0  # in a row
        self.refused: set[Market] = set()

    @property
    def wanted(self) -> tuple[Market, ...]:
        """The markets that are to be collected, asked for or not."""
        return tuple(self._wanted)

    @property
    def live(self) -> tuple[Market, ...]:
        """The markets whose subscription is proven and stands."""
        return tuple(self._live)

    @property
    def pending(self) -> bool:
        """A request is out that nothing has answered yet."""
        return self._trial is not None

    @property
    def asked(self) -> tuple[Market, ...]:
        """The markets of the request that is out; none while nothing is."""
        return () if self._trial is None else (*self._accepted, *self._trial)

    @property
    def hopeless(self) -> bool:
        """The exchange refuses everything, or nothing is left to ask for."""
        if self._accepted or self._trial is not None:
            return False
        return not self._queue or len(self.refused) >= REFUSED_ALONE

    def next_request(self) -> tuple[Market, ...] | None:
        """The markets to subscribe to now; None while an answer is awaited or nothing is to be said."""
        if self._trial is not None:
            return None
        if self._queue:
            self._trial = self._queue.pop()
        elif self._stale_set and self._accepted:
            self._trial = ()
        else:
            return None
        self._stale_set = False
        return (*self._accepted, *self._trial)

    def proven_by(self, trade: Trade) -> bool:
        """Whether this trade can only have come because of the request that is out.

        A market on trial would not be sent otherwise, unless it was before. What was accepted may still come of
        the former request, or answer one that was said again; it only proves a request that tries nothing new.
        """
        if self._trial is None:
            return False
        if self._trial:
            return trade.market in self._trial and (trade.snapshot or trade.market not in self._were_sent)
        return trade.snapshot

    def accept(self) -> tuple[Market, ...]:
        """The request that is out stands: answer which markets are live from now on and were not before."""
        trial, self._trial = self._trial or (), None
        self.refusals = 0
        self._accepted.update(dict.fromkeys(trial))
        self._were_sent.update(trial)
        self._forget_unwanted()
        fresh = tuple(market for market in self._accepted if market not in self._live)
        self._live = dict(self._accepted)
        return fresh

    def refuse(self) -> tuple[Market, ...]:
        """The request that is out was refused: answer which markets can't be called live any more.

        Whether the former set still stands after an error is not documented, so it doesn't count until proven again.
        """
        trial, self._trial = self._trial or (), None
        self.refusals += 1
        if len(trial) == 1:
            self.refused.update(self._wanted.keys() & trial)
        elif trial:
            middle = len(trial) // 2
            self._put(trial[middle:], trial[:middle])
        else:
            self._put(tuple(self._accepted))
            self._accepted = {}
        self._stale_set = True
        lost, self._live = tuple(self._live), {}
        return lost

    def retry_refused(self) -> None:
        """Put the refused codes on trial once more; what refused them may have been the exchange's bad minute."""
        if self.refused and not self._queue and self._trial is None:
            self._queue.append(tuple(sorted(self.refused)))
            self.refused.clear()

    def forget(self, markets: Iterable[Market]) -> None:
        """The exchange no longer sends these, though nothing was said: ask for them again."""
        gone = tuple(market for market in markets if market in self._accepted)
        for market in gone:
            del self._accepted[market]
            self._live.pop(market, None)
        if gone:
            self._queue.append(gone)

    def say_again(self) -> None:
        """Something beside the markets has changed: the next request says all of it once more."""
        self._stale_set = True

    def change(self, wanted: Iterable[Market]) -> tuple[Market, ...]:
        """Want other markets from now on: answer which live ones are dropped. Refused ones are not tried again here."""
        self._wanted = dict.fromkeys(wanted)
        self.refused &= self._wanted.keys()
        dropped = tuple(market for market in self._live if market not in self._wanted)
        self._forget_unwanted()
        asked = {
            *self._accepted,
            *(self._trial or ()),
            *self.refused,
            *(each for group in self._queue for each in group),
        }
        if added := tuple(market for market in self._wanted if market not in asked):
            self._queue.insert(0, added)
        groups, self._queue = self._queue, []
        self._put(*groups)
        return dropped

    def _put(self, *groups: tuple[Market, ...]) -> None:
        """Have these asked for later, as far as they are still wanted."""
        self._queue += [kept for group in groups if (kept := tuple(m for m in group if m in self._wanted))]

    def _forget_unwanted(self) -> None:
        for market in [each for each in self._accepted if each not in self._wanted]:
            del self._accepted[market]
            self._live.pop(market, None)
            self._stale_set = True
