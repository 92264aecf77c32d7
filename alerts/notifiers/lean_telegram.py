"""python-telegram-bot without httpx, and without the docstrings of two hundred classes.

Its requests travel through our one door, so its own transport is never made; the library imports that all the same
(22.8, `telegram/request/__init__.py`): two dozen modules, 1.2 MB for good. Its docstrings are 1.3 MB, as much as its
code.
"""

import sys
from types import ModuleType

from config import terse

LIBRARY = "telegram"
TRANSPORT = "telegram.request._httpxrequest"


class HTTPXRequest:
    """Stands where the library looks whether a request is of its own kind; ours are not."""


def spare_httpx() -> None:
    """Do it before anybody imports `telegram`; later it changes nothing. Only for a process that needs no transport."""
    if TRANSPORT not in sys.modules and LIBRARY not in sys.modules:
        stand_in = ModuleType(TRANSPORT)
        stand_in.__dict__["HTTPXRequest"] = HTTPXRequest
        sys.modules[TRANSPORT] = stand_in


def spare_docstrings() -> None:
    """Likewise; what is loaded already keeps its own."""
    if LIBRARY not in sys.modules:
        terse.spare_docstrings(LIBRARY)
