"""Builds what tells people: chats, the webhook, the log, and the outbox before them."""

import random
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from alerts.delivery import LOG, TELEGRAM, Notifier
from alerts.lifeline import Lifeline
from alerts.notifiers.discreet import Discreet
from alerts.notifiers.door import Door
from alerts.notifiers.later import Later
from alerts.notifiers.lean_telegram import spare_docstrings, spare_httpx
from alerts.notifiers.log_target import LogTarget
from alerts.notifiers.webhook import Webhook, form_of
from alerts.outbox import Outbox
from config.settings import Alerting
from ops.assembly.ground import Base
from ops.process.endpoints import WEBHOOK
from store.tables import mutes
from store.writer import DatabaseWriter

if TYPE_CHECKING:
    from alerts.notifiers.telegram import Telegram


class Telling(Struct, frozen=True):
    """Who sends to which kind of target, the targets, the outbox that serves them, and the way round a full disk.

    `chat` is Telegram's own notifier, which can listen as well; None where there is none. `moved_chats` holds the new
    id of every group that became a supergroup.
    """

    notifiers: dict[str, Notifier]
    targets: tuple[str, ...]
    outbox: Outbox
    writer: DatabaseWriter
    lifeline: Lifeline
    chat: "Later[Telegram] | None"
    moved_chats: Mapping[str, int]

    async def change(self, alerting: Alerting) -> None:
        """Hold alerts by these from now on, and mute what they mute."""
        self.outbox.change(alerting)
        await self.writer.run(partial(mutes.from_file, targets=self.targets, bases=alerting.mute))


def telling(ground: Base, writer: DatabaseWriter) -> Telling:
    radar = ground.settings.radar
    token = ground.secrets.telegram_bot_token or ""
    moved: dict[str, int] = {}
    chat = Later(partial(telegram_over, ground.door, token, moved)) if ground.telegram else None
    sending, targets = notifiers(ground, chat)
    outbox = Outbox(writer, sending, targets, ground.clock, radar.alerting, radar.language, random.random)
    lifeline = Lifeline(writer, lambda: writer.fault is not None, sending, targets, ground.clock, radar.language)
    return Telling(sending, targets, outbox, writer, lifeline, chat, moved)


def telegram_over(door: Door, token: str, moved: dict[str, int]) -> "Telegram":
    """The notifier for `telegram:<chat id>`, and of its library what it needs."""
    spare_httpx()
    spare_docstrings()
    from alerts.notifiers.telegram import Telegram

    return Telegram(token, door, moved)


def notifiers(ground: Base, chat: Notifier | None) -> tuple[dict[str, Notifier], tuple[str, ...]]:
    """Who sends to which kind of target, and the targets: chats, the webhook, or the log where there is neither."""
    secrets = ground.secrets
    found: dict[str, Notifier] = {}
    targets: tuple[str, ...] = ()
    if chat is not None:
        found[TELEGRAM] = chat
        targets += tuple(f"{TELEGRAM}:{each}" for each in secrets.telegram_chat_ids)
    if secrets.alert_webhook_url:
        found[WEBHOOK] = Webhook(ground.door, form_of(secrets.alert_webhook_url))
        targets += (WEBHOOK,)
    if chat is None:
        found[LOG] = LogTarget()
        targets += (LOG,)
    return {name: Discreet(each, ground.redact) for name, each in found.items()}, targets
