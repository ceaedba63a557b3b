"""Review cases: one per trouble, numbered when it comes back, every move audited."""

import pytest

from config.wiring import Wiring
from domain.states import CaseState, IllegalTransition
from ledger import audit, cases
from ledger.cases import CaseDraft
from ledger.tables import AuditEvent, ReviewCase
from tests.ledger.support import NOW, later, race, row_of, rows_of

DRAFT = CaseDraft(key="cancel:ord_1", kind="cancelled_too_late", severity="high", order_id="ord_1", choices=["accept"])


def open_case(wiring: Wiring, draft: CaseDraft = DRAFT) -> set[str]:
    return wiring.ledger(cases.open_cases, [draft], NOW)


def resolve(wiring: Wiring, key: str = DRAFT.key) -> None:
    wiring.ledger(cases.resolve_by_key, key, cause="gone", now=later(60))


def keys(wiring: Wiring, **equal: str) -> set[str]:
    return {row["key"] for row in rows_of(wiring, ReviewCase, **equal)}


def test_same_trouble_is_one_case(wiring: Wiring) -> None:
    [case_id] = open_case(wiring)

    assert open_case(wiring) == set()
    assert wiring.ledger(cases.open_cases, [DRAFT, DRAFT], NOW) == set()

    row = row_of(wiring, ReviewCase)
    assert (row["id"], row["state"], row["due_at"]) == (case_id, CaseState.OPEN, later(hours=4))


def test_same_trouble_reported_at_once_is_one_case(wiring: Wiring) -> None:
    assert sorted(len(opened) for opened in race(*[lambda: open_case(wiring)] * 2)) == [0, 1]


def test_trouble_that_comes_back_opens_a_numbered_case_each_time(wiring: Wiring) -> None:
    for _ in range(3):
        assert len(open_case(wiring)) == 1
        assert open_case(wiring) == set()
        resolve(wiring)

    assert keys(wiring, state="resolved") == {"cancel:ord_1", "cancel:ord_1#2", "cancel:ord_1#3"}


@pytest.mark.parametrize("other", ["cancel:ordX1", "cancel:ord_12", "cancel:ORD_1#9", "cancel:ordX1#2"])
def test_resolving_spares_cases_with_a_similar_key(wiring: Wiring, other: str) -> None:
    open_case(wiring)
    open_case(wiring, CaseDraft(key=other, kind="k"))

    resolve(wiring)

    assert keys(wiring, state="open") == {other}
    open_case(wiring)
    assert keys(wiring, state="open") == {other, "cancel:ord_1#2"}


def test_moves_are_audited_with_actor_and_run(wiring: Wiring) -> None:
    [case_id] = open_case(wiring)
    tokens = audit.actor.set("agent:7"), audit.flow_run_id.set("run-1")
    wiring.ledger(cases.move_case, case_id, CaseState.RESOLVED, cause="accept", now=later(2))
    audit.actor.reset(tokens[0])
    audit.flow_run_id.reset(tokens[1])

    row = row_of(wiring, ReviewCase)
    assert (row["state"], row["resolution"], row["resolved_at"]) == ("resolved", "accept", later(2))
    trail = rows_of(wiring, AuditEvent, aggregate_id=case_id)
    assert [(e["from_state"], e["to_state"], e["cause"], e["actor"], e["flow_run_id"]) for e in trail] == [
        ("", "open", "cancelled_too_late", "system", ""),
        ("open", "resolved", "accept", "agent:7", "run-1"),
    ]


def test_resolved_case_stays_resolved(wiring: Wiring) -> None:
    [case_id] = open_case(wiring)
    resolve(wiring)

    with pytest.raises(IllegalTransition):
        wiring.ledger(cases.move_case, case_id, CaseState.OPEN, cause="", now=NOW)
    with pytest.raises(KeyError):
        wiring.ledger(cases.move_case, "case_none", CaseState.RESOLVED, cause="", now=NOW)
