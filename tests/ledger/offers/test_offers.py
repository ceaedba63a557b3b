"""Offers: made once, taken once, worth no more than the order holds, and ended when they are not true any more."""

from dataclasses import replace
from datetime import timedelta

import pytest

from config.wiring import Wiring
from domain.parcels import ParcelState
from domain.remedies import Outlook
from ledger import operator, refunds
from ledger.effects import plan
from ledger.offers import answering, ending
from ledger.orders import lock_orders
from ledger.tables import Deadline, Decision, Effect, Message, Offer, Refund, ReviewCase
from tests.ledger.offers.trouble import SILENT, Trouble, in_trouble
from tests.ledger.support import race, row_of, rows_of


@pytest.fixture
def trouble(wiring: Wiring) -> Trouble:
    return in_trouble(wiring)


@pytest.mark.row("DLY-4")
def test_offers_are_made_once_with_their_reckoning_and_told_in_one_message(trouble: Trouble) -> None:
    made = trouble.propose()
    again = trouble.propose()

    assert ["replacement", "refund", "wait"] == [row["kind"] for row in made]
    assert {row["id"] for row in made} == {row["id"] for row in again}
    assert {"sent"} == set(trouble.states().values())
    decision = row_of(trouble.wiring, Decision, workflow="remedy")
    assert {made[0]["decision_id"]} == {row["decision_id"] for row in made} == {decision["id"]}
    assert "replacement" == decision["choice"]["kind"]
    assert "lost with a probability of 78%" in decision["choice"]["words"][0]
    message = row_of(trouble.wiring, Message, kind="parcel_offer")
    assert (made[0]["id"], "replacement") == (message["facts"]["offer"], message["facts"]["choice"])
    assert 3 == len(rows_of(trouble.wiring, Deadline, kind="offer_expiry"))
    trouble.sound()


def test_a_parcel_that_moves_is_offered_nothing(trouble: Trouble) -> None:
    assert [] == trouble.propose(Outlook(silent_days=0.5))
    assert [] == rows_of(trouble.wiring, Offer)


@pytest.mark.row("DLY-4")
def test_the_money_is_granted_as_it_was_offered_and_the_rest_is_declined(trouble: Trouble) -> None:
    trouble.propose()

    assert "executed" == trouble.accept("refund")

    assert {"replacement": "declined", "refund": "executed", "wait": "declined"} == trouble.states()
    refund = row_of(trouble.wiring, Refund)
    assert (2_000, "granted", trouble.offer("refund")["id"]) == (
        refund["amount_minor"],
        refund["state"],
        refund["subject_id"],
    )
    assert "shop.refund" == row_of(trouble.wiring, Effect, subject_id=refund["id"])["kind"]
    assert 2 == trouble.line["written_off"], "nobody can return what was refunded"
    assert {"met"} == {row["state"] for row in rows_of(trouble.wiring, Deadline, kind="offer_expiry")}
    trouble.sound()


@pytest.mark.row("DLY-4", bad_input=True)
def test_a_second_tap_changes_nothing(trouble: Trouble) -> None:
    trouble.propose()
    trouble.accept("refund")

    assert "already_executed" == trouble.accept("refund")
    assert "already_declined" == trouble.accept("replacement")
    assert 1 == len(rows_of(trouble.wiring, Refund))


@pytest.mark.row("DLY-4")
def test_two_granters_at_once_grant_no_more_than_was_captured(trouble: Trouble) -> None:
    trouble.propose()

    def by_an_edit() -> None:
        def grant(session: object) -> None:
            order = lock_orders(session, [trouble.order_id])[trouble.order_id]
            drafts = refunds.grant(
                session, order, 1_500, subject_id="edr_1", reason="edit", now=trouble.stall.now
            )  # fmt: skip
            plan(session, drafts, trouble.stall.now)

        trouble.wiring.ledger(grant)

    outcomes = race(lambda: trouble.accept("refund"), by_an_edit)

    granted = sum(row["amount_minor"] for row in rows_of(trouble.wiring, Refund))
    assert granted <= 2_000
    assert outcomes[0] in ("executed", "no_money_left")
    assert granted == (2_000 if outcomes[0] == "executed" else 1_500)
    trouble.sound()


@pytest.mark.row("DLY-4", bad_input=True)
def test_goods_and_money_taken_at_once_are_one_of_them(trouble: Trouble) -> None:
    trouble.propose()

    outcomes = race(lambda: trouble.accept("refund"), lambda: trouble.accept("replacement"))

    assert 1 == len([outcome for outcome in outcomes if outcome in ("executed", "accepted")]), outcomes
    trouble.sound()


def test_an_offer_whose_money_is_gone_ends_and_the_others_stand(trouble: Trouble) -> None:
    trouble.propose()

    def grant(session: object) -> None:
        order = lock_orders(session, [trouble.order_id])[trouble.order_id]
        plan(session, refunds.grant(session, order, 500, subject_id="edr_1", reason="edit", now=trouble.stall.now),
             trouble.stall.now)  # fmt: skip

    trouble.wiring.ledger(grant)

    assert "no_money_left" == trouble.accept("refund")
    assert ("withdrawn", "sent") == (trouble.states()["refund"], trouble.states()["wait"])


