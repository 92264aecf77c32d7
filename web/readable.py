"""Findings and verdicts with their words, in both languages, so that the page can switch without asking again. Pure."""

import msgspec
from msgspec import Struct

from alerts.texts.details import finding
from alerts.texts.words import Words
from analysis.verdict import Finding
from store.readings.latest import Brief
from store.readings.listing_page import DecisionRow, Judged
from store.tables.listings import ListingRow


class Reason(Struct, frozen=True):
    """One finding in words: Korean, English."""

    code: str
    text: Words


class VerdictView(Judged, frozen=True):
    """A verdict with its reasons in words."""

    blockers: tuple[Reason, ...]
    warnings: tuple[Reason, ...]


class BriefView(Struct, frozen=True):
    listing: ListingRow
    verdict: VerdictView | None


def verdict_view(row: DecisionRow) -> VerdictView:
    *judged, _, _ = msgspec.structs.astuple(row)
    return VerdictView(*(*judged, _reasons(row.blockers), _reasons(row.warnings)))


def brief_view(brief: Brief) -> BriefView:
    return BriefView(brief.listing, None if brief.decision is None else verdict_view(brief.decision))


def _reasons(findings: tuple[Finding, ...]) -> tuple[Reason, ...]:
    return tuple(Reason(each.code, (finding(each, "ko"), finding(each, "en"))) for each in findings)
