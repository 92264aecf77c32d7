"""Answers what readers ask in the chat: reads health, tables and verdicts, sets mutes, sends test alerts.

Tables are read in a thread through a read-only connection of their own; what is written goes through the writer like
everything else. While the database takes no writes, a mute says so instead of waiting.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from alerts.alert import Alert, AlertKind, AlertLevel
from alerts.chat.asked import Ask, Asked, Misspelled
from alerts.chat.buttons import Press, Pressed
from alerts.outbox import Outbox, Writer
from alerts.texts import message, operator_text
from alerts.texts.words import Language, say
from alerts.verdict_desk import VerdictDesk
from analysis.ringing import Quiet
from analysis.verdict import Verdict
from collectors.events import EXCHANGES, Exchange, Listing
from collectors.net.deadline import within
from config.clock import Clock
from ops import chat_text
from ops.process.lifetimes import TaskGroup
from ops.watching import health
from ops.watching.health import Limits
from ops.watching.readings import Readings
from store.database import Connection
from store.tables import deliveries, gaps, listings, mutes
from store.tables.mutes import Coin
from store.tables.outcomes import reading

T = TypeVar("T")

SHOWN = 12  # listings in one answer
GAPS_READ = 500  # many markets may share one gap
WRITE_S = 5.0
YARDSTICK = "BTC"  # whose question tells the premium of the market


class Judge(Protocol):
    """What is needed of `ListingPipeline`."""

    async def judge(self, listing: Listing) -> Verdict: ...
    async def judge_now(self, exchange: Exchange, base: str) -> Verdict: ...


class ChatDesk:
    """`active` are the listings that are still news; `read` is what health knows now."""

    def __init__(
        self,
        path: Path,
        writer: Writer,
        outbox: Outbox,
        pipeline: Judge,
        desk: VerdictDesk,
        active: Callable[[], Sequence[Listing]],
        read: Callable[[], Readings],
        limits: Limits,
        clock: Clock,
        language: Language,
    ) -> None:
        self._path = path
        self._writer = writer
        self._outbox = outbox
        self._pipeline = pipeline
        self._desk = desk
        self._active = active
        self._readings = read
        self._limits = limits
        self._clock = clock
        self._language: Language = language

    async def answer(self, asked: Asked) -> str:
        """The text of the answer; empty where the answer is a message of its own."""
        language, now_ms = self._language, self._clock.now_ms()
        match asked.ask:
            case Ask.STATUS:
                readings = self._readings()
                report, why = health.report(readings, self._limits), health.reasons(readings, self._limits)
                return chat_text.status(report, why, asked.ignored, language)
            case Ask.LISTINGS:
                rows = await self._read(lambda db: listings.report(db, SHOWN))
                return chat_text.listings(rows, await self._mutes(asked.target), language)
            case Ask.GAPS:
                return chat_text.gaps(await self._read(lambda db: gaps.report(db, GAPS_READ)), language, now_ms)
            case Ask.ANALYZE:
                return chat_text.verdicts(asked.symbol, await self._judged(asked.symbol), language, now_ms)
            case Ask.PREMIUM:
                found = await self._judged(asked.symbol or YARDSTICK)
                return chat_text.premiums(asked.symbol, found, language, now_ms)
            case Ask.MUTE if asked.symbol:
                return await self._mute(asked.target, [(exchange, asked.symbol) for exchange in EXCHANGES])
            case Ask.MUTE:
                return chat_text.muted(await self._mutes(asked.target), language)
            case Ask.UNMUTE:
                return await self._unmute(asked.target, asked.symbol)
            case Ask.TEST:
                text = operator_text.trial(language, now_ms)
                alert = Alert(f"test:{asked.target}", AlertKind.TEST, AlertLevel.HIGH, text, now_ms)
                await self._outbox.post(alert, [asked.target])
                return ""
            case Ask.HELP:
                return chat_text.commands(Misspelled(), language)

    async def help(self, wrong: Misspelled) -> str:
        return chat_text.commands(wrong, self._language)

    async def press(self, target: str, pressed: Pressed) -> str:
        """What is shown above the chat. A button is good for the alert that carries it and for no other chat."""
        coin = await self._read(lambda db: mutes.coin_of_alert(db, pressed.alert_id))
        if coin is None:
            return say(("더 이상 없는 상장입니다", "this listing is not known any more"), self._language)
        exchange, base = coin
        match pressed.press:
            case Press.MUTE:
                return await self._mute(target, [coin])
            case Press.UNMUTE:
                return await self._unmute(target, base, exchange)
            case Press.CHECK:
                return await self._check(coin)

    async def rival(self, said: str) -> None:
        """Another program takes our updates: alerts still leave, commands do not come."""
        words = (
            "명령을 받지 못함: 다른 프로그램이 같은 봇을 쓰고 있습니다",
            "no commands are heard: another program uses the same bot",
        )
        text = operator_text.operator(say(words, self._language), said, self._language)
        alert = Alert("operator:commands", AlertKind.OPERATOR, AlertLevel.HIGH, text, self._clock.now_ms())
        await self._outbox.post(alert)

    async def _check(self, coin: Coin) -> str:
        """Judge the listing now and have its message say so."""
        listing = next((each for each in self._active() if (each.exchange, each.base) == coin), None)
        if listing is None:
            words = ("끝난 상장입니다: /analyze " + coin[1], "this listing is over: /analyze " + coin[1])
            return say(words, self._language)
        verdict = await self._pipeline.judge(listing)
        await self._desk.take(listing, verdict, Quiet("unchanged"))
        return message.headline(listing, verdict, self._language)

    async def _judged(self, symbol: str) -> list[tuple[Exchange, Verdict]]:
        async with TaskGroup() as calls:
            found = [calls.create_task(self._pipeline.judge_now(exchange, symbol)) for exchange in EXCHANGES]
        return [(exchange, each.result()) for exchange, each in zip(EXCHANGES, found, strict=True)]

    async def _mutes(self, target: str) -> list[mutes.Mute]:
        return await self._read(lambda db: mutes.of_target(db, target))

    async def _mute(self, target: str, coins: Sequence[Coin]) -> str:
        now_ms = self._clock.now_ms()

        def work(db: Connection) -> None:
            mutes.add(db, target, coins, now_ms)
            for coin in coins:
                _redraw(db, target, coin, now_ms)

        if not await self._written(work):
            return say(REFUSED, self._language)
        return chat_text.now_muted(coins[0][1], self._language)

    async def _unmute(self, target: str, base: str, exchange: str | None = None) -> str:
        now_ms = self._clock.now_ms()
        ended: list[Coin] = []

        def work(db: Connection) -> None:
            ended[:] = mutes.end(db, target, base, exchange)  # may run twice: the last run counts
            for coin in ended:
                _redraw(db, target, coin, now_ms)

        if not await self._written(work):
            return say(REFUSED, self._language)
        return chat_text.now_unmuted(base, bool(ended), self._language)

    async def _written(self, work: Callable[[Connection], None]) -> bool:
        try:
            await within(self._clock, WRITE_S, self._writer.run(work, urgent=True))
        except TimeoutError:
            return False
        self._outbox.poke()
        return True

    async def _read(self, look: Callable[[Connection], T]) -> T:
        def read() -> T:
            with reading(self._path) as connection:
                return look(connection)

        return await asyncio.to_thread(read)


REFUSED = (
    "지금은 저장할 수 없습니다: 데이터베이스가 쓰기를 받지 않아, 가능해지면 적용됩니다",
    "the database takes no writes now; this is carried out when it does",
)


def _redraw(db: Connection, target: str, coin: Coin, now_ms: int) -> None:
    """The listing's message shows the other button from now on."""
    alert_id = mutes.message_of(db, coin)
    if alert_id is not None:
        deliveries.edit_alert(db, alert_id, None, now_ms, [target])
