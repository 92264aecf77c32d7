"""SQL only with parameters: no value ever becomes part of a statement's text."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = ("collectors", "analysis", "alerts", "store", "config", "ops", "web")
SQL = re.compile(r"\b(SELECT\b.*\bFROM|INSERT\b.*\bINTO|UPDATE\b.*\bSET|DELETE FROM|PRAGMA|ATTACH|VACUUM)\b", re.DOTALL)
CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")
# These read the schema of a database and put the names that stand there, quoted, into a statement; no value either.
NAMES_OF_THE_SCHEMA = {"store/backup.py", "store/damage.py", "store/salvage.py"}


def sources() -> list[Path]:
    return [path for package in OURS for path in sorted((ROOT / package).rglob("*.py"))]


def statements(tree: ast.AST) -> Iterator[tuple[int, ast.expr]]:
    """Expressions that put something into the text of a statement: the line, and what is put in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and SQL.search(_constant_parts(node)):
            yield from ((node.lineno, part.value) for part in node.values if isinstance(part, ast.FormattedValue))
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod) and _is_sql(node.left):
            yield node.lineno, node.right
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_sql(node.func.value):
            yield from ((node.lineno, each) for each in (*node.args, *(word.value for word in node.keywords)))


def _constant_parts(text: ast.JoinedStr) -> str:
    return "?".join(str(part.value) for part in text.values if isinstance(part, ast.Constant))


def _is_sql(node: ast.expr) -> bool:
    if isinstance(node, ast.JoinedStr):
        return SQL.search(_constant_parts(node)) is not None
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value) is not None


def is_fixed(part: ast.expr) -> bool:
    """A constant of the source: a literal, a NAME, or a choice or sum of such."""
    match part:
        case ast.Constant():
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return CONSTANT.fullmatch(name) is not None
        case ast.IfExp(body=body, orelse=orelse):
            return is_fixed(body) and is_fixed(orelse)
        case ast.Call(func=ast.Attribute(value=text, attr="format"), args=[], keywords=words):
            return is_fixed(text) and all(is_fixed(word.value) for word in words)
        case ast.BinOp(left=left, right=right):
            return is_fixed(left) and is_fixed(right)
    return False


def test_nothing_but_constants_of_the_source_stands_in_a_statement() -> None:
    found = []
    for path in sources():
        here = path.relative_to(ROOT).as_posix()
        if here in NAMES_OF_THE_SCHEMA:
            continue
        parts = statements(ast.parse(path.read_text(encoding="utf-8")))
        found += [f"{here}:{line}: {ast.unparse(part)}" for line, part in parts if not is_fixed(part)]
    assert found == []


def test_the_search_finds_what_it_looks_for() -> None:
    bad = (
        "connection.execute(f'SELECT * FROM markets WHERE base = {base!r}')",
        "connection.execute('DELETE FROM alerts WHERE id = %d' % number)",
        "connection.execute('SELECT id FROM alerts WHERE key = ' + key)",
        "connection.execute('UPDATE mutes SET base = {}'.format(base))",
        "connection.execute(f'PRAGMA cache_size = {size}')",
    )
    for line in bad:
        assert [part for _, part in statements(ast.parse(line)) if not is_fixed(part)], line
    assert [part for _, part in statements(ast.parse("f'SELECT {_COLUMNS} FROM alerts'")) if not is_fixed(part)] == []
