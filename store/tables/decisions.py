"""The SQL of `decisions`: every verdict with all its inputs, so that any answer can be computed again later."""

import sqlite3
from collections.abc import Iterable

import msgspec

from analysis.gate_rules import Previous
from analysis.ringing import Rung
from analysis.verdict import Finding, Outcome, Verdict


def add(connection: sqlite3.Connection, listing_id: int | None, verdict: Verdict) -> int:
    """Keep a verdict and return its id. `listing_id` is None for a question that no listing raised."""
    facts = {
        name: {
            "value": fact.value,
            "unit": fact.unit,
            "source": fact.source,
            "age_ms": fact.age_ms(verdict.made_ms),
        }
        for name, fact in verdict.facts.items()
    }
    added = connection.execute(
        "INSERT INTO decisions (listing_id, made_ms, mode, verdict, level, facts, blockers, warnings, net_bps)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(listing_id, verdict.made_ms, verdict.mode.value, verdict.outcome.value, int(verdict.level)),
            *(_json(facts), _findings(verdict.blockers), _findings(verdict.warnings)),
            None if verdict.net_bps is None else float(verdict.net_bps),
        ),
    )
    assert added.lastrowid is not None
    return added.lastrowid


def _findings(findings: Iterable[Finding]) -> str:
    return _json([{"code": each.code, "subject": each.subject, "numbers": each.numbers} for each in findings])


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


LAST_RUNG = """
    SELECT decisions.verdict, decisions.made_ms FROM alerts
    JOIN decisions ON decisions.listing_id = alerts.listing_id AND decisions.made_ms = alerts.created_ms
    WHERE alerts.key = ? AND alerts.kind = 'verdict' ORDER BY alerts.id DESC LIMIT 1
"""
LAST = "SELECT verdict, made_ms FROM decisions WHERE listing_id = ? ORDER BY made_ms DESC, id DESC LIMIT 1"


def remembered(connection: sqlite3.Connection, key: str, listing_id: int | None) -> tuple[Rung, Previous | None]:
    """What the reader last heard of a listing, and its last verdict; both are told in one transaction with the row."""
    heard = connection.execute(LAST_RUNG, (key,)).fetchone()
    last = connection.execute(LAST, (listing_id,)).fetchone()
    return (
        Rung() if heard is None else Rung(Outcome(heard[0]), heard[1]),
        None if last is None else Previous(Outcome(last[0]), last[1]),
    )
