"""Libraries without the parts that none of our connections uses. Ask before the first import; later it changes nothing.

picows 2.3 loads python_socks, for proxies of which we have none: 23 modules, 0.4 MB. aiohttp's lists that can be frozen
(frozenlist 1.8) are written in C++ as well as in Python, and nothing else needs the C++ library: 1.1 MB. Its
docstrings, and those of what it loads, are 0.2 MB. It has Python read the machine's table of MIME types, of which we
send none that does not stand in the code: 0.3 MB, where there is such a table.
"""

import mimetypes
import os
import sys
from types import ModuleType

from config import terse

PROXIES = "python_socks"
DOCUMENTED = ("aiohttp", "attr", "http")


class NoProxy(Exception):
    """Stands in for the error, and for the class, of a library that is not loaded."""


def spare_proxies() -> None:
    """For picows, whose `ws_connect` asks python_socks only if it is given a proxy."""
    if PROXIES in sys.modules or "picows" in sys.modules:
        return
    for name, what in ((PROXIES, "ProxyError"), (f"{PROXIES}.async_", ""), (f"{PROXIES}.async_.asyncio", "Proxy")):
        stand_in = ModuleType(name)
        stand_in.__dict__.update({what: NoProxy} if what else {})
        sys.modules[name] = stand_in


def spare_cpp_and_docstrings() -> None:
    """For aiohttp: its lists hold a handful of callbacks, none on the way of a question."""
    if "aiohttp" not in sys.modules:
        os.environ.setdefault("FROZENLIST_NO_EXTENSIONS", "1")
        terse.spare_docstrings(*DOCUMENTED)


def spare_mime_types() -> None:
    """Leave Python's own hundred types."""
    mimetypes.knownfiles.clear()
