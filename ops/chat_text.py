"""The answers to commands as people read them in the chat, in Korean or English, from one formatter. Pure.

Coins, titles and reasons are other people's text; they go as plain text, which the notifier escapes and cuts.
"""

from collections.abc import Iterable, Iterator, Sequence

from alerts.chat.asked import MENU, Misspelled
from alerts.texts.details import best_route, facts, finding, net
from alerts.texts.figures import kst, kst_time, percent, span, valued
from alerts.texts.words import EXCHANGES, OUTCOMES, PREFIX, Language, Words, say, unknown, word
from analysis.verdict import Fact, Outcome, Verdict
from collectors.events import Exchange
from ops.watching.health import Report
from store.tables.gaps import GapRow
from store.tables.listings import ListingRow
from store.tables.mutes import Mute

STATUSES = {
    "green": ("🟢 정상", "🟢 All is well"),
    "yellow": ("🟡 주의", "🟡 Careful"),
    "red": ("🔴 이상", "🔴 Broken"),
}
CHANNELS: dict[str, Words] = {"up": ("작동", "up"), "off": ("꺼짐", "off")}
STATES: dict[str, Words] = {
    "announced": ("공지됨", "announced"),
    "postponed": ("연기됨", "postponed"),
    "deposits_open": ("입금 열림", "deposits open"),
    "trading": ("거래 중", "trading"),
    "settled": ("지난 상장", "over"),
    "cancelled": ("취소됨", "cancelled"),
}
HEALED: dict[str, Words] = {
    "open": ("미복구", "not healed yet"),
    "healed": ("복구됨", "healed"),
    "unhealable": ("복구 불가", "cannot be healed"),
}
TOGETHER_MS = 10_000  # gaps that begin and end about together are one line
GAPS_SHOWN = 12
REASONS_SHOWN = 8
FINDINGS_SHOWN = 6


def status(report: Report, reasons: Sequence[Words], ignored: int, language: Language) -> str:
    """How the daemon is: worst first, then feeds, channels, alerts, disk."""
    now_ms = report.heartbeat_ms
    up = span(max(0, now_ms - report.started_ms), language)
    lines = [
        f"{say(STATUSES[report.status], language)} · {report.version} · {say((f'{up} 가동', f'up {up}'), language)}"
    ]
    lines += [f"! {say(reason, language)}" for reason in reasons[:REASONS_SHOWN]]
    for name, feed in report.feeds.items():
        state = say(("연결됨", "connected") if feed.connected else ("연결 안 됨", "not connected"), language)
        count = say((f"마켓 {feed.markets}개", f"{feed.markets} markets"), language)
        ago = _ago(feed.last_message_ms, now_ms, language)
        heard = say((f"마지막 수신 {ago}", f"last message {ago}"), language)
        lines.append(f"{word(EXCHANGES, name, language)}: {state}, {count}, {heard}")
    working = sum(channel.state == "up" for channel in report.channels.values())
    channels = say(("상장 채널", "listing channels"), language)
    lines.append(f"{channels}: {working}/{len(report.channels)} {say(CHANNELS['up'], language)}")
    for name, channel in report.channels.items():
        if channel.state != "up":
            lines.append(f"  {name}: {word(CHANNELS, channel.state, language)} {channel.reason}".rstrip())
    told = report.alerts
    words = (
        f"알림: 전송 {told.sent}, 대기 {told.pending}, 불확실 {told.uncertain}, 실패 {told.failed}",
        f"alerts: {told.sent} sent, {told.pending} waiting, {told.uncertain} uncertain, {told.failed} failed",
    )
    lines.append(say(words, language))
    if report.disk_days_left is not None:
        days = f"{report.disk_days_left:,.0f}"
        lines.append(say((f"디스크: {days}일 남음", f"disk: {days} days left"), language))
    if ignored:
        said = (f"허용되지 않은 채팅의 메시지 {ignored}건 무시함", f"ignored {ignored} messages of other chats")
        lines.append(say(said, language))
    return "\n".join(lines)


def listings(rows: Sequence[ListingRow], mutes: Sequence[Mute], language: Language) -> str:
    """Newest first, each with its state, its opening and the last verdict."""
    if not rows:
        return say(("아직 감지된 상장이 없습니다", "no listing was seen yet"), language)
    muted = {(each.exchange, each.base) for each in mutes}
    lines = [say(("최근 상장", "Listings"), language)]
    for row in reversed(rows):
        sign = " 🔕" if (row.exchange, row.base) in muted else ""
        where = word(EXCHANGES, row.exchange, language)
        state = word(STATES, row.state, language)
        lines.append(f"{row.base} · {where} · {state}{sign}")
        starts = row.first_trade_ms if row.first_trade_ms is not None else row.trading_starts_ms
        parts = [kst(starts, language)]
        if row.verdict is not None:
            outcome = say(OUTCOMES[Outcome(row.verdict)], language)
            parts.append(f"{outcome}{'' if row.net_bps is None else f' {percent(row.net_bps, language)}'}")
        lines.append(f"  {', '.join(parts)}")
    return "\n".join(lines)


def verdicts(symbol: str, found: Iterable[tuple[Exchange, Verdict]], language: Language, now_ms: int) -> str:
    """A coin as it is judged now, exchange by exchange: verdict, route, net, reasons, the main figures."""
    parts = []
    for exchange, verdict in found:
        where = word(EXCHANGES, exchange, language)
        lines = [f"{PREFIX[verdict.level]} {say(OUTCOMES[verdict.outcome], language)} · {symbol} · {where}"]
        lines += [best_route(verdict, language), net(verdict, language)]
        lines += [f"✕ {finding(each, language)}" for each in verdict.blockers[:FINDINGS_SHOWN]]
        lines += [f"! {finding(each, language)}" for each in verdict.warnings[:FINDINGS_SHOWN]]
        lines += [f"· {line}" for line in facts(verdict, language)]
        parts.append("\n".join(lines))
    parts.append(_asked_at(now_ms, language))
    return "\n\n".join(parts)


