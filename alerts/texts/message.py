"""What people read about a listing, in Korean or English, from one formatter.

Made for a phone and three seconds: the first lines say verdict, coin, exchange, opening time, the run so far, route and
net. Below follow reasons, then tables, then sources: in order of use, so that what is too long is cut at the right end.
Plain text; markup, the id of the alert and marks such as "possible repeat" are added on its way out.
"""

from collections.abc import Sequence

from alerts.alert import AlertLevel
from alerts.texts.details import best_route, costs, facts, finding, net, premiums, routes, run, section, sources
from alerts.texts.figures import krw, kst, percent, span
from alerts.texts.listing_lines import coin, lateness, opening, seen, title, unwatched
from alerts.texts.listing_lines import links as links  # part of what this module offers
from alerts.texts.words import CHANGES, EXCHANGES, LABELS, OUTCOMES, PREFIX, say, unknown, word
from alerts.texts.words import Language as Language
from analysis.outcome import ListingOutcome
from analysis.verdict import Finding, Outcome, Verdict
from collectors.events import Listing, Notice

DIGEST_LINES = 30


def first_sight(listing: Listing, language: Language, now_ms: int, level: AlertLevel = AlertLevel.HIGH) -> str:
    """What is known at the first sight of a listing, before anything is judged."""
    lines = [f"{PREFIX[level]} {say(('신규 상장', 'NEW LISTING'), language)} · {coin(listing, language)}"]
    lines += [opening(listing, language, now_ms), *seen(listing, language)]
    if listing.quotes and "KRW" not in listing.quotes:
        lines.append(say(("KRW 마켓 없음", "no KRW market"), language))
    lines += title(listing)
    return "\n".join(lines)


def with_verdict(listing: Listing, verdict: Verdict, language: Language, now_ms: int) -> str:
    """The same message once it is judged: verdict first, reasons, then every figure with its unit."""
    lines = [headline(listing, verdict, language), *run(listing, verdict, language)]
    lines += [opening(listing, language, now_ms), best_route(verdict, language), net(verdict, language)]
    sections = [
        list(seen(listing, language)),
        section(("막는 이유", "Blockers"), (finding(each, language) for each in verdict.blockers), language),
        section(("주의", "Warnings"), (finding(each, language) for each in verdict.warnings), language),
        section(("프리미엄", "Premium"), premiums(verdict, language), language),
        section(("경로", "Routes"), routes(verdict.routes, language), language),
        section(("비용", "Cost"), costs(verdict.cost, language), language),
        section(("시장", "Market"), facts(verdict, language), language),
        section(("자료", "Sources"), sources(verdict, language, now_ms), language),
        title(listing),
    ]
    for each in sections:
        if each:
            lines += ["", *each]
    return "\n".join(lines)


def headline(listing: Listing, verdict: Verdict, language: Language) -> str:
    """Level, verdict, coin, exchange."""
    return f"{PREFIX[verdict.level]} {say(OUTCOMES[verdict.outcome], language)} · {coin(listing, language)}"


def verdict_changed(
    listing: Listing,
    before: Outcome | None,
    verdict: Verdict,
    language: Language,
    now_ms: int,
    gone: Sequence[Finding] = (),
) -> str:
    """The reply that rings when a verdict turns to READY or GO, or back from either; an edit would not ring.

    `gone` are the blockers that stood before and do not any more.
    """
    lines = [headline(listing, verdict, language), *run(listing, verdict, language)]
    lines += [opening(listing, language, now_ms), best_route(verdict, language), net(verdict, language)]
    if before is not None:
        was = say(OUTCOMES[before], language)
        lines.append(say((f"이전 판단: {was}", f"before: {was}"), language))
    lines += [f"✕ {finding(each, language)}" for each in verdict.blockers]
    over = say(("해소됨", "no longer"), language)
    lines += [f"✓ {over}: {finding(each, language)}" for each in gone]
    lines += [f"! {finding(each, language)}" for each in verdict.warnings]
    return "\n".join(lines)


