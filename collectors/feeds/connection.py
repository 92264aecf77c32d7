"""The life of one socket of a shard: prove what was asked for, hand on what comes, notice what does not.

Two things show that trades were lost while the connection stood: a hole in the stamps that is too long to be chance
(`rhythm.py`), and an exchange that lists fewer codes than we asked for. Either becomes a gap at once, and what was lost
is asked for again, without touching any other connection. All that is said to the exchange: `connection_requests.py`.
"""

import logging
from collections.abc import Sequence
from typing import NoReturn

from collectors.events import Fill, Fills, GapCause, Market, OrderBook, Trade
from collectors.exchanges.frames import BadFrame, Event, FeedError, Subscriptions
from collectors.feeds.connection_requests import Requests
from collectors.feeds.exchange_time import FUTURE_MS, ExchangeTime
from collectors.feeds.feed import Feed
from collectors.feeds.rhythm import Rhythm
from collectors.feeds.sink import PUBLISHED_MS, Lost, Pace, ShardStatus, Sink
from collectors.feeds.subscription import Subscription
from collectors.feeds.vigil import Step, Vigil
from collectors.net.socket import Socket
from config.clock import Clock
from ops.process.lifetimes import running

log = logging.getLogger(__name__)

IN_FLIGHT_MS = 1_000  # what was on its way when a connection broke; Bithumb publishes 0.3 s after the match
BLOCKED_S = 0.5
BACK_MS = 10_000  # stamps that go back further than any delay: their clock was set …
BACK_BELIEVED_AFTER = 5  # … if so many batches in a row say so; one trade may just be very late


