"""A year of listings in six hours, drawn from a seed: what is published when, in which words, and what goes wrong.

The counts of 2025: 59 coins at Upbit, 144 at Bithumb. All coins are invented; the wordings are those of the exchanges.
"""

import random
from datetime import UTC, datetime, timedelta, timezone

from msgspec import Struct
from msgspec.structs import replace

KST = timezone(timedelta(hours=9))
SPAN_S = 21_600.0
LISTINGS = {"upbit": 59, "bithumb": 144}
OTHERS = 2_000
APART_S = 20.0
SYLLABLES = "가나다라마바사아자차카타파하노로모보소오조초코토포호누루무부수우주추쿠투푸후리미비시이지치키티피히"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Coin(Struct, frozen=True):
    base: str
    name: str


class Announced(Struct):
    """One notice of one or several coins, or coins that only the market list shows (`title` empty)."""

    exchange: str
    coins: tuple[Coin, ...]
    quotes: tuple[str, ...]
    at_s: float
    opens_s: float
    title: str
    postponed_by_s: float | None = None
    postponed_at_s: float | None = None
    cancelled_at_s: float | None = None
    edited_at_s: float | None = None
    reposted_at_s: float | None = None


class Other(Struct, frozen=True):
    """Any other notice."""

    exchange: str
    at_s: float
    title: str
    category: str


class Outage(Struct, frozen=True):
    """One channel's service and path (or the socket, `path` empty) is broken for a while."""

    service: str
    path: str
    kind: str
    from_s: float
    to_s: float


class Return(Struct, frozen=True):
    """A listed coin leaves the list for less than a day, or (`new_name`) comes back under another name at once."""

    exchange: str
    coin: Coin
    at_s: float
    back_s: float
    new_name: Coin | None = None
    announced: bool = True


class Year(Struct):
    """Everything that will happen; `listed` are the coins that are there from the beginning."""

    listed: dict[str, list[Coin]]
    announced: list[Announced]
    others: list[Other]
    outages: list[Outage]
    restarts: list[tuple[float, float]]  # from, to
    returns: list[Return]
    wallets: list[tuple[float, Coin]]  # appear at Bithumb without any listing

    @property
    def keys(self) -> set[str]:
        """The first sights that must come, and no other may."""
        return {f"{each.exchange}:{coin.base}:1" for each in self.announced for coin in each.coins}


class _Draw:
    """Coins and wordings from one random source."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._used: set[str] = {"KRW", "BTC", "USDT", "ETH"}

    def coin(self) -> Coin:
        while True:
            length = self.random.choices((1, 2, 3, 4, 5, 6), (1, 3, 25, 35, 20, 8))[0]
            base = "".join(self.random.choices(LETTERS, k=length))
            if length > 2 and self.random.random() < 0.06:
                base = base[:-1] + self.random.choice("0123456789")
            if base not in self._used and base not in NOT_TICKERS:
                self._used.add(base)
                return Coin(base, "".join(self.random.choices(SYLLABLES, k=self.random.randint(2, 6))))


NOT_TICKERS = {
    *("API", "NFT", "VIP", "KYC", "FAQ", "PC", "APP", "AI", "IP", "OTC", "EVENT", "KST", "UTC", "TOP", "NEW", "ID"),
    *("QR", "P2P", "DEX", "CEX", "DAO"),
}


def draw(seed: int, start_ms: int) -> Year:
    """The year of this seed; `start_ms` is when its six hours begin."""
    drawn = _Draw(seed)
    rng = drawn.random
    listed = {exchange: [drawn.coin() for _ in range(60)] for exchange in LISTINGS}
    announced = _announced(drawn, start_ms)
    rng.shuffle(announced)
    _place(announced, rng)
    for each in announced:
        each.title = each.title and _worded(each, rng, start_ms)
        _trouble(each, rng)
    outages = _outages(rng)
    restarts = [(at_s, at_s + rng.uniform(5, 100)) for at_s in _times(rng, 8, 1_500.0)]
    away = [(outage.service, outage.from_s, outage.to_s) for outage in outages if outage.path == "/v1/market/all"]
    away += [(exchange, from_s, to_s) for exchange in LISTINGS for from_s, to_s in restarts]
    return Year(
        listed=listed,
        announced=announced,
        others=[_other(drawn, listed, announced) for _ in range(OTHERS)],
        outages=outages,
        returns=[_fair(each, away) for each in _returns(drawn, listed)],
        wallets=[(rng.uniform(300, SPAN_S - 300), drawn.coin()) for _ in range(10)],
        restarts=restarts,
    )


def _announced(drawn: _Draw, start_ms: int) -> list[Announced]:
    """Which coins are listed together, where; a third of Upbit's coins come to Bithumb as well."""
    rng = drawn.random
    at_upbit = [drawn.coin() for _ in range(LISTINGS["upbit"])]
    at_bithumb = rng.sample(at_upbit, 20) + [drawn.coin() for _ in range(LISTINGS["bithumb"] - 20)]
    found: list[Announced] = []
    for exchange, coins in (("upbit", at_upbit), ("bithumb", at_bithumb)):
        left = list(coins)
        rng.shuffle(left)
        while left:
            together = rng.choices((1, 2, 3, 4), (86, 9, 4, 1))[0]
            taken, left = left[:together], left[together:]
            quotes = rng.choice(QUOTES[exchange])
            title = "" if rng.random() < 0.05 else "worded"
            found.append(Announced(exchange, tuple(taken), quotes, 0.0, 0.0, title))
    return found


