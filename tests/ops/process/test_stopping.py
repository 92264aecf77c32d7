"""How a daemon is asked to end, by signals to the process that this is."""

import asyncio
import signal

from ops.process.stopping import HELD_BACK, Stop, holding_back, let_in


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
