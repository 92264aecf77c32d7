"""The composition root: reads the settings, builds the parts, nests their lifetimes, stops them in order.

No rule lives here. Lifetimes are entered outermost first, so that leaving them, for whatever reason, does the right
thing: sockets close, the last seconds and the last minute are stored, due alerts leave, tasks end, the writer drains.
"""

import asyncio
import logging
import os
import random
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence, Set
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from alerts.delivery import Notifier
from alerts.log_target import LogTarget
from alerts.outbox import Outbox
from alerts.telegram import Telegram
from alerts.unrecorded import Unrecorded
from alerts.verdict_desk import VerdictDesk
from alerts.webhook import Webhook, form_of
from analysis.everyone import Everyone, Names, no_names
from analysis.fx_keeper import FxKeeper
from analysis.gate_rules import Previous
from analysis.instrument_keeper import InstrumentKeeper
from analysis.korea import NO_BOOKS, LiveBooks
from analysis.listing_pipeline import ListingPipeline
from analysis.outcome_keeper import OutcomeKeeper
from analysis.price_row import price_row
from analysis.ringing import Rung
from analysis.token_keeper import TokenKeeper
from analysis.venues.signing import ApiKey
from analysis.verdict import Verdict
from analysis.world_keeper import WorldKeeper
from collectors import bithumb_ws, upbit_announcement, upbit_ws
from collectors.aggregator import Aggregator
from collectors.byte_budget import ByteBudget
from collectors.channels.bithumb_assets import BithumbAssets
from collectors.channels.bithumb_market_list import BithumbMarketList
from collectors.channels.bithumb_notices import BithumbNotices
from collectors.channels.bithumb_ticker_all import BithumbTickerAll
from collectors.channels.upbit_announcement import UpbitAnnouncement
from collectors.channels.upbit_market_list import UpbitMarketList
from collectors.channels.upbit_notices import UpbitNotices
from collectors.channels.upbit_ticker_all import UpbitTickerAll
from collectors.events import Channel, Exchange, Listing, Market
from collectors.feed import Feed
from collectors.fleet import Fleet
from collectors.listing_book import ListingBook
from collectors.market_monitor import AssetSource, ListSource, MarketMonitor, NoticeSource, PushSource
from collectors.net.http import HttpDoor, Response
from collectors.net.limits import Limits
from collectors.net.socket import connect
from collectors.opening import OpeningWatch
from collectors.opening_desk import OpeningDesk
from collectors.overlap import Overlap
from collectors.recorder import Recorder
from collectors.repair.backfill import Backfill
from collectors.repair.history import History
from collectors.robust_ws import Pace, Shard
from collectors.sources import Gate
from collectors.universe import Universe
from collectors.upbit_key import UpbitKey, bearer
from config.check import exposed, off
from config.clock import Clock, SystemClock
from config.load import Secrets, load_secrets, load_settings
from config.settings import Settings, SettingsError
from ops import cli, doctor, readout, upkeep, vital_routes, vitals
from ops.clock_offset import ClockOffset
from ops.deadman import Deadman
from ops.endpoints import WEBHOOK, Endpoints, endpoints
from ops.examination import Examination
from ops.health_file import HealthFile, last_heartbeat
from ops.key_questions import KeyQuestions, KeyWatch
from ops.lifetimes import restarting, running
from ops.listener import listening
from ops.lock import AlreadyRunning, Hold, boot_id, held, noting
from ops.logs import set_up
from ops.loop_lag import LoopLag
from ops.operator_desk import Before, OperatorDesk
from ops.radar_socket import BadQuestion, ask, serving
from ops.sd_notify import Notify
from ops.simulated_time import NoSimulator, follow, simulator_clock
from ops.stopping import Stop
from ops.storage import opened
from ops.watchdog import Watchdog
from store import decisions, listing_prices
from store.database import SQLITE_VERSION, StorageUnusable
from store.writer import DatabaseWriter, WriterGone

log = logging.getLogger("radar")