QUOTES: dict[str, list[tuple[str, ...]]] = {
    "upbit": [("KRW", "BTC", "USDT"), ("KRW",), ("KRW", "USDT"), ("BTC", "USDT"), ("USDT",)],
    "bithumb": [("KRW",), ("KRW",), ("KRW",), ("KRW",), ("BTC",)],
}


def _place(announced: list[Announced], rng: random.Random) -> None:
    """At least 20 s apart, except three bursts of five notices within one second; the market opens minutes later."""
    free_s = SPAN_S - 2_400.0 - APART_S * len(announced)
    extra = sorted(rng.uniform(0, free_s) for _ in announced)
    for place, each in enumerate(announced):
        each.at_s = round(60.0 + place * APART_S + extra[place], 3)
    for first in (30, 80, 130):
        for each in announced[first : first + 5]:
            each.at_s = announced[first].at_s + round(rng.random(), 3)
    for each in announced:
        each.opens_s = (each.at_s + rng.uniform(180, 1_800)) // 60 * 60 + 60


def _trouble(each: Announced, rng: random.Random) -> None:
    """Some are postponed, edited, posted again or cancelled."""
    if not each.title:
        return
    before_s = each.opens_s - each.at_s
    fate = rng.random()
    if fate < 0.10:
        each.postponed_at_s = each.at_s + before_s * rng.uniform(0.3, 0.6)
        each.postponed_by_s = 60.0 * rng.randint(10, 30)
    elif fate < 0.15:
        each.cancelled_at_s = each.at_s + before_s * rng.uniform(0.5, 0.7)
    elif fate < 0.30:
        each.edited_at_s = each.at_s + before_s * rng.uniform(0.05, 1.5)
    elif fate < 0.36:
        each.reposted_at_s = each.at_s + before_s * rng.uniform(0.1, 0.9)


def _worded(each: Announced, rng: random.Random, start_ms: int) -> str:
    """The title, in one of the exchange's own wordings."""
    named = ", ".join(f"{coin.name}({coin.base})" for coin in each.coins)
    quotes = ", ".join(each.quotes)
    if each.exchange == "upbit":
        words = [f"{named} 신규 거래지원 안내 ({quotes} 마켓)", f"{named} {quotes} 마켓 디지털 자산 추가"]
        if len(each.coins) > 1:
            words.append(f"{quotes} 마켓 신규 거래지원 안내 ({', '.join(coin.base for coin in each.coins)})")
        return rng.choice(words)
    markets = ", ".join({"KRW": "원화"}.get(quote, quote) for quote in each.quotes)
    at = datetime.fromtimestamp(start_ms / 1000 + each.opens_s, UTC).astimezone(KST)
    half, hour = ("오전", "오후")[at.hour >= 12], at.hour % 12 or 12
    minute = f" {at.minute}분" if at.minute else ""
    words = [
        f"{named} {markets} 마켓 추가",
        f"{named} {markets} 마켓 추가",
        f"[마켓 추가] {named} {markets} 마켓 추가",
        f"{named} {markets} 마켓 추가 (거래 오픈 {half} {hour}시{minute})",
        f"{named} {markets} 마켓 추가 (거래 오픈 {half} {at:%H:%M})",
    ]
    return rng.choice(words)


