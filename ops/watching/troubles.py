"""What is wrong with the daemon right now, cause by cause, in words for its owner. Pure: readings in, troubles out.

Three answers a cause: a trouble, fine, or nothing known (the cause is then not mentioned). Unknown is not fine.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from alerts.texts.words import EXCHANGES, Words
from collectors.feeds.sink import BRIEF_S
from ops.commands.key_checks import KeyAnswer, KeyState
from ops.watching.health import NOTICE_CHANNELS, unexplained
from ops.watching.readings import ChannelReading, FeedReading, Readings

SILENT_S = 60.0
FAILURES_TOLD = 20  # in a row, of one connection: about seven minutes
BRIEF_TOLD = 15  # brief connections in a row: two or three minutes
CODES_NAMED = 10
QUIET_S = 60.0  # a counter of losses that has stood still for this long is over
DISK_FREE_MIN = 0.10
DISK_DAYS_MIN = 14.0
DISK_FREE_FINE = 0.11  # once it was told, the disk is fine again only beyond these
DISK_DAYS_FINE = 16.0
CLOCK_OFF_MS = 1_000
NO_ACCIDENT = 3  # looks that failed in a row at the start

START, STOP, CRASH, RELOADED = "started", "stopped", "crashed", "reloaded"  # causes that are events, not conditions
RELOAD = "reload"


class Trouble(Struct, frozen=True):
    """`cause` stands in the alert's key; `what` and `remedy` are sentences for people."""

    cause: str
    what: Words
    remedy: Words


class Pulse(Struct, frozen=True):
    """What two readings tell together, in seconds of the monotonic clock.

    How long each feed has said nothing; how long ago rows were dropped or refused, and each feed sent frames that break
    the contract in a way that it broke it before (None: never since the start).
    """

    silent_s: Mapping[str, float]
    dropped_ago_s: float | None = None
    refused_ago_s: float | None = None
    unreadable_ago_s: Mapping[str, float | None] = {}


def name_of(cause: str) -> Words:
    """What a cause is called when it is over."""
    kind, _, rest = cause.partition(":")
    match kind:
        case "feed":
            korean, english = EXCHANGES.get(rest, (rest, rest))
            return f"{korean} 체결 수신", f"the {english} feed"
        case "channel":
            return f"상장 채널 {rest}", f"listing channel {rest}"
        case "key" | "key_ends":
            korean, english = KEYED.get(rest, (rest, rest))
            return f"{korean} API 키", f"the API key of {english}"
        case "connection" | "codes" | "frames":
            korean, english = EXCHANGES.get(rest, (rest, rest))
            korean_kind, english_kind = KINDS[kind]
            return f"{korean} {korean_kind}", f"{english_kind} {english}"
    return NAMES.get(cause, (cause, cause))


KEYED: Mapping[str, Words] = {
    **EXCHANGES,
    "binance": ("바이낸스", "Binance"),
    "okx": ("OKX", "OKX"),
    "bybit": ("바이빗", "Bybit"),
}
KEY_REMEDIES: Mapping[str, Words] = {  # Upbit's names for what only the owner can mend
    "no_authorization_ip": (
        "업비트 > 마이페이지 > Open API 관리에서 이 컴퓨터의 IP 주소를 키에 추가하세요.",
        "Add this machine's address to the key under Upbit > My page > Open API.",
    ),
    "expired_access_key": (
        "키의 유효 기간(1년)이 끝났습니다. 새 키를 만들어 두 값을 모두 설정한 뒤 다시 시작하세요.",
        "The key has expired (they live a year): make a new one, set both halves and start again.",
    ),
}
KINDS: Mapping[str, Words] = {
    "connection": ("연결", "a connection to"),
    "codes": ("구독 거부", "codes refused by"),
    "frames": ("읽을 수 없는 메시지", "unreadable frames of"),
}
NAMES: Mapping[str, Words] = {
    "writer": ("데이터베이스 기록", "writing to the database"),
    "drop": ("기록 누락", "rows being dropped"),
    "unstorable": ("저장할 수 없는 행", "rows that cannot be stored"),
    "disk": ("디스크 공간", "disk space"),
    "chats": ("바뀐 채팅 ID", "the chat that has a new id"),
    "audit": ("거래소 캔들과의 대조", "the audit against the exchanges' candles"),
    "clock": ("시계 오차", "this machine's clock"),
    RELOAD: ("설정 오류", "the wrong configuration"),
}