class Connection:
    """`collect` until it is lost; then `tell_lost`. `books` are the markets whose order books are asked for too."""

    def __init__(
        self,
        feed: Feed,
        socket: Socket,
        markets: Sequence[Market],
        books: Sequence[Market],
        sink: Sink,
        clock: Clock,
        pace: Pace,
        time: ExchangeTime,
        rhythm: Rhythm,
        status: ShardStatus,
    ) -> None:
        self._feed = feed
        self._socket = socket
        self._sink = sink
        self._clock = clock
        self._pace = pace
        self._time = time
        self._rhythm = rhythm
        self._status = status
        self._subscription = Subscription(markets)
        self._vigil = Vigil(rhythm, pace.silent_s, pace.first_message_s, clock.monotonic())
        self._requests = Requests(feed, socket, self._subscription, books, self._vigil, status, clock)
        self._stamp_ms = 0  # the newest trade's; 0 before the first
        self._live_ms: int | None = None  # since when a first trade could have come, by the exchange's time, …
        self._live_at = 0.0  # … and by our monotonic clock
        self._shown_ms = 0  # what a snapshot showed before the stream did; above `_stamp_ms` until that does
        self._overdue: tuple[int, Market] | None = None  # what a snapshot showed and should have come by now
        self._history: dict[Market, int] = {}  # stamps of snapshots from before a market was sent to us
        self._behind = 0  # batches in a row whose last stamp lies far before it
        self._mixed = False  # what came last had order books among it that nobody here asked for
        self._listed_right_ms: int | None = None

    async def collect(self) -> None:
        """Until the connection is lost: raise SocketError or Lost, alone or in a group."""
        async with running(*self._requests.loops(), self._watch()):
            await self._socket.deliver(self._take_together, self._hurried)

    def change(self, wanted: Sequence[Market], books: Sequence[Market]) -> None:
        """Want these from now on."""
        if tuple(books) != self._requests.books:
            self._requests.books, self._mixed = tuple(books), False
            self._subscription.say_again()
        dropped = self._subscription.change(wanted)
        if dropped:
            self._sink.lost(dropped, self._safe_ms(self._vigil.missed_since), GapCause.STOP)
        self._requests.due()

    def doubt(self) -> None:
        """Ask the exchange what it sends, and for all of it once more; the snapshots show whether trades were lost."""
        self._requests.doubt()

    def ask_again(self) -> None:
        """Say the request that is out, or stands, once more."""
        self._requests.ask_again()

    def tell_lost(self, cause: GapCause) -> None:
        """All that was live is lost since the last data; where there never was any and silence is no reason, since the
        last frame. A snapshot is none here: those of other markets may show what was missed before it.
        """
        if self._subscription.live:
            since = self._vigil.sent_at if cause is GapCause.STALE else self._vigil.missed_since
            self._sink.lost(self._subscription.live, self._safe_ms(since), cause)

    # --- what comes ---------------------------------------------------------------------------------------------------

    def _hurried(self) -> bool:
        """Whether each frame counts at once: a request is to be proven, or somebody waits for a trade."""
        return self._subscription.pending or self._sink.hurried

    def _take_together(self, frames: Sequence[bytes]) -> None:
        """What came together."""
        now_ms = self._clock.now_ms()
        before_ms = self._stamp_ms
        arrivals, newest = self._take(frames, now_ms)
        self._miss_overdue()
        self._vigil.heard(self._clock.monotonic())
        self._status.last_message_ms = now_ms
        if newest is not None:
            snapshot = isinstance(newest, Trade) and newest.snapshot
            self._vigil.data(self._vigil.heard_at, snapshot)
            self._status.last_trade_ms = now_ms
            if not snapshot:
                self._time.note(newest.traded_ms, self._clock_ms(), self._vigil.heard_at)
            if before_ms:
                self._rhythm.note(arrivals, (self._stamp_ms - before_ms) / 1000)
                for from_ms, to_ms in self._rhythm.judged():
                    self._hole(from_ms, to_ms)
            went_back = not snapshot and self._stamp_ms - newest.traded_ms > BACK_MS
            self._behind = self._behind + 1 if went_back else 0
            if self._behind >= BACK_BELIEVED_AFTER:
                self._stamp_ms = newest.traded_ms
        if self._subscription.live:
            is_open = self._shown_ms > self._stamp_ms
            sound_at = self._vigil.sent_at if is_open else self._vigil.sound_at
            self._sink.sound(self._feed.exchange, self._safe_ms(sound_at))

    def _take(self, frames: Sequence[bytes], now_ms: int) -> tuple[int, Trade | Fill | None]:
        """Hand on what these frames hold: how many stamps were new, and the last trade.

        All at once where they are ordinary trades without a pause among them, which is nearly always; else one by one.
        """
        fills = None if self._subscription.pending else self._ordinary_trades(frames)
        if fills is not None:
            if not fills:
                return 0, None
            stamps = {fill.traded_ms for fill in fills}
            newest_ms = max(stamps)
            if newest_ms - self._stamp_ms <= self._rhythm.heed_s * 1000:
                self._sink.trades(Fills(self._feed.exchange, now_ms, fills))
                arrivals = len([stamp for stamp in stamps if stamp > self._stamp_ms])
                self._stamp_ms = max(self._stamp_ms, newest_ms)
                return arrivals, fills[-1]
        arrivals = 0
        newest: Trade | None = None
        for frame in frames:
            try:
                event = self._feed.decode(frame, now_ms)
            except BadFrame as bad:
                self._status.note_unreadable(bad.reason)
                self._sink.rejected(bad.exchange, str(bad), bad.frame, now_ms)
                continue
            if isinstance(event, Trade):
                arrivals += self._take_trade(event)
                newest = event
            elif event is not None:
                self._heard(event)
        return arrivals, newest

    def _ordinary_trades(self, frames: Sequence[bytes]) -> Sequence[Fill] | None:
        """All that these frames hold, if it is ordinary trades, and order books that nobody here asked for."""
        fills = None if self._mixed else self._feed.decode_trades(frames)
        if fills is not None or self._requests.books:
            return fills
        book_start = self._feed.book_start
        rest = [frame for frame in frames if not frame.startswith(book_start)]
        tried, self._mixed = not self._mixed, len(rest) < len(frames)
        return None if tried and not self._mixed else self._feed.decode_trades(rest)

    def _take_trade(self, trade: Trade) -> bool:
        """Hand on one trade; whether its stamp is newer than all before."""
        if self._subscription.pending and self._subscription.proven_by(trade):
            self._accepted()
        fresh = False
        if trade.snapshot:
            self._check_snapshot(trade)
        elif trade.traded_ms > self._stamp_ms:
            self._note_pause(trade.traded_ms)
            self._stamp_ms = trade.traded_ms
            fresh = True
        self._sink.trade(trade)
        return fresh

    def _note_pause(self, stamp_ms: int) -> None:
        """The pause that ends with this stamp: since the one before, or since the first could have come."""
        first = not self._stamp_ms
        from_ms = self._sent_since_ms(stamp_ms) if first else self._stamp_ms
        if self._rhythm.pause(from_ms, stamp_ms, first=first):
            self._hole(from_ms, stamp_ms)

    def _sent_since_ms(self, first_ms: int) -> int:
        """Since when, by the exchange's time, a trade could have come before the first one, which is stamped
        `first_ms`; by the monotonic clock where ours is behind theirs. Where silence is healthy, that tells nothing.
        """
        if self._live_ms is None or self._pace.silent_s is None:
            return first_ms
        waited_ms = round((self._clock.monotonic() - self._live_at) * 1000)
        return max(self._live_ms, first_ms - waited_ms)

    def _hole(self, from_ms: int, to_ms: int) -> None:
        """No trade between these two, though this connection has many more at other times."""
        self._status.holes += 1
        log.warning(
            "%s: nothing was traded for %.1f s on %d markets, they say; that is too long to be chance",
            *(self._feed.exchange, (to_ms - from_ms) / 1000, len(self._subscription.live)),
        )
        self._miss(self._subscription.live, from_ms, min(to_ms, self._their_now_ms()))

    def _miss(self, markets: Sequence[Market], from_ms: int, to_ms: int) -> None:
        """Trades between these may be missing; from there on all come."""
        if markets:
            self._sink.missed(markets, from_ms, to_ms)

    def _check_snapshot(self, snapshot: Trade) -> None:
        """A snapshot newer than anything that came, and published long ago, shows that the stream itself is broken.

        So do several that were each published just now, where what the first showed has not come since, and nothing
        else has: a stream that is only late brings older trades all the time.
        """
        if snapshot.market not in self._requests.standing:
            self._history[snapshot.market] = snapshot.traded_ms
            return
        stamp_ms = self._stamp_ms
        if not stamp_ms and self._live_ms is not None and self._pace.silent_s is not None:
            stamp_ms = self._live_ms
        if not 0 < stamp_ms < snapshot.traded_ms or snapshot.traded_ms <= self._history.get(snapshot.market, 0):
            return
        shown_ms = self._shown_ms if self._shown_ms > stamp_ms else snapshot.traded_ms
        self._shown_ms = min(shown_ms, snapshot.traded_ms)
        is_silent = (self._clock.monotonic() - self._vigil.sent_at) * 1000 > PUBLISHED_MS
        due_ms = self._shown_ms if is_silent else snapshot.traded_ms
        if self._their_now_ms() - due_ms > PUBLISHED_MS:
            self._overdue = due_ms, snapshot.market

    def _miss_overdue(self) -> None:
        """What is overdue may lie right behind the snapshot that shows it, where all was read late."""
        overdue, self._overdue = self._overdue, None
        if overdue is not None and overdue[0] > self._stamp_ms:
            raise Lost(GapCause.STALE, f"a trade of {overdue[1].code} was published and never came")

    def _accepted(self) -> None:
        """The request stands."""
        if fresh := self._subscription.accept():
            live_ms = self._their_now_ms()
            self._sink.live(fresh, live_ms)
            if self._live_ms is None:
                self._live_ms, self._live_at = live_ms, self._clock.monotonic()
        now = self._clock.monotonic()
        self._listed_right_ms = self._safe_ms(now)
        self._note_subscription()
        if self._status.failures_in_a_row:
            log.info("%s: connected again, %d markets", self._feed.exchange, self._status.live_markets)
            self._status.failures_in_a_row = 0
        self._requests.proven(now)

    def _note_subscription(self) -> None:
        self._status.live_markets = len(self._subscription.live)
        self._status.refused_codes = tuple(sorted(market.code for market in self._subscription.refused))

    def _heard(self, event: Event) -> None:
        if isinstance(event, OrderBook):
            self._sink.book(event)
        elif isinstance(event, Subscriptions):
            self._compare(event)
        elif isinstance(event, FeedError):
            self._refused(event)

    def _refused(self, error: FeedError) -> None:
        text = f"{error.name}: {error.message}"
        if error.name in self._feed.fatal_errors:
            raise Lost(GapCause.DISCONNECT, text)
        first = not self._subscription.refusals
        log.log(logging.WARNING if first else logging.DEBUG, "%s refuses a request: %s", self._feed.exchange, text)
        if not self._subscription.pending:
            return
        if lost := self._subscription.refuse():
            self._sink.lost(lost, self._safe_ms(self._vigil.asked_at), GapCause.DISCONNECT)
        self._note_subscription()
        if self._subscription.hopeless:
            raise Lost(GapCause.NEVER_LIVE, text)
        self._requests.due()

    def _compare(self, told: Subscriptions) -> None:
        """The exchange's own list: it proves a request that brought no data, and shows codes that were forgotten."""
        codes = set(told.codes.get("trade", ()))
        if self._subscription.pending:
            if self._requests.list_sent_at < self._vigil.asked_at:
                return
            if all(market.code in codes for market in self._subscription.asked):
                self._vigil.named()
                self._accepted()
            elif not codes:
                raise Lost(GapCause.NEVER_LIVE, "the request was not heard")
            else:
                self._refused(FeedError("NOT_LISTED", "the exchange does not list what was asked for"))
            return
        now_ms = self._their_now_ms()
        forgotten = [m for m in self._subscription.live if m in self._requests.listed and m.code not in codes]
        if forgotten:
            log.warning("%s: %d codes are no longer sent; asked again", self._feed.exchange, len(forgotten))
            since_ms = self._listed_right_ms if self._listed_right_ms is not None else now_ms
            self._subscription.forget(forgotten)
            self._sink.lost(forgotten, since_ms, GapCause.STALE)
            self._note_subscription()
            self._requests.due()
        self._listed_right_ms = now_ms - IN_FLIGHT_MS

    # --- what does not come -------------------------------------------------------------------------------------------

    async def _watch(self) -> NoReturn:
        """Probe, or raise Lost, when data is overdue."""
        while True:
            now = self._clock.monotonic()
            step, wait_s = self._vigil.look(now, self._subscription.pending, bool(self._subscription.live))
            match step:
                case Step.WAIT:
                    await self._clock.sleep(wait_s)
                    if self._clock.monotonic() - now > wait_s + BLOCKED_S:
                        await self._clock.sleep(BLOCKED_S)  # the loop stood still; what came meanwhile is read first
                case Step.PROBE:
                    await self._requests.probe()
                case Step.STANDS:
                    self._accepted()
                case Step.NEVER_LIVE:
                    self._sink.lost(self._subscription.wanted, self._safe_ms(self._vigil.asked_at), GapCause.NEVER_LIVE)
                    raise Lost(GapCause.NEVER_LIVE, f"no data within {self._pace.first_message_s:g} s of subscribing")
                case Step.STALE:
                    raise Lost(GapCause.STALE, f"no data for {self._pace.silent_s:g} s")
                case Step.DEAF:
                    raise Lost(GapCause.STALE, f"no data for {now - self._vigil.data_at:.1f} s, and no answer")

    def _clock_ms(self) -> int:
        return self._sink.exchange_ms(self._feed.exchange)

    def _their_now_ms(self) -> int:
        """What time it is at the exchange, rather late than early; our clock counts while it is not plainly wrong."""
        now_ms = self._clock_ms()
        theirs_ms = self._time.at_ms(self._clock.monotonic())
        if theirs_ms is None or 0 <= now_ms - theirs_ms <= FUTURE_MS:
            return now_ms
        return theirs_ms

    def _safe_ms(self, moment: float) -> int:
        """The exchange's time up to which nothing is missing, if all was well at `moment` of our monotonic clock."""
        now = self._clock.monotonic()
        at_ms = self._time.at_ms(moment)
        if at_ms is None:
            at_ms = self._clock_ms() - round((now - moment) * 1000)
        return at_ms - IN_FLIGHT_MS
