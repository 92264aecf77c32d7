"""When trading starts and deposits open, told by bodies in the forms that Upbit and Bithumb have used over the years.

All coins, times and addresses are invented. Times in the tables are Korean; `pub` is the first publication.
"""

import pytest

from collectors.notices.notice_parser import ItemStatus, ParsedNotice, parse, published_of
from collectors.notices.times import iso_of

PUB = "2026-08-10T11:30:00+09:00"
ONE = "별빛(STAR) 신규 거래지원 안내 (KRW, BTC, USDT 마켓)"
TWO = "별빛(STAR), 달무리(HALO) 신규 거래지원 안내 (BTC, USDT 마켓)"
MOVED = "별빛(STAR) 신규 거래지원 안내 (KRW 마켓) (거래지원 개시 시점 변경 안내)"
WON = "별빛(STAR) 원화 마켓 추가"
WON_TWO = "별빛(STAR), 달무리(HALO) 원화 마켓 추가"
ENGLISH = "Market Support for Starlight(STAR) (KRW, BTC Market)"


def read(title: str, body: str | None, pub: str | None = PUB) -> ParsedNotice:
    return parse("upbit" if "거래지원" in title else "bithumb", title, body, published_of(pub))


def times(parsed: ParsedNotice) -> tuple[str | None, str | None]:
    """Trading start and deposit opening as `MM-DD HH:MM`."""
    starts, opens = (iso_of(each) for each in (parsed.trading_starts_ms, parsed.deposit_opens_ms))
    return _short(starts), _short(opens)


def _short(moment: str | None) -> str | None:
    assert moment is None or moment.endswith("+09:00")
    return None if moment is None else moment[5:16].replace("T", " ")


