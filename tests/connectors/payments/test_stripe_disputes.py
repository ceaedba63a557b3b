"""Disputes of the Stripe connector: every status of the vendor's file, and the fake vendor's own."""

from typing import Any

import pytest

from connectors import unreadable
from connectors.payments.stripe_disputes import STATES, parse_dispute, readable_disputes
from connectors.reading import Unreadable
from domain.disputes import DisputeState

DISPUTE: dict[str, Any] = {
    "id": "du_1",
    "object": "dispute",
    "amount": 1260,
    "currency": "usd",
    "payment_intent": "pi_1",
    "reason": "fraudulent",
    "status": "needs_response",
    "evidence_details": {"due_by": 1_800_000_000},
}


@pytest.mark.row("RET-5")
def test_a_dispute_names_its_payment_and_until_when_to_answer() -> None:
    said = parse_dispute(DISPUTE)

    assert ("du_1", "pi_1", 1260, "USD") == (said.external_id, said.payment, said.amount_minor, said.currency)
    assert said.answer_by is not None
    assert (DisputeState.NEEDS_RESPONSE, False) == (said.state, said.is_inquiry)
    expanded = parse_dispute(DISPUTE | {"payment_intent": {"id": "pi_1"}, "evidence_details": {"due_by": None}})
    assert ("pi_1", None) == (expanded.payment, expanded.answer_by)


@pytest.mark.parametrize("status", STATES)
def test_every_status_has_a_word_of_ours(status: str) -> None:
    said = parse_dispute(DISPUTE | {"status": status})

    assert said.is_inquiry is status.startswith("warning_")
    assert said.state.is_open == status.endswith(("needs_response", "under_review"))


@pytest.mark.row("RET-5", bad_input=True)
@pytest.mark.parametrize("change", [{"status": "perhaps"}, {"status": None}, {"amount": "much"}, {"id": None}])
def test_what_cannot_be_read_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        parse_dispute(DISPUTE | change)


@pytest.mark.row("RET-5", bad_input=True)
def test_in_a_list_one_that_cannot_be_read_is_noted_and_left_out() -> None:
    with unreadable.collected() as unread:
        found = readable_disputes([DISPUTE | {"id": "du_0", "status": "perhaps"}, "nonsense", DISPUTE])

    assert ["du_1"] == [said.external_id for said in found]
    assert {"du_0": "unknown_status", "": "not_an_object"} == {i: error.code for i, error in unread.items()}