def troubles(readings: Readings, pulse: Pulse, known: frozenset[str]) -> dict[str, Trouble | None]:
    """Every cause about which these readings say something; None: fine. `known` causes were told before."""
    found: dict[str, Trouble | None] = {}
    for exchange, silent_s in pulse.silent_s.items():
        feed = readings.feeds[exchange]
        if silent_s > SILENT_S:
            found[f"feed:{exchange}"] = _silent(exchange, silent_s, feed.last_error)
        elif feed.last_message_ms is not None:
            found[f"feed:{exchange}"] = None
        found |= _feed(exchange, feed, pulse.unreadable_ago_s.get(exchange))
    for name, channel in readings.channels.items():
        if channel.state == "down" or (channel.state == "off" and channel.errors):
            found[f"channel:{name}"] = _down(name, channel.reason, readings)
        elif channel.state == "up":
            found[f"channel:{name}"] = None
    for exchange, key in readings.keys.items():
        found |= _key(exchange, key)
    found |= _writing(readings, pulse)
    found |= _disk(readings, "disk" in known)
    found["chats"] = _moved(readings)
    found["audit"] = _audit(readings)
    if readings.clock_offset_ms is not None:
        found["clock"] = _clock(*readings.clock_offset_ms)
    return found


def _silent(exchange: str, silent_s: float, error: str) -> Trouble:
    korean, english = EXCHANGES.get(exchange, (exchange, exchange))
    why = f" ({error})" if error else ""
    return Trouble(
        f"feed:{exchange}",
        (
            f"{korean}에서 {silent_s:.0f}초 동안 체결이 오지 않음{why}",
            f"{english} has sent nothing for {silent_s:.0f} s{why}",
        ),
        (
            "자동으로 다시 연결합니다. 거래소 점검 공지와 이 컴퓨터의 네트워크를 확인하세요.",
            "It reconnects by itself; look for a maintenance notice of the exchange and at this machine's network.",
        ),
    )


def _feed(exchange: str, feed: FeedReading, unreadable_ago_s: float | None) -> dict[str, Trouble | None]:
    """What is wrong with the connections of an exchange that need not silence all of it."""
    korean, english = EXCHANGES.get(exchange, (exchange, exchange))
    found: dict[str, Trouble | None] = {}
    why = f": {feed.last_error}" if feed.last_error else ""
    what: Words | None = None
    if feed.failures >= FAILURES_TOLD:
        what = (
            f"{korean} 연결이 {feed.failures}번 연속 실패함{why}",
            f"a connection to {english} failed {feed.failures} times in a row{why}",
        )
    elif feed.brief >= BRIEF_TOLD:
        what = (
            f"{korean} 연결이 {feed.brief}번 연속 {BRIEF_S:.0f}초도 못 버티고 끊김{why}",
            f"a connection to {english} ended within {BRIEF_S:.0f} s of its start {feed.brief} times in a row{why}",
        )
    if what is not None:
        remedy = (
            "계속 다시 시도합니다. `doctor`로 네트워크와 거래소를 확인하세요.",
            "It goes on trying, for ever; `doctor` asks the exchange and this machine's network.",
        )
        found[f"connection:{exchange}"] = Trouble(f"connection:{exchange}", what, remedy)
    elif not (feed.failures or feed.brief):
        found[f"connection:{exchange}"] = None
    found[f"codes:{exchange}"] = None
    if feed.refused_codes:
        codes = ", ".join(feed.refused_codes[:CODES_NAMED])
        found[f"codes:{exchange}"] = Trouble(
            f"codes:{exchange}",
            (
                f"{korean}이(가) {len(feed.refused_codes)}개 마켓의 구독을 거부함: {codes}",
                f"{english} refuses to send {len(feed.refused_codes)} markets: {codes}",
            ),
            (
                "나머지는 계속 기록합니다. 거부된 마켓은 다시 요청하며, 그동안은 결측입니다.",
                "All others are recorded; these are asked for again, and their time is a gap meanwhile.",
            ),
        )
    found[f"frames:{exchange}"] = None
    if unreadable_ago_s is not None and unreadable_ago_s < QUIET_S:
        kind = max(feed.unreadable, key=lambda each: feed.unreadable[each])
        found[f"frames:{exchange}"] = Trouble(
            f"frames:{exchange}",
            (
                f"{korean}에서 읽을 수 없는 메시지가 옴 ({feed.unreadable[kind]:,}건: {kind})",
                f"{english} sends frames that cannot be read ({feed.unreadable[kind]:,} × {kind})",
            ),
            (
                "해당 초는 결측으로 표시되고 원문은 quarantine 테이블에 있습니다. 형식이 바뀌었다면 업데이트하세요.",
                "Those seconds are marked as gaps, samples are in `quarantine`; a change of format needs an update.",
            ),
        )
    return found


