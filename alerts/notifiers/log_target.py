"""The log as a target: where alerts go without a Telegram token, in full, so that nothing is decided unseen."""

import logging

from alerts.delivery import Answer, Message, Sent
from alerts.texts.markup import clean

log = logging.getLogger(__name__)

MESSAGE_ID = "log"  # an edit is one more entry; it refers to the alert by the id in its footer


class LogTarget:
    """Writes each alert and each edit of it as one log record, line by line as the reader would see it."""

    async def send(self, message: Message) -> Answer:
        again = "EDIT " if message.edit_of is not None else ""
        log.info("ALERT %s%s\n%s", again, clean(message.footer), clean(message.text))
        return Sent(MESSAGE_ID)
