"""A notifier that is made when it is first needed, because its library takes long to load."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from alerts.delivery import Answer, Message, Notifier

N = TypeVar("N", bound=Notifier)


class Later(Generic[N]):
    """`make` runs once, in a thread; `load` it beforehand, so that no message has to wait for that."""

    def __init__(self, make: Callable[[], N]) -> None:
        self._make = make
        self._made: N | None = None
        self._making = asyncio.Lock()

    async def load(self) -> N:
        """The notifier itself."""
        async with self._making:
            if self._made is None:
                self._made = await asyncio.to_thread(self._make)
            return self._made

    async def send(self, message: Message) -> Answer:
        return await (await self.load()).send(message)
