"""Tells the owner how the daemon itself fares: looks once a second, asks the watchman what is new, posts it.

Decides nothing: what is wrong says `troubles.py`, what is new `watchman.py`, how loud a start is `restarts.py`. A
recovery answers the message that told of the trouble, also when a restart lies between the two. While the database
takes no writes, news leaves from memory and is stored when it can be.
"""

import logging
from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

from alerts.alert import Alert, AlertKind, AlertLevel
from alerts.outbox import Outbox, Writer
from alerts.texts.operator_text import operator, recovered
from alerts.texts.words import Language, Words, say
from alerts.unrecorded import Unrecorded
from collectors.net.deadline import within
from config.clock import Clock
from ops.process.lock import Run
from ops.watching import restarts
from ops.watching.readings import Readings
from ops.watching.restarts import Start
from ops.watching.troubles import CRASH, RELOAD, RELOADED, START, STOP, Trouble, deaf, name_of, settled
from ops.watching.watchman import Began, Watchman
from store.database import Connection
from store.tables import operator_alerts
from store.tables.operator_alerts import PREFIX, OpenTrouble

log = logging.getLogger(__name__)
LOOK_EVERY_S = 1.0
SETTLE_S = 20.0  # how long the message of a start, but not after a crash, waits for the listing channels to answer
LAST_WORD_S = 1.0  # with the flush of the outbox behind it, a stop stays below 5 s
CHANGES_TOLD = 20  # lines of a reload; the log has them all
STORE_S = 5.0  # how long news waits for the disk before it leaves from memory


class Before(Struct, frozen=True):
    """What is known of the run before this one."""

    run: Run | None
    boot: str
    heartbeat_ms: int | None


class Finding(Struct, frozen=True):
    """Something that the start itself found, such as a damaged database."""

    cause: str
    what: Words
    remedy: Words


class _History(Struct, frozen=True):
    """Troubles that were told and not ended; earlier starts, crashes and stops, by cause."""

    open: list[OpenTrouble]
    events: dict[str, list[Start]]


