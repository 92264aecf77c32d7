"""When trading starts and deposits open, for each coin: which of a text's times belongs to which words.

A time belongs to the nearest label before it in its cell, else in its row, else to its column's head, else to a label
right after it ("14시에 거래가 시작됩니다"), else to the heading line above.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from collectors.notices import patterns as re
from collectors.notices.body import Row
from collectors.notices.labels import Label, What, labels_in
from collectors.notices.spelling import Spelling
from collectors.notices.times import Moment, Published, Written, resolve, times_in

CHANGED = 2  # ranks: a changed time holds against a plain one, a dated one against one whose day was inferred
DATED = 1


class Told(Struct, frozen=True):
    """One time of one thing, told for `symbols` (empty: for all coins). Of two, that of higher `rank` holds."""

    what: What
    moment: Moment
    symbols: tuple[str, ...]
    rank: int


_ARROW = re.compile(r"→|->|=>|➝|➜|▶|►|⇒|에서|\bto\b|으?로\s*(?:변경|연기)", re.IGNORECASE)
_CHANGED_LINE = re.compile(r"변경|연기|조정|순연|postponed|rescheduled|changed|revised", re.IGNORECASE)
_STAMP = re.compile(
    r"\s{0,3}(?:업데이트|수정|게시|작성|갱신|updated|edited|posted)", re.IGNORECASE
)  # of the text itself
_TAKEN_BACK = re.compile(
    r"\s{0,3}(?:예정)?\s?(?:에서|→|->|=>|to\b)\s{0,3}(?:추후|미정|무기한|잠정|별도|tbd|tba)", re.IGNORECASE
)
_AHEAD = re.compile(r".{0,12}|[^,;.·|:]{0,30}")  # `17시에 별빛네트워크(STAR) 원화 마켓이 추가됩니다`
_RIGHT_AFTER = re.compile(r"\s?(?:에|부터)?\s?")
_CELL_LIMIT = 4_000
_HEADING_REST = 10  # letters after a label that leave it a heading: ": 추후 안내"
_BARE_WITH_VALUE = re.compile(  # `거래 지원 : KRW 마켓` tells what, not when; what follows is not its time
    r"(?:거래(?:\s?지원)?|trading(?:\ssupport)?)\s?[:|]\s?(?!추후|미정|별도|아래|다음|하기|tba|tbd)\w.*", re.IGNORECASE
)
_HEADING_REACH = 2  # lines without a time that may stand between a heading and its times


def told_in_rows(rows: Iterable[Row], coins: Mapping[str, Spelling], published: Published | None) -> list[Told]:
    """The labelled times of a body; `coins` are the notice's, by the words that speak of them."""
    told: list[Told] = []
    header: Row = ()
    heading: Label | None = None
    reach = 0
    section: tuple[str, ...] = ()
    for row in rows:
        cells = [cell[:_CELL_LIMIT] for cell in row]
        labels = [labels_in(cell) for cell in cells]
        times = [times_in(cell) for cell in cells]
        named = _named(" ".join(cells), coins)
        if not any(times):
            if len(row) > 1:
                header = row if sum(map(bool, labels)) and not _is_pair(row, labels) else header
            else:
                header = ()
            own = [label for each in labels for label in each]
            reach -= 1
            if own:
                heads = len(row) == 1 and len(cells[0]) - own[-1].end <= _HEADING_REST
                heads = heads and not _BARE_WITH_VALUE.fullmatch(cells[0], own[-1].start)
                heading, reach = (own[-1] if heads else None), _HEADING_REACH
            if named and (not own or own[-1].changed) and len(" ".join(cells)) <= 60:
                section = () if len(named) == len(coins) else named
            continue
        left: Label | None = None
        for index, cell in enumerate(cells):
            fallback = left or (_column(header, index) if len(row) > 1 else None)
            after_all = heading if len(row) == 1 and len(cell) <= 100 and reach > 0 and not labels[index] else None
            told += _assign(cell, labels[index], times[index], fallback, after_all, named or section, published)
            left = labels[index][-1] if labels[index] else left
        heading = None if any(labels) else heading
    return told


def told_in_remark(text: str, coins: Mapping[str, Spelling], published: Published | None) -> list[Told]:
    """The times of a listing title's bracket or head: without a label they are the start of trading."""
    text = text[:_CELL_LIMIT]
    start = Label(0, 0, What.TRADING, bool(_CHANGED_LINE.search(text)))
    told: list[Told] = []
    for clause in re.split(r"(?<=예정)[,/·]|;|(?<=분)\s?[,/]|(?<=시)\s?[,/]|(?<=\d)\s?[,/](?!\s?\d)", text):
        named = _named(clause, coins)
        told += _assign(clause, labels_in(clause), times_in(clause), start, None, named, published)
    return told


def best(told: Iterable[Told], what: What, symbol: str) -> Moment | None:
    """The time of `what` that holds for a coin: its own before everyone's, a changed one before a plain one."""
    mine = [each for each in told if each.what is what and (not each.symbols or symbol in each.symbols)]
    if not mine:
        return None
    rank = max(each.rank for each in mine)
    top = [each for each in mine if each.rank == rank]
    top = [each for each in top if each.symbols] or top
    if rank >= CHANGED:
        return max((each.moment for each in top), key=lambda moment: moment.at_ms)
    return top[0].moment


def _assign(
    text: str,
    labels: Sequence[Label],
    times: Sequence[Written],
    fallback: Label | None,
    after_all: Label | None,
    symbols: tuple[str, ...],
    published: Published | None,
) -> list[Told]:
    told: list[Told] = []
    previous: tuple[int, Label] | None = None
    times_first = False  # `15:30 입금 오픈, 17:30 거래 오픈`
    for written in times:
        start, end = written.span
        before = [label for label in labels if label.end <= start]
        after = [label for label in labels if label.start >= end and _AHEAD.fullmatch(text, end, label.start)]
        if times_first and after and _RIGHT_AFTER.fullmatch(text, end, after[0].start):
            before = []
        label = before[-1] if before else fallback or (after[0] if after else after_all)
        if label is None or label.what is What.ELSE or (not before and _STAMP.match(text, end)):
            continue
        times_first = not before and label in after
        if _TAKEN_BACK.match(text, end):
            continue
        moment = resolve(written, published)
        between = text[previous[0] : start] if previous else ""
        replaces = previous is not None and previous[1] == label and _ARROW.search(between) is not None
        is_range = previous is not None and previous[1] == label and re.fullmatch(r"\s*[~\-]\s*", between) is not None
        if replaces and told:
            told.pop()
        previous = (end, label)
        if moment is None or is_range:
            continue
        changed = label.changed or replaces
        dated = isinstance(written.day, tuple)
        told.append(Told(label.what, moment, symbols, CHANGED * changed + DATED * dated))
    return told


def _named(text: str, coins: Mapping[str, Spelling]) -> tuple[str, ...]:
    return tuple(symbol for symbol, spelling in coins.items() if spelling.is_in(text))


def _is_pair(row: Row, labels: Sequence[Sequence[Label]]) -> bool:
    """A row of two cells whose first is the label: its value stands beside it, it is no head of a column."""
    return len(row) == 2 and bool(labels[0]) and not labels[1]


def _column(header: Row, index: int) -> Label | None:
    labels = labels_in(header[index]) if index < len(header) else []
    return labels[-1] if labels else None
