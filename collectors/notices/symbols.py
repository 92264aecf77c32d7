"""The coins of a title, and what is left of the title once their names are taken out.

Coins stand as `이름(TICKER)`, in lists `(AAA, BBB)` and `(플로우 FLOW, 왁스 WAX)`, ticker first as `NMR(뉴메레르)`,
as pairs `ETC/KRW`, or bare before what happens to them (`LUNA 유의 종목 지정`). No list of coins is kept: a new coin is
the case that matters.
"""

from collections.abc import Sequence

from msgspec import Struct

from collectors.notices import patterns as re
from collectors.notices.markets import (
    ENDS_WITH_QUOTE,
    MARKET_WORD,
    ONLY_PAIRS,
    ONLY_QUOTES,
    PAIR,
    QUOTE,
    QUOTES,
    RUN,
    quotes_in,
)
from collectors.notices.text import Piece, Title, squeezed


def _set_of(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


_NEVER_COINS = _set_of("KRW KST UTC ERC ERC20 BEP20 BEP2 TRC20 SPL UPDATE UPDATED COMPLETED")
_OFFICE_WORDS = _set_of(
    "DAXA VASP VASPS KYC AML FIU KOFIU ISMS FATF CBDC STO IPO ICO IEO ESG API NFT OTP QR PC APP IOS AOS OS IP ID SMS",
    "ARS PIN PASS SSL TLS FIDO RPC DB MTS HTS WTS UI UX FAQ PDF VIP PR IR IT AI SNS CS MOU TF DEX CEX ETF",
    "USD TV ISP VOL OX 2FA MFA CDD EDD CARF CRS DDOS FDS KISA KCB L2E P2E RWA TVL APY APR GDP CPI FOMC SEC SIM",
    "CODE NICE KB NH SC IBK B2B TOP LIVE NEW PLUS",
)
_OFFICE_HOLDERS = re.compile(
    r"(?:대표|대표이사|경영자|책임자|임원)$"
)  # who holds an office, by whatever letters, is no coin
_OFFICE_NAMES = re.compile(
    r"(?:고객확인|고객확인제도|자금세탁방지|인공지능|생성형|대체불가|토큰|일회용|비밀번호|주소|달러|상장지수|거래소|솔루션|시스템|인증|인터페이스|서비스|"
    r"웹|모바일|앱|컴퓨터|계정|정보|제도|협의체|위원회|분석원|은행|사업자|코드|증권|기관|관리|연동|버전|(?:^|고객|회원|계정|로그인)아이디|^아이피|오픈|테스트|"
    r"공개|상장|교환|규제|탐지|방지|진흥원|학습|물가|금리|수익률|고객|회원)$"
)
_NOT_COINS = re.compile(
    r"안내|마켓|예정|종료|완료|재개|변경|오전|오후|업데이트|추가|거래|지원|입금|출금|이벤트|상장|유의|시점|시간|연기|취소|"
    r"기간|포함|제외|정상화|공지|계열|\d종|\d차|\d시|\d[/:.]\d"
)
_SENTENCE_WORD = re.compile(  # made of nothing but words of a notice; 디마켓 and 이벤트호라이즌 are names
    rf"(?:{QUOTE}마켓|안내|마켓|예정|종료|완료|재개|변경|오전|오후|업데이트|추가|거래|지원|입금|출금|입출금|이벤트|상장|유의|종목|"
    r"시점|시간|연기|취소|기간|포함|제외|정상화|공지|계열|신규|개시|오픈|일시|중단|중지|기념|보유|대상|기준|가격|"
    r"수수료|무료|컨트랙트|주소|심볼|명칭|국문명|[0-9:/.~]++[가-힣]?)+(?:[의을를은는이가에및]|으?로)?",
    re.IGNORECASE,
)
_NAME_BEGINS = re.compile(
    r"[,/·&:;~!?\"|]|\s-\s|(?<=\s)및\s|에 ?따른|인한|위한|대상|기념|보유|관련|"
    r"(?:추가|상장|안내|예정|종료|지정|해제|거래 ?지원|입출금 ?지원|(?:원화|KRW|BTC|ETH|USDT) ?마켓(?:에|의|에서)?|"
    r"(?:디지털|가상) ?자산|신규 ?코인|암호화폐)\s+|\b(?:for|of|to|and|on|with|(?:de)?lists?|listing|adds?)\s",
    re.IGNORECASE,
)
_SENTENCE = re.compile(
    r"거래지원|상장|마켓|유의|입출금|이벤트|에어드랍|에어드롭|안내|추가|종료|지정|점검|support|market|listing|notice|"
    r"airdrop|suspen|terminat|deposit|withdraw|designat"
)
_BARE = r"(?:(?=[0-9]{0,9}[A-Z])[A-Z0-9]{1,15})"
_BARE_LIST = rf"{_BARE}(?:\s*(?:[,/·&]|및)\s*{_BARE})*"
_BARE_SUBJECT = re.compile(rf"(?:^|[:\-§]\s*)({_BARE_LIST})(?![A-Za-z0-9])\s*(?=([가-힣]+)|{QUOTE}(?![A-Za-z])|$)")
_BARE_BEFORE_DEED = re.compile(
    rf"(?:^|[\s,:§])({_BARE_LIST})\s*(?=신규|거래 ?지원|상장|거래 ?유의|유의|투자 ?유의|입출금|원화 ?마켓)"
)
_BARE_SURELY = re.compile(  # no office is listed or delisted, so SC before these is a coin and no bank
    rf"(?:^|[\s,:§])({_BARE_LIST})\s*(?=(?:거래 ?|투자 ?)?유의 ?종목|(?:신규 ?)?거래 ?지원 ?(?:종료|안내))"
)
_BARE_ENGLISH = re.compile(rf"(?:\bfor|\bof|:)\s+({_BARE}(?:(?:\s*,\s*|\s+and\s+){_BARE})*)(?![A-Za-z0-9])")
_BARE_BEFORE_EVENT = re.compile(
    rf"(?:^|[^\d\s]\s+|(?<=[가-힣]))({_BARE_LIST})\s*(?=에어드랍|에어드롭|거래 ?이벤트|스테이킹|지급)"
)
_NO_SUBJECT = re.compile(
    r"네트워크|계열|기반|메인넷|체인|월렛|프로토콜|서비스|회원|은행|국민|제일|농협|기업|뱅크|연동|인증|계정|주소|토큰|표준|"
    r"오류|종료일|버전|방식|솔루션|인터페이스|키|시세|페어"
)
_NAME_AND_TICKER = re.compile(r"([가-힣][가-힣 ]*),\s*([A-Z][A-Z0-9]*)")  # 알레오, ALEO
_WORD = re.compile(r"\$?([A-Za-z0-9]{1,15})")


class Coin(Struct, frozen=True):
    """A coin of a title. `in_brackets`: its ticker stands there, so that it counts in any kind of notice."""

    symbol: str
    name: str
    in_brackets: bool


class Reading(Struct, frozen=True):
    """`head` is the title outside brackets with § for each named coin; `remarks` are brackets that hold neither.

    `order` holds the coins and the market mentions (tuples) as they follow each other, for markets per coin.
    """

    head: str
    remarks: tuple[str, ...]
    order: tuple[Coin | tuple[str, ...], ...]

    @property
    def coins(self) -> tuple[Coin, ...]:
        return tuple(each for each in self.order if isinstance(each, Coin))


def read(title: Title) -> Reading:
    """Sort the pieces of a title into coins, markets, remarks and the rest."""
    head: list[str] = []
    remarks: list[str] = []
    order: list[Coin | tuple[str, ...]] = []
    undecided: list[tuple[str, ...]] = []
    for piece, before, after in zip(title.pieces, (None, *title.pieces), (*title.pieces[1:], None), strict=False):
        text = piece.text
        follows_text = before is not None and not before.inside
        if not piece.inside:
            order += _pairs(text)
            order += [quotes_in(run["quotes"]) for run in RUN.finditer(_with_market_after(head, PAIR.sub("§", text)))]
            head.append(PAIR.sub("§", text))
        elif follows_text and _is_second_spelling(piece, head, after):
            continue
        elif coin := _named_before(text, _words_before(before, head, remarks)):
            if not follows_text and coin.name:
                remarks.pop()  # 엑스알피(리플)(XRP): a second name
            order.append(coin)
            if coin.name:
                head[-1] = head[-1][: len(head[-1]) - len(coin.name)].rstrip() + " §"
        elif coin := _ticker_first(text, head if follows_text else []):
            order.append(coin)
            head[-1] = head[-1][: len(head[-1]) - len(coin.symbol)] + "§"
        elif ONLY_PAIRS.fullmatch(text):
            order += _pairs(text)
            if follows_text and (name := _name_at_end(head[-1])):
                head[-1] = head[-1][: len(head[-1]) - len(name)].rstrip() + " §"
        elif ONLY_QUOTES.fullmatch(text):
            undecided.append(quotes_in(text))
        elif (run := RUN.search(text)) and (mention := _mention(text, run)):
            order += mention
        elif listed := _listed(text):
            order += listed
        else:
            remarks.append(text)
    order += _decide(undecided, order)
    return Reading(" ".join(head), tuple(remarks), tuple(order))


def bare_coins(head: str) -> tuple[Coin, ...]:
    """Tickers without brackets where a title names what it is about: at its start, after a colon, before a deed."""
    found: list[str] = []
    for match in _BARE_SUBJECT.finditer(head):
        listed, following = match.groups()
        symbols = re.findall(_BARE, listed)
        if following and MARKET_WORD.match(following):
            while symbols and symbols[-1].lower() in QUOTES:
                symbols.pop()
        elif following and _NO_SUBJECT.match(following):
            continue
        found += symbols
    for pattern in (_BARE_BEFORE_DEED, _BARE_ENGLISH, _BARE_BEFORE_EVENT):
        if not found and (only := pattern.search(head)):
            is_market = pattern is _BARE_ENGLISH and RUN.match(head, only.start(1))  # `공지: BTC, USDT 마켓 …`
            found = [] if is_market else re.findall(_BARE, only.group(1))
    banned = _NEVER_COINS if _BARE_SURELY.search(head) else _NEVER_COINS | _OFFICE_WORDS
    return tuple(Coin(each, "", False) for each in dict.fromkeys(found) if len(each) > 1 and each not in banned)


def is_office_word(coin: Coin, unnamed_too: bool) -> bool:
    """An acronym that offices use, with its own name: `고객확인(KYC)`; in general notices also one without a name.

    The same letters with another name are a coin: `스토리(IP)`. The letters of an officer never are.
    """
    if _OFFICE_HOLDERS.search(squeezed(coin.name)) is not None:
        return True
    if coin.symbol not in _OFFICE_WORDS:
        return False
    return _OFFICE_NAMES.search(squeezed(coin.name)) is not None if coin.name else unnamed_too


def ticker(text: str) -> str | None:
    """The ticker that `text` is, upper case as market codes spell it, or None. "Beta" and "(2차)" are none."""
    match = _WORD.fullmatch(text.strip())
    if match is None or match.group(1).upper() in _NEVER_COINS:
        return None
    word = match.group(1)
    if word.isdigit():
        return word if len(word) <= 4 and not word.startswith("20") else None
    if word == word.upper():
        return word
    capitals = sum(letter.isupper() for letter in word)
    return word.upper() if capitals >= 2 and len(word) - capitals <= 3 else None


def _named_before(text: str, head: Sequence[str]) -> Coin | None:
    """The coin of a bracket that holds one ticker, with the name that stands before it if there is one."""
    symbol = ticker(text)
    if symbol is None:
        return None
    name = _name_at_end(head[-1]) if head else ""
    if not name and (symbol.isdigit() or symbol.lower() in QUOTES):
        return None
    return Coin(symbol, name, in_brackets=True)


def _name_at_end(text: str) -> str:
    """The coin's name that ends `text`: what follows the last word that belongs to the sentence."""
    tail = text[-80:]
    begins = [match.end() for match in _NAME_BEGINS.finditer(tail)]
    name = tail[begins[-1] :] if begins else tail
    name = re.sub(r"^(?:및|와 |과 |and )\s*", "", name.strip()).strip()
    if name.count(" ") > 3:
        name = name.rpartition(" ")[2]
    return "" if not name or len(name) > 40 or "§" in name or _SENTENCE.search(squeezed(name)) else name


def _ticker_first(text: str, head: Sequence[str]) -> Coin | None:
    """`NMR(뉴메레르)`: the ticker outside, its Korean name in brackets."""
    if not head or not re.search(r"[가-힣]", text) or _is_sentence(text) or len(text) > 20:
        return None
    match = re.search(r"(?<![A-Za-z0-9])([A-Z0-9]{2,12})$", head[-1])
    if match is None or match.group(1).isdigit() or match.group(1) in _NEVER_COINS:
        return None
    coin = Coin(match.group(1), text, in_brackets=True)
    return None if is_office_word(coin, unnamed_too=True) else coin


def _listed(text: str) -> list[Coin]:
    """The coins of a bracket that holds nothing else: `(ACM, AFC)`, `(플로우 FLOW)`, `(ENA 외 5종)`; else none."""
    coins: list[Coin] = []
    if (pair := _NAME_AND_TICKER.fullmatch(text)) and not _is_sentence(pair[1]) and (symbol := ticker(pair[2])):
        return [Coin(symbol, pair[1].strip(), in_brackets=True)]
    text = re.sub(r"\s*(?:외|등)\s*\d*\s*[종개건]$", "", text.replace("(", " ").replace(")", " ").strip())
    for item in re.split(r"\s*(?:[,/·&;]|->|=>|→|➝)\s*|\s+및\s+|\s+and\s+", text):
        name, _, last = item.strip().rpartition(" ")
        if glued := re.fullmatch(r"(.*[가-힣]\d*?)([A-Z][A-Z0-9]*)", last):
            name, last = f"{name} {glued.group(1)}".strip(), glued.group(2)
        symbol = ticker(last)
        if symbol is None or symbol.isdigit() or last != last.upper() or _is_sentence(name):
            return []
        if re.fullmatch(r"[\d.,\s]+", name or "x"):
            return []  # an amount
        coins.append(Coin(symbol, name.strip(), in_brackets=True))
    return coins


def _mention(text: str, run: re.Match[str]) -> list[Coin | tuple[str, ...]]:
    """A bracket of markets, alone or with its coins: `(KRW, BTC 마켓)`, `(AAA, KRW 마켓)`, `(KRW 마켓 - AAA)`."""
    before, after = text[: run.start()].strip(" ,:-"), text[run.end() :].strip(" ,:-")
    if _NOT_COINS.search(before) or _NOT_COINS.search(after):
        return []
    coins = _listed(before or after)
    return [*coins, quotes_in(run["quotes"])] if not before or coins else []


def _is_sentence(text: str) -> bool:
    """Whether `text` speaks of what happens; a name may hold such words, but no word of it is made of them alone."""
    return any(_SENTENCE_WORD.fullmatch(word) for word in text.split())


def _pairs(text: str) -> list[Coin | tuple[str, ...]]:
    found: list[Coin | tuple[str, ...]] = []
    for pair in PAIR.finditer(text):
        found += [Coin(pair["base"].upper(), "", in_brackets=True), quotes_in(pair["quote"])]
    return found


def _with_market_after(head: Sequence[str], text: str) -> str:
    """`원화(KRW) 마켓`: the market's name stands before a bracket, the word 마켓 after it."""
    before = ENDS_WITH_QUOTE.search(head[-1]) if head else None
    return f"{before.group()} {text}" if before and MARKET_WORD.match(text) else text


def _is_second_spelling(piece: Piece, head: Sequence[str], after: Piece | None) -> bool:
    """The bracket of `원화(KRW)` or `테더(USDT) 마켓`."""
    if not ONLY_QUOTES.fullmatch(piece.text) or not ENDS_WITH_QUOTE.search(head[-1]):
        return False
    is_krw = squeezed(piece.text) == "krw"
    return is_krw or (after is not None and MARKET_WORD.match(after.text) is not None)


def _words_before(before: Piece | None, head: Sequence[str], remarks: Sequence[str]) -> Sequence[str]:
    """The words that may name the coin of a bracket: those right before it, or before a second name in brackets."""
    if before is None or not head:
        return []
    is_name = before.inside and list(remarks[-1:]) == [before.text] and not _NOT_COINS.search(before.text)
    return head if not before.inside or (is_name and re.search(r"[가-힣]", before.text)) else []


def _decide(
    undecided: Sequence[tuple[str, ...]], order: Sequence[Coin | tuple[str, ...]]
) -> list[Coin | tuple[str, ...]]:
    """`(BTC, ETH)` alone: the markets of coins named elsewhere, or else coins themselves. KRW is never a coin."""
    if any(isinstance(each, Coin) for each in order):
        return [] if any(not isinstance(each, Coin) for each in order) else list(undecided)
    found: list[Coin | tuple[str, ...]] = []
    for quotes in undecided:
        found += [quotes] if "KRW" in quotes else [Coin(quote, "", in_brackets=True) for quote in quotes]
    return found