def _down(name: str, reason: str, readings: Readings) -> Trouble:
    """A channel that does not answer, or is left alone because it refused us; the last of its kind weighs more."""
    what = f"상장 채널 {name} 응답 없음: {reason}", f"listing channel {name} is down: {reason}"
    for each in deaf(readings):
        if name in NOTICE_CHANNELS[each.cause.partition(":")[2]]:
            korean, english = "; 이 거래소의 공지 채널이 이제 없음", "; no notice channel of this exchange works now"
            return Trouble(f"channel:{name}", (what[0] + korean, what[1] + english), each.remedy)
    remedy = (
        "다른 채널은 계속 봅니다. `doctor`가 원인을 알려 줍니다.",
        "The other channels carry on; `doctor` tells which part fails.",
    )
    return Trouble(f"channel:{name}", what, remedy)


def _key(exchange: str, key: KeyAnswer) -> dict[str, Trouble | None]:
    """A key that ends soon and one that is refused are two causes: the second must ring although the first has."""
    name, ends = f"key:{exchange}", f"key_ends:{exchange}"
    korean, english = KEYED.get(exchange, (exchange, exchange))
    remedy = (
        "거래소 사이트에서 읽기 전용 키를 새로 만들어 설정한 뒤 다시 시작하세요. `doctor`로 확인할 수 있습니다.",
        "Make a new read-only key on the exchange's site, set it and start again; `doctor` checks it.",
    )
    remedy = next((told for name_of_it, told in KEY_REMEDIES.items() if name_of_it in key.found), remedy)
    match key.state:
        case KeyState.REFUSED:
            what = f"{korean} API 키를 쓸 수 없음: {key.found}", f"the API key of {english} is of no use: {key.found}"
            return {name: Trouble(name, what, remedy)}
        case KeyState.ENDING:
            what = f"{korean} API 키가 곧 만료됨: {key.found}", f"the API key of {english} {key.found}"
            return {name: None, ends: Trouble(ends, what, remedy)}
    return {name: None, ends: None}


def _writing(readings: Readings, pulse: Pulse) -> dict[str, Trouble | None]:
    found: dict[str, Trouble | None] = {"drop": None, "unstorable": None}
    if readings.writer_fault is not None:
        found["writer"] = Trouble(
            "writer",
            (
                f"데이터베이스에 기록할 수 없음: {readings.writer_fault}",
                f"the database takes no writes: {readings.writer_fault}",
            ),
            (
                "공간을 비우거나 폴더 권한을 고치세요. 고쳐지면 스스로 이어 갑니다.",
                "Free space, or mend the folder's permissions; recording goes on by itself then.",
            ),
        )
    elif readings.writer.last_commit_ms is not None:
        found["writer"] = None
    if pulse.dropped_ago_s is not None and pulse.dropped_ago_s < QUIET_S:
        found["drop"] = Trouble(
            "drop",
            (
                f"기록 {readings.writer.dropped:,}건이 누락되어 결측으로 표시됨",
                f"{readings.writer.dropped:,} rows were dropped and marked as gaps",
            ),
            (
                "디스크가 느리거나 가득 찼는지 확인하세요. `gaps`에서 구간을 볼 수 있습니다.",
                "Is the disk slow or full? `gaps` shows which seconds.",
            ),
        )
    if pulse.refused_ago_s is not None and pulse.refused_ago_s < QUIET_S:
        found["unstorable"] = Trouble(
            "unstorable",
            (
                f"데이터베이스가 {readings.writer.failed:,}건을 거부함",
                f"the database refused {readings.writer.failed:,} rows",
            ),
            (
                "로그에 해당 값이 있습니다. 버그이니 알려 주세요.",
                "The log has their values; this is a bug worth reporting.",
            ),
        )
    return found


def _disk(readings: Readings, known: bool) -> dict[str, Trouble | None]:
    free, days = readings.disk_free_part, readings.disk_days_left
    if free is None:
        return {}
    low = free < (DISK_FREE_FINE if known else DISK_FREE_MIN)
    soon = days is not None and days < (DISK_DAYS_FINE if known else DISK_DAYS_MIN)
    if not (low or soon):
        return {"disk": None}
    korean = f"디스크 여유 {free * 100:.0f} %"
    english = f"{free * 100:.0f} % of the disk is free"
    if soon:
        korean += f", 약 {days:.0f}일 뒤 가득 참"
        english += f"; full in about {days:.0f} days"
    remedy = (
        "공간을 비우거나 radar.yaml의 retention.minutes_days를 줄이세요.",
        "Free space, or keep less: retention.minutes_days in radar.yaml.",
    )
    return {"disk": Trouble("disk", (korean, english), remedy)}


