"""What an alert is: news for a person, with a key that makes a repeat recognisable and a level that says how loud."""

from enum import Enum, IntEnum

from msgspec import Struct


class AlertLevel(IntEnum):
    """How much it matters, ordered: CRITICAL and HIGH ring at once, MEDIUM is debounced, LOW digested, INFO logged."""

    INFO = 10
    LOW = 20
    MEDIUM = 30
    HIGH = 40
    CRITICAL = 50


class AlertKind(Enum):
    """What the news is about; `alerts.kind` in the database."""

    FIRST_SIGHT = "first_sight"
    VERDICT = "verdict"
    FOLLOW_UP = "follow_up"
    NEWS = "news"
    DIGEST = "digest"
    OPERATOR = "operator"
    TEST = "test"


KRW_ADDED = "krw_added"  # what a follow-up is about that no mute hides and no full disk holds up


class Alert(Struct, frozen=True):
    """One message for every target. `text` is plain text as the reader sees it; markup is the notifier's business.

    `key` is `exchange:base:episode` for a listing and `operator:<cause>` for the operator. `reply_to` is the id of the
    alert whose message this one answers, None for a message of its own. `created_ms` is our clock. `picture` is a PNG;
    `about` names what a follow-up tells: the change of the listing, rival, or outcome.
    """

    key: str
    kind: AlertKind
    level: AlertLevel
    text: str
    created_ms: int
    listing_id: int | None = None
    reply_to: int | None = None
    links: tuple[tuple[str, str], ...] = ()  # (label, https URL) buttons
    picture: bytes | None = None
    about: str = ""

    @property
    def lists(self) -> bool:
        """Whether it says that a coin is being listed: a first sight, or the KRW market that joins its others."""
        return self.kind is AlertKind.FIRST_SIGHT or self.about == KRW_ADDED
