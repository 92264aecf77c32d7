"""The buttons below a message that tell us something: mute this coin, look again now. Pure.

What comes back when one is pressed is `mute:<alert id>` and so on: short (Telegram takes 64 bytes), and worth nothing
to a chat that we do not serve.
"""

import re
from enum import Enum

from msgspec import Struct

from alerts.texts.words import Language, say

LARGEST_ID = 2**63 - 1  # SQLite's
_DATA = re.compile(r"(mute|unmute|check):([1-9][0-9]{0,18})")


class Press(Enum):
    MUTE = "mute"
    UNMUTE = "unmute"
    CHECK = "check"


class Pressed(Struct, frozen=True):
    """Which button, of the message of which alert."""

    press: Press
    alert_id: int


def below(alert_id: int, coin: str, muted: bool, language: Language) -> tuple[tuple[str, str], ...]:
    """(label, what comes back) for the message of a listing."""
    if muted:
        mute = (say((f"🔔 {coin} 알림 켜기", f"🔔 Unmute {coin}"), language), f"{Press.UNMUTE.value}:{alert_id}")
    else:
        mute = (say((f"🔕 {coin} 알림 끄기", f"🔕 Mute {coin}"), language), f"{Press.MUTE.value}:{alert_id}")
    return mute, (say(("🔄 지금 다시 확인", "🔄 Check again now"), language), f"{Press.CHECK.value}:{alert_id}")


def read(data: str) -> Pressed | None:
    """What was pressed; None for what is none of our buttons."""
    found = _DATA.fullmatch(data)
    if found is None or int(found[2]) > LARGEST_ID:
        return None
    return Pressed(Press(found[1]), int(found[2]))
