"""The vocabulary of alerts in Korean and English: levels, verdicts, findings, states, names.

Analysis speaks in codes, people read words; this is the only place where one becomes the other. A code that has no
words yet is shown as it is: a missing word must never cost an alert.
"""

from collections.abc import Mapping
from typing import Literal

from alerts.alert import AlertLevel
from analysis.verdict import Outcome, TransferState

Language = Literal["ko", "en"]
Words = tuple[str, str]  # Korean, English

PREFIX: Mapping[AlertLevel, str] = {
    AlertLevel.CRITICAL: "🚨",
    AlertLevel.HIGH: "🔔",
    AlertLevel.MEDIUM: "🟡",
    AlertLevel.LOW: "▫️",
    AlertLevel.INFO: "ℹ️",
}

OUTCOMES: Mapping[Outcome, Words] = {
    Outcome.GO: ("GO", "GO"),
    Outcome.NO_GO: ("NO-GO", "NO-GO"),
    Outcome.READY: ("준비됨 READY", "READY"),
    Outcome.NOT_READY: ("불가 NOT READY", "NOT READY"),
    Outcome.UNKNOWN: ("판단 불가 UNKNOWN", "UNKNOWN"),
    Outcome.INFO: ("참고 INFO", "INFO"),
}

EXCHANGES: Mapping[str, Words] = {"upbit": ("업비트", "Upbit"), "bithumb": ("빗썸", "Bithumb")}

TRANSFERS: Mapping[TransferState, Words] = {
    TransferState.OPEN: ("열림", "open"),
    TransferState.CLOSED: ("닫힘", "closed"),
    TransferState.SCHEDULED: ("예정", "scheduled"),
    TransferState.UNKNOWN: ("알 수 없음", "unknown"),
}

VASP: Mapping[str, Words] = {
    "yes": ("트래블룰 가능", "travel rule ok"),
    "no": ("트래블룰 불가", "travel rule blocked"),
    "unknown": ("트래블룰 알 수 없음", "travel rule unknown"),
}

COST_PARTS: Mapping[str, Words] = {
    "korean_fee": ("국내 수수료", "Korean fee"),
    "foreign_fee": ("해외 수수료", "foreign fee"),
    "korean_slippage": ("국내 슬리피지", "Korean slippage"),
    "foreign_slippage": ("해외 슬리피지", "foreign slippage"),
    "withdrawal": ("출금 수수료", "withdrawal fee"),
    "gas": ("가스비", "gas"),
    "hedge": ("헤지 비용", "hedge"),
}

