"""The part of `re` that reading notices takes, with patterns that are compiled when they are first needed.

Compiling the hundred or so of them takes 60 ms, for which no start of the daemon waits: `from collectors.notices import
patterns as re`.
"""

import re
from re import IGNORECASE, VERBOSE, Match, Pattern, escape, findall, fullmatch, search, split, sub
from typing import cast

__all__ = [
    "IGNORECASE",
    "VERBOSE",
    "Match",
    "Pattern",
    "compile",
    "escape",
    "findall",
    "fullmatch",
    "search",
    "split",
    "sub",
]


class _Later:
    """Becomes its pattern method by method, so that only the first call of each costs more."""

    def __init__(self, pattern: str, flags: int) -> None:
        self._given = pattern, flags

    def __getattr__(self, name: str) -> object:
        method: object = getattr(re.compile(*self._given), name)
        setattr(self, name, method)
        return method


def compile(pattern: str, flags: int = 0) -> Pattern[str]:
    """As `re.compile`; a mistake in `pattern` shows at its first use, and every pattern is used in a test."""
    return cast(Pattern[str], _Later(pattern, flags))
