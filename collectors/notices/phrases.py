"""The words by which a title says that a coin becomes tradable, and those that make it say something else.

A phrase ("신규 거래지원", "원화 마켓 추가", "상장") is a listing only if what follows lets it be: "원화 마켓 추가
기념 이벤트" is an event, "원화 마켓 추가 예정 코인 입금 안내" is about wallets, "상장 및 이벤트" is a listing. The
word 추가 ("added") alone says nothing. All patterns are matched on text without blanks, in lower case, with § for each
coin name taken out.
"""

from msgspec import Struct

from collectors.notices import patterns as re


class Facts(Struct, frozen=True):
    """A title as the rules see it, squeezed. `clause` is the last clause of `head`; `remarks` are brackets after it.

    `prefixes` are bracketed words before the title and the categories that the exchange put the notice in.
    """

    exchange: str
    head: str
    clause: str
    remarks: str
    prefixes: str
    has_coin: bool
    markets: tuple[str, ...]


def words(*lines: str) -> str:
    """A regular expression that matches any of the blank-separated words."""
    return "(?:" + "|".join(word for line in lines for word in line.split()) + ")"


QUOTE = words("원화 krw won 비트코인 btc 이더리움 eth 테더 usdt usdc")
ASSETS = words("디지털자산 가상자산 암호화폐 암호자산 알트코인 코인 토큰 종목 페어")
_MARKET_WORD = words("마켓 markets? 시장")
MARKET = rf"{QUOTE}(?:(?:[,/·&+]|및|와|과)?{QUOTE})*{_MARKET_WORD}"
_BETWEEN = words(  # no two of these begin alike, so that a long run of them is read in one way only
    rf"{ASSETS} {QUOTE} {_MARKET_WORD} 신규 거래페어 지원 대상 추가로 에서 및 [에의을를도로이가은는]",
    r"[,/·&:§-] \d{1,3}[종개]",
)
_DEED = words(
    "추가 오픈 상장 개설 개장 런칭 론칭 출시 등록 거래지원 개시 시작 신규지원",
    "거래가?(?:개시|시작|오픈|가능) 지원(?=안내|예정|합니다|$)",
)
_NOT_BEGUN = (
    "(?!"
    + words(
        "종료 중단 중지 유지 심사 정책 절차 기준 재심사 재검토 여부 검토 신청 접수 수수료 모범 현황 개선 서비스",
        "심의 위원회 가이드 프로세스 \\d+주년",
        "폐지 사기 피해 수량 요건 계약 문의 담당 개인정보 약관 제도 규정 팀 메뉴",
    )
    + ")"
)
_FOLLOWS = words(
    "개시 시작 오픈 예정 안내 추가 결정 일정 시점 시간 일시(?!중단|중지|정지|제한) 확정 완료 소식 공지 합니다",
    "됩니다 했습니다 연기 지연 변경 취소",
    r"및 & § $ [!,:(.~/-] \d",
)
_STRONG = tuple(
    re.compile(pattern)
    for pattern in (
        rf"신규{ASSETS}?거래(?:지원|페어){_NOT_BEGUN}",
        rf"(?:신규{ASSETS}?|재)상장{_NOT_BEGUN}",
        rf"{MARKET}{_BETWEEN}{{0,12}}{_DEED}{_NOT_BEGUN}",
        rf"§?[(/,]?{QUOTE}[)]?(?:에)?(?:신규)?상장{_NOT_BEGUN}",
    )
)
_NEW_COIN = re.compile(rf"신규{ASSETS}(?:추가|오픈|거래(?:개시|시작))")  # of a market, or of a service for coins
_WITH_COIN = tuple(
    re.compile(pattern)
    for pattern in (
        rf"거래지원(?:을|이|의)?(?:신규|추가)?(?={_FOLLOWS})",
        rf"^(?:§|{QUOTE}|마켓|신규|업비트|빗썸|[,·:&-]|및|\d+종)*{ASSETS}[§:]*(?:신규)?추가(?!인증|납부|정보|공시|보상|모집)",
        r"(?<![가-힣])마켓(?:오픈|추가)",
        rf"(?<![미비])상장(?={_FOLLOWS})",
        rf"(?:거래|매매)(?:서비스)?(?:개시|시작|오픈)(?={_FOLLOWS})",
    )
)
_ENGLISH = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?:market|trading)supportfor",
        r"(?:new|additional)(?:(?:digital|virtual)assets?|coins?|tokens?|markets?)?(?:trading|market)?support(?!er)",
        r"(?:new|added|additional|additionof)(?:new)?(?:digital|virtual|crypto)assets?",
        r"(?:digital|virtual)assets?(?:addition|added|listing|listed)",
        rf"{QUOTE}(?:[,/&]|and)?(?:{QUOTE}(?:[,/&]|and)?)*markets?(?:trading)?(?:addition|listing|open|launch|add(?:ed|s)|support(?!§?termin))",
        r"(?:new|upcoming|re)listings?(?=of|for|on|:|notice|announcement|schedule|§|and|$)",
        r"(?<!de)listing(?=of|for|on|:|notice|announcement|schedule|and|$)",
        r"(?:^|upbit|bithumb|exchange)(?:to)?(?:newly)?lists?§",
        r"(?:newly|willbe|tobe|isnow|now)listed|willlist(?!en)",
        rf"(?:add(?:s|ed|ing|ition)?(?:of)?|lists?|listing)(?:§|,|and|&|the|new|also)*(?:to|on|in)(?:the)?{QUOTE}",
        r"trading(?:will)?(?:open|start|begin|launch|commence)|opens?fortrading|availablefortrading",
        r"newtradingpairs?|tradingpairs?(?:addition|added)",
    )
)
_ENGLISH_NOT = re.compile(
    words(
        "delist terminat endof(?:trading|market|support) discontinu suspen ceas remov halt caution warning alert",
        "phishing",
        "impersonat scam fraud polic review withdrawalsupport disclosure celebrat commemorat",
    )
)
_FILLER = re.compile(
    words(
        "안내 예정 공지 일정 오픈 개시 시작 완료 확정 결정 진행 소식 시점 시간 일시 합니다 됩니다 됐어요",
        "되었습니다 notice",
        "[을를가은는의!.:§] 이(?!벤트) 에(?!어드|드랍)",
    )
    + "*"
)
_JOINED = re.compile(words(r"및 & / , · \+ 와함께 과함께 와 과 and plus with"))
_NOT_AFTER = re.compile(
    words(
        "이벤트 에어드랍 에어드롭 프로모션 캠페인 챌린지 대회 보상 리워드 혜택 당첨 결과 입출금 입금 출금 지갑",
        "종료 폐지 심사 정책",
        "기준 절차 가이드 투표 사칭 사기 피싱 유의 설문 스테이킹 신청 접수 문의 제도 현황 후기 인터뷰 점검 장애",
        "공시 보고서 서비스 철회",
        "중단 중지 정지 제한",
        "관련(?!안내$|재안내$|추가안내$) event airdrop reward deposit withdraw wallet campaign",
    )
)
_CELEBRATED = re.compile(words("기념 축하 맞이 celebrat commemorat inhonor"))
_PAID_OUT = re.compile(words("지급 당첨 결과 발표 수령 추첨"))
_NOT_BEFORE = re.compile(
    words(
        "사칭 허위 가짜 불법 미신고 투표 스테이킹 예치 대여 렌딩 빌리 모으기 적립 구독 선물하기 담보 쿠폰 지갑",
        "위젯 차트 지표",
        "리브랜딩 스왑 명칭변경 심볼변경 티커변경 마이그레이션 바이낸스 코인베이스 자동 예약 프리미엄 레버리지 마진 봇",
        "알림 api nft 본인확인 이자 간편 인증 서비스 세금 신고 해외 미국 나스닥 etf 주식 리포트 시세",
    )
)
_NEVER_BEFORE = re.compile(words("사칭 허위 사기 투표 스테이킹 빌리기 대여"))
_ONLY_COINS = re.compile(rf"(?:§|,|및|안내|{MARKET})+")
_PREFIX_SAYS = re.compile(words("마켓추가 신규상장 신규거래지원 newmarket newlisting marketaddition"))


