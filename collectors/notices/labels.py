"""The words in a notice that say what the times near them are the times of."""

from enum import Enum

from msgspec import Struct

from collectors.notices import patterns as re


class What(Enum):
    """What a time is the time of; ELSE names things that are neither, so that their times are not taken for ours."""

    TRADING = "trading"
    DEPOSITS = "deposits"
    ELSE = "else"


class Label(Struct, frozen=True):
    """Words that say what the times near them mean. `changed`: they say that this time replaces another."""

    start: int
    end: int
    what: What
    changed: bool


def _any(*patterns: str) -> str:
    return "(?:" + "|".join(patterns) + ")"


_B = r"\s?"  # a blank that comes and goes
_TRADE = _any(rf"거래{_B}지원", "거래", "매매", rf"마켓{_B}(?:거래|추가)?", "상장")
_WHEN = _any("시점", "일시", "시간", "시각", "일정")
_BEGIN = _any("개시", "오픈", "시작", "가능", "예정", _WHEN)
_IN_KIND = r"(?:\([^()]{0,12}\)\s?)?"  # 거래(매수/매도) 개시
_PARTICLE = r"(?:은|는|이|가|의|을|를)?"
_OLD = _any("기존", "당초", rf"변경{_B}전", "최초", "이전")

_ELSE = _any(
    rf"(?<=\()\s?{_OLD}\s?:(?=[^()→>]{{0,40}}\))",  # 추후 안내 (기존: 8월 10일 14시)
    rf"{_OLD}의?{_B}(?:{_TRADE}|입출금|입금)[가-힣 ]{{0,14}}",
    rf"출금{_B}(?:서비스{_B})?{_any('지원', '개시', '오픈', '시작', '가능', '재개', _WHEN)}+",
    rf"거래{_B}(?:지원{_B})?(?:\([^()]{{0,12}}\){_B})?종료",
    "스냅샷",
    "에어드랍",
    rf"이벤트{_B}기간",
    "점검",
    rf"기준{_B}{_any(_WHEN, '가격', '일')}",
    rf"{_any('지정가', '시장가', '예약', '최유리', '매수', '매도', '모든')}[가-힣 ]{{0,6}}주문",
    rf"{_any('공지', '업데이트', '수정', '작성', '안내')}{_B}{_any('일시', '시점', '시각')}",
    rf"지급{_B}{_any('일시', '시점', '일')}",
    rf"유의{_B}종목",
    "유통량",
    r"(?:previous|original|initial|old)\s(?:[a-z]+\s){0,3}(?:time|schedule|date|start)",
    r"withdrawals?\s(?:service\s|support\s|will\s)*(?:open|start|begin|support|available)[a-z]*",
    "terminat[a-z]*",
    "snapshot",
    "airdrop",
)
_DEPOSIT = _any(
    rf"(?:입출금|입금(?:{_B}[및과/·,]{_B}출금)?){_B}(?:(?:서비스|기능){_B})?(?:은|이|을)?{_B}"
    rf"{_any('지원', '재개', _BEGIN)}(?:{_B}{_any('지원', _BEGIN)})*",
    r"(?:입출금|입금)(?=\s?(?:[:|]|$))",
    r"(?:입출금|입금(?:과\s출금)?)(?:은|는|이)\s(?=.{0,40}(?:가능|개시|시작|오픈|지원))",
    r"deposits?(?:\s?(?:and|&|/)\s?withdrawals?)?\s(?:service\s|support\s|will\s|to\s|are\s|be\s)*"
    r"(?:open|start|begin|support|available|enabled|commence|time|schedule)[a-z]*(?:\s(?:time|date))?",
    r"wallets?\s(?:open|start)[a-z]*",
    r"\bdeposits?(?:\s?(?:and|&|/)\s?withdrawals?)?(?=\s?:)",
)
_BY_ITSELF = (  # of what, is told by the words before: `네트워크(ETH) 추가 일시`, `ERC20 추가 일시`, `(추가 일시`
    r"(?<![가-힣A-Za-z(\]])(?<![가-힣A-Za-z(\]]\s)(?<!\D\))(?<!\D\)\s)(?<![A-Za-z\d]\d\s)"
)
_TRADING = _any(
    rf"{_TRADE}{_B}{_IN_KIND}{_PARTICLE}{_B}{_BEGIN}(?:{_B}{_BEGIN})*(?!{_B}{_any('중단', '중지', '제한', '종료')})",
    rf"{_any('오픈', '개시')}{_B}(?:예정{_B})?{_WHEN}",
    rf"{_BY_ITSELF}추가{_B}(?:예정{_B})?{_any('일시', '시점', '시각')}",
    rf"{_TRADE}(?:은|는|이|가)\s?(?=.{{0,40}}(?:개시|시작|오픈|지원|추가)(?:됩|될|합|할|예정))",
    rf"(?<![가-힣])거래(?:{_B}지원)?(?=\s?[:|])",
    r"(?:trading|market)\s(?:support\s|will\s|to\s|is\s|be\s|scheduled\s)*"
    r"(?:open|start|begin|commence|launch|time|schedule|date)[a-z]*(?:\s(?:time|date))?",
    r"(?:start|opening|commencement)\sof\s(?:trading|market\ssupport)",
    r"(?:listing|launch)\s(?:time|date)",
    r"\btrading(?:\ssupport)?(?=\s?:)",
    r"(?:open|opens|available)\sfor\strading",
)
_LABEL = re.compile(rf"(?P<else>{_ELSE})|(?P<deposit>{_DEPOSIT})|(?P<trading>{_TRADING})", re.IGNORECASE)
_CHANGES = _any("변경", "연기", "조정", "수정", "정정", "재조정", "재변경", "순연", "앞당겨진", "확정")
_CHANGED_BEFORE = re.compile(
    rf"(?:{_CHANGES}(?:된|한|되는|후|하는)?의?|새로운)\s?$|"
    r"(?:updated|revised|changed|new|postponed|rescheduled|delayed|adjusted)\s$",
    re.IGNORECASE,
)
_CHANGED_AFTER = re.compile(
    rf"\s?(?:이|을|가|의)?\s?\(?\s?(?:추가{_B}|재)?{_any('변경', '연기', '조정', '정정', '순연')}(?!{_B}전)|"
    r"\s?\(?(?:updated|revised|changed|postponed)",
    re.IGNORECASE,
)
LABELS_MAX = 60


def labels_in(text: str) -> list[Label]:
    """The labels of a cell or line, in their order; of a text crammed with them the first `LABELS_MAX`."""
    found: list[Label] = []
    for match in _LABEL.finditer(text):
        what = What.ELSE if match["else"] else What.DEPOSITS if match["deposit"] else What.TRADING
        changed = _CHANGED_BEFORE.search(text, max(0, match.start() - 16), match.start()) is not None
        changed = changed or _CHANGED_AFTER.match(text, match.end()) is not None
        found.append(Label(match.start(), match.end(), what, changed))
        if len(found) == LABELS_MAX:
            break
    return found
