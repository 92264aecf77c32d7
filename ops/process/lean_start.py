"""What libraries load that a daemon never uses: something stands there in its place, until somebody asks for more.

`begin` comes before any other import of the process; what is loaded already stays as it is. After all imports of a
daemon that is 2.1 MB of 59 (Python 3.11, Linux):

- `email.headerregistry`, a parser of mail, which aiohttp loads to take the MIME types of bodies apart. It is
  loaded all the same with the first question for a page that is not there (5 ms, 0.3 MB): aiohttp's own 404 does that;
- `typing_extensions`, of which aiohttp, aiosignal and msgspec want five names. Python has them, but for the default of
  a type variable, which says nothing at run time;
- `urllib.request`, `http.server`, `socketserver` and `wsgiref`: ways to a proxy and to a push gateway, and a server,
  that aiohttp and prometheus_client bring along;
- the docstrings of our functions and classes, and of some of the standard library's.
"""

import sys
import threading
import typing
from collections.abc import Callable
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NoReturn

from config import terse

REGISTRY, TYPES = "email.headerregistry", "typing_extensions"
WAYS = {
    "http.server": ("BaseHTTPRequestHandler",),
    "socketserver": ("ThreadingMixIn",),
    "urllib.request": (
        *("getproxies", "proxy_bypass"),
        *("BaseHandler", "HTTPHandler", "HTTPRedirectHandler", "HTTPSHandler", "Request", "build_opener"),
    ),
    "wsgiref.simple_server": ("WSGIRequestHandler", "WSGIServer", "make_server"),
}
DOCUMENTED = ("alerts", "analysis", "collectors", "config", "ops", "store", "web", "asyncio", "logging", "urllib")

GIVING_WAY = threading.Lock()


class NotLoaded(Exception):
    """Somebody used a part of a library that a daemon goes without."""


def begin() -> None:
    """Spare it all; do it once, and first."""
    _stand_in(
        TYPES,
        TypeVar=_without_default(typing.TypeVar),
        TypeVarTuple=_without_default(typing.TypeVarTuple),
        get_type_hints=typing.get_type_hints,
        Required=typing.Required,
        NotRequired=typing.NotRequired,
    )
    _stand_in(REGISTRY, HeaderRegistry=_Registry)
    for module, names in WAYS.items():
        _stand_in(module, **{name: _unused(module, name) for name in names})
    terse.spare_docstrings(*DOCUMENTED)


class _StandIn(ModuleType):
    """Has the names that those libraries import; asked for any other, it gives way to the real module."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__spec__ = ModuleSpec(name, None)  # importlib.util.find_spec asks loaded modules for theirs

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        real = _real(self.__name__)
        self.__dict__.update(vars(real))  # a line that imports several names asks here for all of them
        return getattr(real, name)


def _stand_in(module: str, **names: object) -> None:
    if module not in sys.modules:
        sys.modules[module] = standing = _StandIn(module)
        standing.__dict__.update(names)
        package, _, name = module.rpartition(".")
        if package:  # `import urllib.request` looks for it there
            setattr(import_module(package), name, standing)


def _real(module: str) -> ModuleType:
    with GIVING_WAY:  # of two threads the second would take away what the first has begun to load
        if isinstance(sys.modules.get(module), _StandIn):
            del sys.modules[module]
    return import_module(module)


def _without_default(make: Callable[..., Any]) -> Callable[..., Any]:
    """What makes type variables, for those who give a default, too: before Python 3.13 it does not know the word."""

    def made(name: str, *bounds: object, default: object = None, **kinds: object) -> Any:  # noqa: ARG001
        return make(name, *bounds, **kinds)

    return made


def _unused(module: str, name: str) -> type:
    """A class that others may be derived from; raise NotLoaded when one is made, or called."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise NotLoaded(f"{module}.{name}: {__name__} stands in for it; take it out of WAYS there to use it")

    return type(name, (), {"__new__": refuse})


class _Registry:
    """A registry of header types; the real one is made when it is first asked anything."""

    def __init__(self, *told: object, **named: object) -> None:
        self._told, self._named = told, named
        self._made: Any = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._real(), name)

    def __getitem__(self, name: str) -> Any:
        return self._real()[name]

    def __call__(self, name: str, value: str) -> Any:
        return self._real()(name, value)

    def _real(self) -> Any:
        if self._made is None:
            self._made = _real(REGISTRY).HeaderRegistry(*self._told, **self._named)
        return self._made