UPBIT = [
    ("<p>거래지원 개시 시점 : 2026-08-10 14:00 KST</p>", "08-10 14:00", None),
    (
        "<p>거래지원 개시 시점 : 2026-08-10 14:00 KST 예정</p><p>입출금 지원: 공지 게시 시점으로부터 2시간 이내</p>",
        "08-10 14:00",
        None,
    ),
    ("<li>거래지원 개시 시점<br>8월 10일 18시 30분 예정</li>", "08-10 18:30", None),
    ("<li>거래지원 개시 시점 : 8월 10일 18시 예정</li>", "08-10 18:00", None),
    ("<li>거래지원 개시 시점 : 8월 11일(화) 오전 10시 예정</li>", "08-11 10:00", None),
    ("<b>거래 지원 개시 시점</b>: 2026년 8월 10일 오후 6시 30분", "08-10 18:30", None),
    ("거래지원 개시 시점 : 2026.08.10(월) 14:00", "08-10 14:00", None),
    ("거래지원 개시 시점 : 26.08.10 14:00", "08-10 14:00", None),
    ("거래지원 개시 시점 : 2026/08/10 14:00 (KST)", "08-10 14:00", None),
    ("거래지원 개시 시점 : 8/10 14:00", "08-10 14:00", None),
    ("거래지원 개시 시점 : 14:00 예정", "08-10 14:00", None),
    ("거래지원 개시 시점 : 금일 오후 2시", "08-10 14:00", None),
    ("거래지원 개시 시점 : 익일 오전 9시", "08-11 09:00", None),
    ("거래지원 개시 시점 : 05:00 UTC", "08-10 14:00", None),
    ("거래지원 개시 시점 : 2026-08-10 05:00 (UTC)", "08-10 14:00", None),
    ("거래지원 개시 시점 : 2026-08-10T14:00:00+09:00", "08-10 14:00", None),
    ("거래지원 개시 시점 : 추후 별도 공지 예정", None, None),
    ("거래지원 개시 시점 : 추후 안내 (기존: 8월 10일 14시)", None, None),
    ("거래지원 개시 시점 : 8월 10일 17시 (기존: 8월 10일 14시)", "08-10 17:00", None),
    ("거래지원 개시 시점 : 2026년 8월 10일(월) 17시 00분 예정", "08-10 17:00", None),
    ("거래지원 개시 시점(예정) : 8월 10일 오후 4시경", "08-10 16:00", None),
    ("거래지원 개시 시점 : 2026-08-10 24:00", "08-11 00:00", None),
    ("- 매매 개시 : 2026.08.10 16시\n- 입출금 개시 : 2026.08.10 12시", "08-10 16:00", "08-10 12:00"),
    ("입출금 개시 시점 : 8월 10일 13시 예정\n거래지원 개시 시점 : 8월 10일 15시 예정", "08-10 15:00", "08-10 13:00"),
    ("입금 개시 : 2026-08-10 13:00, 거래 개시 : 2026-08-10 15:00", "08-10 15:00", "08-10 13:00"),
    (
        "<p>디지털 자산 입출금은 8월 10일 13시부터 가능합니다.</p><p>거래지원은 8월 10일 15시에 개시됩니다.</p>",
        "08-10 15:00",
        "08-10 13:00",
    ),
    ("<p>별빛(STAR)은 <b>2026년 8월 10일 15시</b>에 거래지원이 개시될 예정입니다.</p>", "08-10 15:00", None),
    (
        "<table><tr><th>디지털 자산</th><th>마켓</th><th>네트워크</th>"
        "<th>입출금 개시 시점</th><th>거래지원 개시 시점</th></tr>"
        "<tr><td>별빛(STAR)</td><td>KRW, BTC, USDT</td><td>Ethereum</td><td>공지 게시 시점으로부터 2시간 이내</td>"
        "<td>8월 10일 17시 예정</td></tr></table>",
        "08-10 17:00",
        None,
    ),
    (
        "<table><tbody><tr><td>디지털 자산</td><td>별빛(STAR)</td></tr>"
        "<tr><td>입출금 개시 시점</td><td>8월 10일 13시</td></tr>"
        "<tr><td>거래지원 개시 시점</td><td>8월 10일 17시</td></tr></tbody></table>",
        "08-10 17:00",
        "08-10 13:00",
    ),
    (
        "| 항목 | 내용 |\n|---|---|\n| 거래지원 마켓 | KRW |\n| 거래지원 개시 시점 | 2026-08-10 17:00 KST |",
        "08-10 17:00",
        None,
    ),
    ("**거래지원 개시 시점** : `2026-08-10 17:00` KST", "08-10 17:00", None),
    (
        "<p>거래지원 개시 시점 : 8월 10일 16시</p><p>* 거래지원 개시 후 약 5분간 매수 주문이 제한됩니다.</p>"
        "<p>* 매도 최저가 기준 시점 : 8월 10일 15시</p><p>고객센터 : 평일 09:00 ~ 18:00</p>",
        "08-10 16:00",
        None,
    ),
    (
        "<p>출금 개시 시점 : 8월 11일 16시</p><p>입금 개시 시점 : 8월 10일 13시</p>"
        "<p>거래지원 개시 시점 : 8월 10일 16시</p>",
        "08-10 16:00",
        "08-10 13:00",
    ),
    (
        "<p>거래지원 개시 시점은 유동성 확보 여부에 따라 변경될 수 있습니다.</p><p>문의 접수: 09:00 ~ 18:00</p>",
        None,
        None,
    ),
    (
        "<!-- 거래지원 개시 시점 : 2026-08-10 10:00 --><p>거래지원 개시 시점&nbsp;:&nbsp;2026-08-10&nbsp;14:00</p>",
        "08-10 14:00",
        None,
    ),
    (
        "<script>var t='거래지원 개시 시점 : 2026-08-10 10:00'</script>거래지원 개시 시점 : 2026-08-10 14:00",
        "08-10 14:00",
        None,
    ),
    ("거래지원 개시 시점 ： ２０２６-０８-１０ １４：００", "08-10 14:00", None),
    (
        "1. 거래지원 마켓 : KRW\n2. 거래지원 개시 일시 : 2026년 08월 10일 (월) 14시 00분\n3. 입금 가능 일시 : 12:30",
        "08-10 14:00",
        "08-10 12:30",
    ),
]

