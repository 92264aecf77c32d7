"""A notice's title as its parts: what stands outside brackets, what stands inside, whichever brackets were used.

Apps, mirrors and messengers change blanks, widths and brackets of the exchanges' titles and put a category before
them ("[거래]", "【마켓 추가】"). Everything after this module sees one spelling.
"""

import unicodedata
from html import unescape

from msgspec import Struct

from collectors.notices import patterns as re

TITLE_LIMIT = 1_000  # letters; the longest published title we know of has about 150
LETTERS_KNOWN = 20_000  # more than Hangul and Latin have together
OPENING, CLOSING = "([{<", ")]}>"
_SPELLINGS = str.maketrans(
    {
        **dict.fromkeys("【〔〖〘〚「『｢〈《⟨⟪", "["),
        **dict.fromkeys("】〕〗〙〛」』｣〉》⟩⟫", "]"),
        **dict.fromkeys("“”„‟«»", '"'),
        **dict.fromkeys("‘’‚‛´`", "'"),
        **dict.fromkeys("、，", ","),
        **dict.fromkeys("‐‑‒–—―−ー", "-"),
        **dict.fromkeys("∼〜～", "~"),
        **dict.fromkeys("ㆍ‧∙•⋅・", "·"),
        **dict.fromkeys("\u3164\u1160\u115f\uffa0\u2800", " "),  # blanks that pass for letters
        "：": ":",
    }
)


class Piece(Struct, frozen=True):
    """A stretch of a title. `inside`: it stood in brackets; nested brackets are kept in its text as ( and )."""

    text: str
    inside: bool


class Title(Struct, frozen=True):
    """`prefixes` are bracketed words before the title ("거래"), lower case and without blanks."""

    prefixes: tuple[str, ...]
    pieces: tuple[Piece, ...]


def plain(text: str, limit: int) -> str:
    """The first `limit` letters in one spelling: composed Hangul, ASCII brackets, no invisible signs, lines kept.

    Letters that a page's HTML spelt out (`&amp;`, `&#40;`) are read as what they stand for.
    """
    text = unicodedata.normalize("NFKC", unescape(text[:limit]).translate(_SPELLINGS)).translate(_SPELLINGS)[:limit]
    return text.translate(_VISIBLE)


class _Visible(dict[int, str]):
    """What each letter looks like to a reader; learnt letter by letter, because a body has thousands of a few kinds."""

    def __missing__(self, code: int) -> str:
        shown = _visible(chr(code))
        if len(self) < LETTERS_KNOWN:
            self[code] = shown
        return shown


_VISIBLE = _Visible()


def _visible(letter: str) -> str:
    if letter in "\n\r\v\f\x85\u2028\u2029":
        return "\n"
    category = unicodedata.category(letter)
    if category in ("Cf", "Mn", "Cs", "Co", "Cn"):
        return ""
    return " " if category in ("Zs", "Zl", "Zp", "Cc") else letter


def squeezed(text: str) -> str:
    """Lower case without blanks: what rules are matched on, because blanks come and go between versions of a title."""
    return "".join(text.split()).lower()


def read_title(text: str) -> Title:
    """The parts of a title; any text has some."""
    line = _LEAD.sub("", " ".join(plain(text, TITLE_LIMIT).split()))
    pieces = _pieces(_TORN.sub(r"\1\2\3\4", line))
    prefixes: list[str] = []
    while pieces and pieces[0].inside and _is_prefix(pieces[0].text) and any(not piece.inside for piece in pieces):
        prefixes.append(squeezed(pieces.pop(0).text))
    return Title(tuple(prefixes), tuple(pieces))


def _pieces(text: str) -> list[Piece]:
    pieces: list[Piece] = []
    depth = 0
    begin = 0

    def close(end: int, inside: bool) -> None:
        stretch = text[begin:end].strip()
        if stretch:
            pieces.append(Piece(_round(stretch), inside))

    for position, letter in enumerate(text):
        if letter in OPENING:
            if depth == 0:
                close(position, inside=False)
                begin = position + 1
            depth += 1
        elif letter in CLOSING and depth:
            depth -= 1
            if depth == 0:
                close(position, inside=True)
                begin = position + 1
    close(len(text), inside=False)  # a bracket never closed hides nothing
    return pieces


_ROUND = str.maketrans("[]{}<>", "()()()")
_LEAD = re.compile(r"^[^\w()\[\]{}<>\"'$+-]+")  # signs and pictures before the first word
_TORN = re.compile(r"(마) (켓)|(?<![가-힣])(원) (화)(?= ?마)")  # blanks inside words that are looked for by themselves
_CATEGORY = re.compile(
    r"거래|마켓|상장|입출금|안내|점검|이벤트|공지|유의|종료|공시|디지털자산|후기|긴급|업데이트|nft|업비트|빗썸|속보|단독|"
    r"중요|필독|투자|서비스|에어드랍|upbit|bithumb|breaking|official|news|"
    r"trade|trading|market|notice|event|listing|deposit|withdraw|maintenance|announce|update|交易|公告"
)


def _round(text: str) -> str:
    return text.translate(_ROUND)


def _is_prefix(text: str) -> bool:
    return len(text) <= 40 and _CATEGORY.search(squeezed(text)) is not None