def change(
    what: str,
    before: Listing | None,
    listing: Listing,
    language: Language,
    now_ms: int,
    level: AlertLevel = AlertLevel.HIGH,
    premium_bps: float | None = None,
    excess_bps: float | None = None,
    blind_since_ms: int | None = None,
) -> str:
    """What happened to a listing since its first sight: one of `CHANGES`, with old and new where they differ.

    Premium and excess are said where they are known, once trading has started; `blind_since_ms` is since when nobody
    looked, where the change fell into that time.
    """
    lines = [f"{PREFIX[level]} {word(CHANGES, what, language)} · {coin(listing, language)}"]
    lines.append(opening(listing, language, now_ms))
    if premium_bps is not None:
        lines.append(f"{say(('코인 프리미엄', 'Coin premium'), language)} {percent(premium_bps, language)}")
    if excess_bps is not None:
        lines.append(f"{say(('초과 프리미엄', 'Excess premium'), language)} {percent(excess_bps, language)}")
    was_ms = before.trading_starts_ms if before is not None else None
    if was_ms is not None and was_ms != listing.trading_starts_ms:
        was = kst(was_ms, language)
        lines.append(say((f"이전 시각 {was}", f"before: {was}"), language))
    if listing.deposit_opens_ms is not None and (before is None or before.deposit_opens_ms != listing.deposit_opens_ms):
        lines.append(f"{say(('입금 시작', 'Deposits open'), language)} {kst(listing.deposit_opens_ms, language)}")
    if before is not None and (added := [quote for quote in listing.quotes if quote not in before.quotes]):
        lines.append(f"{say(('추가된 마켓', 'New markets'), language)} {', '.join(added)}")
    if blind_since_ms is not None:
        lines.append(unwatched(max(0, now_ms - blind_since_ms), language))
    return "\n".join([*lines, *title(listing)])


def outcome(listing: Listing, found: ListingOutcome, language: Language, level: AlertLevel = AlertLevel.HIGH) -> str:
    """What became of a listing in its first half hour; fits below a picture."""
    lines = [f"{PREFIX[level]} {say(('30분 결과', '30 MINUTES ON'), language)} {_label(found, language)}"]
    lines[0] += f" · {coin(listing, language)}"
    highest = (percent(found.max_premium_bps, language), percent(found.max_excess_bps, language))
    words = (
        f"최고 프리미엄 {highest[0]}, 최고 초과 {highest[1]}",
        f"highest premium {highest[0]}, excess {highest[1]}",
    )
    lines.append(say(words, language))
    at = [percent(bps, language) for bps in (found.at_1_min_bps, found.at_5_min_bps, found.at_30_min_bps)]
    lines.append(
        say((f"1분 {at[0]} · 5분 {at[1]} · 30분 {at[2]}", f"1 min {at[0]} · 5 min {at[1]} · 30 min {at[2]}"), language)
    )
    held = span(round(found.above_hit_s * 1000), language)
    lines.append(say((f"초과 8 % 이상 {held}", f"excess of 8 % or more for {held}"), language))
    first = krw(found.first_minute_krw, language)
    lines.append(say((f"첫 1분 거래대금 {first}", f"volume of the first minute {first}"), language))
    return "\n".join(lines)


def _label(found: ListingOutcome, language: Language) -> str:
    return word(LABELS, found.label.value, language)


def rival_lists(listing: Listing, rival: Listing, language: Language, now_ms: int) -> str:
    """The same coin on the other exchange: the loss that traders name first, so it rings."""
    where = word(EXCHANGES, rival.exchange, language)
    what = say((f"{where}도 상장", f"{where} lists it too"), language)
    lines = [
        f"{PREFIX[AlertLevel.HIGH]} {what} · {coin(listing, language)}",
        coin(rival, language),
        opening(rival, language, now_ms),
        *seen(rival, language),
        *title(rival),
    ]
    return "\n".join(lines)


def unread_notice(notice: Notice, language: Language, now_ms: int) -> str:
    """A notice in a trade category that could not be understood: told at once, as it stands."""
    where = word(EXCHANGES, notice.exchange, language)
    words = (f"해석하지 못한 공지 · {where}", f"UNREAD NOTICE · {where}")
    lines = [f"{PREFIX[AlertLevel.HIGH]} {say(words, language)}", f"“{notice.title}”"]
    lines.append(f"{say(('공지', 'Published'), language)} {kst(notice.published_ms, language)}")
    if notice.published_ms is not None and now_ms - notice.published_ms > 60_000:
        lines.append(lateness(now_ms - notice.published_ms, language))
    if notice.categories:
        lines.append(f"{say(('분류', 'Category'), language)} {', '.join(notice.categories)}")
    lines.append(say(("직접 확인하세요", "read it yourself"), language))
    return "\n".join([*lines, notice.url] if notice.url else lines)


def missed_digest(notices: Sequence[Notice], language: Language, now_ms: int) -> str:
    """Listings published too long ago to be told one by one, newest last."""
    count = len(notices)
    words = (f"놓친 상장 공지 {count}건 (오래됨)", f"{count} listing notices missed, too old to tell one by one")
    lines = [f"{PREFIX[AlertLevel.LOW]} {say(words, language)}"]
    for notice in notices[-DIGEST_LINES:]:
        where = word(EXCHANGES, notice.exchange, language)
        lines.append(f"· {where} “{notice.title}” {_ago(notice.published_ms, language, now_ms)}")
    return "\n".join(lines)


def _ago(at_ms: int | None, language: Language, now_ms: int) -> str:
    if at_ms is None:
        return unknown(language)
    age = span(max(0, now_ms - at_ms), language)
    return say((f"{age} 전", f"{age} ago"), language)