UPBIT_CHANGED = [
    (
        "변경된 거래지원 개시 시점 : 8월 10일 22시 00분 예정\n기존 거래지원 개시 시점 : 8월 10일 20시 30분 예정",
        "08-10 22:00",
    ),
    ("기존 거래지원 개시 시점 : 8월 10일 20시 30분\n변경된 거래지원 개시 시점 : 8월 10일 19시", "08-10 19:00"),
    ("거래지원 개시 시점 : 8월 10일 20시 30분\n\n연기된 거래지원 개시 시점 : 8월 10일 22시", "08-10 22:00"),
    ("연기된 거래지원 개시 시점 : 8월 10일 22시\n<hr>거래지원 개시 시점 : 8월 10일 20시 30분", "08-10 22:00"),
    ("변경된 거래지원 개시 시점 : 8월 10일 22시\n변경된 거래지원 개시 시점 : 8월 10일 23시 (추가 변경)", "08-10 23:00"),
    ("거래지원 개시 시점 : <s>8월 10일 20시</s> 8월 10일 22시", "08-10 22:00"),
    ("거래지원 개시 시점 : ~~8월 10일 20시~~ 8월 10일 22시", "08-10 22:00"),
    ("거래지원 개시 시점 : 8월 10일 20시 → 8월 10일 22시", "08-10 22:00"),
    ("거래지원 개시 시점 : 8월 10일 20시에서 8월 10일 22시로 변경", "08-10 22:00"),
    ("변경 전 거래지원 개시 시점 : 8월 10일 20시\n변경 후 거래지원 개시 시점 : 8월 10일 22시", "08-10 22:00"),
    ("거래지원 개시 시점 변경 : 8월 11일 10:00", "08-11 10:00"),
    ("거래지원 개시 시점(변경) : 8월 11일 10:00\n거래지원 개시 시점 : 8월 10일 20:00", "08-11 10:00"),
    ("재조정된 거래지원 개시 시점 : 8월 11일 10:00", "08-11 10:00"),
]

BITHUMB = [
    (
        "ㆍ거래 오픈 일시: 2026. 08. 10 (월) 17시 예정\nㆍ입금 오픈: 2026. 08. 10 (월) 15시 예정",
        "08-10 17:00",
        "08-10 15:00",
    ),
    ("ㆍ거래(매수/매도) 개시 일시: 2026. 08. 10 (월) 17시 예정", "08-10 17:00", None),
    ("■ 거래 오픈 : 오후 5시\n■ 입출금 오픈 : 오후 3시 30분", "08-10 17:00", "08-10 15:30"),
    ("거래 개시 시점: 오후 3시\n기준가: 574원\n입금 컨펌 수: 33회", "08-10 15:00", None),
    ("거래 개시: 3시 30분", "08-10 15:30", None),
    ("거래 오픈 시간 : 오후 17:00", "08-10 17:00", None),
    ("거래 오픈 시간 : 17:00 예정", "08-10 17:00", None),
    ("거래 오픈\n오후 6시 예정", "08-10 18:00", None),
    ("입출금 지원\n- 공지 게시 시점으로부터 2시간 이내\n거래 오픈\n- 2026년 8월 10일 오후 6시", "08-10 18:00", None),
    (
        "거래 개시 시점은 유동성 확보 후 추후 공지될 예정입니다. 입금과 출금은 오후 9시부터 가능합니다.",
        None,
        "08-10 21:00",
    ),
    (
        "<p>거래 시작 후 5분간 매도 주문은 기준가 대비 -10% 이하로 불가합니다.</p><p>거래 시작 : 18시</p>",
        "08-10 18:00",
        None,
    ),
    ("거래는 8월 10일 오후 3시부터 시작될 예정입니다.", "08-10 15:00", None),
    (
        "마켓 추가 일시 : 2026-08-10 17:00\n에어드랍 이벤트 기간 : 2026-08-11 10:00 ~ 2026-08-20 10:00",
        "08-10 17:00",
        None,
    ),
    ("입금 오픈 : 오전 9시", None, "08-11 09:00"),
    ("거래 오픈 : 정오", "08-10 12:00", None),
    ("거래 오픈 : 자정", "08-11 00:00", None),
    ("거래 오픈 : 24:00", "08-11 00:00", None),
    ("거래 오픈 : 밤 12시", "08-11 00:00", None),
    ("거래 오픈 : 5시 반", "08-10 17:30", None),
    ("거래 오픈 : 2026-08-10 17:00 ~ ", "08-10 17:00", None),
    ("거래 오픈 : 25시 70분", None, None),
    (
        "1. 추가 일시 : 2026.08.10(월) 오후 6시 30분\n2. 입금 지원 : 2026.08.10(월) 오후 4시",
        "08-10 18:30",
        "08-10 16:00",
    ),
    ("네트워크 추가 일시 : 2026.08.10(월) 오후 6시 30분", None, None),
    ("입출금 네트워크 (추가 일시 : 18:30)\n거래지원 개시 : 17:00", "08-10 17:00", None),
    ("네트워크(ETH) 추가 일시 : 18:30", None, None),
    ("[네트워크] 추가 일시 : 18:30", None, None),
    ("ERC20 추가 일시 : 18:30", None, None),
    ("가. 추가 일시 : 18:30", "08-10 18:30", None),
    ("① 추가 일시 : 18:30", "08-10 18:30", None),
    ("거래 지원 : KRW 마켓\n출금 : 8월 11일 10:00", None, None),
    ("거래 지원 : KRW 마켓\n입금 지원 : 8월 11일 10:00", None, "08-11 10:00"),
    ("거래 지원 : 추후 안내\n8월 11일 10:00", "08-11 10:00", None),
    ("거래 지원 개시 : 17:00 (8월 9일 공지)", "08-10 17:00", None),
    ("거래 지원 개시 : 17:00 (8월 11일(화))", "08-11 17:00", None),
    ("거래 지원 : 2026-08-10 17:30부터", "08-10 17:30", None),
    ("2026년 8월 10일 월요일 오후 5시에 별빛네트워크(STAR) 원화 마켓이 추가됩니다.", "08-10 17:00", None),
    ("8/10(월) 오후 3시 30분 입금 오픈, 오후 5시 30분 거래 오픈", "08-10 17:30", "08-10 15:30"),
    ("14:10 거래 개시, 입금 개시: 15:00, 출금 개시: 20:00", "08-10 14:10", "08-10 15:00"),
    ("[2026-08-10 12:20 업데이트] 거래 개시 시점 : 2026-08-10 17:00", "08-10 17:00", None),
    ("거래 개시 시점이 8월 10일 17시에서 미정으로 연기되었습니다.", None, None),
    ("거래 오픈 : 2026-02-31 17:00", None, None),
]

