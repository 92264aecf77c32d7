"""Dates and times of day as Korean exchanges write them, resolved against a notice's publication.

Forms: `오후 6시 30분`, `18:30`, `오후 17:00`, `10월 9일 18시 30분`, `2026.08.10(월) 14:00`, `August 10, 2026, 2 PM`.
Times are Korean (UTC+9) unless they say UTC. What is not said is not guessed: a bare `6시` counts only where one of its
two readings follows publication on that day, a day without a year needs a publication, a time without a day counts
from the day of publication.
"""

from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import Enum

from msgspec import Struct

from collectors.notices import patterns as re
from config.units import DAY_MS

KST = timezone(timedelta(hours=9))


class Precision(Enum):
    """How exactly a publication is known."""

    MOMENT = "moment"
    DAY = "day"
    MONTH = "month"


class Published(Struct, frozen=True):
    """When a notice was first published: a moment, or the first millisecond (KST) of the day or month it fell in."""

    at_ms: int
    precision: Precision = Precision.MOMENT

    @classmethod
    def at(cls, at_ms: int) -> "Published":
        """Published at exactly this UTC epoch millisecond."""
        return cls(at_ms)


class Moment(Struct, frozen=True):
    """A resolved time. `date_inferred`: the text gave no day, it was taken from the publication."""

    at_ms: int
    date_inferred: bool


class Written(Struct, frozen=True):
    """A time of day as written, `span` in its text. `hours` are its possible readings, 24 meaning the next midnight.

    `day`: (year or None, month, day), a number of days after publication (`내일` is 1), or None where nothing is said.
    """

    span: tuple[int, int]
    hours: tuple[int, ...]
    minute: int
    day: tuple[int | None, int, int] | int | None
    is_utc: bool


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"(?:{'|'.join(_MONTHS)})[a-z]{{0,6}}\.?"
_WEEKDAY = r"(?:[ ,]{0,2}\(?(?:[월화수목금토일](?:요일)?|mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\)?(?![가-힣]))?"
_DATE = re.compile(
    rf"""(?:
      (?<![\d./-])(?P<y1>(?:20)?[12]\d)\s?(?:[-./]|년)\s?(?P<m1>\d{{1,2}})\s?(?:[-./]|월)\s?(?P<d1>\d{{1,2}})(?!\d)(?:\s?일|\.)?
    | (?<![\d./:])(?P<m2>\d{{1,2}})\s?(?:/|월\s?|\.\s?)(?P<d2>\d{{1,2}})(?![\d%:]|\s?시)(?:\s?일|\.)?
    | (?P<m3>{_MONTH})\s{{1,2}}(?P<d3>\d{{1,2}})(?:st|nd|rd|th)?(?!\d|:)(?:\s?,?\s{{0,2}}(?P<y3>20\d\d))?
    | (?<!\d)(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?\s{{1,2}}(?P<m4>{_MONTH})(?:,?\s{{1,2}}(?P<y4>20\d\d))?
    | (?P<word>오늘|금일|당일|내일|명일|익일|모레|today|tomorrow)
    ){_WEEKDAY}""",
    re.IGNORECASE | re.VERBOSE,
)
_HALF = r"오전|오후|낮|저녁|밤|새벽|아침|am\b|pm\b|a\.m\.|p\.m\."
_CLOCK = re.compile(
    rf"""(?P<noon>정오|자정|noon\b|midnight\b)
    | (?<![\d:.,+])(?:(?P<half>{_HALF})\s{{0,2}})?
      (?:(?P<h1>\d{{1,2}})\s?:\s?(?P<min1>\d{{2}})(?::\d{{2}})?(?!\d)
       | (?P<h2>\d{{1,2}})\s?시(?!간|점|세|장|작|스|즌|리)
         (?:\s?(?:(?P<min2>\d{{1,2}})\s?분|(?P<half_hour>반)(?![가-힣])))?
       | (?P<h3>\d{{1,2}})(?=\s?(?:am\b|pm\b|a\.m\.|p\.m\.)))
      (?:\s{{0,2}}(?P<after>am\b|pm\b|a\.m\.|p\.m\.))?""",
    re.IGNORECASE | re.VERBOSE,
)
_MAY_TELL = re.compile(r"[:시]|정오|자정|noon|midnight|\d\s{0,2}[ap]\.?m", re.IGNORECASE)  # most lines tell no time
_ZONE = re.compile(r"\s{0,2}\(?\s?(?P<zone>KST|UTC(?:\s?\+\s?(?P<offset>\d))?|GMT|한국\s?시간|한국시각)", re.IGNORECASE)
_ISO_T = re.compile(r"(?<=\d)T(?=\d\d:)")
_BETWEEN = re.compile(r"[\s,]{0,4}(?:\([^()]{0,6}\))?[\s,]{0,2}(?:at|부터)?[\s]{0,2}", re.IGNORECASE)
_AFTERWARDS = re.compile(r"[\s,()]{0,3}(?:on )?", re.IGNORECASE)
_CLOSES = re.compile(r"\s?\)")
_WORD_DAYS = {"오늘": 0, "금일": 0, "당일": 0, "today": 0, "내일": 1, "명일": 1, "익일": 1, "tomorrow": 1, "모레": 2}


def published_of(text: str | None) -> Published | None:
    """The publication that `text` names: ISO with or without offset (then KST), a date, or YYYY-MM; else None."""
    text = (text or "").strip()
    if re.fullmatch(r"\d{4}-\d{2}", text):
        text, precision = f"{text}-01", Precision.MONTH
    else:
        precision = Precision.DAY if re.fullmatch(r"\d{4}-?\d{2}-?\d{2}", text) else Precision.MOMENT
    found = _instant(text)
    return None if found is None else Published(found, precision)


