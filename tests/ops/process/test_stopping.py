"""How a daemon is asked to end, by signals to the process that this is."""

import asyncio
import signal

import pytest

from ops.process import stopping
from ops.process.stopping import HELD_BACK, Stop, flush_s, holding_back, let_in


async def a_few_turns() -> None:
    """Of the loop: whatever is due by now happens."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_first_signal_is_an_order_and_calls_a_start_off() -> None:
    stop = Stop()

    async def start() -> None:
        stop.listen()
        signal.raise_signal(signal.SIGTERM)
        await asyncio.Event().wait()

    (ended,) = await asyncio.gather(start(), return_exceptions=True)
    assert isinstance(ended, asyncio.CancelledError)
    assert (stop.called_off, stop.signal) == (True, "SIGTERM")


async def test_a_signal_that_comes_before_anybody_listens_waits() -> None:
    stop = Stop()
    with holding_back():
        signal.raise_signal(signal.SIGTERM)
        stop.listen()
        stop.started()
        await asyncio.sleep(0)
        assert not stop.asked.is_set()
        let_in()
        await stop.asked.wait()
    assert stop.signal == "SIGTERM"


def test_nothing_is_held_back_for_good() -> None:
    with holding_back():
        assert set(HELD_BACK) <= signal.pthread_sigmask(signal.SIG_BLOCK, [])
    assert not set(HELD_BACK) & signal.pthread_sigmask(signal.SIG_BLOCK, [])


async def test_a_stop_that_takes_too_long_tells_what_holds_it_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(stopping, "LATE_S", 0.0)
    deaf = asyncio.Event()

    async def wait_for_godot() -> None:
        while not deaf.is_set():
            try:
                await deaf.wait()
            except asyncio.CancelledError:
                continue

    waiting = asyncio.create_task(wait_for_godot())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    stop = Stop()
    stop.ending()
    stop.ending()
    await a_few_turns()
    deaf.set()
    await waiting
    assert [
        line for line in caplog.messages if "told to end:" in line and "wait_for_godot" in line and "Event.wait" in line
    ]
    assert sum("the stop takes more than" in line for line in caplog.messages) == 1


async def test_a_stop_in_time_tells_nothing(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(stopping, "LATE_S", 0.0)
    stop = Stop()
    stop.ending()
    stop.ended()
    await a_few_turns()
    assert caplog.messages == []


def test_the_last_alerts_have_what_the_stop_has_left_and_a_moment_at_least() -> None:
    spent = 0.0, 1.5, 3.2, 60.0
    assert [round(flush_s(each), 3) for each in spent] == [2.5, 2.5, 1.0, 0.5]
