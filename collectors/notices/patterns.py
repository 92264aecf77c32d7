"""The part of `re` that reading notices takes, with patterns that are compiled when they are first needed.

Compiling the hundred or so of them takes 60 ms, for which neither the start of the daemon waits nor a listing: `warm`
does it beside the first seconds. `from collectors.notices import patterns as re`.
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
    "warm",
]

_LATER: "list[_Later]" = []


class _Later:
    """Becomes its pattern method by method, so that only the first call of each costs more."""

    def __init__(self, pattern: str, flags: int) -> None:
        self._given = pattern, flags
        _LATER.append(self)

    def __getattr__(self, name: str) -> object:
        method: object = getattr(re.compile(*self._given), name)
        setattr(self, name, method)
        return method


def compile(pattern: str, flags: int = 0) -> Pattern[str]:
    """As `re.compile`; a mistake in `pattern` shows at its first use, and every pattern is used in a test."""
    return cast(Pattern[str], _Later(pattern, flags))


def warm() -> None:
    """Compile all of them now; from any thread."""
    for each in _LATER:
        each.search  # noqa: B018 - looking it up is what compiles
