"""What `doctor` makes of an answer: OK, WARN or FAIL, and the remedy. Pure; `ops/commands/examination.py` asks.

FAIL is what stops the daemon from doing its work, WARN what makes it do less; both name what to do. The words are
English, like everything that the command line prints.
"""

from collections.abc import Sequence

from ops.commands.answer import Answer as Answer
from ops.commands.answer import Mark as Mark
from ops.watching.health import has_wal_reset_bug
from ops.watching.troubles import CLOCK_OFF_MS, DISK_DAYS_MIN, DISK_FREE_MIN

DISK_FULL = 0.02


def exit_code(answers: Sequence[Answer]) -> int:
    return int(any(each.mark is Mark.FAIL for each in answers))


def clock(interval: tuple[int, int] | None) -> Answer:
    """`interval` is ours minus the exchanges' in ms, as `ops/watching/clock_offset.py` gives it."""
    if interval is None:
        return Answer("clock", Mark.WARN, "no exchange told its time", "see the answers for upbit and bithumb below")
    low, high = interval
    found = f"ours minus the exchanges' lies between {low:+,} and {high:+,} ms"
    if low > CLOCK_OFF_MS or high < -CLOCK_OFF_MS:
        return Answer("clock", Mark.FAIL, found, "turn time synchronisation on: timedatectl set-ntp true")
    return Answer("clock", Mark.OK, found)


def disk(free_part: float, free_bytes: int, days_left: float | None) -> Answer:
    """`days_left` is the running daemon's forecast, None where nobody has watched for long enough."""
    days = "not known yet" if days_left is None else f"{days_left:,.0f}"
    found = f"{free_part * 100:.0f} % free ({free_bytes / 1e9:,.1f} GB), days until full: {days}"
    remedy = "free space, or keep less: retention.minutes_days in radar.yaml"
    if free_part < DISK_FULL:
        return Answer("disk", Mark.FAIL, found, remedy)
    if free_part < DISK_FREE_MIN or (days_left is not None and days_left < DISK_DAYS_MIN):
        return Answer("disk", Mark.WARN, found, remedy)
    return Answer("disk", Mark.OK, found)


def sqlite(version: str) -> Answer:
    """Our single writer makes the checkpoints too, so the two never run at once; a reader that checkpoints could."""
    if not has_wal_reset_bug(version):
        return Answer("sqlite", Mark.OK, version)
    return Answer(
        "sqlite",
        Mark.WARN,
        f"{version} has the WAL-reset bug (3.7.0 to 3.51.2)",
        "use a Python with SQLite 3.51.3 or later; until then let nobody else write to radar.db",
    )


def service(name: str, needed: bool, status: int | None, took_ms: int, trouble: str) -> Answer:
    """`status` is None where there was no answer; `trouble` then says why. Recording needs it, or judging only."""
    if status == 200:
        return Answer(name, Mark.OK, f"answers in {took_ms:,} ms")
    found = trouble if status is None else f"answered HTTP {status}"
    mark = Mark.FAIL if needed else Mark.WARN
    if status in (403, 451):
        return Answer(name, mark, found, "it refuses this address; ask from another country or network")
    if status in (418, 429):
        return Answer(name, mark, found, "too many requests from this address: who else asks from here?")
    return Answer(name, mark, found, "is it in maintenance? can this machine reach it? (curl, firewall, DNS)")


def not_asked(name: str, why: str) -> Answer:
    """Our own limits hold the question back."""
    return Answer(name, Mark.WARN, why, "ask again later")


def no_secret(question: str, what: str, names: Sequence[str]) -> Answer:
    """`what` does not work without it."""
    return Answer(question, Mark.WARN, f"not set: {what}", f"set {' and '.join(names)}")


def telegram(status: int | None, bot: str, trouble: str) -> Answer:
    """`getMe`: whether Telegram knows the token; `bot` is the name it gives."""
    if status == 200:
        return Answer("telegram", Mark.OK, f"the token is that of @{bot}")
    if status in (401, 404):
        return Answer(
            "telegram", Mark.FAIL, "Telegram does not know this token", "set TELEGRAM_BOT_TOKEN as @BotFather gave it"
        )
    found = trouble if status is None else f"answered HTTP {status}"
    return Answer("telegram", Mark.FAIL, found, "can this machine reach api.telegram.org?")


def chat(name: str, status: int | None, description: str) -> Answer | None:
    """`getChat`: whether the bot may write there; None where the answer says nothing about that."""
    question = f"telegram chat {name}"
    if status == 200:
        return Answer(question, Mark.OK, "the bot is in it")
    if status in (400, 403):
        return Answer(
            question, Mark.FAIL, description, "write /start to the bot, or add it to the group; check TELEGRAM_CHAT_ID"
        )
    return None
