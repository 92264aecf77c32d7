"""Whoever is told to end while a host is dialled ends, whatever the library below makes of it."""

import asyncio
import socket
from contextlib import suppress

import aiohappyeyeballs
import pytest

from collectors.net.dial import dial


async def test_a_cancellation_that_the_library_takes_for_its_own_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does so in the one step in which an address has won and the attempts at others are being ended."""
    wire = socket.socket()

    async def win(*_: object, **__: object) -> socket.socket:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return wire

    monkeypatch.setattr(aiohappyeyeballs, "start_connection", win)
    dialling = asyncio.create_task(dial("127.0.0.1", 1))
    await asyncio.sleep(0)
    dialling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dialling
    assert wire.fileno() == -1
