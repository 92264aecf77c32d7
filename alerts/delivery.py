"""What a notifier is asked to carry, and what it answers: the words between the outbox and each way out.

An answer says what is *known* about the request: it arrived, it did not, it can never, or nobody can tell. Whether
to send again is the outbox's choice, by kind of alert; a notifier never retries on its own account.
"""

from typing import Protocol

from msgspec import Struct

from alerts.alert import AlertLevel

TELEGRAM = "telegram"
WEBHOOK = "webhook"
LOG = "log"


def scheme_of(target: str) -> str:
    """Which notifier serves a target: `telegram:<chat id>`, `webhook` or `log`."""
    return target.partition(":")[0]


def address_of(target: str) -> str:
    """What follows the scheme: the chat id of `telegram:<chat id>`, empty for the others."""
    return target.partition(":")[2]


class Message(Struct, frozen=True):
    """One request to one target. `text` is plain; `footer` must survive when the text is cut.

    `edit_of` is the id of the message to rewrite, None to send a new one; `reply_to` the one that this one answers.
    `links` are buttons that open a page, `presses` those that tell us something: (label, what comes back).
    """

    target: str
    text: str
    level: AlertLevel
    footer: str = ""
    edit_of: str | None = None
    reply_to: str | None = None
    links: tuple[tuple[str, str], ...] = ()
    presses: tuple[tuple[str, str], ...] = ()
    picture: bytes | None = None

    @property
    def silent(self) -> bool:
        """LOW and INFO arrive without a sound."""
        return self.level <= AlertLevel.LOW


class Sent(Struct, frozen=True):
    """It arrived; `message_id` where the service gives one that can be edited later."""

    message_id: str | None = None


class Retry(Struct, frozen=True):
    """It did not arrive, and may later. `after_s`: a pause that the service named, for every message to this target.

    `for_a_person`: it will not before somebody mends the configuration.
    """

    error: str
    after_s: float | None = None
    for_a_person: bool = False


class Uncertain(Struct, frozen=True):
    """The request left and no usable answer came: it may have arrived."""

    error: str


class Lost(Struct, frozen=True):
    """The message to edit is not there any more; its text needs a message of its own."""

    error: str


class Hopeless(Struct, frozen=True):
    """It did not arrive, and the same request never will."""

    error: str


Answer = Sent | Retry | Uncertain | Lost | Hopeless


class Notifier(Protocol):
    """One way out."""

    async def send(self, message: Message) -> Answer:
        """Make one request and say what became of it."""
        ...
