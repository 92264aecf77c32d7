"""Libraries without the docstrings of their functions and classes, which people read in the source and a daemon never.

Python's own switch for it, `-OO`, drops assertions as well and wants byte code that no installation has. Here the usual
byte code is read, and a docstring is let go before anything holds it.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from inspect import CO_OPTIMIZED
from opcode import opmap
from types import CodeType, ModuleType

# A function's docstring is its first constant; these instructions are how it would use that itself.
USES = tuple(bytes((opmap[name], 0)) for name in ("LOAD_CONST", "RETURN_CONST") if name in opmap)
HAS_DOCSTRING = 0x4000000 if sys.version_info >= (3, 14) else CO_OPTIMIZED  # else each function keeps a place for it


def spare_docstrings(*libraries: str) -> None:
    """Do it before anybody imports them; what is loaded already keeps its own."""
    sys.meta_path.insert(0, _Terse(libraries))


class _Terse:
    """Finds the libraries' modules as ever, and has them loaded tersely."""

    def __init__(self, libraries: Sequence[str]) -> None:
        self._libraries = libraries

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] not in self._libraries:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _TerseLoader(fullname, spec.origin)
        return spec


class _TerseLoader(SourceFileLoader):
    """Loads a module as ever, but for the docstrings; the module's own stays."""

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
