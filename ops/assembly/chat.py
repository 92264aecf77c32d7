"""Builds what answers readers in the chat. Loaded once recording stands, like everything that speaks to people."""

from alerts.chat.commands import Commands
from alerts.delivery import TELEGRAM, scheme_of
from alerts.notifiers.telegram import Telegram
from alerts.notifiers.telegram_ears import Ears
from ops.assembly.ground import Base
from ops.assembly.judging import Judging
from ops.assembly.listings import Listings
from ops.assembly.observing import Observing
from ops.assembly.telling import Telling
from ops.chat_desk import ChatDesk
from store.writer import DatabaseWriter


def commands(
    speaker: Telegram,
    ground: Base,
    writer: DatabaseWriter,
    seen: Listings,
    judges: Judging,
    told: Telling,
    view: Observing,
) -> Commands:
    """Served are the chats that alerts go to."""
    language = ground.settings.radar.language
    desk = ChatDesk(
        ground.database,
        writer,
        told.outbox,
        judges.pipeline,
        judges.desk,
        seen.book.active,
        view.readings.read,
        view.limits,
        ground.clock,
        language,
    )
    chats = [target for target in told.targets if scheme_of(target) == TELEGRAM]
    return Commands(Ears(speaker), speaker, told.outbox, desk, chats, ground.clock, language)
