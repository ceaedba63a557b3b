"""Who has the next step of an edit, and of an order that waits for one: what the invariants accept, and what not."""

from typing import Any

import pytest
import sqlalchemy as sa

from config.wiring import Wiring
from ledger import effects
from ledger.cases import CaseDraft, open_cases
from ledger.editing import promises, sheets
from ledger.effects import EffectDraft
from tests.ledger.editing.stall import Stall


@pytest.fixture
def stall(wiring: Wiring) -> Stall:
    return Stall(wiring, {("north", "CUP"): 5, ("work", "POT"): 5})


def run(stall: Stall, statement: str, **values: Any) -> None:
    stall.wiring.ledger(lambda session: session.execute(sa.text(statement), values))


def fence(stall: Stall, order: str, request: str) -> None:
    run(stall, "UPDATE orders SET fence_token = :token WHERE id = :id", token=request, id=order)


def ask(stall: Stall, order: str, subject: str) -> None:
    draft = CaseDraft(f"edit:{subject}", "edit_review", order_id=order, subject_id=subject)
    stall.wiring.ledger(open_cases, [draft], stall.now)


@pytest.mark.parametrize("state", ["requested", "quoted", "fencing"])
def test_an_edit_that_is_due_has_a_next_step(stall: Stall, state: str) -> None:
    stall.request(stall.buy({"CUP": 1}), state)

    stall.sound()


@pytest.mark.parametrize("state", ["at_node", "committing", "confirming", "undoing", "parked"])
def test_an_edit_that_has_begun_keeps_its_fence(stall: Stall, state: str) -> None:
    order = stall.buy({"CUP": 1})
    request = stall.request(order, state)
    ask(stall, order, request)
    assert {"begun_edits_keep_their_fence": [request]} == stall.broken()

    fence(stall, order, request)

    stall.sound()


@pytest.mark.parametrize("state", ["awaiting_review", "parked"])
def test_an_edit_that_waits_for_a_person_has_a_case(stall: Stall, state: str) -> None:
    order = stall.buy({"CUP": 1})
    request = stall.request(order, state)
    fence(stall, order, request)
    assert {"every_edit_has_a_next_step": [request]} == stall.broken()
    ask(stall, order, "something else")
    assert {"every_edit_has_a_next_step": [request]} == stall.broken()

    ask(stall, order, request)
    stall.sound()

    run(stall, "UPDATE review_case SET state = 'resolved'")
    assert {"every_edit_has_a_next_step": [request]} == stall.broken()
    run(stall, "UPDATE edit_request SET error = 'again'")
    stall.sound()


def test_an_edit_that_waits_for_a_payment_has_a_page_and_an_end(stall: Stall) -> None:
    order = stall.buy({"CUP": 1})
    request = stall.request(order, "awaiting_payment")
    broken = {"every_edit_has_a_next_step": [request]}
    assert broken == stall.broken()

    page = EffectDraft("payment.link", f"payment_link:{request}", "stripe/main", order, request)
    stall.wiring.ledger(effects.plan, [page], stall.now)
    stall.sound()
    run(stall, "UPDATE effect SET state = 'done' WHERE kind = 'payment.link'")
    assert broken == stall.broken()
    run(stall, "UPDATE edit_request SET payment_external_id = 'cs_1'")
    stall.sound()
    run(stall, "UPDATE edit_request SET expires_at = NULL")
    assert broken == stall.broken()


def test_a_fenced_order_waits_for_its_edit(stall: Stall) -> None:
    """Its rows have left the queues: lifting the fence puts them back. A fence of nobody is no next step."""
    order = stall.buy({"CUP": 1})
    run(stall, "DELETE FROM work")
    run(stall, "UPDATE order_line SET ordered = ordered + 1")
    nobody = {"every_order_has_a_next_step", "every_unit_is_promised_or_owned", "every_request_has_a_next_step"}
    assert nobody == set(stall.broken())
    fence(stall, order, "edr_gone")
    assert nobody | {"no_fence_without_edit"} == set(stall.broken())

    fence(stall, order, stall.request(order, "at_node"))
    stall.sound()

    run(stall, "UPDATE edit_request SET state = 'applied'")
    assert nobody | {"no_fence_without_edit"} == set(stall.broken())


def test_a_fence_of_another_orders_edit_is_nobodys(stall: Stall) -> None:
    order, other = stall.buy({"CUP": 1}), stall.buy({"CUP": 1})
    request = stall.request(other, "fencing")
    fence(stall, order, request)

    assert {"no_fence_without_edit": [order]} == stall.broken()


def test_what_was_recalled_lies_on_a_sheet_again_or_is_its_edits_business(stall: Stall) -> None:
    order = stall.buy({"POT": 1})
    stall.told(order)
    part = stall.live(order)["work"]
    stall.act(order, lambda s, _: sheets.recall_for_edit(s, part, stall.now, until="packed"))
    assert {"every_request_has_a_next_step": [part["id"]]} == stall.broken()

    fence(stall, order, stall.request(order, "at_node"))

    stall.sound()


@pytest.mark.parametrize("state", ["applied", "undone", "refused", "withdrawn", "expired"])
def test_an_edit_that_has_ended_is_promised_nothing(stall: Stall, state: str) -> None:
    order = stall.buy({"CUP": 1})
    request = stall.request(order)
    stall.act(order, promises.reserve_for_request, request, {"CUP": 1}, stall.policies, stall.now)
    stall.sound()

    stall.set_state(request, state)
    assert ["no_promise_of_an_ended_edit"] == list(stall.broken())

    stall.wiring.ledger(promises.release_request, request, stall.now)
    stall.sound()
