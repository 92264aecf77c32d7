"""One answer of `doctor`: a question, how it stands, what was found, what to do about it. Pure."""

from enum import Enum

from msgspec import Struct


class Mark(Enum):
    """How a question was answered."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


class Answer(Struct, frozen=True):
    """One question, what was found, and what to do about it (empty where nothing is to be done)."""

    question: str
    mark: Mark
    found: str
    remedy: str = ""
