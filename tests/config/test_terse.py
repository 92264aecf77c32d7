"""Programs without docstrings are the same programs."""

from typing import Any

from config.terse import without_docstrings

DOCUMENTED = '''
"""Of the module."""
def plain():
    """Says something."""
    def inner():
        """Says more."""
        return [each for each in ("a", "b")], (lambda: "c")()
    return inner()
def user():
    """Says what it answers."""
    return "Says what it answers."
class Told:
    """A class."""
    def method(self):
        """Of a method."""
        return "d"
'''


def test_a_program_without_docstrings_does_the_same() -> None:
    names: dict[str, Any] = {}
    exec(without_docstrings(compile(DOCUMENTED, "documented", "exec")), names)
    assert names["plain"].__doc__ is None
    assert names["plain"]() == (["a", "b"], "c")
    assert names["user"]() == "Says what it answers."
    assert names["Told"].method.__doc__ is None
    assert names["Told"]().method() == "d"
    assert names["__doc__"] == "Of the module."
