"""Clocks of promised dates and of cases: each with its owner and its action."""

from datetime import date
from typing import Any

import pytest

from config.wiring import Wiring
from domain.forecasts import Forecast
from domain.promises import Promise
from domain.states import CaseState
from ledger import case_clocks, deadlines, forecasts
from ledger.cases import CaseDraft, move_case, open_cases
from ledger.tables import AuditEvent, Deadline, ParcelForecast, ReviewCase
from tasks.deadlines import act
from tests.ledger.sent_parcels import put_parcel
from tests.ledger.support import NOW, REAL, later, make_order, row_of, rows_of

pytestmark = pytest.mark.row("TRU-4")


def work(wiring: Wiring, **moved: Any) -> set[str]:
    """The deadlines that are due then, with what they came to."""
    now = later(**moved)
    wiring.ledger(case_clocks.set_case_clocks, now)
    claimed = wiring.ledger(deadlines.claim_due, limit=25, now=now, real_now=REAL)
    outcome, _ = wiring.ledger(act, claimed.rows, now=now, real_now=REAL)
    return set(outcome.values())


def open_case(wiring: Wiring, order_id: str = "", *, severity: str = "normal") -> str:
    draft = CaseDraft(
        key=f"k:{order_id}", kind="node_exception", severity=severity, order_id=order_id, choices=["wait"]
    )
    [case_id] = wiring.ledger(open_cases, [draft], NOW)
    return str(case_id)


@pytest.mark.parametrize("about_an_order", [True, False])
def test_a_case_that_nobody_has_ended_in_its_time_becomes_urgent_and_is_due_again(
    wiring: Wiring, about_an_order: bool
) -> None:
    open_case(wiring, make_order(wiring) if about_an_order else "")

    assert set() == work(wiring, hours=23.9)
    assert {"raised"} == work(wiring, hours=24)

    case = row_of(wiring, ReviewCase)
    assert ("high", "open", later(hours=48)) == (case["severity"], case["state"], case["due_at"])
    assert set() == work(wiring, hours=47)
    assert {"raised"} == work(wiring, hours=48)
    assert 2 == len(rows_of(wiring, Deadline, kind="case_due", state="breached", owner="ops"))
    assert 2 == len(rows_of(wiring, AuditEvent, aggregate="review_case", cause="overdue"))


def test_a_case_that_was_ended_in_time_has_no_clock(wiring: Wiring) -> None:
    case_id = open_case(wiring)
    wiring.ledger(move_case, case_id, CaseState.RESOLVED, cause="wait", now=later(hours=1))

    assert set() == work(wiring, hours=30)
    assert [] == rows_of(wiring, Deadline)


@pytest.mark.row("TRU-4", bad_input=True)
def test_a_case_that_ends_between_the_clock_and_its_action_is_left_alone(wiring: Wiring) -> None:
    case_id = open_case(wiring)
    wiring.ledger(case_clocks.set_case_clocks, later(hours=25))
    wiring.ledger(move_case, case_id, CaseState.RESOLVED, cause="wait", now=later(hours=25))

    assert {"resolved"} == work(wiring, hours=25)
    assert ("normal", "met") == (row_of(wiring, ReviewCase)["severity"], row_of(wiring, Deadline)["state"])


@pytest.mark.row("DLY-3")
def test_a_promised_date_that_passes_has_its_parcel_forecast_anew_at_once(wiring: Wiring) -> None:
    shipment, order = put_parcel(wiring)
    wiring.ledger(forecasts.expect, [(shipment, order)], NOW)
    token = wiring.ledger(forecasts.claim_due, limit=1, now=NOW, real_now=REAL).lease.token
    promise = Promise(later(days=6), date(2026, 3, 6), "UTC")
    made = {shipment: (Forecast(promise.at, 0.3, later(days=7), later(days=9), NOW), promise, later(days=9))}
    wiring.ledger(forecasts.record, made, token=token, fitted_model_id="", now=NOW)

    assert set() == work(wiring, days=5.9)
    assert {"promise_passed"} == work(wiring, days=6)

    assert later(days=6) == row_of(wiring, ParcelForecast)["due_at"]
    assert "breached" == row_of(wiring, Deadline)["state"]
