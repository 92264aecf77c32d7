"""The notice board of each Korean exchange, and the titles and bodies that they give to a listing."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone

import msgspec

from simulator.world.prices import DAY_MS, HOUR_MS, MINUTE_MS, mixed
from simulator.world.values import SimNotice

KST = timezone(timedelta(hours=9))
FIRST_ID = {"upbit": 6_600, "bithumb": 1_660_000}
LISTING_CATEGORIES = {"upbit": ("거래",), "bithumb": ("거래지원", "마켓 추가")}
OTHER_CATEGORIES = {"upbit": ("안내",), "bithumb": ("안내",)}

NoticeListener = Callable[[SimNotice], None]

# (hours before the start, categories, title): ordinary days of two exchanges, oldest first; dates are put in.
_UPBIT_PAST = (
    (310, "이벤트", "재스미코인(JASMY) 스테이킹 참여하고 추가 보상 받기 이벤트"),
    (282, "입출금", "세이(SEI) 네트워크 업그레이드에 따른 입출금 일시 중단 안내 (완료)"),
    (260, "거래", "아발란체(AVAX) USDT 마켓 디지털 자산 추가"),
    (233, "안내", "고객확인(KYC) 재이행 안내"),
    (210, "점검", "서비스 안정화를 위한 정기 점검 안내 (완료)"),
    (188, "거래", "메타디움(META) 거래 유의 종목 지정 안내"),
    (170, "입출금", "에이다(ADA) 하드포크에 따른 입출금 일시 중단 안내 (완료)"),
    (149, "디지털 자산", "앱토스(APT) 유통량 계획 변경 안내"),
    (122, "거래", "스토리(IP) 신규 거래지원 안내 (KRW, BTC, USDT 마켓) (거래지원 개시 시점 변경 안내)"),
    (101, "이벤트", "스토리(IP) 신규 거래지원 기념 퀴즈 이벤트"),
    (77, "거래", "아하토큰(AHT) 거래 유의 종목 지정 기간 연장 안내"),
    (54, "NFT", "NFT 마켓 서비스 이용 시간 변경 안내"),
    (30, "입출금", "트론(TRX) 노드 점검에 따른 입출금 일시 중단 안내 ({soon} 14:00 ~)"),
    (9, "거래", "스팀(STEEM) 거래지원 종료 안내 ({later} 15:00)"),
    (3, "안내", "원화 출금 지연 제도 변경 안내"),
)
_BITHUMB_PAST = (
    (290, ("이벤트",), "무브먼트(MOVE) 원화 마켓 추가 기념 에어드랍 이벤트"),
    (266, ("안내",), "명절 연휴 고객지원 운영 시간 안내"),
    (241, ("거래지원", "마켓 추가"), "카이토(KAITO) 원화 마켓 추가"),
    (219, ("입출금",), "헤데라(HBAR) 입출금 일시 중지 안내 ({past} 오전 9시~)"),
    (190, ("거래유의",), "옵저버(OBSR), 바이오패스포트(BIOT) 거래유의종목 지정"),
    (166, ("공시",), "재산상 이익 제공 공시"),
    (140, ("점검",), "일부 은행 점검에 따른 원화 입출금 지연 안내"),
    (118, ("거래지원", "마켓 추가"), "솔레이어(LAYER) 원화 마켓 추가 (거래 오픈 시간 변경)"),
    (92, ("거래지원종료",), "피르마체인(FCT2) 거래지원 종료"),
    (70, ("안내",), "가상자산 명칭 변경 안내 (EOS → A)"),
    (47, ("이벤트",), "친구 초대하고 비트코인 받기 이벤트"),
    (25, ("거래유의",), "위믹스(WEMIX) 거래유의종목 지정 연장"),
    (8, ("입출금",), "폴리곤에코시스템토큰(POL) 입출금 일시 중지 안내 (재개)"),
    (2, ("후기",), "거래 수수료 쿠폰 이용 후기 모음"),
)


class Bulletin:
    """The notices of one exchange. Listeners hear of each publication and each edit as it happens."""

    def __init__(self, exchange: str, seed: int, start_ms: int) -> None:
        self._exchange = exchange
        self._seed = seed
        self._notices: dict[int, SimNotice] = {}
        self._listeners: list[NoticeListener] = []
        self._next_id = FIRST_ID[exchange]
        past: Sequence[tuple[int, tuple[str, ...], str]] = (
            [(hours, (category,), title) for hours, category, title in _UPBIT_PAST]
            if exchange == "upbit"
            else list(_BITHUMB_PAST)
        )
        for hours, categories, wording in past:
            at_ms = (start_ms - hours * HOUR_MS) // (30 * MINUTE_MS) * 30 * MINUTE_MS
            dates = {
                "past": _day(at_ms + DAY_MS),
                "soon": _day(start_ms + DAY_MS),
                "later": _day(start_ms + 23 * DAY_MS),
            }
            title = wording.format_map(dates)
            body = f"{title}\n\n자세한 내용은 고객센터를 참고해 주세요."
            self.publish(self.reserve(), title, body, categories, at_ms)
        if exchange == "upbit":
            title = "특정금융정보법에 따른 미신고 가상자산사업자와의 거래 유의 안내"
            pinned = SimNotice(
                exchange, 2_900, "2900", title, title, ("안내",), *(start_ms - 400 * DAY_MS,) * 3, 1, True
            )
            self._notices[pinned.notice_id] = pinned

    def reserve(self) -> int:
        """The id of a notice that will be published later."""
        self._next_id += 1 + mixed(self._seed, self._next_id) % 3
        return self._next_id

    def publish(self, notice_id: int, title: str, body: str, categories: tuple[str, ...], at_ms: int) -> SimNotice:
        """Put a notice on the board and tell the listeners."""
        uuid = str(100_000_000 + mixed(self._seed, notice_id) % 900_000_000)
        ahead_ms = (5 + mixed(self._seed, notice_id, 1) % 90) * MINUTE_MS
        notice = SimNotice(
            self._exchange, notice_id, uuid, title, body, categories, at_ms, at_ms, max(0, at_ms - ahead_ms)
        )
        return self._set(notice)

    def edit(self, notice_id: int, at_ms: int, title: str | None = None, body: str | None = None) -> SimNotice:
        """Change a notice and tell the listeners; KeyError if there is none of this id."""
        notice = self._notices[notice_id]
        return self._set(
            msgspec.structs.replace(
                notice,
                title=notice.title if title is None else title,
                body=notice.body if body is None else body,
                edited_ms=at_ms,
                written_ms=at_ms,
                version=notice.version + 1,
            )
        )

    def find(self, notice_id: int) -> SimNotice | None:
        return self._notices.get(notice_id)

    def newest_first(self) -> list[SimNotice]:
        """Upbit orders by the last edit, Bithumb by the publication; pinned ones are among them."""
        if self._exchange == "upbit":
            return sorted(self._notices.values(), key=lambda n: (n.edited_ms, n.notice_id), reverse=True)
        return sorted(self._notices.values(), key=lambda n: (n.published_ms, n.notice_id), reverse=True)

    def listen(self, listener: NoticeListener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _set(self, notice: SimNotice) -> SimNotice:
        self._notices[notice.notice_id] = notice
        for listener in list(self._listeners):
            listener(notice)
        return notice


def listing_title(exchange: str, name: str, base: str, quotes: Sequence[str]) -> str:
    """The title that this exchange would give to the listing of `name`(`base`)."""
    if exchange == "upbit":
        return f"{name}({base}) 신규 거래지원 안내 ({', '.join(quotes)} 마켓)"
    markets = ", ".join({"KRW": "원화"}.get(quote, quote) for quote in quotes)
    return f"{name}({base}) {markets} 마켓 추가"


def listing_body(
    exchange: str,
    name: str,
    base: str,
    quotes: Sequence[str],
    starts_ms: int,
    deposits_ms: int,
    networks: Sequence[str],
) -> str:
    """The notice's text: what, where, when. A start that is no whole minute is written with its seconds."""
    network = ", ".join(networks)
    if exchange == "upbit":
        return "\n".join(
            (
                "안녕하세요. 업비트입니다.\n",
                f"{name}({base}) 디지털 자산의 신규 거래지원을 안내드립니다.\n",
                f"거래지원 디지털 자산: {name}({base})",
                f"거래지원 마켓: {', '.join(quotes)} 마켓",
                f"네트워크: {network}",
                f"입출금 개시 시점: {kst_text(deposits_ms)} KST",
                f"거래지원 개시 시점: {kst_text(starts_ms)} KST",
            )
        )
    return "\n".join(
        (
            f"{name}({base}) 마켓 추가를 안내드립니다.\n",
            f"입출금 네트워크: {network}",
            f"입금 오픈: {kst_text(deposits_ms)}",
            f"거래 오픈: {kst_text(starts_ms)}",
        )
    )


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(KST).strftime("%m/%d")


def kst_text(at_ms: int) -> str:
    """Korean wall time, to the minute where that is exact."""
    at = datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(KST)
    return at.strftime("%Y-%m-%d %H:%M" if at.second == 0 else "%Y-%m-%d %H:%M:%S")
