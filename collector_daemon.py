"""The composition root: nests the lifetimes of the daemon's parts and stops them in order; `ops/assembly` builds them.

No rule lives here. Lifetimes are entered outermost first, so that leaving them, for whatever reason, does the right
thing: sockets close, the last seconds and the last minute are stored, due alerts leave, tasks end, the writer drains.
"""

if __name__ == "__main__":
    from ops.process import lean_start  # before anything else is loaded

    lean_start.begin()

import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial

from alerts.outbox import Outbox
from collectors.events import Exchange
from collectors.feeds.fleet import Fleet
from collectors.notices import patterns
from config.check import exposed, off
from config.clock import Clock, SystemClock
from config.load import Secrets, load_secrets, load_settings
from config.settings import Settings, SettingsError
from ops.assembly import loading
from ops.assembly.ground import Base, Bulkhead, base
from ops.assembly.judging import judging
from ops.assembly.listings import listings
from ops.assembly.observing import observing
from ops.assembly.recording import begun, record
from ops.assembly.reloading import reloading
from ops.assembly.telling import telling
from ops.commands import cli, doctor
from ops.process import garbage
from ops.process.head_start import HeadStart
from ops.process.lifetimes import running
from ops.process.lock import AlreadyRunning, Hold, boot_id, held, noting
from ops.process.logs import set_up
from ops.process.memory import share_one_heap
from ops.process.reloader import Hangup
from ops.process.sd_notify import Notify
from ops.process.simulated_time import NoSimulator
from ops.process.stopping import Stop, flush_s, holding_back, let_in
from ops.process.storage import opened
from ops.watching.deadman import Deadman
from ops.watching.health_file import last_heartbeat
from ops.watching.operator_desk import Before
from ops.watching.watchdog import Watchdog
from store.database import SQLITE_VERSION, StorageUnusable
from store.writer import SWITCH_S

log = logging.getLogger("radar")

CONFIGURATION, STORAGE, BUG, HELD = 1, 2, 3, 4
REFUSALS = (SettingsError, NoSimulator)
TICK_S = 60.0
WARM_AFTER_S = 2.0


async def run(asked: cli.Arguments, settings: Settings, secrets: Secrets, hold: Hold) -> int:
    """The daemon, until SIGTERM, SIGINT or the end of `--duration`; answer the exit code."""
    stop, hangup = Stop(), Hangup()
    stop.listen()
    hangup.listen()
    let_in()
    try:
        await _live(asked, settings, secrets, hold, stop, hangup)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            log.warning("a task was left behind: %r", task.get_coro())
    except asyncio.CancelledError:
        if not stop.called_off:
            raise
        log.info("the start was called off by %s", stop.signal)
        hold.end("stopped", SystemClock().now_ms(), stop.signal or "")
    finally:
        stop.ended()
    return 0


