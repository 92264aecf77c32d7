"""Lines that every message about a listing shares: which coin, when it opens, when it was published and seen."""

from collections.abc import Iterator
from urllib.parse import quote

from alerts.texts.figures import kst, kst_time, span
from alerts.texts.words import EXCHANGES, NOTICE, Language, say, word
from collectors.events import Listing

LATE_MS = 10_000  # later than any channel's own pace (5 s, and up to 3 s in a cache): said on a line of its own
MARKET_PAGES = {
    "upbit": "https://upbit.com/exchange?code=CRIX.UPBIT.{quote}-{base}",
    "bithumb": "https://www.bithumb.com/react/trade/order/{base}-{quote}",
}
# Where a person buys the coin abroad, as each venue's own pages are addressed (checked 2026-11-29).
VENUE_PAGES = {
    "binance": "https://www.binance.com/en/trade/{base}_USDT?type=spot",
    "okx": "https://www.okx.com/trade-spot/{lower}-usdt",
    "bybit": "https://www.bybit.com/en/trade/spot/{base}/USDT",
    "gate": "https://www.gate.com/trade/{base}_USDT",
    "bitget": "https://www.bitget.com/spot/{base}USDT",
    "htx": "https://www.htx.com/trade/{lower}_usdt",
    "coinbase": "https://www.coinbase.com/advanced-trade/spot/{base}-USD",
    "kucoin": "https://www.kucoin.com/trade/{base}-USDT",
    "mexc": "https://www.mexc.com/exchange/{base}_USDT",
    "kraken": "https://pro.kraken.com/app/trade/{lower}-usd",
}


def coin(listing: Listing, language: Language) -> str:
    """`NOVA · Upbit (KRW, BTC)`; without the bracket while the markets are unknown."""
    name = f"{listing.base} · {word(EXCHANGES, listing.exchange, language)}"
    return f"{name} ({', '.join(listing.quotes)})" if listing.quotes else name


def opening(listing: Listing, language: Language, now_ms: int) -> str:
    """When trading starts, in Korean time, and how far away that is."""
    starts_ms = listing.trading_starts_ms
    if listing.first_trade_ms is not None:
        return f"{say(('첫 거래', 'First trade'), language)} {kst(listing.first_trade_ms, language)}"
    text = f"{say(('거래 시작', 'Trading opens'), language)} {kst(starts_ms, language)}"
    if starts_ms is not None and starts_ms > now_ms:
        away_ms = starts_ms - now_ms
        away = span(away_ms if away_ms < 600_000 else away_ms // 60_000 * 60_000, language)
        text += say((f", {away} 뒤", f", in {away}"), language)
    return text


def seen(listing: Listing, language: Language) -> Iterator[str]:
    """Deposits, published against seen with the delay, the channel; late by how much, where it is."""
    if listing.deposit_opens_ms is not None:
        yield f"{say(('입금 시작', 'Deposits open'), language)} {kst(listing.deposit_opens_ms, language)}"
    at, channel = kst_time(listing.first_seen_ms, language), listing.first_channel.value
    if listing.published_ms is None:
        words = (f"공지 시각 알 수 없음 → 감지 {at} KST", f"Published: unknown → seen {at} KST")
        yield f"{say(words, language)} · {channel}"
        return
    delay_ms = max(0, listing.first_seen_ms - listing.published_ms)
    same_day = delay_ms < 12 * 3_600_000
    published = kst_time(listing.published_ms, language) if same_day else kst(listing.published_ms, language)
    words = (f"공지 {published} → 감지 {at} KST", f"Published {published} → seen {at} KST")
    yield f"{say(words, language)} (+{span(delay_ms, language)}) · {channel}"
    if delay_ms > LATE_MS:
        yield lateness(delay_ms, language)


def lateness(delay_ms: int, language: Language) -> str:
    """Published while we were down or blind: by how much the first sight is late."""
    late = _rounded(delay_ms, language)
    words = (
        f"⚠️ {late} 늦음: 보고 있지 않던 동안 공지됨",
        f"⚠️ late by {late}: published while we were not watching",
    )
    return say(words, language)


def _rounded(late_ms: int, language: Language) -> str:
    """A delay in whole minutes, below two of them in whole seconds."""
    step_ms = 60_000 if late_ms >= 120_000 else 1_000
    return span(late_ms // step_ms * step_ms, language)


def unwatched(blind_ms: int, language: Language) -> str:
    """Changed while we were down or blind: by how much it may be told late."""
    most = _rounded(blind_ms, language)
    words = (
        f"⚠️ 최대 {most} 늦음: 보고 있지 않던 동안 바뀜",
        f"⚠️ late by up to {most}: it changed while we were not watching",
    )
    return say(words, language)


def title(listing: Listing) -> list[str]:
    """The notice's title, exactly as received."""
    return [f"“{listing.title}”"] if listing.title else []


def links(listing: Listing, language: Language, venue: str | None = None) -> tuple[tuple[str, str], ...]:
    """Buttons: the notice, each Korean market's page, and the coin's page at a venue abroad."""
    found = [(say(NOTICE, language), listing.url)] if listing.url else []
    for market in listing.quotes:
        base, quoted = (quote(each, safe="", errors="replace") for each in (listing.base, market))
        page = MARKET_PAGES[listing.exchange].format(base=base, quote=quoted)
        found.append((f"{listing.base}/{market}", page))
    if venue in VENUE_PAGES:
        base = quote(listing.base, safe="", errors="replace")
        found.append((venue.capitalize(), VENUE_PAGES[venue].format(base=base, lower=base.lower())))
    return tuple(found)