CONFIGURATION, STORAGE, BUG, HELD = 1, 2, 3, 4
REFUSALS = (SettingsError, NoSimulator)
FLUSH_ALERTS_S = 5.0
TICK_S = 60.0
EXAMINATION_S = 60.0
FEEDS: Mapping[Exchange, Feed] = {"upbit": upbit_ws.FEED, "bithumb": bithumb_ws.FEED}
USER_AGENT = f"korean-listing-radar/{vitals.VERSION}"


class Base:
    """What every part stands on: settings, secrets, addresses, time and the one door out."""

    def __init__(self, settings: Settings, secrets: Secrets, addresses: Endpoints, clock: Clock) -> None:
        self.settings = settings
        self.secrets = secrets
        self.addresses = addresses
        self.clock = clock
        self.limits = Limits(addresses.rates)
        self.door = HttpDoor(addresses.http, self.limits, clock, USER_AGENT, addresses.deadlines_s)
        self.telegram = bool(settings.features.telegram and secrets.complete("telegram_bot_token", "telegram_chat_ids"))
        self.exchanges = tuple(exchange for exchange in FEEDS if getattr(settings.features, f"record_{exchange}"))


@asynccontextmanager
async def base(asked: cli.Arguments, settings: Settings, secrets: Secrets) -> AsyncIterator[Base]:
    """The ground of a daemon or of a single question; follows the simulator's clock where one is named."""
    addresses = endpoints(settings, asked.simulator, secrets.alert_webhook_url, secrets.deadman_url)
    async with AsyncExitStack() as stack:
        if asked.simulator is None:
            ground = Base(settings, secrets, addresses, SystemClock())
        else:
            clock = await simulator_clock(asked.simulator, USER_AGENT)
            ground = Base(settings, secrets, addresses, clock)
            await stack.enter_async_context(running(follow(asked.simulator, clock, USER_AGENT)))
        stack.push_async_callback(ground.door.close)
        yield ground


# --- recording ------------------------------------------------------------------------------------------------------


def shard_of(
    ground: Base, overlaps: Mapping[Exchange, Overlap], exchange: Exchange, markets: Sequence[Market], pace: Pace
) -> Shard:
    """One connection; what it tells counts together with what the others of its exchange tell."""
    feed = FEEDS[exchange]
    url = ground.addresses.sockets[feed.service] + feed.path
    sink = overlaps[exchange].handle()
    return Shard(feed, url, markets, connect, sink, ground.clock, ground.limits, pace, random.random)


def fleet_of(ground: Base, exchange: Exchange, overlaps: Mapping[Exchange, Overlap]) -> Fleet:
    """The connections of one exchange."""
    recording = ground.settings.radar.recording
    silent_s = {"upbit": recording.upbit_silent_s, "bithumb": recording.bithumb_silent_s}[exchange]
    pace = Pace(
        silent_s=silent_s,
        first_message_s=recording.first_message_s,
        reconnect_first_s=recording.reconnect_first_s,
        reconnect_cap_s=recording.reconnect_cap_s,
    )

    def shard(markets: Sequence[Market]) -> Shard:
        return shard_of(ground, overlaps, exchange, markets, pace)

    return Fleet(shard, recording.codes_per_connection)


def backfill_of(
    ground: Base, exchange: Exchange, writer: DatabaseWriter, recorder: Recorder, young: Callable[[], Set[str]]
) -> Backfill:
    """What heals the gaps of one exchange, those of `young` coins first."""
    history = History(exchange, ground.door, ground.clock)
    return Backfill(history, writer, recorder, ground.clock, ground.settings.radar.retention, young)


def market_list(ground: Base, exchange: Exchange, every_s: float) -> ListSource:
    kind = UpbitMarketList if exchange == "upbit" else BithumbMarketList
    return kind(ground.door, ground.clock, every_s)


# --- judging --------------------------------------------------------------------------------------------------------


def notifiers(ground: Base) -> tuple[dict[str, Notifier], tuple[str, ...]]:
    """Who sends to which kind of target, and the targets: chats, the webhook, or the log where there is neither."""
    secrets = ground.secrets
    found: dict[str, Notifier] = {}
    targets: tuple[str, ...] = ()
    if ground.telegram:
        found["telegram"] = Telegram(secrets.telegram_bot_token or "", ground.door)
        targets += tuple(f"telegram:{chat}" for chat in secrets.telegram_chat_ids)
    if secrets.alert_webhook_url:
        found[WEBHOOK] = Webhook(ground.door, form_of(secrets.alert_webhook_url))
        targets += (WEBHOOK,)
    if not ground.telegram:
        found["log"] = LogTarget()
        targets += ("log",)
    return found, targets