# What a rule of analysis/gate_rules.py or a route of analysis/routes.py can say, blockers and warnings alike.
FINDINGS: Mapping[str, Words] = {
    "no_open_route": ("열린 것으로 확인된 경로 없음", "no route known to be open"),
    "withdrawal_closed": ("해외 출금 닫힘 (물량 부족 신호)", "foreign withdrawals closed (a sign of scarce supply)"),
    "withdrawal_unknown": ("해외 출금 상태 알 수 없음", "foreign withdrawal state unknown"),
    "deposit_closed": ("국내 입금 닫힘", "Korean deposits closed"),
    "deposit_scheduled": ("국내 입금 예정", "Korean deposits open later"),
    "deposit_unknown": ("국내 입금 상태 알 수 없음", "Korean deposit state unknown"),
    "transfer_slow": ("전송이 너무 느림", "transfer too slow"),
    "transfer_time_unknown": ("전송 시간 알 수 없음", "transfer time unknown"),
    "vasp_blocked": ("트래블룰로 막힘", "blocked by the travel rule"),
    "vasp_unknown": ("트래블룰 가능 여부 알 수 없음", "travel rule unknown"),
    "no_common_network": ("공통 네트워크 없음", "no network in common"),
    "other_coin": ("이름만 같은 다른 코인", "another coin of the same name"),
    "price_excluded": ("해외 가격을 믿을 수 없음", "foreign price not believed"),
    "unprofitable": ("순이익이 기준 이하", "net profit at or below the margin"),
    "watch_only": ("관찰만 (WATCH ONLY)", "WATCH ONLY"),
    "low_volume": ("해외 거래대금이 적음", "low global volume"),
    "gas_high": ("가스비·출금비가 높음", "gas or withdrawal cost is high"),
    "no_hedge": ("헤지 수단 없음", "no hedge"),
    "hedge_dex_only": ("헤지는 DEX 무기한 선물뿐", "only a DEX perpetual to hedge with"),
    "hedge_unknown": ("헤지 가능 여부 알 수 없음", "hedge unknown"),
    "identity_weak": ("같은 코인인지 약하게만 확인됨", "same coin only weakly confirmed"),
    "fx_member_dropped": ("벗어난 환율을 제외함", "an FX source deviated and was dropped"),
    "fx_unchecked": ("환율을 은행 환율과 비교하지 못함", "FX not checked: no recent bank rate"),
    "not_open_yet": ("아직 거래 시작 전", "trading has not begun yet"),
    "not_listed_here": ("이 거래소에 아직 없음", "not listed at this exchange"),
    "below_withdraw_min": ("출금 최소 수량 미달", "fewer coins than the least withdrawal"),
    "network_note": ("네트워크 안내 있음", "the exchange warns of the network"),
    "unknown_symbol": ("어느 거래소에도 없는 코인", "no venue knows this coin"),
    "unknown_waived": ("설정에 따라 모르는 채로 허용함", "unknown, waived by the configuration"),
}

# What a finding is about, where that is no name of a venue or route.
SUBJECTS: Mapping[str, Words] = {
    "fx_conflict": ("환율끼리 어긋남", "FX sources contradict each other"),
    "fx_hard_coded": ("환율이 고정값뿐", "only the hard-coded FX rate"),
    "fx_off_bank": ("환율이 은행 환율과 너무 다름", "FX too far from the bank rate"),
    "upbit price": ("업비트 가격 알 수 없음", "Upbit price unknown"),
    "bithumb price": ("빗썸 가격 알 수 없음", "Bithumb price unknown"),
    "foreign price": ("해외 가격 알 수 없음", "foreign price unknown"),
    "deposit": ("국내 입금 상태 알 수 없음", "Korean deposit state unknown"),
    "withdrawal": ("해외 출금 상태 알 수 없음", "foreign withdrawal state unknown"),
    "transfer time": ("전송 시간 알 수 없음", "transfer time unknown"),
    "cost": ("비용 알 수 없음", "cost unknown"),
    "identity": ("같은 코인인지 확인되지 않음", "not proven to be the same coin"),
    "none": ("없음", "none"),
    "ticker": ("티커", "ticker"),
    "upbit": ("업비트", "Upbit"),
    "bithumb": ("빗썸", "Bithumb"),
    "not traded abroad": ("해외 거래소에 없음", "not traded abroad"),
}

# The numbers that findings carry, without the unit that rides at the end of their names.
NUMBERS: Mapping[str, Words] = {
    "net": ("순이익", "net"),
    "margin": ("기준", "margin"),
    "volume": ("거래대금", "volume"),
    "limit": ("기준", "limit"),
    "p90": ("p90", "p90"),
    "coins": ("수량", "coins"),
    "least": ("최소", "least"),
    "note": ("안내", "note"),
    "opens": ("시각", "at"),
    "missing": ("빠진 항목", "missing"),
    "routes": ("경로", "routes"),
    "routes_count": ("경로 수", "routes"),
    "by": ("근거", "by"),
    "tie": ("근거", "by"),
    "excess": ("초과 프리미엄", "excess"),
    "krw_per_usdt": ("KRW/USDT", "KRW/USDT"),
    "gas": ("가스비", "gas"),
    "withdrawal": ("출금 수수료", "withdrawal fee"),
    "btc_implied": ("BTC 내재 환율", "BTC-implied"),
    "eth_implied": ("ETH 내재 환율", "ETH-implied"),
    "krw_usdt": ("KRW-USDT", "KRW-USDT"),
    "last_good": ("마지막 정상 환율", "last good"),
    "hard_coded": ("고정 환율", "hard-coded"),
}

