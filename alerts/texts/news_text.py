"""What people read about a coin besides its listing: other notices, a new name, a wallet that appears. Pure."""

from collections.abc import Mapping

from alerts.alert import AlertLevel
from alerts.texts.figures import kst
from alerts.texts.words import EXCHANGES, PREFIX, Language, Words, say, word
from collectors.events import Exchange, Notice
from collectors.listings.market_lists import Renamed
from collectors.notices.other_news import BAD, OtherNews

NEWS: Mapping[str, Words] = {
    "delisting": ("거래지원 종료", "DELISTING"),
    "caution": ("거래 유의 지정", "CAUTION DESIGNATED"),
    "caution_lifted": ("거래 유의 해제", "CAUTION LIFTED"),
    "halted": ("입출금 중단", "DEPOSITS OR WITHDRAWALS HALTED"),
    "resumed": ("입출금 재개", "DEPOSITS OR WITHDRAWALS RESUMED"),
    "transfers": ("입출금 안내", "DEPOSITS AND WITHDRAWALS"),
    "rename": ("명칭 변경·토큰 스왑", "RENAME OR TOKEN SWAP"),
}


def other(news: OtherNews, notice: Notice, language: Language, level: AlertLevel) -> str:
    """One notice about coins under watch; the bad kinds carry a warning sign."""
    warning = "⚠️ " if news.what in BAD else ""
    where = word(EXCHANGES, notice.exchange, language)
    lines = [f"{PREFIX[level]} {warning}{word(NEWS, news.what.value, language)} · {', '.join(news.coins)} · {where}"]
    lines.append(f"“{notice.title}”")
    lines.append(f"{say(('공지', 'Published'), language)} {kst(notice.published_ms, language)}")
    return "\n".join([*lines, notice.url] if notice.url else lines)


def renamed(exchange: Exchange, change: Renamed, language: Language, level: AlertLevel) -> str:
    """A coin goes on under another name: no listing, although its code is new."""
    where = word(EXCHANGES, exchange, language)
    quotes = f" ({', '.join(change.quotes)})" if change.quotes else ""
    told = ("신규 상장이 아님: 같은 마켓이 새 이름으로 표시됨", "no new listing: the same market under a new name")
    return (
        f"{PREFIX[level]} {word(NEWS, 'rename', language)} · {change.old} → {change.new} · {where}{quotes}\n"
        f"{say(told, language)}"
    )


def new_wallet(exchange: Exchange, base: str, language: Language, level: AlertLevel) -> str:
    """A coin that is not listed appears among the deposit states: maybe a listing, maybe a swap or an airdrop."""
    where = word(EXCHANGES, exchange, language)
    told = ("새 입출금 지갑", "NEW WALLET")
    maybe = (
        "아직 공지 없음: 상장 준비일 수 있으나 토큰 스왑·에어드랍일 수도 있음",
        "no notice yet: it may prepare a listing, but also a token swap or an airdrop",
    )
    return f"{PREFIX[level]} {say(told, language)} · {base} · {where}\n{say(maybe, language)}"
