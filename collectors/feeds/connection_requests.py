"""What is said on one connection: which codes to send, that we live, what it thinks it sends, and all of it once more.

One voice for all of these, because the exchange bounds the messages of a connection together. What is heard, and what
follows from it, is `connection.py`; which codes are asked for next, `subscription.py`.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, NoReturn

from collectors.events import GapCause, Market
from collectors.feeds.feed import Feed
from collectors.feeds.sink import Lost, ShardStatus
from collectors.feeds.subscription import Subscription
from collectors.feeds.vigil import Vigil
from collectors.net.limits import Budget
from collectors.net.socket import Socket
from config.clock import Clock

RETRY_FIRST_S = 10.0
RETRY_CAP_S = 3_600.0
SETTLE_S = 1.0  # between a proof and the next request, so that late snapshots of one can't prove the other
QUIET_S = 6.0  # without a frame; with the time for an answer longer than the 10 s between two `{"status":"UP"}`
AUDIT_S = 60.0  # between two looks at what the exchange thinks it sends us


class Requests:
    """Run its `loops`, and say what happens. `books` are the markets whose order books are asked for too.

    `standing` is what was live when the last request was sent, `listed` what was live when the exchange was last asked
    for its list, which was at `list_sent_at`.
    """

    def __init__(
        self,
        feed: Feed,
        socket: Socket,
        subscription: Subscription,
        books: Sequence[Market],
        vigil: Vigil,
        status: ShardStatus,
        clock: Clock,
    ) -> None:
        self.books = tuple(books)
        self.standing: frozenset[Market] = frozenset()
        self.listed: tuple[Market, ...] = ()
        self.list_sent_at = 0.0
        self._feed = feed
        self._socket = socket
        self._subscription = subscription
        self._vigil = vigil
        self._status = status
        self._clock = clock
        self._due = asyncio.Event()
        self._doubted = asyncio.Event()
        self._repeat = asyncio.Event()
        self._budgets = (Budget(feed.messages_per_s, 1.05), Budget(feed.messages_per_min, 61.0))
        self._tickets = 0
        self._proven_at = clock.monotonic() - SETTLE_S

    def loops(self) -> list[Coroutine[Any, Any, NoReturn]]:
        """All that speaks; each until the connection is lost."""
        loops = [
            self._ask(),
            self._retry_refused(),
            self._keep_alive(),
            self._answer_doubts(),
            self._repeat_requests(),
        ]
        if self._feed.list_subscriptions is not None:
            loops.append(self._audit(self._feed.list_subscriptions))
        return loops

    # --- what happened ------------------------------------------------------------------------------------------------

    def due(self) -> None:
        """The subscription may want another request."""
        self._due.set()

    def proven(self, now: float) -> None:
        """The request that was out stands since `now`."""
        self._proven_at = now
        self._due.set()

    def doubt(self) -> None:
        """Ask the exchange what it sends, and for all of it once more; the snapshots show whether trades were lost."""
        self._doubted.set()

    def ask_again(self) -> None:
        """Say the request that is out, or stands, once more; where nothing came for long, as a question."""
        self._repeat.set()

    async def probe(self) -> None:
        """Ask for a sign of life, for the list, and for what stands once more, which brings a snapshot of each code.

        Where no list can tell whether a request was heard, that is said once more instead: no data is no proof.
        """
        self._status.probes += 1
        self._vigil.probed(self._clock.monotonic())
        await self._may_send()
        await self._send(self._feed.ping)
        if self._feed.list_subscriptions is not None:
            await self._list(self._feed.list_subscriptions)
            if self._subscription.pending:
                return
        await self._say_again()

    # --- what is said for ever ----------------------------------------------------------------------------------------

    async def _ask(self) -> NoReturn:
        """Send each request that the subscription wants, one at a time."""
        while True:
            self._due.clear()
            if not self._subscription.wanted:
                raise Lost(GapCause.STOP, "no market is left to collect here")
            await self._clock.sleep(self._proven_at + SETTLE_S - self._clock.monotonic())
            await self._may_send()
            markets = self._subscription.next_request()
            if markets is None:
                await self._due.wait()
                continue
            self._vigil.asked(self._clock.monotonic())
            await self._request(markets)

    async def _retry_refused(self) -> NoReturn:
        """Refused codes are tried again, less and less often: each time may cost the others a moment of coverage."""
        pause_s = RETRY_FIRST_S
        while True:
            await self._clock.sleep(pause_s)
            if self._subscription.refused:
                self._subscription.retry_refused()
                self._due.set()
                pause_s = min(RETRY_CAP_S, pause_s * 2)
            else:
                pause_s = RETRY_FIRST_S

    async def _keep_alive(self) -> NoReturn:
        while True:
            await self._clock.sleep(self._feed.ping_every_s)
            await self._may_send()
            await self._send(self._feed.ping)

    async def _audit(self, request: Callable[[str], str]) -> NoReturn:
        while True:
            await self._clock.sleep(AUDIT_S)
            if not self._subscription.pending:
                await self._list(request)

    async def _answer_doubts(self) -> NoReturn:
        while True:
            await self._doubted.wait()
            self._doubted.clear()
            await self.probe()
            await self._clock.sleep(RETRY_FIRST_S)  # a doubt that comes sooner waits

    async def _repeat_requests(self) -> NoReturn:
        while True:
            await self._repeat.wait()
            self._repeat.clear()
            is_quiet = self._clock.monotonic() - self._vigil.heard_at >= QUIET_S
            if is_quiet and not self._vigil.waits:
                await self.probe()
            else:
                await self._say_again()

    # --- one message --------------------------------------------------------------------------------------------------

    async def _request(self, markets: Sequence[Market]) -> None:
        self._tickets += 1
        self.standing = frozenset(self._subscription.live)
        books = [market for market in self.books if market in markets]
        await self._send(self._feed.subscribe(markets, f"{self._feed.exchange}-{self._tickets}", books))

    async def _say_again(self) -> None:
        """The request that is out or stands when its turn comes: the exchange keeps to what is said last."""
        await self._may_send()
        if markets := self._subscription.asked or self._subscription.live:
            await self._request(markets)

    async def _list(self, request: Callable[[str], str]) -> None:
        await self._may_send()
        self._tickets += 1
        self.listed, self.list_sent_at = self._subscription.live, self._clock.monotonic()
        await self._send(request(f"{self._feed.exchange}-{self._tickets}"))

    async def _may_send(self) -> None:
        """Wait until the exchange's bounds on messages of one connection allow another."""
        while wait_s := max(budget.wait_s(self._clock.monotonic()) for budget in self._budgets):
            await self._clock.sleep(wait_s)

    async def _send(self, text: str) -> None:
        for budget in self._budgets:
            budget.spend(self._clock.monotonic())
        await self._socket.send(text)
