"""Findings and verdicts with their words, in both languages, so that the page can switch without asking again. Pure."""

from msgspec import Struct

from alerts.details import finding
from alerts.words import Words
from analysis.verdict import Finding
from store.latest import Brief
from store.listing_page import DecisionRow
from store.listings import ListingRow


class Reason(Struct, frozen=True):
    """One finding in words: Korean, English."""

    code: str
    text: Words


class VerdictView(Struct, frozen=True):
    """A verdict as the page shows it; `level` as in alerts, bps as in the verdict."""

    id: int
    made_ms: int
    mode: str
    verdict: str
    level: int
    net_bps: float | None
    premium_bps: float | None
    excess_bps: float | None
    route: str | None
    blockers: tuple[Reason, ...]
    warnings: tuple[Reason, ...]


class BriefView(Struct, frozen=True):
    listing: ListingRow
    verdict: VerdictView | None


def verdict_view(row: DecisionRow) -> VerdictView:
    return VerdictView(
        *(row.id, row.made_ms, row.mode, row.verdict, row.level),
        *(row.net_bps, row.premium_bps, row.excess_bps, row.route),
        _reasons(row.blockers),
        _reasons(row.warnings),
    )


def brief_view(brief: Brief) -> BriefView:
    return BriefView(brief.listing, None if brief.decision is None else verdict_view(brief.decision))


def _reasons(findings: tuple[Finding, ...]) -> tuple[Reason, ...]:
    return tuple(Reason(each.code, (finding(each, "ko"), finding(each, "en"))) for each in findings)
