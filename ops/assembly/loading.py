"""What is loaded once recording stands, off the loop and in the order in which it may be needed.

Python holds the loop up while it loads a module, and these take a second of CPU together on a small machine. First the
ways to the venues and to Telegram, which a listing may need at any moment; then what answers people.
"""

import asyncio
from importlib import import_module

from collectors.net.lean import spare_mime_types
from ops.assembly.ground import Base, Bulkhead
from ops.assembly.judging import Judging
from ops.assembly.listings import Listings
from ops.assembly.observing import Observing
from ops.assembly.telling import Telling
from store.writer import DatabaseWriter


async def serve(ground: Base, zone: Bulkhead, judges: Judging, told: Telling, view: Observing) -> None:
    """Load the ways out, then the page and its like; serve these for ever."""
    spare_mime_types()
    await ground.door.load()
    if told.chat is not None:
        await told.chat.load()
    module = await asyncio.to_thread(import_module, "ops.assembly.serving")
    await module.serve(ground, zone, judges, view)


async def hear(
    ground: Base, writer: DatabaseWriter, seen: Listings, judges: Judging, told: Telling, view: Observing
) -> None:
    """Load what answers in the chat, and answer for ever; nothing without Telegram."""
    if told.chat is None:
        return
    speaker = await told.chat.load()
    module = await asyncio.to_thread(import_module, "ops.assembly.chat")
    await module.commands(speaker, ground, writer, seen, judges, told, view).run()