def notice_sources(ground: Base) -> list[NoticeSource]:
    features, paces = ground.settings.features, ground.settings.radar.channels
    sources: list[NoticeSource] = []
    if features.upbit_notices:
        sources.append(UpbitNotices(ground.door, ground.clock, paces.upbit_notices_s))
    if features.bithumb_notices:
        sources.append(BithumbNotices(ground.door, ground.clock, paces.bithumb_notices_s))
    return sources


def push_sources(ground: Base) -> list[PushSource]:
    """Upbit's announcement socket, where there is a key for it."""
    features, secrets, paces = ground.settings.features, ground.secrets, ground.settings.radar.channels
    access, secret = secrets.upbit_access_key, secrets.upbit_secret_key
    if not (features.upbit_announcement and access and secret):
        return []
    spare_the_site = features.upbit_notices == "auto"
    socket = UpbitAnnouncement(
        ground.addresses.sockets["upbit"] + upbit_announcement.PATH,
        UpbitKey(access, secret),
        connect,
        ground.clock,
        ground.limits,
        paces.upbit_notices_with_key_s if spare_the_site else paces.upbit_notices_s,
        nonce=lambda: str(uuid.uuid4()),
        jitter=random.random,
    )
    return [socket]


def list_sources(ground: Base) -> list[ListSource]:
    """Market lists and ticker pages, each inside a byte budget of its own."""
    features, paces, door, clock = ground.settings.features, ground.settings.radar.channels, ground.door, ground.clock
    sources: list[ListSource] = []
    if features.upbit_market_list:
        sources.append(UpbitMarketList(door, clock, paces.upbit_market_list_s, budget(ground)))
    if features.upbit_ticker_all:
        sources.append(UpbitTickerAll(door, clock, paces.upbit_ticker_all_s, budget(ground)))
    if features.bithumb_market_list:
        sources.append(BithumbMarketList(door, clock, paces.bithumb_market_list_s, budget(ground)))
    if features.bithumb_ticker_all:
        sources.append(BithumbTickerAll(door, clock, paces.bithumb_ticker_all_s, budget(ground)))
    return sources


def asset_sources(ground: Base) -> list[AssetSource]:
    if not ground.settings.features.bithumb_assets:
        return []
    every_s = ground.settings.radar.channels.bithumb_assets_s
    return [BithumbAssets(ground.door, ground.clock, every_s, budget(ground))]


def budget(ground: Base) -> ByteBudget:
    return ByteBudget(ground.settings.radar.channels.list_mb_per_hour * 1e6)


def channels_off(ground: Base) -> dict[Channel, str]:
    """Listing channels that do not run, and why: a switch in features.yaml, or no key."""
    why = {each.what: each.why for each in off(ground.settings.features, ground.secrets)}
    switches = {channel: channel.value.replace(":", "_") for channel in Channel}
    return {channel: why[switch] for channel, switch in switches.items() if switch in why}


def everyone_of(ground: Base, names: Names = no_names, live: LiveBooks = NO_BOOKS) -> Everyone:
    """Everyone who can be asked, with the keys that the owner gave; `live` books are looked at first."""
    gate, secrets = ground.settings.radar.gate, ground.secrets
    upbit = None
    if secrets.upbit_access_key and secrets.upbit_secret_key:
        key = UpbitKey(secrets.upbit_access_key, secrets.upbit_secret_key)
        upbit = partial(_bearer, key)
    return Everyone(
        ground.door, ground.clock, gate.venues, gate.source_deadline_s, upbit, names, live, venue_keys(secrets)
    )


def _bearer(key: UpbitKey) -> str:
    return bearer(key, str(uuid.uuid4()))