class OperatorDesk:
    """`run` it, behind the bulkhead; `stopped_by` before the outbox is flushed. `off`: what this run does without."""

    def __init__(
        self,
        read: Callable[[], Readings],
        outbox: Outbox,
        unrecorded: Unrecorded,
        writer: Writer,
        clock: Clock,
        language: Language,
        before: Before,
        off: Sequence[str] = (),
        findings: Sequence[Finding] = (),
    ) -> None:
        self._read = read
        self._outbox = outbox
        self._unrecorded = unrecorded
        self._writer = writer
        self._clock = clock
        self._language: Language = language
        self._before = before
        self._start_cause = CRASH if restarts.crashed(before.run) else START
        self._off = tuple(off)
        self._findings = list(findings)
        self._began_s = clock.monotonic()
        self._watchman: Watchman | None = None
        self._history = _History([], {START: [], CRASH: [], STOP: []})
        self._ids: dict[str, int] = {}  # cause -> the alert that told of it, once it is stored
        self._started = False
        self._reload_refused_s: float | None = None
        self._held = False

    @property
    def open(self) -> frozenset[str]:
        """Causes that were told and are not over."""
        return frozenset() if self._watchman is None else self._watchman.open

    async def run(self) -> None:
        """Look once a second, for ever."""
        if self._watchman is None:
            self._watchman = await self._remember()
        while True:
            await self._round(self._watchman)
            await self._clock.sleep(LOOK_EVERY_S)

    async def stopped_by(self, signal: str) -> None:
        """The last word: somebody asked this run to end. A disk or a chat that hangs does not hold the end up."""
        try:
            await within(self._clock, LAST_WORD_S, self._last_word(signal))
        except TimeoutError:
            log.warning("nobody could be told of the stop in time")

    async def settings_refused(self, why: str) -> None:
        """A reload that changed nothing, because of `why`."""
        what = (
            f"설정에 오류가 있어 아무것도 바꾸지 않음: {why}",
            f"the configuration is wrong, nothing was changed: {why}",
        )
        remedy = (
            "고친 뒤 다시 SIGHUP을 보내세요. `check-config`로 미리 확인할 수 있습니다.",
            "Mend it and send SIGHUP again; `check-config` tells beforehand.",
        )
        if self._reload_refused_s is None:
            self._reload_refused_s = self._clock.monotonic()
        await self._tell(RELOAD, self._operator(what, remedy))

    async def settings_taken(self, taken: Sequence[str], waiting: Sequence[str]) -> None:
        """A reload that was taken over; one that changed nothing is no news, but it ends a refusal."""
        refused_s, self._reload_refused_s = self._reload_refused_s, None
        if refused_s is not None:
            lasted_ms = round((self._clock.monotonic() - refused_s) * 1000)
            await self._tell(
                RELOAD, recovered(say(name_of(RELOAD), self._language), lasted_ms, self._language), ends=True
            )
        if not taken and not waiting:
            return
        waits = say(("다시 시작해야 적용됨", "needs a restart"), self._language)
        lines = [*taken, *(f"{waits}: {line}" for line in waiting)]
        if len(lines) > CHANGES_TOLD:
            lines[CHANGES_TOLD:] = [f"… (+{len(lines) - CHANGES_TOLD})"]
        what = say(("설정을 다시 읽음", "settings were read again"), self._language)
        await self._tell(RELOADED, operator(what, "\n".join(lines), self._language))

    async def _last_word(self, signal: str) -> None:
        loud = restarts.level(Run(0, ended="stopped"), self._history.events[STOP], self._clock.now_ms())
        await self._tell(STOP, operator(restarts.stopping(signal, self._language), "", self._language), loud)

    async def _remember(self) -> Watchman:
        """What earlier runs told. A database that does not answer in time is a database without memory."""
        now_ms = self._clock.now_ms()
        since_ms = now_ms - restarts.REMEMBER_MS

        def load(connection: Connection) -> _History:
            return _History(
                operator_alerts.open_troubles(connection),
                {
                    cause: [Start(*each) for each in operator_alerts.told_since(connection, cause, since_ms)]
                    for cause in (START, CRASH, STOP)
                },
            )

        try:
            self._history = await within(self._clock, STORE_S, self._writer.run(load, urgent=True))
        except TimeoutError:
            log.warning("the database does not answer: earlier news of the operator is not known")
        self._ids = {each.cause: each.alert_id for each in self._history.open}
        ago_s = {each.cause: max(0, now_ms - each.created_ms) / 1000 for each in self._history.open}
        if RELOAD in ago_s:  # this run began with the mended one
            self._reload_refused_s = self._clock.monotonic() - ago_s[RELOAD]
            await self.settings_taken((), ())
        return Watchman(self._clock.monotonic(), ago_s)

    async def _round(self, watchman: Watchman) -> None:
        readings = self._read()
        if readings.writer_fault is None:
            await self._store_what_waits()
        else:
            await self._unrecorded.push_all()
        while self._findings:
            found = self._findings.pop(0)
            await self._tell(found.cause, self._operator(found.what, found.remedy))
        lasted_s = self._clock.monotonic() - self._began_s
        spoken = settled(readings) or lasted_s >= SETTLE_S
        if not self._started and (spoken or self._start_cause == CRASH):  # the next crash may come sooner than that
            self._started = True
            await self._tell_start([*deaf(readings)] if spoken else [])
        if self._held and lasted_s >= restarts.STEADY_MS / 1000:
            self._held = False
            held = restarts.held_since(self._history.events[self._start_cause]) + 1
            await self._tell(self._start_cause, operator(restarts.steady(held, self._language), "", self._language))
        for news in watchman.look(readings, self._clock.monotonic()):
            if isinstance(news, Began):
                trouble = news.trouble
                await self._tell(trouble.cause, self._operator(trouble.what, trouble.remedy))
            else:
                name = say(name_of(news.cause), self._language)
                await self._tell(news.cause, recovered(name, news.lasted_ms, self._language), ends=True)

    async def _tell_start(self, silent: Sequence[Trouble]) -> None:
        language, before, cause = self._language, self._before, self._start_cause
        earlier = self._history.events[cause]
        now_ms = self._clock.now_ms()
        first = [(say(each.what, language), say(each.remedy, language)) for each in silent]
        headline = restarts.headline(before.run, before.boot, before.heartbeat_ms, now_ms, language)
        rest = []
        if held := restarts.held_since(earlier):
            rest.append(restarts.loop_line(held, language))
        if self._off:
            rest.append(say(("꺼짐", "off"), language) + f": {', '.join(self._off)} (`check-config`)")
        loud = restarts.level(before.run, earlier, now_ms)
        self._held = loud < AlertLevel.HIGH
        await self._tell(cause, restarts.start_text(first, headline, rest, language), loud)

    def _operator(self, what: Words, remedy: Words) -> str:
        return operator(say(what, self._language), say(remedy, self._language), self._language)

    async def _tell(self, cause: str, text: str, level: AlertLevel = AlertLevel.HIGH, ends: bool = False) -> None:
        """Post it; from memory where the database does not take it in time. Order is kept within what waits."""
        key = PREFIX + cause
        reply_to = self._ids.pop(cause, None) if ends else None
        alert = Alert(key, AlertKind.OPERATOR, level, text, self._clock.now_ms(), reply_to=reply_to)
        if not self._unrecorded and self._read().writer_fault is None and await self._stored(alert, cause):
            return
        if level >= AlertLevel.HIGH:
            self._unrecorded.add(alert, answers=cause if ends and reply_to is None else None)
            await self._unrecorded.push_all()

    async def _stored(self, alert: Alert, cause: str, targets: Sequence[str] | None = None) -> bool:
        taken_back = False
        try:
            posted = await within(self._clock, STORE_S, self._outbox.post(alert, targets, unless=lambda: taken_back))
        except TimeoutError:
            taken_back = True
            return False
        if posted.alert_id is not None and alert.reply_to is None:
            self._ids[cause] = posted.alert_id
        return True

    async def _store_what_waits(self) -> None:
        """Write down what was told from memory; targets that it did not reach get it from the outbox."""
        while (each := self._unrecorded.first()) is not None:
            alert = each.alert
            if each.answers is not None:
                alert = msgspec.structs.replace(alert, reply_to=self._ids.pop(each.answers, None))
            if each.unsure:
                repeat = say(("중복일 수 있음", "possible repeat"), self._language)
                alert = msgspec.structs.replace(alert, text=f"{alert.text}\n({repeat})")
            if not await self._stored(alert, alert.key.removeprefix(PREFIX), each.left):
                return
            self._unrecorded.done(each)