async def _live(
    asked: cli.Arguments, settings: Settings, secrets: Secrets, hold: Hold, stop: Stop, hangup: Hangup
) -> None:
    """Start, record and judge until `stop`, end in order."""
    before = Before(hold.before, boot_id(), last_heartbeat(asked.data / "health.json"))
    async with base(asked.data, asked.simulator, settings, secrets) as ground, AsyncExitStack() as stack:
        clock, radar = ground.clock, settings.radar
        notify = Notify.from_environment(os.environ)
        async with running(notify.patience(clock)):
            storage = await opened(ground.database, clock, radar.writing, hold.before)
        writer = stack.enter_context(storage.writer)
        fleets: dict[Exchange, Fleet] = {}
        doing = f"recording {' and '.join(ground.exchanges) or 'nothing'}"
        watchdog = Watchdog(notify, writer, fleets, asked.data, clock, doing)
        await stack.enter_async_context(running(watchdog.run()))
        head_start = HeadStart(fleets, clock)
        zone = Bulkhead(clock, head_start)
        told = telling(ground, writer)
        await told.change(radar.alerting)
        stack.push_async_callback(_flush, told.outbox, stop)
        await stack.enter_async_context(running(zone.behind("outbox", told.outbox.run)))

        recording = await begun(ground, writer)
        fleets.update(recording.fleets)
        judges = judging(ground, writer, recording.recorder, told)
        seen = listings(ground, writer, recording, judges, told)
        await seen.book.load(storage.silent_until_ms(before.heartbeat_ms), before.heartbeat_ms)
        view = observing(ground, storage, zone, recording, seen, judges, told, before)
        reloader = reloading(ground, asked.config, recording, judges, seen, told, view)

        stack.push_async_callback(view.health.write)
        deadman = Deadman(ground.door, clock, watchdog.healthy)
        await stack.enter_async_context(
            running(
                view.readings.run(),
                view.health.run(),
                view.lag.run(),
                zone.after("answers", partial(loading.serve, ground, zone, judges, told, view)),
                zone.behind("operator alerts", view.desk.run),  # at once: the first frame may be what ends us
                zone.after("the owner's keys", view.keys.run),
                zone.after("commands", partial(loading.hear, ground, writer, seen, judges, told, view)),
                zone.after("reloading", partial(reloader.run, hangup.asked)),
                *([zone.after("dead-man's switch", deadman.run)] if secrets.deadman_url else []),
            )
        )
        await stack.enter_async_context(running(writer.watch()))
        stack.callback(recording.aggregator.force_rollup)
        await stack.enter_async_context(running(recording.aggregator.every_minute()))
        stack.callback(recording.recorder.close)
        await stack.enter_async_context(running(recording.recorder.run()))
        _say_what_is_off(ground)
        seen.offer()
        await stack.enter_async_context(
            running(
                zone.after("listing channels", seen.monitor.run),
                zone.after("openings", seen.opening.run),
                zone.after("verdicts", judges.pipeline.run),
                zone.after("deposits", partial(judges.deposits.run, seen.book, seen.gate)),
                *(zone.after(f"healing {each}", repair.run) for each, repair in seen.repairs.items()),
                *(zone.after(f"auditing {each}", audit.run) for each, audit in seen.audits.items()),
                *([zone.after("hearing candles", seen.candle_socket.run)] if seen.candle_socket is not None else []),
                *(zone.after(name, keep) for name, keep in judges.keepers.items()),
                zone.every(TICK_S, "listing clock", seen.tick),
            )
        )
        doubtful = recording.recorder.doubtful
        await stack.enter_async_context(
            running(
                *(record(universe, radar.recording.market_list_s) for universe in seen.universes),
                *(fleet.run() for fleet in fleets.values()),
                head_start.run(),
                zone.after("opening connections", seen.front.run),
                *(fleet.question(partial(doubtful, each), clock) for each, fleet in fleets.items()),
            )
        )
        await stack.enter_async_context(running(_warm(clock), garbage.settle(clock)))
        stop.started()
        watchdog.composed()
        log.info("%s; data in %s", doing, asked.data)
        await _until(stop.asked, clock, asked.duration)
        stop.ending()
        watchdog.stopping()
        if stop.signal is not None:
            await view.desk.stopped_by(stop.signal)
        log.info("stopping: sockets, last seconds, last minute, alerts, writer")
    hold.end("stopped", clock.now_ms(), stop.signal or "the end of --duration")


async def _flush(outbox: Outbox, stop: Stop) -> None:
    await outbox.flush(flush_s(stop.spent_s))


async def _until(stop: asyncio.Event, clock: Clock, seconds: float | None) -> None:
    """Wait for the signal, or for `seconds` of the daemon's clock."""
    if seconds is None:
        await stop.wait()
        return
    async with running(_set_after(stop, clock, seconds)):
        await stop.wait()


async def _warm(clock: Clock) -> None:
    """Once trades come, do what would otherwise be done while the first listing waits."""
    await clock.sleep(WARM_AFTER_S)
    await asyncio.to_thread(patterns.warm)


async def _set_after(stop: asyncio.Event, clock: Clock, seconds: float) -> None:
    await clock.sleep(seconds)
    stop.set()


def _say_what_is_off(ground: Base) -> None:
    for each in off(ground.settings.features, ground.secrets):
        log.warning("off: %s: %s", each.what, each.why)
    if (sqlite := doctor.sqlite(SQLITE_VERSION)).mark is not doctor.Mark.OK:
        log.warning("SQLite %s; %s", sqlite.found, sqlite.remedy)


# --- commands -------------------------------------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one command; the exit codes are those of the contract."""
    asked = cli.parse(sys.argv[1:] if argv is None else argv)
    try:
        if asked.command != "run":
            from ops.assembly import commands  # what they need is nothing to a daemon

            return commands.carry_out(asked)
        settings, secrets = load_settings(asked.config), load_secrets()
        if (problem := exposed(settings.radar.listen, secrets)) is not None:
            raise SettingsError(problem)
        set_up(settings.radar.log_format, settings.radar.log_level, secrets.redactor())
        return _run_holding(asked, settings, secrets)
    except REFUSALS as e:
        cli.complain(str(e))
        return CONFIGURATION
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run_holding(asked: cli.Arguments, settings: Settings, secrets: Secrets) -> int:
    """The daemon inside the lock of its data folder."""
    sys.setswitchinterval(SWITCH_S)
    share_one_heap()
    garbage.search_seldom()
    try:
        asked.data.mkdir(parents=True, exist_ok=True)
        with (
            holding_back(),
            held(asked.data / "radar.lock") as hold,
            noting(hold, secrets.redactor(), REFUSALS),
        ):
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