def venue_keys(secrets: Secrets) -> dict[str, ApiKey]:
    """The whole ones: half a key is of no use."""
    given = {
        "binance": (secrets.binance_api_key, secrets.binance_api_secret, ""),
        "okx": (secrets.okx_api_key, secrets.okx_api_secret, secrets.okx_api_passphrase),
        "bybit": (secrets.bybit_api_key, secrets.bybit_api_secret, ""),
    }
    return {
        venue: ApiKey(key, secret, phrase)
        for venue, (key, secret, phrase) in given.items()
        if key and secret and phrase is not None
    }


class Unjudged:
    """The gate where analysis is switched off: listings are told and kept, nobody judges them."""

    def offer(self, listing: object) -> bool:  # noqa: ARG002 - every listing is as good as another here
        return True


class Bulkhead:
    """Keeps the judging zone from ending the recording one: crashes are logged, kept for health, and begun again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.crashes: dict[str, str] = {}

    def behind(self, name: str, make: Callable[[], Awaitable[None]]) -> Coroutine[Any, Any, None]:
        return restarting(name, make, self._clock, self._crashed)

    def _crashed(self, name: str, error: Exception) -> None:
        if isinstance(error, WriterGone):
            raise error  # storage is gone, and with it everything that recording promises
        log.error("%s crashed and starts again", name, exc_info=error)
        self.crashes[name] = f"{type(error).__name__}: {error}"


# --- the daemon -----------------------------------------------------------------------------------------------------


async def run(asked: cli.Arguments, settings: Settings, secrets: Secrets, hold: Hold) -> int:
    """The daemon, until SIGTERM, SIGINT or the end of `--duration`; answer the exit code."""
    stop = Stop()
    stop.listen()
    try:
        await _live(asked, settings, secrets, hold, stop)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            log.warning("a task was left behind: %r", task.get_coro())
    except asyncio.CancelledError:
        if not stop.called_off:
            raise
        log.info("the start was called off by %s", stop.signal)
        hold.end("stopped", SystemClock().now_ms(), stop.signal or "")
    return 0


async def _live(asked: cli.Arguments, settings: Settings, secrets: Secrets, hold: Hold, stop: Stop) -> None:
    """Start, record and judge until `stop`, end in order."""
    before = Before(hold.before, boot_id(), last_heartbeat(asked.data / "health.json"))
    async with base(asked, settings, secrets) as ground, AsyncExitStack() as stack:
        clock, radar = ground.clock, settings.radar
        notify = Notify.from_environment(os.environ)
        async with running(notify.patience(clock)):
            storage = await opened(asked.data / "radar.db", clock, radar.writing, hold.before)
        writer = stack.enter_context(storage.writer)
        fleets: dict[Exchange, Fleet] = {}
        doing = f"recording {' and '.join(ground.exchanges) or 'nothing'}"
        watchdog = Watchdog(notify, writer, fleets, asked.data, clock, doing)
        await stack.enter_async_context(running(watchdog.run()))
        sending, targets = notifiers(ground)
        outbox = Outbox(writer, sending, targets, clock, radar.alerting, radar.language, random.random)
        zone = Bulkhead(clock)
        stack.push_async_callback(outbox.flush, FLUSH_ALERTS_S)
        await stack.enter_async_context(running(zone.behind("outbox", outbox.run)))

        recorder = Recorder(writer, clock, radar.recording, ground.exchanges)
        await recorder.start()
        aggregator = Aggregator(writer, recorder, clock, radar.retention)
        await aggregator.heal()
        overlaps = {exchange: Overlap(recorder) for exchange in ground.exchanges}
        fleets.update({exchange: fleet_of(ground, exchange, overlaps) for exchange in ground.exchanges})

        desk = VerdictDesk(writer, targets, radar.language, outbox.poke)
        tokens = TokenKeeper(
            ground.door, asked.data / "radar.db", writer, clock, settings.networks, secrets.coingecko_api_key
        )
        everyone = everyone_of(ground, tokens.known, recorder.books)
        pipeline = ListingPipeline(
            everyone, settings, clock, desk.take, partial(_keep_price, writer), partial(_remembered, writer)
        )
        gate = pipeline if settings.features.analysis else Unjudged()
        yardstick: Exchange = ground.exchanges[0] if ground.exchanges else "upbit"
        rates = FxKeeper(everyone.rates, yardstick, writer, clock, radar.gate, pipeline.hear_rate)
        instruments = InstrumentKeeper(everyone.venues, asked.data / "radar.db", writer, clock)
        outcomes = OutcomeKeeper(asked.data / "radar.db", writer, clock)
        world = WorldKeeper(ground.door, partial(_korean_coins, recorder), writer, clock, radar.gate.price_spread_max)
        memory = [
            zone.behind("exchange rates", rates.run),
            zone.behind("world prices", world.run),
            zone.behind("outcomes", outcomes.run),
            zone.behind("token registry", tokens.run),
            zone.behind("keys", everyone.keys.run),
            zone.behind("instrument lists", instruments.run),
        ]
        book = ListingBook(
            writer,
            clock,
            radar.language,
            targets,
            radar.channels.catch_up_max_h,
            radar.channels.mass_change,
            outbox.poke,
            radar.channels.watch if settings.features.other_news else None,
            tokens.note,
        )
        opening = OpeningWatch(recorder, book, gate, clock)

        def young() -> Set[str]:
            return {listing.base for listing in book.active()}

        repairs = {each: backfill_of(ground, each, writer, recorder, young) for each in ground.exchanges}

        def check_later(market: Market, from_ms: int, to_ms: int) -> None:
            repairs[market.exchange].check_later(market, from_ms, to_ms)

        front = OpeningDesk(
            ground.exchanges, book, recorder, partial(shard_of, ground, overlaps), check_later, opening.known, clock
        )

        def known(markets: Set[Market]) -> None:
            opening.known(markets)
            front.listed(markets)

        universes = [
            Universe(
                exchange,
                market_list(ground, exchange, radar.recording.market_list_s),
                recorder,
                fleet,
                clock,
                known,
                front.held,
            )
            for exchange, fleet in fleets.items()
        ]

        def offer(markets: Set[Market]) -> None:
            for universe in universes:
                universe.offer(markets)

        monitor = MarketMonitor(
            notice_sources(ground),
            list_sources(ground),
            book,
            gate,
            clock,
            offer,
            channels_off(ground),
            push_sources(ground),
            asset_sources(ground),
        )
        await book.load()

        offset = ClockOffset()
        ground.door.on_answer = partial(_note_time, offset, clock)
        keys = KeyWatch(KeyQuestions(ground.door, clock, secrets), clock)
        readings = vitals.Vitals(
            clock,
            asked.data,
            writer,
            recorder,
            fleets,
            monitor,
            [zone, monitor],
            ground.telegram,
            offset,
            lambda: ground.limits.state(clock.monotonic()),
            storage.aside_name,
            keys.answers,
        )
        silences = vitals.limits(
            radar.recording.upbit_silent_s, radar.recording.bithumb_silent_s, radar.health.queue_yellow
        )
        health = HealthFile(asked.data / "health.json", readings.read, silences, clock, radar.health.write_every_s)
        stack.push_async_callback(health.write)
        unrecorded = Unrecorded(sending, targets, clock, radar.language)
        unavailable = [each.what for each in off(settings.features, secrets)]
        found = storage.findings()
        watch = OperatorDesk(
            readings.read, outbox, unrecorded, writer, clock, radar.language, before, unavailable, found
        )
        lag = LoopLag()
        deadman = Deadman(ground.door, clock, watchdog.healthy)
        await stack.enter_async_context(
            running(
                readings.run(),
                health.run(),
                lag.run(),
                zone.behind("operator alerts", watch.run),
                zone.behind("the owner's keys", keys.run),
                *([zone.behind("dead-man's switch", deadman.run)] if secrets.deadman_url else []),
            )
        )

        analyze = partial(answer_analyze, pipeline)
        examined = partial(answer_doctor, ground, asked.data, offset, readings)
        routes = vital_routes.routes(readings.read, silences, lag, lambda: watch.open)
        questions = {"analyze": analyze, "doctor": examined}
        await stack.enter_async_context(serving(asked.data / "radar.sock", questions, routes))
        await stack.enter_async_context(listening(radar.listen, secrets.web_token, routes))
        await stack.enter_async_context(running(writer.watch()))
        stack.callback(aggregator.force_rollup)
        await stack.enter_async_context(running(aggregator.every_minute()))
        stack.callback(recorder.close)
        await stack.enter_async_context(running(recorder.run()))
        _say_what_is_off(ground)
        _offer(book, gate)
        await stack.enter_async_context(
            running(
                zone.behind("listing channels", monitor.run),
                zone.behind("openings", opening.run),
                zone.behind("verdicts", pipeline.run),
                *(zone.behind(f"healing {each}", repair.run) for each, repair in repairs.items()),
                *(memory if settings.features.analysis else ()),
                _every(clock, TICK_S, zone, partial(_tick, book, gate)),
            )
        )
        await stack.enter_async_context(
            running(
                *(_record(universe, radar.recording.market_list_s) for universe in universes),
                *(fleet.run() for fleet in fleets.values()),
                zone.behind("opening connections", front.run),
                *(fleet.question(partial(recorder.doubtful, each), clock) for each, fleet in fleets.items()),
            )
        )
        stop.started()
        watchdog.composed()
        log.info("%s; data in %s", doing, asked.data)
        await _until(stop.asked, clock, asked.duration)
        notify.stopping()
        if stop.signal is not None:
            await watch.stopped_by(stop.signal)
        log.info("stopping: sockets, last seconds, last minute, alerts, writer")
    hold.end("stopped", clock.now_ms(), stop.signal or "the end of --duration")


def _offer(book: ListingBook, gate: Gate) -> None:
    """Offer every listing that is not over; one that is watched already only gets its news."""
    for listing in book.active():
        gate.offer(listing)


async def _tick(book: ListingBook, gate: Gate) -> None:
    """What time alone brings about; and what a full gate refused is offered again."""
    await book.tick()
    _offer(book, gate)


def _korean_coins(recorder: Recorder) -> Set[str]:
    return {market.base for market in recorder.ids if market.quote == "KRW"}


def _keep_price(writer: DatabaseWriter, listing: Listing, verdict: Verdict) -> None:
    """Offer what a look saw of the price; a full writer costs this one look."""
    price = price_row(verdict)
    if price is not None and listing.listing_id is not None:
        writer.offer(listing_prices.row(listing.listing_id, price))


async def _remembered(writer: DatabaseWriter, listing: Listing) -> tuple[Rung, Previous | None]:
    return await writer.run(partial(decisions.remembered, key=listing.key, listing_id=listing.listing_id), urgent=True)


def _note_time(offset: ClockOffset, clock: Clock, service: str, answer: Response) -> None:
    offset.answered(service, answer.headers, answer.requested_ms, answer.received_ms, clock.monotonic())


async def _record(universe: Universe, every_s: float) -> None:
    await universe.begin()
    async with running(universe.run(), universe.look_again(every_s)):
        await asyncio.Event().wait()


async def _every(clock: Clock, seconds: float, zone: Bulkhead, do: Callable[[], Awaitable[None]]) -> None:
    async def repeat() -> None:
        while True:
            await clock.sleep(seconds)
            await do()

    await zone.behind("listing clock", repeat)


async def _until(stop: asyncio.Event, clock: Clock, seconds: float | None) -> None:
    """Wait for the signal, or for `seconds` of the daemon's clock."""
    if seconds is None:
        await stop.wait()
        return
    async with running(_set_after(stop, clock, seconds)):
        await stop.wait()


