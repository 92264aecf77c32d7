"""What the service manager hears, and that it is heard by nobody else."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from ops.process.sd_notify import Notify
from tests.fakes.clock import FakeClock
from tests.fakes.service_manager import listening_manager


def test_every_message_is_one_datagram(tmp_path: Path) -> None:
    with listening_manager(tmp_path) as manager:
        notify = Notify(manager.address)
        notify.more_time(30)
        notify.ready()
        notify.alive()
        notify.status("two\nlines")
        notify.stopping()
        assert manager.told() == ["EXTEND_TIMEOUT_USEC=30000000", "READY=1", "WATCHDOG=1", "STOPPING=1"]


def test_an_abstract_address_is_understood() -> None:
    name = f"radar-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as inbox:
        inbox.bind("\0" + name)
        Notify("@" + name).ready()
        assert inbox.recv(100) == b"READY=1"


def test_without_a_manager_or_with_one_that_is_gone_nothing_happens(tmp_path: Path) -> None:
    Notify(None).ready()
    gone = Notify(str(tmp_path / "nowhere"))
    gone.ready()
    gone.alive()


def test_a_manager_that_reads_nothing_never_blocks_us(tmp_path: Path) -> None:
    with listening_manager(tmp_path) as manager:
        notify = Notify(manager.address)
        for _ in range(5_000):
            notify.alive()


def test_what_systemd_set_is_taken_from_the_environment() -> None:
    environ = {"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid()), "HOME": "/"}
    assert Notify.from_environment(environ).watchdog_s == 30.0
    assert environ == {"HOME": "/"}


@pytest.mark.parametrize(
    "environ", [{}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "5", "WATCHDOG_PID": "1"}]
)
def test_a_watchdog_that_is_not_for_us_is_none(environ: dict[str, str]) -> None:
    assert Notify.from_environment(environ).watchdog_s is None


async def test_patience_asks_again_before_the_time_is_over(tmp_path: Path) -> None:
    clock = FakeClock()
    with listening_manager(tmp_path) as manager:
        task = asyncio.ensure_future(Notify(manager.address).patience(clock))
        await clock.advance(25)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert manager.told() == ["EXTEND_TIMEOUT_USEC=30000000"] * 3
