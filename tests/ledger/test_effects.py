"""The effect machine, transition by transition, through its public functions."""

import pytest
from sqlmodel import Session

from config.wiring import Wiring
from domain.states import EffectState
from ledger import effects, settling
from ledger.claims import LEASE
from ledger.effects import EffectDraft, EffectRow, Handlers, Verdict
from ledger.settling import MAX_ATTEMPTS
from ledger.tables import Effect, ReviewCase
from tests.ledger.effect_support import (
    DEAD,
    DRAFT,
    HANDLERS,
    claim,
    follow,
    look_up,
    moves,
    nothing,
    open_case_kinds,
    settle,
    state_of,
)
from tests.ledger.support import NOW, REAL, later, race, real_later, row_of, rows_of

# planned


def test_planned_twice_is_one_effect(wiring: Wiring) -> None:
    wiring.ledger(effects.plan, [DRAFT, DRAFT], NOW)
    wiring.ledger(effects.plan, [EffectDraft(kind="label.buy", key="label:1", target="elsewhere")], NOW)

    assert wiring.ledger(effects.plan_and_claim, [DRAFT], now=NOW, real_now=REAL) == []
    row = row_of(wiring, Effect)
    assert (row["state"], row["target"]) == (EffectState.PLANNED, "easypost/main")


def test_plan_and_claim_leaves_what_is_due_later_planned(wiring: Wiring) -> None:
    tomorrow = EffectDraft(kind="label.buy", key="label:2", target="easypost/main", due_at=later(days=1))

    claimed = wiring.ledger(effects.plan_and_claim, [DRAFT, tomorrow], now=NOW, real_now=REAL)

    assert [row["key"] for row in claimed] == ["label:1"]
    assert row_of(wiring, Effect, key="label:2")["state"] == EffectState.PLANNED


def test_rivals_that_want_the_same_effect_send_it_once(wiring: Wiring) -> None:
    def want() -> int:
        return len(wiring.ledger(effects.plan_and_claim, [DRAFT], now=NOW, real_now=REAL))

    assert sorted(race(want, want)) == [0, 1]


def test_claim_takes_what_is_due_once(wiring: Wiring) -> None:
    wiring.ledger(effects.plan, [DRAFT], NOW)
    assert claim(wiring, now=later(-1)) == []

    [row] = claim(wiring)

    assert (row["state"], row["attempts"], row["lease_until"]) == ("sending", 1, REAL + LEASE)
    assert claim(wiring, seconds=DEAD) == []  # an expired lease is not a claim: it becomes unknown


def guarded(why: str) -> dict[str, Handlers]:
    return {"label.buy": Handlers(on_done=nothing, guard=lambda _s, rows, _n: {row["id"]: why for row in rows})}


def test_guard_cancels_in_the_claiming_transaction(wiring: Wiring) -> None:
    wiring.ledger(effects.plan, [DRAFT], NOW)

    assert claim(wiring, handlers=guarded("cancel:order_cancelled")) == []

    assert state_of(wiring) == EffectState.CANCELLED
    assert moves(wiring)[-1] == ("planned", "cancelled")


def test_guard_lets_wait_without_using_up_attempts(wiring: Wiring) -> None:
    wiring.ledger(effects.plan, [DRAFT], NOW)

    for minute in range(MAX_ATTEMPTS + 1):
        assert claim(wiring, handlers=guarded("wait:fence"), now=later(minutes=minute)) == []
    row = row_of(wiring, Effect)
    assert (row["state"], row["attempts"], row["due_at"]) == ("planned", 0, later(minutes=MAX_ATTEMPTS, seconds=30))

    [row] = claim(wiring, now=later(hours=1))
    assert row["attempts"] == 1


def test_cancel_planned_spares_what_was_sent_and_what_is_to_keep(wiring: Wiring, sending: EffectRow) -> None:
    mine = {"target": "t", "order_id": "ord_1"}
    wiring.ledger(
        effects.plan,
        [EffectDraft("hold", "k1", **mine), EffectDraft("mail", "k2", **mine), EffectDraft("hold", "k3", "t")],
        NOW,
    )

    wiring.ledger(effects.cancel_planned, "ord_1", "order_cancelled", NOW, keep=["mail"])

    states = {row["key"]: row["state"] for row in rows_of(wiring, Effect)}
    assert states == {"label:1": "sending", "k1": "cancelled", "k2": "planned", "k3": "planned"}


# sending


def test_done_keeps_the_answer_and_names_what_follows(wiring: Wiring, sending: EffectRow) -> None:
    drafts = settle(wiring, sending, "done", external_id="shp_9", data={"cost": 812})

    row = row_of(wiring, Effect)
    assert (row["state"], row["external_id"], row["response"], row["done_at"]) == ("done", "shp_9", {"cost": 812}, NOW)
    assert [draft.key for draft in drafts] == ["after:label:1"]
    assert moves(wiring) == []


