"""What kind of notice a title is, by rules that are tried in order; each answer carries its reason.

Rules look at the title's head (outside brackets, coin names taken out) without blanks. In Korean the last clause says
what happens and clauses that end in 에 따른 or 로 인한 only say why, so the rules judge the last clause: a wallet
notice that repeats the words of the listing it belongs to is a wallet notice.
"""

from collections.abc import Callable, Sequence
from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

from collectors.notices import patterns as re
from collectors.notices.phrases import ASSETS, Facts, listing_phrase, words
from collectors.notices.text import squeezed


class NoticeKind(Enum):
    """`market_added`: the coin trades there already, in another market. `is_listing` holds for the first three."""

    LISTING = "listing"
    MARKET_ADDED = "market_added"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"
    DELISTING = "delisting"
    CAUTION = "caution"
    CAUTION_LIFTED = "caution_lifted"
    DEPOSIT_WITHDRAWAL = "deposit_withdrawal"
    MAINTENANCE = "maintenance"
    EVENT = "event"
    RENAME = "rename"
    OTHER = "other"


class Judgement(Struct, frozen=True):
    """`understood` False: no rule knew the title, `kind` is then what its category suggests, or OTHER."""

    kind: NoticeKind
    reason: str
    understood: bool = True


TRADE_CATEGORY = re.compile(r"거래$|^거래지원(?!종료)|마켓|상장(?!폐지)|^trad(?:e|ing)|^listing")
_REASON_ENDS = re.compile(
    words("에따른 에따라 으로인한 로인한 로인해 을위한 를위한 에대비한 에의한 을통한 를통한")
    + "|관련(?!(?:재|추가|유의)?(?:안내|공지|사항|소명|공시))"
)
_FRAUD = re.compile(
    words("사칭 피싱 스미싱 파밍 스캠 가짜 도용 스와핑 보이스피싱 투자사기 phishing impersonat scam fraud")
)
_CHEATS = re.compile(r"사기.*(?:주의|유의|예방|피해|경고|근절|대응)")
_DELISTING_WITHDRAWN = re.compile(r"종료(?:결정|예정)?(?:의)?(?:철회|취소)")
_EVENT = re.compile(
    words(
        "이벤트 에어드랍 에어드롭 프로모션 페스티벌 챌린지 경품 럭키 퀴즈 페이백 캐시백 당첨 응모 쿠폰 보너스",
        "(?:거래|입금|매수|매매|초대)왕 대회 랜덤박스 리그전 배틀",
        "쏩니다 쏜다 드려요 받자 받으세요 받아가세요 받는방법 선물하세요 쏠게요 받기! 초대하 출석체크",
        "만원상당 원상당 최대\\d+만 총\\d+억 지원금",
        "트레이딩위크 트레이딩대전 미션 event airdrop giveaway promotion celebrat tradingcompetition",
    )
)
_EVENT_SPEECH = re.compile(
    words(
        "드리는 선물을 혜택 상금 무료 증정 추첨 선착순 vip 멤버십 매칭 리워드 콘서트 수수료0 0% 도전 순위 스냅샷",
        "기회 선보입니다 득템 행운 할인 \\d배",
        "(?<!보내)(?<!알려)(?<!안내)드립니다 reward campaign",
        "(?<!api)(?<!서비스)(?<!보안)(?<!보호)(?<!예방)(?<!강화)캠페인(?!감사)",
        "뮤지컬(?!.*(?:공유|후기|현장)) 에드랍 보상지급",
    )
)
_PAYS_COINS = re.compile(r"지급(?:완료|일정|계획)?(?:안내|공지|$)")
_THANKS = re.compile(words("감사인사 공유합니다 후기 리포트 일정안내"))
_COINS_OF_A_DELISTING = re.compile(
    rf"종료(?:된|되는|예정|대상)?{ASSETS}?(?:의|에대한)?(?:출금|입출금|보관)(?!지원종료일시)"
)
_END_OF_WITHDRAWALS = re.compile(r"(?:입금|출금|입출금)(?:지원|서비스)?종료")
_OVERVIEW = re.compile(r"유의종목및거래지원종료")
_ENDS = re.compile(
    words(
        "거래(?:지원)?(?:서비스)?의?종료 상장을?폐지 상폐 거래지원을?(?:중단|해지|해제|제외|취소)",
        "마켓(?:거래)?(?:지원)?(?:종료|폐지|제거|삭제|제외) 마켓페어(?:종료|제거|삭제)",
        "페어(?:거래지원)?(?:종료|제거|삭제)",
        rf"{ASSETS}(?:지원)?종료 delist discontinu\w*(?:of)?(?:trading|market) endof(?:trading|market) removalof",
        "마켓(?:서비스|운영)(?:종료|중단)",
        r"terminat\w*(?:of)?(?:the)?(?:trading|market|support) (?:trading|market)(?:support)?\w*(?:terminat|ends?$)",
    )
)
_CAUTION_NAMED = re.compile(
    words(
        rf"(?:거래|투자)?(?:유의|주의|경고)(?:종목|촉구|지정|자산|{ASSETS}) 유의(?:종목)?(?:일시)?(?:지정|해제)",
        r"지정(?:기간)?연장 유의촉구",
        "투자경고 경보(?:지정|발령|종목|해제) cautionary trading(?:alert|caution|warning)",
        "investment(?:alert|caution|warning)",
        r"designat\w*(?:of|as|for) caution(?:item|ed|listed)",
    )
)
_CAUTION_OF_COIN = re.compile(
    r"(?:거래|투자|변동성|급등|급락|이용자|시세|가격)[가-힣]{0,6}(?:유의|주의)(?!사항)|경보|caution"
)
_CAUTION_RULES = re.compile(words("제도 정책 개선 확대 세분화 경보제 개편 가이드 기준변경 표시 신설 시행"))
_LIFTED = re.compile(words("해제 철회 lift releas remov revok cancel"))
_LIFTED_LATER = re.compile(r"(?:^|\|)(?:지정)?해제")
_RENAMES = re.compile(
    words(
        "리브랜딩 (?:토큰|코인|메인넷)의?(?:스왑|교환|전환|마이그레이션) 스왑(?:지원|안내|완료|진행|및|$)",
        "액면(?:분할|병합)",
        "(?:토큰)?(?:병합|분할)(?:안내|지원) 마이그레이션 리디노미네이션 (?:컨트랙트|contract)(?:주소)?변경",
        r"(?:명|명칭|이름|심볼|티커|코드)명?(?:\([a-z]+\))?(?:(?:및|/|,|·)[가-힣]{1,4})?(?:변경|수정) 로고변경",
        "rebrand tokenswap swapsupport (?:ticker|symbol|name)change changeof(?:ticker|symbol|name) migrat",
        "redenominat renam",
    )
)
_NEW_IDENTITY = re.compile(
    words("리브랜딩 (?:토큰|코인)스왑 (?:심볼|티커|종목명|명칭|심볼명|티커명)변경 rebrand tokenswap")
)
_DEPOSITS_BEGIN = re.compile(r"(?:입출금|입금|지갑|월렛)(?:서비스)?(?:오픈|개시|시작|지원)(?:안내|예정|공지|$)")
_AHEAD = re.compile(r"예정|\d[/월시:]")
_HALTS_MOVES = re.compile(
    r"(?:입출금|입금|출금)(?:서비스)?(?:및거래(?:지원)?)?를?(?:일시)?(?:중단|중지|재개|지연|제한)"
)
_MOVES = re.compile(
    words(
        "입출금 입금 출금 (?<!개인)(?:지갑|월렛)(?:오픈|업그레이드|이전|주소|중단|중지)",
        "네트워크(?:추가|지원) 멀티(?:체인|네트워크)(?:지원|추가) deposit withdraw wallet",
    )
)
_BANKING = re.compile(words("은행 뱅크 계좌 사전등록 트래블룰 본인확인 예치금 이용료 (?<!출금)(?<!입금)한도 환급"))
_HALTS = re.compile(words("중단 중지 재개 지연 제한"))
_WORKS = re.compile(
    words(
        "점검 작업(?:안내|으로|에|일정|예정|완료|$) 장애 순단 지연(?:현상)?(?:안내|공지|$)",
        "서버(?:증설|이전|교체|불안정|작업)",
        "일시(?:중단|중지) 접속(?:일시)?(?:불가|오류|지연) 오류(?:안내|현상|복구) 서비스(?:중단|중지)",
        "이용제한시간 정상화 복구",
        "maintenance inspection outage (?:service|system)(?:disruption|interruption|suspension) server",
    )
)
_INSPECTED = re.compile(
    r"(?:거래|서비스|시스템|서버|정기|긴급|빗썸|업비트).*점검(?:작업)?(?:안내|공지|일정|예정|완료|$)"
)
_OFFICE = re.compile(
    words(
        "공시 약관 개인정보 api 고객센터 운영안내 휴무 연휴 공동협의체 법률 법 신고 국세청 세금 트래블룰 vasp",
        "본인확인 고객확인 은행 계좌",
        "보고서 실사 정책 수수료 서비스 개편 출시 기능 업데이트 앱 모바일 채용 교육 인증 보안 이용자 투자자 백서",
        "리포트 유통량 심사 절차",
        "기준 위원회 투표 설문 호가 최소주문 주문 캠페인 창립 감사 제도 경보 차트 환급 위험 고지 이용료 인사 공유",
        "policy terms privacy fee disclosure report update service app",
    )
)
_OFFICE_OF_COIN = re.compile(
    words(
        "유통량(?:계획)? 계획표 공시 소명 백서 리포트 환급 클레임 하드포크 소각 투표 거버넌스 스테이킹 보상 대여",
        "빌리 이자 모으기 호가",
        "거래재개 거래일시 주문 수수료 상향 하향 재심사 심사 위원회 유지 가처분 스냅샷 정보제공 disclosure",
        # `취급 개시 및 유의사항` may be a listing, and so may `거래지원 안내 - 유의사항 포함`
        "^(?!.*거래지원안내)[^및]*(?:유의|주의)사항",
        "hardfork staking burn governance",
    )
)