ENGLISH_BODIES = [
    ("Trading starts at 14:00 KST, August 10, 2026.", "08-10 14:00", None),
    ("- Trading start time: August 10, 2026, 14:00 KST", "08-10 14:00", None),
    ("- Trading opens: Aug 10, 2026 2:00 PM (KST)", "08-10 14:00", None),
    ("- Trading will begin at 2 PM KST", "08-10 14:00", None),
    (
        "- Deposits open: August 10, 2026, 1 PM KST\n- Market support time: 10 August 2026, 14:00 KST",
        "08-10 14:00",
        "08-10 13:00",
    ),
    ("Deposits and withdrawals will open within 2 hours. Start of trading: 2026-08-10 05:00 UTC", "08-10 14:00", None),
    ("Previous trading start time: 14:00 KST\nUpdated trading start time: 16:30 KST", "08-10 16:30", None),
    ("Trading: 17:00 KST (Aug 11)\nDeposit: 15:00 KST (Aug 10)", "08-11 17:00", "08-10 15:00"),
    ("Withdrawals open: August 11, 2026, 1 PM KST", None, None),
]


@pytest.mark.parametrize(("body", "starts", "opens"), UPBIT)
def test_upbit_body_tells_when_trading_starts_and_deposits_open(
    body: str, starts: str | None, opens: str | None
) -> None:
    assert times(read(ONE, body)) == (starts, opens)


@pytest.mark.parametrize(("body", "starts"), UPBIT_CHANGED)
def test_the_changed_time_wins_wherever_it_stands(body: str, starts: str) -> None:
    assert times(read(MOVED, body)) == (starts, None)


@pytest.mark.parametrize(("body", "starts", "opens"), BITHUMB)
def test_bithumb_body_tells_when_trading_starts_and_deposits_open(
    body: str, starts: str | None, opens: str | None
) -> None:
    assert times(read(WON, body)) == (starts, opens)


@pytest.mark.parametrize(("body", "starts", "opens"), ENGLISH_BODIES)
def test_english_body_tells_when_trading_starts_and_deposits_open(
    body: str, starts: str | None, opens: str | None
) -> None:
    assert times(read(ENGLISH, body)) == (starts, opens)


