"""SIGHUP: reads the configuration again and takes over what can be, without a pause in recording.

It is read and checked as a whole first, away from the loop; one mistake in it and nothing changes. What the daemon was
built with stays until it starts again, and is named. Secrets are read at the start only.
"""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Sequence

from config.reload import change
from config.settings import Settings, SettingsError

log = logging.getLogger(__name__)

Apply = Callable[[Settings], Awaitable[None]]
OnTaken = Callable[[Sequence[str], Sequence[str]], Awaitable[None]]
OnRefused = Callable[[str], Awaitable[None]]


class Hangup:
    """Set by SIGHUP, from the first moment on: before there is somebody to answer it, it waits."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    def listen(self) -> None:
        """Take the signal of this process, inside its running loop."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self.asked.set)


class Reloader:
    """`run` it; `settings` are those that hold now."""

    def __init__(
        self,
        load: Callable[[], Settings],
        settings: Settings,
        apply: Apply,
        on_taken: OnTaken,
        on_refused: OnRefused,
    ) -> None:
        """`load` reads and checks everything, on another thread; raises SettingsError. `apply` must not refuse."""
        self.settings = settings
        self._load = load
        self._apply = apply
        self._on_taken = on_taken
        self._on_refused = on_refused

    async def run(self, asked: asyncio.Event) -> None:
        """Answer each signal, for ever; those that come meanwhile are one."""
        while True:
            await asked.wait()
            asked.clear()
            await self._reload()

    async def _reload(self) -> None:
        try:
            found = change(self.settings, await asyncio.to_thread(self._load))
        except SettingsError as e:
            log.warning("the configuration is wrong, nothing was changed: %s", e)
            await self._on_refused(str(e))
            return
        self.settings = found.settings
        await self._apply(found.settings)
        for line in found.taken:
            log.info("changed: %s", line)
        for line in found.waiting:
            log.warning("needs a restart: %s", line)
        if not found.taken and not found.waiting:
            log.info("the configuration was read again; nothing in it has changed")
        await self._on_taken(found.taken, found.waiting)