def premiums(symbol: str, found: Iterable[tuple[Exchange, Verdict]], language: Language, now_ms: int) -> str:
    """The premium of a coin, or of the whole market where `symbol` is empty, on each exchange that has it."""
    lines = [
        say((f"{symbol} 프리미엄", f"{symbol} premium") if symbol else ("시장 프리미엄", "Market premium"), language)
    ]
    for exchange, verdict in found:
        lines.append(f"{word(EXCHANGES, exchange, language)}: {', '.join(_premium(symbol, verdict, language))}")
    return "\n".join([*lines, _asked_at(now_ms, language)])


def _premium(symbol: str, verdict: Verdict, language: Language) -> Iterator[str]:
    market = verdict.facts.get("market_premium_bps")
    if symbol:
        yield percent(verdict.premium_bps, language)
        yield say(("시장 대비", "over the market"), language) + f" {percent(verdict.excess_bps, language)}"
    else:
        yield _value(market, "bps", language)
    yield f"{say(('환율', 'FX'), language)} {_value(verdict.facts.get('fx_krw_per_usdt'), 'krw_per_usdt', language)}"


def _value(fact: Fact | None, unit: str, language: Language) -> str:
    return unknown(language) if fact is None else valued(fact.value, unit, language)


def gaps(rows: Sequence[GapRow], language: Language, now_ms: int) -> str:
    """What was missed lately, newest first, many markets at once as one line, and whether it was healed."""
    if not rows:
        return say(("놓친 구간이 없습니다", "nothing was missed"), language)
    together: dict[tuple[str, int, int | None, str, str], list[GapRow]] = {}
    for row in reversed(rows):
        ends_s = None if row.to_ms is None else row.to_ms // TOGETHER_MS
        together.setdefault((row.exchange, row.from_ms // TOGETHER_MS, ends_s, row.cause, row.state), []).append(row)
    lines = [say(("최근 수신하지 못한 구간", "What was not received lately"), language)]
    for (exchange, _, ends, cause, state), group in list(together.items())[:GAPS_SHOWN]:
        first = group[0]
        lasted = span(max(0, (now_ms if first.to_ms is None else first.to_ms) - first.from_ms), language)
        running = say((" (진행 중)", " (still)"), language) if ends is None else ""
        where = f"{word(EXCHANGES, exchange, language)} {_markets(group, language)}"
        lines.append(
            f"{kst(first.from_ms, language)}: {where}, {lasted}{running}, {cause}, {word(HEALED, state, language)}"
        )
    return "\n".join(lines)


def _markets(group: Sequence[GapRow], language: Language) -> str:
    named = [row.market for row in group if row.market is not None]
    if len(named) < len(group):
        return say(("전체 마켓", "all markets"), language)
    return named[0] if len(named) == 1 else say((f"마켓 {len(named)}개", f"{len(named)} markets"), language)


def muted(mutes: Sequence[Mute], language: Language) -> str:
    """Which coins this chat does not want to hear of."""
    if not mutes:
        return say(("알림을 끈 코인이 없습니다: /mute SOL", "no coin is muted: /mute SOL"), language)
    lines = [say(("알림을 끈 코인", "Muted coins"), language)]
    for each in mutes:
        where = word(EXCHANGES, each.exchange, language)
        lines.append(f"🔕 {each.base} · {where} ({kst(each.since_ms, language) if each.since_ms else 'radar.yaml'})")
    return "\n".join([*lines, say(MUTE_ENDS, language)])


MUTE_ENDS: Words = ("새로 상장되면 다시 울립니다", "a new listing of the coin rings again")


def now_muted(symbol: str, language: Language) -> str:
    """What a mute does, said when it begins."""
    words = (
        f"🔕 {symbol}: 답글이 울리지 않습니다. 기록과 판단, 메시지 수정은 계속됩니다",
        f"🔕 {symbol}: no reply will ring. It is still recorded and judged, and its message goes on being edited",
    )
    return f"{say(words, language)}\n{say(MUTE_ENDS, language)}"


def now_unmuted(symbol: str, was_muted: bool, language: Language) -> str:
    if was_muted:
        return say((f"🔔 {symbol}: 다시 울립니다", f"🔔 {symbol}: rings again"), language)
    return say((f"{symbol}: 알림이 꺼져 있지 않았습니다", f"{symbol}: was not muted"), language)


def commands(wrong: Misspelled, language: Language) -> str:
    """What can be asked; for a command without its symbol, how that one is written."""
    if wrong.ask is not None:
        words = ("코인 기호가 필요합니다", "it needs the symbol of a coin")
        return f"{say(words, language)} · {say(MENU[wrong.ask], language)}"
    return "\n".join(f"/{ask.value} {say(words, language)}" for ask, words in MENU.items())


def _ago(at_ms: int | None, now_ms: int, language: Language) -> str:
    if at_ms is None:
        return unknown(language)
    ago = span(max(0, now_ms - at_ms), language)
    return say((f"{ago} 전", f"{ago} ago"), language)


def _asked_at(now_ms: int, language: Language) -> str:
    return f"{kst_time(now_ms, language)} KST"