PER_COIN = [
    (
        TWO,
        "<table><thead><tr><th>디지털 자산</th><th>마켓</th><th>입출금 개시</th>"
        "<th>거래지원 개시 시점</th></tr></thead><tbody>"
        "<tr><td>별빛(STAR)</td><td rowspan='2'>BTC, USDT</td><td>8/10 13:00</td><td>8/10 14:00</td></tr>"
        "<tr><td>달무리(HALO)</td><td>8/10 15:00</td><td>8/10 16:00</td></tr></tbody></table>",
        {"STAR": "08-10 14:00", "HALO": "08-10 16:00"},
    ),
    (
        TWO,
        "별빛(STAR) 거래지원 개시 시점 : 14:00\n달무리(HALO) 거래지원 개시 시점 : 16:00",
        {"STAR": "08-10 14:00", "HALO": "08-10 16:00"},
    ),
    (
        WON_TWO,
        "■ 거래 오픈 일시\n- STAR : 오후 5시\n- HALO : 오후 7시 30분",
        {"STAR": "08-10 17:00", "HALO": "08-10 19:30"},
    ),
    (
        WON_TWO,
        "■ 별빛(STAR)\n거래 오픈 : 17:00\n■ 달무리(HALO)\n거래 오픈 : 18:00",
        {"STAR": "08-10 17:00", "HALO": "08-10 18:00"},
    ),
    (WON_TWO, "거래 오픈 : 오후 5시", {"STAR": "08-10 17:00", "HALO": "08-10 17:00"}),
    (WON_TWO, "달무리 거래 오픈 : 오후 5시", {"STAR": None, "HALO": "08-10 17:00"}),
    (
        TWO + " (HALO 거래지원 개시 시점 변경 안내)",
        "거래지원 개시 시점 : 14:00\n변경된 거래지원 개시 시점 : 18:00",
        {"STAR": "08-10 14:00", "HALO": "08-10 18:00"},
    ),
    (
        TWO,
        "거래지원 개시 시점 : 8월 10일 14시\n달무리(HALO)의 거래지원 개시 시점을 연기합니다.\n"
        "변경된 거래지원 개시 시점 : 8월 10일 18시",
        {"STAR": "08-10 14:00", "HALO": "08-10 18:00"},
    ),
    (WON_TWO + " (STAR 거래 오픈 오후 5시 30분 예정)", None, {"STAR": "08-10 17:30", "HALO": None}),
    (
        WON_TWO + " (STAR 거래 오픈 오후 5시, HALO 거래 오픈 오후 6시)",
        None,
        {"STAR": "08-10 17:00", "HALO": "08-10 18:00"},
    ),
    (WON_TWO + " (거래 오픈 오후 5시 예정)", None, {"STAR": "08-10 17:00", "HALO": "08-10 17:00"}),
]


@pytest.mark.parametrize(("title", "body", "starts"), PER_COIN)
def test_each_coin_gets_its_own_time(title: str, body: str | None, starts: dict[str, str | None]) -> None:
    parsed = read(title, body)
    assert {item.symbol: _short(iso_of(item.trading_starts_ms)) for item in parsed.items} == starts
    told = [time for time in starts.values() if time]
    assert times(parsed)[0] == min(told)


TITLES = [
    ("별빛(STAR) 원화 마켓 추가 (거래 오픈 오후 6시 30분)", "08-10 18:30"),
    ("별빛(STAR) 원화 마켓 추가(거래 오픈 오후 5시 예정)", "08-10 17:00"),
    ("별빛(STAR) 원화 마켓 추가 (거래 오픈 오후 17:00)", "08-10 17:00"),
    ("별빛(STAR) 원화 마켓 추가 (거래 수수료 무료) (거래 오픈 3시 30분 )", "08-10 15:30"),
    ("별빛(STAR) 원화 마켓 추가 (오후 5시 예정)", "08-10 17:00"),
    ("별빛(STAR) 원화 마켓 추가 (거래 오픈 오후 5시 → 오후 7시 변경)", "08-10 19:00"),
    ("별빛(STAR) 원화 마켓 추가 (거래 오픈 시간 오후 7시로 변경)", "08-10 19:00"),
    ("별빛(STAR) 원화 마켓 추가 (거래 오픈 시간 변경)", None),
    ("별빛(STAR) 원화 마켓 추가 (거래 오픈 오전 9시)", "08-11 09:00"),
    ("별빛(STAR) 원화 마켓 추가 (거래 오픈 8/12 오전 9시)", "08-12 09:00"),
]


@pytest.mark.parametrize(("title", "starts"), TITLES)
def test_title_tells_when_trading_starts(title: str, starts: str | None) -> None:
    assert times(read(title, None)) == (starts, None)