def test_what_follows_stands_or_falls_with_its_cause(wiring: Wiring, sending: EffectRow) -> None:
    def settle_and_crash(session: Session) -> None:
        drafts = settling.settle(session, [(sending, Verdict("done"))], HANDLERS, now=NOW)
        effects.plan(session, drafts, NOW)
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        wiring.ledger(settle_and_crash)

    assert [(row["key"], row["state"]) for row in rows_of(wiring, Effect)] == [("label:1", "sending")]


def test_rejected_opens_a_case(wiring: Wiring, sending: EffectRow) -> None:
    settle(wiring, sending, "rejected", code="bad_address")

    assert state_of(wiring) == EffectState.REJECTED
    case = row_of(wiring, ReviewCase)
    assert (case["kind"], case["order_id"], case["facts"]["code"]) == ("effect_rejected", "ord_1", "bad_address")


def test_rejected_may_want_something_else_instead_of_a_case(wiring: Wiring, sending: EffectRow) -> None:
    handlers = {"label.buy": Handlers(on_done=nothing, on_rejected=follow)}

    assert [draft.key for draft in settle(wiring, sending, "rejected", handlers)] == ["after:label:1"]
    assert open_case_kinds(wiring) == []


def test_surely_not_done_is_planned_again_after_a_while(wiring: Wiring, sending: EffectRow) -> None:
    settle(wiring, sending, "retry", code="http_429", after_s=40)

    row = row_of(wiring, Effect)
    assert (row["state"], row["due_at"], row["error"]) == ("planned", later(40), "http_429")
    assert claim(wiring, now=later(39)) == []
    assert claim(wiring, now=later(40))[0]["attempts"] == 2


def test_planned_is_parked_with_a_case_at_the_attempt_cap(wiring: Wiring, sending: EffectRow) -> None:
    row = sending
    for attempt in range(1, MAX_ATTEMPTS):
        settle(wiring, row, "retry")
        [row] = claim(wiring, now=later(hours=attempt))

    settle(wiring, row, "retry", code="http_503")

    assert state_of(wiring) == EffectState.PARKED
    assert moves(wiring)[-2:] == [("sending", "planned"), ("planned", "parked")]
    assert row_of(wiring, ReviewCase)["choices"] == ["retry", "mark_done", "drop"]


def test_doubt_without_key_or_look_up_waits_for_a_person(wiring: Wiring, sending: EffectRow) -> None:
    settle(wiring, sending, "doubt", code="timeout")

    assert moves(wiring) == [("sending", "unknown"), ("unknown", "parked")]
    assert open_case_kinds(wiring) == ["effect_parked"]


def test_refused_credentials_are_one_case_per_account(wiring: Wiring, sending: EffectRow) -> None:
    second = EffectDraft(kind="label.buy", key="label:2", target="easypost/main")
    [other] = wiring.ledger(effects.plan_and_claim, [second], now=NOW, real_now=REAL)

    settle(wiring, sending, "auth")
    settle(wiring, other, "auth")

    assert {(row["state"], row["due_at"]) for row in rows_of(wiring, Effect)} == {("planned", later(minutes=5))}
    assert open_case_kinds(wiring) == ["credentials_refused"]


def test_expired_lease_becomes_unknown_never_planned(wiring: Wiring, sending: EffectRow) -> None:
    assert wiring.ledger(effects.expire_leases, now=NOW, real_now=real_later(19)) == 0

    assert wiring.ledger(effects.expire_leases, now=NOW, real_now=real_later(DEAD)) == 1

    assert state_of(wiring) == EffectState.UNKNOWN
    assert moves(wiring) == [("sending", "unknown")]
    assert wiring.ledger(effects.expire_leases, now=NOW, real_now=real_later(DEAD)) == 0


@pytest.mark.parametrize("verdict", ["done", "rejected", "retry", "unknown", "doubt", "auth", "absent"])
def test_late_sender_is_dropped_once_somebody_looks_it_up(wiring: Wiring, sending: EffectRow, verdict: str) -> None:
    wiring.ledger(effects.expire_leases, now=NOW, real_now=real_later(DEAD))
    holder = look_up(wiring, seconds=DEAD)
    before = row_of(wiring, Effect)

    assert settle(wiring, sending, verdict) == []

    assert row_of(wiring, Effect) == before
    assert holder["lease_token"] > sending["lease_token"]
    assert open_case_kinds(wiring) == []


def test_second_settlement_changes_nothing(wiring: Wiring, sending: EffectRow) -> None:
    settle(wiring, sending, "done", external_id="first")

    assert settle(wiring, sending, "done", external_id="second") == []
    assert settle(wiring, sending, "rejected") == []

    assert row_of(wiring, Effect)["external_id"] == "first"