# The facts of analysis/facts.py worth a line, in order of use; all others are kept with the decision and not shown.
FACTS: Mapping[str, Words] = {
    "hedge": ("헤지", "hedge"),
    "funding_bps": ("펀딩비", "funding"),
    "basis_bps": ("선물 베이시스", "basis"),
    "perp_gap_bps": ("선물 괴리 (현물 대비)", "perpetual against spot"),
    "rival": ("다른 국내 거래소", "other Korean exchange"),
    "rival_mid_krw": ("다른 국내 거래소 가격", "price there"),
    "rival_excess_bps": ("그곳의 초과 프리미엄", "excess premium there"),
    "korean_mid_krw": ("국내 중간가", "Korean mid price"),
    "reference_usdt": ("해외 기준가", "foreign reference price"),
    "fx_krw_per_usdt": ("적용 환율", "FX used"),
    "market_premium_bps": ("시장 프리미엄", "market premium"),
    "global_volume_usd": ("해외 24시간 거래대금", "global volume 24 h"),
    "market_cap_usd": ("시가총액", "market cap"),
    "fdv_usd": ("완전 희석 가치", "fully diluted value"),
    "circulating_supply": ("유통량", "circulating supply"),
}

# Facts that were worked out from others or are no answer of anybody's, by the start of their names: they have no source
# of their own to show.
DERIVED = (
    *("cost.", "route", "net_", "premium_", "excess_", "market_premium_", "reference_", "global_volume_"),
    *("hedge", "basis_", "funding_", "notional_", "run_", "run.", "rival_excess_", "perp_gap_"),
    *("identity.", "markets", "first_trade_", "trading_starts_", "deposit_opens_", "previous."),
)
BY_HAND = ".yaml"  # in the first word of the source of what is kept by hand: its date is no age of an answer


# What happened to a listing after its first sight: `Change` of collectors/listings/listing_life.py.
CHANGES: Mapping[str, Words] = {
    "new_episode": ("재상장", "RELISTED"),
    "quotes_added": ("마켓 추가", "MARKETS ADDED"),
    "time_set": ("거래 시작 시각 확정", "OPENING TIME SET"),
    "time_moved": ("거래 시작 시각 변경", "OPENING TIME MOVED"),
    "postponed": ("상장 연기", "POSTPONED"),
    "cancelled": ("상장 취소", "CANCELLED"),
    "deposits_open": ("입금 열림", "DEPOSITS OPEN"),
    "trading": ("거래 시작됨", "TRADING HAS STARTED"),
    "settled": ("상장 24시간 경과", "SETTLED: 24 h SINCE THE FIRST TRADE"),
    "returned": ("마켓 목록에 다시 나타남", "BACK IN THE MARKET LIST"),
    "gone": ("마켓 목록에서 사라짐", "GONE FROM THE MARKET LIST"),
}

# What became of a listing: `Label` of analysis/outcome.py.
LABELS: Mapping[str, Words] = {
    "big_hit": ("대박 BIG HIT", "BIG HIT"),
    "hit": ("성공 HIT", "HIT"),
    "lightning_rod": ("반짝 LIGHTNING ROD", "LIGHTNING ROD"),
    "normal": ("보통 NORMAL", "NORMAL"),
    "dud": ("불발 DUD", "DUD"),
    "unknown": ("알 수 없음 UNKNOWN", "UNKNOWN"),
}

NOTICE: Words = ("공지", "Notice")
UNKNOWN: Words = ("알 수 없음", "unknown")


def say(words: Words, language: Language) -> str:
    return words[0] if language == "ko" else words[1]


def word(table: Mapping[str, Words], code: str, language: Language) -> str:
    """The words for a code; the code itself where there are none."""
    found = table.get(code)
    return code if found is None else say(found, language)


def unknown(language: Language) -> str:
    return say(UNKNOWN, language)
