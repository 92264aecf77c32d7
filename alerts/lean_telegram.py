"""python-telegram-bot without what a daemon has no use for: httpx, and the docstrings of two hundred classes.

Its requests travel through our one door, so its own transport is never made; the library imports that all the same
(22.8, `telegram/request/__init__.py`): two dozen modules, 1.2 MB for good. Its docstrings are 1.3 MB, as much as its
code; Python's own switch against them, `-OO`, drops assertions too and wants byte code that no installation has.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from inspect import CO_OPTIMIZED
from opcode import opmap
from types import CodeType, ModuleType

LIBRARY = "telegram"
TRANSPORT = "telegram.request._httpxrequest"
# A function's docstring is its first constant; these instructions are how it would use that itself.
USES = tuple(bytes((opmap[name], 0)) for name in ("LOAD_CONST", "RETURN_CONST") if name in opmap)
HAS_DOCSTRING = 0x4000000 if sys.version_info >= (3, 14) else CO_OPTIMIZED  # else each function keeps a place for it


class HTTPXRequest:
    """Stands where the library looks whether a request is of its own kind; ours are not."""


def spare_httpx() -> None:
    """Do it before anybody imports `telegram`; later it changes nothing. Only for a process that needs no transport."""
    if TRANSPORT not in sys.modules and LIBRARY not in sys.modules:
        stand_in = ModuleType(TRANSPORT)
        stand_in.__dict__["HTTPXRequest"] = HTTPXRequest
        sys.modules[TRANSPORT] = stand_in


def spare_docstrings() -> None:
    """Do it before anybody imports `telegram`, too; what is loaded already keeps its own."""
    if not any(isinstance(finder, _Terse) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Terse())


class _Terse:
    """Finds the library's modules as ever, and has them loaded tersely."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] != LIBRARY:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _TerseLoader(fullname, spec.origin)
        return spec


class _TerseLoader(SourceFileLoader):
    """The usual byte code, less its docstrings, which are let go before anything holds them."""

    def get_code(self, fullname: str) -> CodeType | None:
        code = super().get_code(fullname)
        return None if code is None else without_docstrings(code)

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        for each in list(vars(module).values()):
            if isinstance(each, type) and each.__module__ == module.__name__ and vars(each).get("__doc__"):
                each.__doc__ = None


def without_docstrings(code: CodeType) -> CodeType:
    """The same program with functions that tell nothing of themselves; a docstring that it uses itself is left."""
    constants = [without_docstrings(each) if isinstance(each, CodeType) else each for each in code.co_consts]
    if (
        code.co_flags & HAS_DOCSTRING
        and not code.co_name.startswith("<")  # a lambda, a comprehension: no place for one
        and isinstance(constants[0], str)
        and not any(use in code.co_code for use in USES)
    ):
        constants[0] = None
    if all(one is other for one, other in zip(constants, code.co_consts, strict=True)):
        return code
    return code.replace(co_consts=tuple(constants))