def facts_of(
    exchange: str,
    head: str,
    remarks: Sequence[str],
    prefixes: Sequence[str],
    has_coin: bool,
    markets: tuple[str, ...],
) -> Facts:
    """The squeezed facts of a title."""
    text = squeezed(head)
    return Facts(
        exchange=exchange,
        head=text,
        clause=last_clause(text),
        remarks="|".join(map(squeezed, remarks)),
        prefixes="|".join(map(squeezed, prefixes)),
        has_coin=has_coin,
        markets=markets,
    )


def last_clause(head: str) -> str:
    """What follows the last clause that only gives a reason; the whole head where nothing would be left."""
    ends = [match.end() for match in _REASON_ENDS.finditer(head)]
    rest = head[ends[-1] :] if ends else head
    return rest if re.search(r"[가-힣a-z]{3}", rest) else head


def judge(facts: Facts) -> Judgement:
    """The kind of a notice and the rule that said so."""
    for rule in RULES:
        kind = rule(facts)
        if kind is not None:
            return Judgement(kind, rule.__name__.strip("_").replace("_", " "))
    for sign, kind in _KIND_OF_CATEGORY:
        if sign.search(facts.prefixes):
            return Judgement(kind, "category only", understood=kind is not NoticeKind.OTHER)
    return Judgement(NoticeKind.OTHER, "no rule", understood=False)


