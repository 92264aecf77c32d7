"""One question through the door: a value, or a silence that says why."""

import asyncio

import pytest

from analysis.fetching.reading import NoAnswer, Reply
from analysis.fetching.sources import Line
from analysis.quotes import Silent
from collectors.net.http import Refused
from tests.fakes.clock import FakeClock
from tests.fakes.door import FakeDoor


@pytest.fixture
def door(clock: FakeClock) -> FakeDoor:
    return FakeDoor(clock)


def told(reply: Reply) -> Reply:
    return reply


async def test_the_parser_sees_status_body_source_and_time_of_receipt(clock: FakeClock, door: FakeDoor) -> None:
    door.says("okx", "/a", b"body", status=404)
    reply = await Line(door, "okx").ask("/a", told, params={"x": "1"}, group="book")
    assert reply == Reply(404, b"body", clock.now_ms(), "okx /a")
    assert (door.asked[0].params, door.asked[0].group, door.asked[0].deadline_s) == ({"x": "1"}, "book", 0.8)


async def test_a_late_answer_is_a_silence_at_the_deadline(clock: FakeClock, door: FakeDoor) -> None:
    door.says("okx", "/a", b"body", after_s=3)
    before = clock.monotonic()
    asking = asyncio.ensure_future(Line(door, "okx", 0.5).ask("/a", told))
    await clock.advance(0.5)
    assert await asking == Silent("no answer within 0.5 s")
    assert clock.monotonic() - before == 0.5


async def test_a_dead_host_is_a_silence(door: FakeDoor) -> None:
    door.fails("okx", "/a")
    assert await Line(door, "okx").ask("/a", told) == Silent("unreachable (okx: connection refused)")


async def test_a_pause_of_our_own_limits_is_a_silence_that_says_so() -> None:
    class Paused:
        async def get(self, service: str, path: str, **_: object) -> Reply:
            raise Refused(service, "not asked, HTTP 418, banned for a while", 0)

    answer = await Line(Paused(), "binance").ask("/a", told)  # type: ignore[arg-type]  # never answers at all
    assert answer == Silent("binance: not asked, HTTP 418, banned for a while")


async def test_an_answer_that_says_nothing_is_a_silence(door: FakeDoor) -> None:
    def refuse(_: Reply) -> int:
        raise NoAnswer("HTTP 451, not served to this place")

    door.says("binance", "/a", {})
    assert await Line(door, "binance").ask("/a", refuse) == Silent("HTTP 451, not served to this place")