def iso_of(at_ms: int | None) -> str | None:
    """Korean time in ISO 8601 with its offset, for readers."""
    if at_ms is None:
        return None
    exact = "milliseconds" if at_ms % 1000 else "seconds"
    return (datetime.fromtimestamp(0, KST) + timedelta(milliseconds=at_ms)).isoformat(timespec=exact)


def times_in(text: str) -> list[Written]:
    """Every time of day that `text` tells, each with the day written right before it (or after: "14:00, Aug 10")."""
    if not _MAY_TELL.search(text):
        return []
    text = _ISO_T.sub(" ", text)
    days = list(_DATE.finditer(text))
    found: list[Written] = []
    used = 0
    for clock in _CLOCK.finditer(text):
        hours, minute = _hours(clock)
        if not hours:
            continue
        while used < len(days) and days[used].end() <= clock.start():
            used += 1
        before = days[used - 1] if used else None
        zone = _ZONE.match(text, clock.end())
        end = zone.end() if zone else clock.end()
        day, start = None, clock.start()
        if before is not None and _BETWEEN.fullmatch(text, before.end(), clock.start()):
            day, start = _day(before), before.start()
        elif used < len(days) and _is_day_of(text, end, days[used]):
            day, end = _day(days[used]), days[used].end()
        is_utc = zone is not None and zone["zone"].upper().startswith(("UTC", "GMT")) and zone["offset"] != "9"
        found.append(Written((start, end), hours, minute, day, is_utc))
    return found


def _is_day_of(text: str, end: int, day: re.Match[str]) -> bool:
    """Whether a date belongs to the time that ends before it; in brackets only if alone, unlike `(8월 9일 공지)`."""
    if day["word"] is not None or not _AFTERWARDS.fullmatch(text, end, day.start()):
        return False
    return "(" not in text[end : day.start()] or _CLOSES.match(text, day.end()) is not None


def resolve(written: Written, published: Published | None) -> Moment | None:
    """The moment meant by a written time, or None where more than one is possible.

    Known to the day, a publication gives its day but cannot tell whether a time of that day was already past; known to
    the month it gives a year only.
    """
    days = _days(written.day, published)
    if days is None:
        return None
    inferred = not isinstance(written.day, tuple)
    exact = published is not None and published.precision is Precision.MOMENT
    moments = [_ms(days, hour, written.minute, written.is_utc) for hour in written.hours]
    readings = [each for each in moments if each is not None]
    if len(readings) > 1 and published is not None and exact:
        readings = [each for each in readings if each >= published.at_ms]
    if len(readings) != 1:
        return None
    at_ms = readings[0]
    if written.day is None and published is not None and exact:
        at_ms += DAY_MS if at_ms < published.at_ms else 0
        at_ms -= DAY_MS if written.is_utc and at_ms - DAY_MS >= published.at_ms else 0
    return Moment(at_ms, inferred)


def _hours(clock: re.Match[str]) -> tuple[tuple[int, ...], int]:
    """The readings of a time of day: one where it says its half of the day or counts to 24, else two."""
    noon = (clock["noon"] or "").lower()
    if noon:
        return ((12,) if noon in ("정오", "noon") else (24,)), 0
    digits = clock["h1"] or clock["h2"] or clock["h3"]
    hour = int(digits)
    minute = int(clock["min1"] or clock["min2"] or (30 if clock["half_hour"] else 0))
    if hour > 24 or minute > 59 or (hour == 24 and minute):
        return (), 0
    half = (clock["half"] or clock["after"] or "").lower().replace(".", "")
    if hour > 12 or not half:
        counts_to_24 = hour > 12 or hour == 0 or (len(digits) == 2 and (clock["h1"] or digits.startswith("0")))
        return ((hour,) if counts_to_24 else (hour % 12, hour % 12 + 12)), minute
    if half in ("오전", "새벽", "아침", "am"):
        return (hour % 12,), minute
    if half == "밤":
        return ((24,) if hour == 12 else (hour + 12,) if hour >= 6 else (hour,)), minute
    return (hour % 12 + 12,), minute


def _day(match: re.Match[str]) -> tuple[int | None, int, int] | int | None:
    word = match["word"]
    if word:
        return _WORD_DAYS[word.lower()]
    if match["m3"] or match["m4"]:
        month = _MONTHS.index((match["m3"] or match["m4"])[:3].lower()) + 1
        year = match["y3"] or match["y4"]
        return (int(year) if year else None), month, int(match["d3"] or match["d4"])
    year = match["y1"]
    return (2000 + int(year) % 100 if year else None), int(match["m1"] or match["m2"]), int(match["d1"] or match["d2"])


def _days(day: tuple[int | None, int, int] | int | None, published: Published | None) -> date | None:
    if isinstance(day, tuple) and day[0] is not None:
        return _date(day[0], day[1], day[2])
    if published is None:
        return None
    first = (datetime.fromtimestamp(0, KST) + timedelta(milliseconds=published.at_ms)).date()
    if isinstance(day, tuple):
        return _nearest(first, day[1], day[2])
    return None if published.precision is Precision.MONTH else first + timedelta(days=day or 0)


def _nearest(first: date, month: int, day: int) -> date | None:
    """The year is not written: the one that puts the day nearest to publication, so that January follows December."""
    choices = [found for year in (first.year - 1, first.year, first.year + 1) if (found := _date(year, month, day))]
    return min(choices, key=lambda each: abs(each - first), default=None)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _ms(day: date, hour: int, minute: int, is_utc: bool) -> int | None:
    start = datetime.combine(day, time(0, minute), UTC if is_utc else KST) + timedelta(hours=hour)
    return int(start.timestamp()) * 1000


def _instant(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=KST)
    return round(moment.timestamp() * 1000)