OTHER_WORDS = {
    "upbit": [
        ("이벤트", "{coin} 신규 거래지원 기념 퀴즈 이벤트"),
        ("이벤트", "{coin} 스테이킹 참여하고 추가 보상 받기 이벤트"),
        ("입출금", "{coin} 입출금 일시 중단 안내 ({day} 09:00 ~)"),
        ("입출금", "{coin} 네트워크 업그레이드에 따른 입출금 일시 중단 안내 (완료)"),
        ("거래", "{coin} 거래 유의 종목 지정 안내"),
        ("거래", "{coin} 거래 유의 종목 지정 해제 안내"),
        ("거래", "{coin} 거래지원 종료 안내 ({day} 15:00)"),
        ("점검", "서비스 안정화를 위한 정기 점검 안내 ({day})"),
        ("디지털 자산", "{coin} 유통량 계획 변경 안내"),
        ("안내", "고객확인(KYC) 재이행 안내 {day}"),
        ("NFT", "NFT 마켓 서비스 이용 시간 변경 안내 {day}"),
    ],
    "bithumb": [
        ("이벤트", "{coin} 원화 마켓 추가 기념 에어드랍 이벤트"),
        ("이벤트", "{coin} 원화마켓 추가 기념 거래왕 이벤트"),
        ("이벤트", "친구 초대하고 비트코인 받기 이벤트 {day}"),
        ("입출금", "{coin} 입출금 일시 중지 안내 ({day} 오전 9시~)"),
        ("입출금", "{coin} 입출금 일시 중지 안내 (재개)"),
        ("거래유의", "{coin} 거래유의종목 지정"),
        ("거래유의", "{coin} 거래유의종목 지정 해제"),
        ("거래지원종료", "{coin} 거래지원 종료"),
        ("점검", "일부 은행 점검에 따른 원화 입출금 지연 안내 {day}"),
        ("공시", "재산상 이익 제공 공시 {day}"),
        ("안내", "거래 수수료 쿠폰 등록 안내 {day}"),
        ("후기", "거래 수수료 쿠폰 이용 후기 모음 {day}"),
    ],
}


def _other(drawn: _Draw, listed: dict[str, list[Coin]], announced: list[Announced]) -> Other:
    """About a coin that is listed, that is about to be, or that nobody lists."""
    rng = drawn.random
    exchange = rng.choice(("upbit", "bithumb"))
    category, words = rng.choice(OTHER_WORDS[exchange])
    about = rng.choice([*listed[exchange], *(coin for each in announced for coin in each.coins)])
    day = f"{rng.randint(1, 12):02}/{rng.randint(1, 28):02}"
    title = words.format(coin=f"{about.name}({about.base})", day=day)
    return Other(exchange, rng.uniform(30, SPAN_S - 60), title, category)


def _returns(drawn: _Draw, listed: dict[str, list[Coin]]) -> list[Return]:
    """Ten coins an exchange vanish for minutes; five are renamed, two of them without any notice
    but under the same full name."""
    rng = drawn.random
    found: list[Return] = []
    for exchange, coins in listed.items():
        chosen = rng.sample(coins, 15)
        for at_s, coin in zip(_times(rng, 15, 900.0), chosen, strict=True):
            new_name = drawn.coin() if coin in chosen[:5] else None
            announced = coin in chosen[2:]
            if new_name is not None and not announced:
                new_name = Coin(new_name.base, coin.name)
            found.append(Return(exchange, coin, at_s, at_s + rng.uniform(2, 800), new_name, announced))
    return found


def _fair(back: Return, away: list[tuple[str, float, float]]) -> Return:
    """A rename that no notice tells, in the very minute in which nobody reads the only list with names, can't be known.

    It is told as a listing then: better one bell too many than a listing missed. Here it is announced instead.
    """
    unseen = any(exchange == back.exchange and from_s - 5 <= back.at_s <= to_s + 5 for exchange, from_s, to_s in away)
    return replace(back, announced=True) if unseen else back


CHANNELS = [
    ("upbit_site", "/api/v1/announcements", ("error", "html", "timeout", "stale")),
    ("upbit", "/v1/market/all", ("error", "empty", "timeout", "refused", "stale")),
    ("upbit", "/v1/ticker/all", ("error", "html", "empty", "forbidden", "stale")),
    ("upbit", "", ("socket",)),
    ("upbit", "", ("socket",)),
    ("bithumb", "/v1/notices", ("error", "html", "forbidden", "empty", "timeout", "stale")),
    ("bithumb", "/v1/market/all", ("error", "empty", "refused", "stale")),
    ("bithumb", "/public/ticker/ALL_KRW", ("error", "html", "timeout", "stale")),
    ("bithumb", "/public/assetsstatus/multichain/ALL", ("error", "empty", "stale")),
]


def _outages(rng: random.Random) -> list[Outage]:
    """Each channel is away a dozen times, for seconds or minutes; several may be away at once."""
    found = []
    for service, path, kinds in CHANNELS:
        for from_s in _times(rng, 12, 400.0):
            found.append(Outage(service, path, rng.choice(kinds), from_s, from_s + rng.uniform(3, 120)))
    return found


def _times(rng: random.Random, count: int, apart_s: float) -> list[float]:
    free_s = SPAN_S - 600.0 - apart_s * count
    return [120.0 + n * apart_s + extra for n, extra in enumerate(sorted(rng.uniform(0, free_s) for _ in range(count)))]
