"""Builds what watches the daemon itself: readings, health.json, operator alerts."""

from functools import partial

from msgspec import Struct

from alerts.unrecorded import Unrecorded
from collectors.net.http import Response
from collectors.recording.recorder import Recorder
from config.check import off
from config.clock import Clock
from ops.assembly.ground import Base, Bulkhead
from ops.assembly.judging import Judging
from ops.assembly.listings import Listings
from ops.assembly.recording import Recording
from ops.assembly.telling import Telling
from ops.commands.key_questions import KeyQuestions, KeyWatch
from ops.process.storage import Opened
from ops.watching import vitals
from ops.watching.clock_offset import ClockOffset
from ops.watching.health import Limits
from ops.watching.health_file import HealthFile
from ops.watching.loop_lag import LoopLag
from ops.watching.operator_desk import Before, OperatorDesk


class Observing(Struct, frozen=True):
    """The daemon's view of itself."""

    readings: vitals.Vitals
    limits: Limits
    health: HealthFile
    desk: OperatorDesk
    lag: LoopLag
    keys: KeyWatch
    offset: ClockOffset


def observing(
    ground: Base,
    storage: Opened,
    zone: Bulkhead,
    recording: Recording,
    seen: Listings,
    judges: Judging,
    told: Telling,
    before: Before,
) -> Observing:
    radar, clock, offset = ground.settings.radar, ground.clock, ClockOffset()
    ground.door.on_answer = partial(_note_time, offset, clock, recording.recorder)
    without = {each.what: each.why for each in off(ground.settings.features, ground.secrets)}
    keys = KeyWatch(KeyQuestions(ground.door, clock, ground.secrets), clock)
    readings = vitals.Vitals(
        clock,
        ground.data,
        storage.writer,
        recording.recorder,
        recording.fleets,
        seen.monitor,
        [zone, seen.monitor, judges.desk],
        ground.telegram,
        offset,
        lambda: ground.limits.state(clock.monotonic()),
        storage.aside_name,
        keys.answers,
        [audit.tally for audit in seen.audits.values()],
        ground.redact,
        told.outbox.unreachable,
        told.moved_chats,
        without,
        None if seen.candle_socket is None else seen.candle_socket.status,
    )
    limits = vitals.limits(radar.recording.upbit_silent_s, radar.recording.bithumb_silent_s, radar.health.queue_yellow)
    health = HealthFile(ground.data / "health.json", readings.read, limits, clock, radar.health.write_every_s)
    desk = OperatorDesk(
        readings.read,
        told.outbox,
        Unrecorded(told.notifiers, told.targets, clock, radar.language),
        storage.writer,
        clock,
        radar.language,
        before,
        list(without),
        storage.findings(),
    )
    lag = LoopLag()
    return Observing(readings, limits, health, desk, lag, keys, offset)


def _note_time(offset: ClockOffset, clock: Clock, recorder: Recorder, service: str, answer: Response) -> None:
    offset.answered(service, answer.headers, answer.requested_ms, answer.received_ms, clock.monotonic())
    if (interval := offset.interval()) is not None:
        recorder.host_is_off(*interval)