def is_odd_in_trade(facts: Facts, kind: NoticeKind) -> bool:
    """Deposits that open, published in a trade category: possibly a listing in words that the rules do not know."""
    opens = kind is NoticeKind.DEPOSIT_WITHDRAWAL and not re.search("종료|제한|중단|중지|재개|지연|정상화", facts.head)
    return opens and facts.has_coin


def _warns_of_fraud(facts: Facts) -> NoticeKind | None:
    return NoticeKind.OTHER if _FRAUD.search(facts.head) or _CHEATS.search(facts.head) else None


def _begins_trading(facts: Facts) -> NoticeKind | None:
    phrase = listing_phrase(facts)
    if phrase is None:
        return None
    adds = re.search("추가|페어|add", phrase) is not None
    upbit_adds = facts.exchange == "upbit" and (facts.head.startswith("§") or facts.markets == ("KRW",))
    return NoticeKind.MARKET_ADDED if adds and ("페어" in facts.head or upbit_adds) else NoticeKind.LISTING


def _opens_deposits_for_a_market(facts: Facts) -> NoticeKind | None:
    """`입금 오픈 (5/3 원화마켓 오픈 예정)`: the notice of the deposits is the first word of the listing."""
    if not (facts.has_coin and _DEPOSITS_BEGIN.search(facts.clause)):
        return None
    remarks = facts.remarks.split("|")
    told = any(_AHEAD.search(each) and listing_phrase(replace(facts, clause=each)) for each in remarks)
    return NoticeKind.LISTING if told else None


