"""Facts for the figures, read from requests that went their ways (PEO-3)."""

from datetime import timedelta
from typing import Any

import pytest

from config.wiring import Wiring
from domain.edits import EditAction, EditKind
from domain.kpis import EditFacts, edit_figures
from domain.states import EditState
from ledger.cases import CaseDraft, open_cases
from ledger.editing.requests import locked_free, move_request, open_request, set_values
from ledger.kpis import edit_facts
from ledger.orders import lock_orders
from tests.ledger.support import NOW, later, make_order

DAY = timedelta(days=1)


def ask(wiring: Wiring, name: str, *kinds: EditKind, at: float = 0, origin: str = "portal", refused: str = "") -> str:
    """A request on an order of its own that came in `at` seconds after NOW."""
    order_id = make_order(wiring, external_id=name, name=name, currency="EUR")

    def write(session: Any) -> None:
        order = lock_orders(session, [order_id])[order_id]
        actions = [EditAction(kind) for kind in kinds]
        open_request(
            session, order, actions, request_id=name, origin=origin, actor="customer", inbox_id="", agreed_minor=None,
            received_at=later(at - 0.5), refused={"code": refused} if refused else None, now=later(at),
        )  # fmt: skip

    wiring.ledger(write)
    return order_id


def move(wiring: Wiring, request_id: str, *steps: tuple[EditState, float], **values: Any) -> None:
    def write(session: Any) -> None:
        request = set_values(session, locked_free(session, request_id), **values)
        for state, seconds in steps:
            request = move_request(session, request, state, "test", later(seconds))

    wiring.ledger(write)


def read(wiring: Wiring, *, clocks_agree: bool = True) -> list[EditFacts]:
    return wiring.read(edit_facts, NOW, NOW + DAY, clocks_agree=clocks_agree)


@pytest.mark.row("PEO-3")
def test_requests_of_the_period_with_what_became_of_them(wiring: Wiring) -> None:
    ask(wiring, "before", EditKind.CANCEL, at=-1)
    ask(wiring, "applied", EditKind.ADDRESS, EditKind.ADD, at=0)
    ask(wiring, "refused", EditKind.CANCEL, at=10, refused="another_open")
    failing = ask(wiring, "open", EditKind.REMOVE, at=20, origin="agent")
    ask(wiring, "after", EditKind.CANCEL, at=DAY.total_seconds())
    steps = [(EditState.QUOTED, 1.0), (EditState.AWAITING_PAYMENT, 2.0), (EditState.FENCING, 62.0),
             (EditState.COMMITTING, 63.0), (EditState.CONFIRMING, 64.0), (EditState.APPLIED, 65.0)]  # fmt: skip
    move(wiring, "applied", *steps, quote={"to_pay_minor": 700, "to_refund_minor": 0})
    case = CaseDraft("edit_failing:open", "edit_failing", order_id=failing, subject_id="open", choices=["retry"])
    wiring.ledger(open_cases, [case], NOW)

    applied, refused, waiting = read(wiring)

    assert ("address", "add") == applied.kinds
    assert ("portal", "applied", "EUR", 700, 0) == (
        applied.origin, applied.state, applied.currency, applied.up_minor, applied.down_minor,
    )  # fmt: skip
    assert ["requested", "quoted", "awaiting_payment", "fencing", "committing", "confirming", "applied"] == [
        moved.to for moved in applied.moves
    ]
    assert ("refused", "another_open", False) == (refused.state, refused.reason, refused.failing)
    assert ("requested", None, True) == (waiting.state, waiting.ended_at, waiting.failing)
    values = edit_figures([applied, refused, waiting]).values
    assert (5.5, 60.0) == (values["time_p50"], values["payment_wait_p50"])


def test_an_empty_period_has_no_facts(wiring: Wiring) -> None:
    ask(wiring, "before", EditKind.CANCEL, at=-1)

    assert [] == read(wiring)


def test_where_the_clock_was_moved_a_request_counts_from_when_it_was_opened(wiring: Wiring) -> None:
    ask(wiring, "one", EditKind.CANCEL)

    [agreed], [moved] = read(wiring), read(wiring, clocks_agree=False)

    assert (later(-0.5), later(0)) == (agreed.received_at, moved.received_at)
