"""A notifier whose library is loaded when it is needed, once, and off the loop."""

import asyncio
import threading

from alerts.alert import AlertLevel
from alerts.delivery import Answer, Message, Sent
from alerts.notifiers.later import Later


class Pigeon:
    async def send(self, message: Message) -> Answer:
        return Sent(message.text)


class Loft:
    """Makes pigeons, and keeps where."""

    def __init__(self) -> None:
        self.threads: list[str] = []

    def make(self) -> Pigeon:
        self.threads.append(threading.current_thread().name)
        return Pigeon()


async def test_messages_that_come_together_make_one_notifier_off_the_loop() -> None:
    loft = Loft()
    later = Later(loft.make)
    assert loft.threads == []
    texts = ("a", "b", "c")
    answers = await asyncio.gather(*(later.send(Message("pigeon", text, AlertLevel.HIGH)) for text in texts))
    assert answers == [Sent(text) for text in texts]
    assert len(loft.threads) == 1
    assert loft.threads != [threading.current_thread().name]
    assert await later.load() is await later.load()


async def test_a_library_that_cannot_be_loaded_is_tried_again() -> None:
    tries = []

    def make() -> Pigeon:
        tries.append(1)
        if len(tries) == 1:
            raise ImportError("a file is being replaced")
        return Pigeon()

    later = Later(make)
    results = await asyncio.gather(later.load(), later.load(), return_exceptions=True)
    assert [type(each) for each in results] == [ImportError, Pigeon]