async def _set_after(stop: asyncio.Event, clock: Clock, seconds: float) -> None:
    await clock.sleep(seconds)
    stop.set()


def _say_what_is_off(ground: Base) -> None:
    for each in off(ground.settings.features, ground.secrets):
        log.warning("off: %s: %s", each.what, each.why)
    if (sqlite := doctor.sqlite(SQLITE_VERSION)).mark is not doctor.Mark.OK:
        log.warning("SQLite %s; %s", sqlite.found, sqlite.remedy)


# --- one question ---------------------------------------------------------------------------------------------------


async def answer_analyze(pipeline: ListingPipeline, query: Mapping[str, str]) -> object:
    """The verdict on one coin as `analyze --json` prints it; raise BadQuestion."""
    symbol, notional = query.get("symbol"), query.get("notional_krw")
    exchange = next((each for each in FEEDS if each == query.get("exchange")), None)
    if exchange is None or not symbol:
        raise BadQuestion("exchange (upbit or bithumb) and symbol are expected")
    return readout.decision_of(await pipeline.judge_now(exchange, symbol, Decimal(notional) if notional else None))


async def analyze(asked: cli.Arguments, settings: Settings, secrets: Secrets) -> int:
    """One verdict now: from the running daemon where one holds the data folder, else asked for by ourselves."""
    query = {"exchange": asked.exchange, "symbol": asked.symbol}
    if asked.notional_krw is not None:
        query["notional_krw"] = str(asked.notional_krw)
    told = await ask(asked.data / "radar.sock", "analyze", query)
    if told is None:
        async with base(asked, settings, secrets) as ground:
            everyone = everyone_of(ground)
            await everyone.keys.check()
            pipeline = ListingPipeline(everyone, settings, ground.clock, _tell_nobody)
            told = msgspec.json.encode(await answer_analyze(pipeline, query))
    return readout.show_decision(told, asked, settings.radar.language)