PUBLICATIONS = [
    ("거래 오픈 : 오후 3시", PUB, "08-10 15:00", True),
    ("거래 오픈 : 오후 3시", "2026-08-10T15:00:01+09:00", "08-11 15:00", True),
    ("거래 오픈 : 오후 3시", "2026-08-10T15:00:00+09:00", "08-10 15:00", True),
    ("거래 오픈 : 오후 3시", "2026-08-10T06:00:01Z", "08-11 15:00", True),
    ("거래 오픈 : 오후 3시", "2026-08-10 14:59:00", "08-10 15:00", True),
    ("거래 오픈 : 오후 3시", "2026-08-10", "08-10 15:00", True),
    ("거래 오픈 : 오후 3시", "2026-08", None, False),
    ("거래 오픈 : 오후 3시", None, None, False),
    ("거래 오픈 : 3시", "2026-08-10T02:00:00+09:00", None, False),  # 03:00 and 15:00 both follow
    ("거래 오픈 : 3시", "2026-08-10T16:00:00+09:00", None, False),  # neither follows on that day
    ("거래 오픈 : 3시", "2026-08-10", None, False),
    ("거래 오픈 : 12시", "2026-08-10T11:00:00+09:00", "08-10 12:00", True),
    ("거래 오픈 : 8월 12일 3시", PUB, None, False),
    ("거래 오픈 : 8월 12일 15시", PUB, "08-12 15:00", False),
    ("거래 오픈 : 8월 12일 15시", "2026-08", "08-12 15:00", False),
    ("거래 오픈 : 8월 12일 15시", None, None, False),
    ("거래 오픈 : 1월 2일 15시", "2025-12-30T11:00:00+09:00", "01-02 15:00", False),
    ("거래 오픈 : 2026-08-12 15:00", None, "08-12 15:00", False),
]


@pytest.mark.parametrize(("body", "pub", "starts", "inferred"), PUBLICATIONS)
def test_what_is_not_written_comes_from_the_publication_or_stays_unknown(
    body: str, pub: str | None, starts: str | None, inferred: bool
) -> None:
    parsed = read(WON, body, pub)
    assert times(parsed)[0] == starts
    assert parsed.date_inferred is inferred


def test_january_after_a_december_notice_is_in_the_next_year() -> None:
    parsed = read(WON, "거래 오픈 : 1월 2일 15시", "2025-12-30T11:00:00+09:00")
    assert iso_of(parsed.trading_starts_ms) == "2026-01-02T15:00:00+09:00"


def test_networks_and_contracts_come_from_lines_and_tables() -> None:
    address = "0x" + "ab12" * 10
    body = f"<p>지원 네트워크 : Ethereum, Base</p><p>컨트랙트 주소 : {address}</p>"
    assert read(ONE, body).networks == ("Ethereum", "Base")
    assert read(ONE, body).contracts == (address,)
    table = (
        "<tr><th>디지털 자산</th><th>네트워크</th><th>거래지원 개시 시점</th></tr>"
        "<tr><td>별빛(STAR)</td><td>Solana</td><td>-</td></tr>"
    )
    assert read(ONE, f"<table>{table}</table>").networks == ("Solana",)
    solana = "StarLight9zQe7uF3tJ1mGk5pXv2bRw8cYdTnHs4aV6o"
    assert read(ONE, f"Contract: {solana}").contracts == (solana,)
    assert read(ONE, f"문의 번호 {solana}").contracts == ()


def test_a_table_may_tell_the_markets_of_each_coin() -> None:
    body = (
        "<table><tr><th>디지털 자산</th><th>마켓</th><th>네트워크</th></tr>"
        "<tr><td>별빛(STAR)</td><td>KRW, BTC</td><td>A</td></tr>"
        "<tr><td>달무리(HALO)</td><td>BTC</td><td>B</td></tr></table>"
    )
    parsed = read("별빛(STAR), 달무리(HALO) 신규 거래지원 안내 (KRW, BTC 마켓)", body)
    assert [(item.symbol, item.markets) for item in parsed.items] == [("STAR", ("KRW", "BTC")), ("HALO", ("BTC",))]


def test_a_cancelled_coin_has_no_times_and_does_not_set_the_earliest_one() -> None:
    parsed = read(
        TWO + " (별빛(STAR) 거래지원 취소 안내)", "STAR 거래지원 개시 시점 : 12:00\nHALO 거래지원 개시 시점 : 16:00"
    )
    assert [(item.status, _short(iso_of(item.trading_starts_ms))) for item in parsed.items] == [
        (ItemStatus.CANCELLED, None),
        (ItemStatus.NEW, "08-10 16:00"),
    ]
    assert times(parsed)[0] == "08-10 16:00"


def test_the_body_of_a_notice_that_is_no_listing_tells_no_start() -> None:
    parsed = read("별빛(STAR) 거래지원 종료 안내 (9/14 15:00)", "거래지원 개시 시점 : 2026-08-10 14:00")
    assert times(parsed) == (None, None)
