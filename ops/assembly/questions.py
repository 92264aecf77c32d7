"""Answers a single question: by the running daemon where one holds the data folder, else by ourselves."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from analysis.listing_pipeline import ListingPipeline
from config.load import Secrets
from config.settings import Settings
from ops.assembly.ground import FEEDS, Base, base
from ops.assembly.judging import everyone_of
from ops.commands import cli, readout, upkeep
from ops.commands.examination import Examination
from ops.radar_socket import BadQuestion, ask
from ops.watching import vitals
from ops.watching.clock_offset import ClockOffset

EXAMINATION_S = 60.0


async def answer_analyze(pipeline: ListingPipeline, query: Mapping[str, str]) -> object:
    """The verdict on one coin as `analyze --json` prints it; raise BadQuestion."""
    symbol, notional = query.get("symbol"), query.get("notional_krw")
    exchange = next((each for each in FEEDS if each == query.get("exchange")), None)
    if exchange is None or not symbol:
        raise BadQuestion("exchange (upbit or bithumb) and symbol are expected")
    return readout.decision_of(await pipeline.judge_now(exchange, symbol, Decimal(notional) if notional else None))


async def analyze(asked: cli.Arguments, settings: Settings, secrets: Secrets) -> int:
    """One verdict now; the exit code."""
    query = {"exchange": asked.exchange, "symbol": asked.symbol}
    if asked.notional_krw is not None:
        query["notional_krw"] = str(asked.notional_krw)
    told = await ask(asked.data / "radar.sock", "analyze", query)
    if told is None:
        async with base(asked.data, asked.simulator, settings, secrets) as ground:
            everyone = everyone_of(ground)
            await everyone.keys.check()
            await everyone.travel_rules.renew()
            pipeline = ListingPipeline(everyone, settings, ground.clock, _tell_nobody)
            told = msgspec.json.encode(await answer_analyze(pipeline, query))
    return readout.show_decision(told, asked, settings.radar.language)


async def answer_doctor(ground: Base, offset: ClockOffset, readings: vitals.Vitals, _: Mapping[str, str]) -> object:
    """The examination by the running daemon, whose own view of clock and disk is the better one."""
    days_left = readings.read().disk_days_left
    venues = ground.settings.radar.gate.venues
    examination = Examination(ground.door, ground.clock, ground.secrets, ground.data, venues, offset, days_left)
    return await examination.answers()


async def examine(asked: cli.Arguments, settings: Settings, secrets: Secrets) -> int:
    """`doctor`; the exit code."""
    cli.complain("asking each part; this takes a few seconds")
    told = await ask(asked.data / "radar.sock", "doctor", {}, EXAMINATION_S)
    if told is None:
        async with base(asked.data, asked.simulator, settings, secrets) as ground:
            examination = Examination(ground.door, ground.clock, secrets, asked.data, settings.radar.gate.venues)
            told = msgspec.json.encode(await examination.answers())
    return upkeep.show_answers(told, asked)


async def _tell_nobody(*_: object) -> None:
    """A question by hand is answered, not told."""