def _moved(readings: Readings) -> Trouble | None:
    """A group that became a supergroup: it goes on being served until the next start, which must know the new id."""
    if not readings.moved_chats:
        return None
    ids = ", ".join(f"{chat} → {now}" for chat, now in readings.moved_chats.items())
    what = f"텔레그램 그룹의 ID가 바뀜: {ids}", f"a Telegram group has a new id: {ids}"
    remedy = (
        "TELEGRAM_CHAT_ID의 ID를 새 것으로 바꾼 뒤 다시 시작하세요. 그때까지 알림은 새 ID로 보냅니다.",
        "Put the new id into TELEGRAM_CHAT_ID and start again; alerts go to the new one meanwhile.",
    )
    return Trouble("chats", what, remedy)


def _audit(readings: Readings) -> Trouble | None:
    if not unexplained(readings):
        return None
    count, compared = readings.audit.unexplained, readings.audit.compared
    return Trouble(
        "audit",
        (
            f"기록이 거래소 자체 캔들과 다르고 체결 내역도 설명하지 못함: {compared:,}건 중 {count:,}건",
            f"{count:,} of {compared:,} stored candles hold what neither the exchange's candles nor its trades show",
        ),
        (
            "해당 구간은 `gaps`에 differed로 남고 값은 로그에 있습니다. 반복되면 알려 주세요.",
            "They stay, marked as differed in `gaps`, with the values of both; if it goes on, it is worth reporting.",
        ),
    )


def _clock(low_ms: int, high_ms: int) -> Trouble | None:
    """Positive: ours is ahead. Nothing is said while the truth may lie within a second."""
    if high_ms >= -CLOCK_OFF_MS and low_ms <= CLOCK_OFF_MS:
        return None
    off_s = (low_ms if low_ms > 0 else -high_ms) / 1000
    korean, english = ("빠름", "ahead") if low_ms > 0 else ("느림", "behind")
    return Trouble(
        "clock",
        (
            f"이 컴퓨터의 시계가 {off_s:.1f}초 이상 {korean}",
            f"this machine's clock is at least {off_s:.1f} s {english}",
        ),
        (
            "시간 동기화를 켜세요: `timedatectl set-ntp true`",
            "Turn time synchronisation on: `timedatectl set-ntp true`",
        ),
    )


def deaf(readings: Readings) -> Iterator[Trouble]:
    """Exchanges none of whose notice channels works: a listing there is seen late, in the market list."""
    for exchange, names in NOTICE_CHANNELS.items():
        channels = {name: readings.channels[name] for name in names if name in readings.channels}
        if not channels or any(_works(channel) for channel in channels.values()):
            continue
        korean, english = EXCHANGES.get(exchange, (exchange, exchange))
        why = "; ".join(f"{name} {channel.state}: {channel.reason}" for name, channel in channels.items())
        yield Trouble(
            f"notices:{exchange}",
            (f"{korean} 공지 채널이 모두 작동하지 않음 ({why})", f"no notice channel of {english} works ({why})"),
            REMEDIES.get(exchange, REMEDY),
        )


REMEDY: Words = (
    "`doctor`로 확인하세요. 그동안 상장은 마켓 목록에서 더 늦게 보입니다.",
    "Ask `doctor`; meanwhile listings are seen later, in the market list.",
)
REMEDIES: Mapping[str, Words] = {
    "upbit": (
        "UPBIT_ACCESS_KEY와 UPBIT_SECRET_KEY(권한 없는 키)를 설정하면 공식 공지 소켓을 씁니다. "
        "그동안 상장은 마켓 목록에서 더 늦게 보입니다.",
        "Set UPBIT_ACCESS_KEY and UPBIT_SECRET_KEY (a key without permissions) for the official announcement "
        "socket; meanwhile listings are seen later, in the market list.",
    ),
}


def _works(channel: ChannelReading) -> bool:
    """Up, or failing for less than a minute after it last answered."""
    return channel.state == "up" or (channel.state == "degraded" and channel.last_ok_ms is not None)


def settled(readings: Readings) -> bool:
    """Whether every listing channel has answered by now, or failed so often that it is no accident."""
    return all(channel.state != "degraded" or channel.errors >= NO_ACCIDENT for channel in readings.channels.values())