def _takes_a_delisting_back(facts: Facts) -> NoticeKind | None:
    return NoticeKind.OTHER if _DELISTING_WITHDRAWN.search(facts.head) else None


def _is_an_event(facts: Facts) -> NoticeKind | None:
    return NoticeKind.EVENT if _EVENT.search(facts.clause) else None


def _moves_coins_of_a_delisting(facts: Facts) -> NoticeKind | None:
    only_moves = _END_OF_WITHDRAWALS.search(facts.clause) and "거래" not in facts.clause
    moves = only_moves or _COINS_OF_A_DELISTING.search(facts.clause)
    return NoticeKind.DEPOSIT_WITHDRAWAL if moves else None


def _lists_cautions_and_delistings(facts: Facts) -> NoticeKind | None:
    return NoticeKind.CAUTION if _OVERVIEW.search(facts.clause) and not facts.has_coin else None


def _ends_trading(facts: Facts) -> NoticeKind | None:
    return NoticeKind.DELISTING if _ENDS.search(facts.clause) else None


def _warns_of_a_coin(facts: Facts) -> NoticeKind | None:
    clause = facts.clause
    named = _CAUTION_NAMED.search(clause)
    if not facts.has_coin and (_CAUTION_RULES.search(clause) or not named):
        return None
    if not (named or _CAUTION_OF_COIN.search(clause)) or (not named and _MOVES.search(clause)):
        return None
    lifted = _LIFTED.search(clause) or _LIFTED_LATER.search(facts.remarks)
    return NoticeKind.CAUTION_LIFTED if lifted and "연장" not in clause else NoticeKind.CAUTION


def _renames(facts: Facts) -> NoticeKind | None:
    if facts.has_coin and _NEW_IDENTITY.search(facts.head):
        return NoticeKind.RENAME
    return NoticeKind.RENAME if _RENAMES.search(facts.clause) and not _HALTS_MOVES.search(facts.clause) else None


def _moves_coins(facts: Facts) -> NoticeKind | None:
    banking = _BANKING.search(facts.clause) and not _HALTS.search(facts.clause)
    return NoticeKind.DEPOSIT_WITHDRAWAL if _MOVES.search(facts.clause) and not banking else None


def _is_inspected(facts: Facts) -> NoticeKind | None:
    """An inspection of everything names deposits among what rests; one of deposits alone is about deposits."""
    whole = _INSPECTED.search(facts.clause) and not _HALTS_MOVES.search(facts.clause)
    return NoticeKind.MAINTENANCE if whole and not facts.has_coin else None


def _is_maintenance(facts: Facts) -> NoticeKind | None:
    return NoticeKind.MAINTENANCE if _WORKS.search(facts.clause) else None


def _speaks_like_an_event(facts: Facts) -> NoticeKind | None:
    if _THANKS.search(facts.head):
        return None
    if facts.has_coin and _PAYS_COINS.search(facts.clause):
        return NoticeKind.EVENT
    anniversary_ended = "기념" in facts.head and re.search(r"종료안내|순위|당첨", facts.remarks)
    return NoticeKind.EVENT if anniversary_ended or _EVENT_SPEECH.search(facts.head) else None


def _is_office_news(facts: Facts) -> NoticeKind | None:
    """General news; with a coin in the title only what cannot be a listing in words we do not know."""
    known = _OFFICE_OF_COIN if facts.has_coin else _OFFICE
    return NoticeKind.OTHER if known.search(facts.head) else None


Rule = Callable[[Facts], NoticeKind | None]
RULES: tuple[Rule, ...] = (
    _warns_of_fraud,
    _begins_trading,
    _opens_deposits_for_a_market,
    _takes_a_delisting_back,
    _is_an_event,
    _moves_coins_of_a_delisting,
    _lists_cautions_and_delistings,
    _ends_trading,
    _warns_of_a_coin,
    _renames,
    _is_inspected,
    _moves_coins,
    _is_maintenance,
    _speaks_like_an_event,
    _is_office_news,
)
_KIND_OF_CATEGORY = (
    (re.compile(r"이벤트|event"), NoticeKind.EVENT),
    (re.compile(r"거래지원종료|상장폐지"), NoticeKind.DELISTING),
    (re.compile(r"유의"), NoticeKind.CAUTION),
    (re.compile(r"입출금|deposit|withdraw"), NoticeKind.DEPOSIT_WITHDRAWAL),
    (re.compile(r"점검|maintenance"), NoticeKind.MAINTENANCE),
)