def test_waiting_is_an_answer_too(trouble: Trouble) -> None:
    trouble.propose()

    assert "executed" == trouble.accept("wait")

    assert [] == rows_of(trouble.wiring, Refund)
    assert [] == trouble.propose(), "nobody is asked again so soon"
    trouble.set_parcel(state="lost", polling=False)
    assert ["replacement", "refund"] == [row["kind"] for row in trouble.propose()], "that it is lost is news"


@pytest.mark.row("DLY-4")
@pytest.mark.parametrize(
    ("heard", "reason"), [(ParcelState.DELIVERED, "arrived"), (ParcelState.OUT_FOR_DELIVERY, "moves")]
)
def test_an_offer_is_withdrawn_when_the_parcel_moves_or_arrives(
    trouble: Trouble, heard: ParcelState, reason: str
) -> None:
    trouble.propose()

    trouble.hear(heard)

    assert {"withdrawn"} == set(trouble.states().values())
    assert {reason} == {row["reason"] for row in rows_of(trouble.wiring, Offer)}
    assert "already_withdrawn" == trouble.accept("refund")
    trouble.sound()


def test_what_the_carrier_says_again_is_no_news(trouble: Trouble) -> None:
    trouble.hear(ParcelState.IN_TRANSIT)
    trouble.propose()

    trouble.hear(ParcelState.IN_TRANSIT)

    assert {"sent"} == set(trouble.states().values())


@pytest.mark.row("DLY-4")
def test_a_parcel_that_comes_after_the_money_went_is_a_persons_case(trouble: Trouble) -> None:
    trouble.propose()
    trouble.accept("refund")

    trouble.hear(ParcelState.DELIVERED)

    assert "executed" == trouble.states()["refund"]
    case = row_of(trouble.wiring, ReviewCase, kind="arrived_after_offer")
    assert ("refund", 2_000) == (case["facts"]["offer"], case["facts"]["amount_minor"])


def test_an_order_ends_when_what_never_came_was_made_good(trouble: Trouble) -> None:
    trouble.hear(ParcelState.LOST)
    trouble.propose()
    assert "parcel_gone" == row_of(trouble.wiring, ReviewCase, order_id=trouble.order_id)["kind"]

    trouble.accept("refund")

    assert "completed" == trouble.stall.order(trouble.order_id)["state"]
    assert ("resolved", "refunded") == tuple(
        row_of(trouble.wiring, ReviewCase, kind="parcel_gone")[name] for name in ("state", "resolution")
    )


@pytest.mark.row("DLY-4", bad_input=True)
def test_an_offer_expires_at_its_instant_and_a_late_tap_is_told_so(trouble: Trouble) -> None:
    trouble.propose()
    row = trouble.offer("refund")

    late = trouble.wiring.ledger(answering.accept, row["id"], trouble.stall.policies, row["expires_at"])

    assert "expired" == late
    assert "already_expired" == trouble.wiring.ledger(ending.expire, row["id"], row["expires_at"])
    early = row["expires_at"] - timedelta(seconds=1)
    other = trouble.offer("wait")["id"]
    assert "executed" == trouble.wiring.ledger(answering.accept, other, trouble.stall.policies, early)


def test_what_was_offered_is_not_taken_back_by_a_turn_of_the_sums(trouble: Trouble) -> None:
    made = trouble.propose()
    trouble.stall.buy({"CUP": 8})  # nothing is left to be sent once more

    assert {row["id"] for row in made} == {row["id"] for row in trouble.propose()}
    assert {row["id"] for row in made} == {row["id"] for row in trouble.propose(Outlook(silent_days=8.0))}
    assert {"sent"} == set(trouble.states().values())


def test_a_better_offer_replaces_the_one_that_stands(trouble: Trouble) -> None:
    trouble.propose()

    trouble.set_parcel(state="lost", polling=False)
    made = trouble.propose(SILENT)

    assert ["replacement", "refund"] == [row["kind"] for row in made]
    assert {2} == {row["round"] for row in made}
    assert {"superseded"} == {row["reason"] for row in rows_of(trouble.wiring, Offer, state="withdrawn")}
    trouble.sound()


@pytest.mark.row("DLY-4")
@pytest.mark.parametrize(("choice", "state"), [("offer", "sent"), ("decline", "declined")])
def test_a_person_decides_before_the_customer_is_asked(wiring: Wiring, choice: str, state: str) -> None:
    trouble = in_trouble(wiring)
    policies = trouble.stall.policies
    low = type(policies.offers.value_above)({}, 0)
    trouble.stall.policies = _with(policies, value_above=low)

    trouble.propose()
    assert {"proposed"} == set(trouble.states().values())
    assert "already_proposed" == trouble.accept("refund")
    assert [] == rows_of(wiring, Message, kind="parcel_offer")
    case = row_of(wiring, ReviewCase, kind="offer_review")
    wiring.ledger(operator.resolve_case, case["id"], choice, trouble.stall.now)

    assert {state} == set(trouble.states().values())
    assert (choice == "offer") is bool(rows_of(wiring, Message, kind="parcel_offer"))


def _with(policies: object, **changes: object) -> object:
    return replace(policies, offers=replace(policies.offers, **changes))