async def answer_doctor(
    ground: Base, data: Path, offset: ClockOffset, readings: vitals.Vitals, _: Mapping[str, str]
) -> object:
    """The examination by the running daemon, whose own view of clock and disk is the better one."""
    days_left = readings.read().disk_days_left
    return await Examination(ground.door, ground.clock, ground.secrets, data, offset, days_left).answers()


async def examine(asked: cli.Arguments, settings: Settings, secrets: Secrets) -> int:
    """`doctor`: through the running daemon where one holds the data folder, else by ourselves."""
    cli.complain("asking each part; this takes a few seconds")
    told = await ask(asked.data / "radar.sock", "doctor", {}, EXAMINATION_S)
    if told is None:
        async with base(asked, settings, secrets) as ground:
            examination = Examination(ground.door, ground.clock, secrets, asked.data)
            told = msgspec.json.encode(await examination.answers())
    return upkeep.show_answers(told, asked)


async def _tell_nobody(*_: object) -> None:
    """A question by hand is answered, not told."""


# --- commands -------------------------------------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one command; the exit codes are those of the contract."""
    asked = cli.parse(sys.argv[1:] if argv is None else argv)
    now_ms = SystemClock().now_ms()
    try:
        match asked.command:
            case "check-config":
                return readout.check_config(asked, now_ms)
            case "status":
                return readout.show_status(asked, now_ms)
            case "classify":
                return readout.classify(asked)
            case "listings" | "alerts" | "gaps":
                return readout.show_table(asked)
            case "backup":
                return upkeep.backup(asked)
            case "salvage":
                return upkeep.rescue(asked, now_ms)
        settings, secrets = load_settings(asked.config), load_secrets()
        radar = settings.radar
        if asked.command == "doctor":
            set_up(radar.log_format, "warning", secrets.values())
            return asyncio.run(examine(asked, settings, secrets))
        if (problem := exposed(radar.listen, secrets)) is not None:
            raise SettingsError(problem)
        if asked.command == "analyze":
            set_up(radar.log_format, "warning", secrets.values())
            return asyncio.run(analyze(asked, settings, secrets))
        set_up(radar.log_format, radar.log_level, secrets.values())
        return _run_holding(asked, settings, secrets)
    except REFUSALS as e:
        cli.complain(str(e))
        return CONFIGURATION
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run_holding(asked: cli.Arguments, settings: Settings, secrets: Secrets) -> int:
    """The daemon inside the lock of its data folder."""
    try:
        asked.data.mkdir(parents=True, exist_ok=True)
        with held(asked.data / "radar.lock") as hold, noting(hold, secrets.values(), REFUSALS):
            return asyncio.run(run(asked, settings, secrets, hold))
    except AlreadyRunning as e:
        cli.complain(str(e))
        return HELD
    except StorageUnusable as e:
        cli.complain(str(e))
        return STORAGE
    except OSError as e:
        cli.complain(
            f"{asked.data} cannot hold the data ({e.strerror or e}); give a folder we may write to with --data"
        )
        return STORAGE
    except REFUSALS:
        raise  # no bug, but a word to whoever started us
    except Exception:
        log.critical("recording ended by a bug; the service manager starts it again", exc_info=True)
        return BUG


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        raise SystemExit(main())
