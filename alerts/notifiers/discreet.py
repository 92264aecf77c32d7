"""A notifier whose answers carry no secret: a service may repeat what it was sent, and answers are kept and shown."""

from collections.abc import Callable

import msgspec

from alerts.delivery import Answer, Message, Notifier, Sent


class Discreet:
    """`inner`, with every error that it answers passed through `redact`."""

    def __init__(self, inner: Notifier, redact: Callable[[str], str]) -> None:
        self._inner = inner
        self._redact = redact

    async def send(self, message: Message) -> Answer:
        answer = await self._inner.send(message)
        return answer if isinstance(answer, Sent) else msgspec.structs.replace(answer, error=self._redact(answer.error))
