"""Findings of the analysis as cases for the product team: one for each finding and subject, and no second one unless
something has changed since a person decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from domain.returns.analysis import AnalysisPolicy, Finding, FindingKind, findings
from domain.states import CaseState
from ledger.cases import CaseDraft, latest_about, open_cases
from ledger.returning.figures import sent_and_returned
from ledger.rows import update_by
from ledger.tables import ReviewCase

OWNER = "product"
ACCEPTED = "accept"
KINDS: Mapping[FindingKind, str] = {
    FindingKind.RUNS_SMALL: "returns_runs_small",
    FindingKind.RUNS_LARGE: "returns_runs_large",
    FindingKind.DAMAGED: "returns_damaged",
    FindingKind.DESCRIPTION: "returns_description",
}


@dataclass(frozen=True, slots=True)
class News:
    """What is to be told: `fresh` opens cases; `known` are the newest figures of open ones, by case."""

    fresh: list[CaseDraft]
    known: dict[str, dict[str, Any]]


def key_of(finding: Finding) -> str:
    return f"return_finding:{finding.key}"


def what_is_new(
    session: Session,
    found: Sequence[Finding],
    names: Mapping[str, str],
    policy: AnalysisPolicy,
    *,
    since: datetime,
    until: datetime,
    ripe: timedelta,
) -> News:
    """Held against the cases that there are. Reads only.

    After a person has put something right, only lines that were sent since then are evidence against it. What a person
    has accepted is told again when even the low end of its interval lies above the share that was accepted.
    """
    news = News([], {})
    later: dict[datetime, set[str]] = {}  # what is found in lines sent after a decision
    for finding in found:
        facts = _facts(finding, names, since, until)
        case = latest_about(session, key_of(finding))
        if case is not None and case["state"] != CaseState.RESOLVED:
            news.known[case["id"]] = facts
            continue
        if case is not None and case["resolution"] == ACCEPTED:
            if 100 * finding.low <= case["facts"].get("percent", 0):
                continue
        elif case is not None:
            at = max(case["resolved_at"], since)
            if at not in later:
                cells = sent_and_returned(session, at, until, ripe).cells if at < until else []
                later[at] = {one.key for one in findings(cells, policy)}
            if finding.key not in later[at]:
                continue
        news.fresh.append(
            CaseDraft(
                key=key_of(finding),
                kind=KINDS[finding.kind],
                severity="low",
                subject_id=finding.subject,
                owner=OWNER,
                facts=facts,
                choices=["put_right", "accept"],
            )
        )
    return news


def tell(session: Session, news: News, now: datetime) -> int:
    """Open cases and bring open ones up to date; returns how many are new."""
    update_by(session, ReviewCase, [{"id": case_id, "facts": facts} for case_id, facts in news.known.items()])
    return len(open_cases(session, news.fresh, now))


def cases_of(session: Session, found: Sequence[Finding]) -> dict[str, str]:
    """By a finding's key its newest case."""
    known = {one.key: latest_about(session, key_of(one)) for one in found}
    return {key: case["id"] for key, case in known.items() if case is not None}


def _facts(finding: Finding, names: Mapping[str, str], since: datetime, until: datetime) -> dict[str, Any]:
    """For people, but for `percent`, which is kept to be compared with."""
    return {
        str(finding.dimension): names.get(finding.subject, finding.subject),
        "came_back_for_it": f"{finding.hits} of {finding.lines} lines",
        "percent": round(100 * finding.share, 2),
        "between": f"{100 * finding.low:.1f} % and {100 * finding.high:.1f} %",
        "the_opposite" if finding.of_direction else "others": f"{100 * finding.others_share:.1f} %",
        "by_chance": f"1 in {1 / max(finding.chance, 1e-9):,.0f}" + (" or less" if finding.chance < 1e-9 else ""),
        "sent": f"{since:%Y-%m-%d} to {until:%Y-%m-%d}",
    }