def listing_phrase(facts: Facts) -> str | None:
    """The words that say a coin becomes tradable, or None where the title does not say so."""
    coin_or_market = facts.has_coin or bool(facts.markets)
    patterns = [*((pattern, False) for pattern in _STRONG), (_NEW_COIN, True)]
    if coin_or_market:
        patterns += [(pattern, True) for pattern in _WITH_COIN]
        if not _ENGLISH_NOT.search(facts.clause):
            patterns += [(pattern, False) for pattern in _ENGLISH]
    for pattern, is_weak in patterns:
        for match in pattern.finditer(facts.clause):
            if _stands(facts.clause[: match.start()], facts.clause[match.end() :], is_weak):
                return match.group()
    said = _PREFIX_SAYS.search(facts.prefixes)  # `[마켓 추가] 카이아(KAIA)`
    return said.group() if said and facts.has_coin and _ONLY_COINS.fullmatch(facts.clause) else None


def _stands(before: str, after: str, is_weak: bool) -> bool:
    """Whether a listing phrase between these texts is what the title is about."""
    if _NEVER_BEFORE.search(before) or (is_weak and _NOT_BEFORE.search(before)):
        return False
    filler = _FILLER.match(after)
    tail = after[filler.end() :] if filler else after
    if _PAID_OUT.search(tail):
        return False
    if _JOINED.match(tail):
        return True
    return not (_CELEBRATED.search(tail) or _NOT_AFTER.search(tail))
