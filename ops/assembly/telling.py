"""Builds what tells people: chats, the webhook, the log, and the outbox before them."""

import random
from functools import partial

from msgspec import Struct

from alerts.delivery import Notifier
from alerts.discreet import Discreet
from alerts.lifeline import Lifeline
from alerts.log_target import LogTarget
from alerts.outbox import Outbox
from alerts.telegram import Telegram
from alerts.webhook import Webhook, form_of
from config.settings import Alerting
from ops.assembly.ground import Base
from ops.endpoints import WEBHOOK
from store import mutes
from store.writer import DatabaseWriter


class Telling(Struct, frozen=True):
    """Who sends to which kind of target, the targets, the outbox that serves them, and the way round a full disk."""

    notifiers: dict[str, Notifier]
    targets: tuple[str, ...]
    outbox: Outbox
    writer: DatabaseWriter
    lifeline: Lifeline

    async def change(self, alerting: Alerting) -> None:
        """Hold alerts by these from now on, and mute what they mute."""
        self.outbox.change(alerting)
        await self.writer.run(partial(mutes.from_file, targets=self.targets, bases=alerting.mute))


def telling(ground: Base, writer: DatabaseWriter) -> Telling:
    radar = ground.settings.radar
    sending, targets = notifiers(ground)
    outbox = Outbox(writer, sending, targets, ground.clock, radar.alerting, radar.language, random.random)
    lifeline = Lifeline(writer, lambda: writer.fault is not None, sending, targets, ground.clock, radar.language)
    return Telling(sending, targets, outbox, writer, lifeline)


def notifiers(ground: Base) -> tuple[dict[str, Notifier], tuple[str, ...]]:
    """Who sends to which kind of target, and the targets: chats, the webhook, or the log where there is neither."""
    secrets = ground.secrets
    found: dict[str, Notifier] = {}
    targets: tuple[str, ...] = ()
    if ground.telegram:
        found["telegram"] = Telegram(secrets.telegram_bot_token or "", ground.door)
        targets += tuple(f"telegram:{chat}" for chat in secrets.telegram_chat_ids)
    if secrets.alert_webhook_url:
        found[WEBHOOK] = Webhook(ground.door, form_of(secrets.alert_webhook_url))
        targets += (WEBHOOK,)
    if not ground.telegram:
        found["log"] = LogTarget()
        targets += ("log",)
    return {name: Discreet(each, ground.redact) for name, each in found.items()}, targets
