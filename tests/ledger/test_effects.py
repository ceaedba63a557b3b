"""The effect machine, transition by transition, through its public functions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest
from sqlmodel import Session

from config.wiring import Wiring
from domain.states import EffectState, IllegalTransition
from ledger import effects
from ledger.claims import LEASE
from ledger.effects import MAX_ATTEMPTS, EffectDraft, EffectRow, Handlers, Verdict
from ledger.tables import AuditEvent, Effect, ReviewCase
from tests.ledger.support import NOW, REAL, later, race, real_later, row_of, rows_of

DRAFT = EffectDraft(kind="label.buy", key="label:1", target="easypost/main", order_id="ord_1", subject_id="shp_1")
DEAD = LEASE.total_seconds() + 1


def follow(_: Session, pairs: Sequence[tuple[EffectRow, Verdict]], __: datetime) -> list[EffectDraft]:
    return [EffectDraft(kind="after", key=f"after:{row['key']}", target=row["target"]) for row, _ in pairs]


def nothing(*_: object) -> list[EffectDraft]:
    return []


HANDLERS = {"label.buy": Handlers(on_done=follow), "after": Handlers(on_done=nothing)}


@pytest.fixture
def sending(wiring: Wiring) -> EffectRow:
    """One effect, claimed by a sender."""
    [row] = wiring.ledger(effects.plan_and_claim, [DRAFT], now=NOW, real_now=REAL)
    return row


@pytest.fixture
def unknown(wiring: Wiring, sending: EffectRow) -> EffectRow:
    """One effect whose outcome nobody knows, claimed by somebody to look it up."""
    settle(wiring, sending, "unknown")
    return look_up(wiring)


def settle(wiring: Wiring, row: EffectRow, verdict: str, handlers: Any = HANDLERS, **more: Any) -> list[EffectDraft]:
    return wiring.ledger(effects.settle, [(row, Verdict(verdict, **more))], handlers, now=NOW)


def claim(
    wiring: Wiring, *, now: datetime = NOW, handlers: Mapping[str, Handlers] = HANDLERS, seconds: float = 0
) -> list[EffectRow]:
    return wiring.ledger(
        effects.claim_planned, ["label.buy"], handlers, limit=10, now=now, real_now=real_later(seconds)
    )


def look_up(wiring: Wiring, *, seconds: float = 0, now: datetime = NOW) -> EffectRow:
    [row] = wiring.ledger(effects.claim_unknown, ["label.buy"], limit=10, now=now, real_now=real_later(seconds)).rows
    return row


def state_of(wiring: Wiring) -> str:
    return str(row_of(wiring, Effect, kind="label.buy")["state"])


def moves(wiring: Wiring) -> list[tuple[str, str]]:
    return [(row["from_state"], row["to_state"]) for row in rows_of(wiring, AuditEvent, aggregate="effect")]


def open_case_kinds(wiring: Wiring) -> list[str]:
    return [row["kind"] for row in rows_of(wiring, ReviewCase)]


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
        drafts = effects.settle(session, [(sending, Verdict("done"))], HANDLERS, now=NOW)
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


# unknown


def test_unknown_is_looked_up_by_one(wiring: Wiring, unknown: EffectRow) -> None:
    def claimed(seconds: float) -> list[EffectRow]:
        return wiring.ledger(effects.claim_unknown, ["label.buy"], limit=9, now=NOW, real_now=real_later(seconds)).rows

    assert claimed(1) == []
    assert [row["id"] for row in claimed(DEAD)] == [unknown["id"]]


def test_look_up_that_finds_it_is_done(wiring: Wiring, unknown: EffectRow) -> None:
    drafts = settle(wiring, unknown, "done", external_id="shp_9")

    assert state_of(wiring) == EffectState.DONE
    assert [draft.key for draft in drafts] == ["after:label:1"]
    assert moves(wiring) == [("sending", "unknown"), ("unknown", "done")]


def test_look_up_that_proves_absence_plans_again_at_once(wiring: Wiring, unknown: EffectRow) -> None:
    settle(wiring, unknown, "absent")

    row = row_of(wiring, Effect)
    assert (row["state"], row["due_at"], row["lease_until"]) == ("planned", NOW, None)
    assert [row["state"] for row in claim(wiring)] == ["sending"]


def test_look_up_that_finds_a_refusal_is_rejected(wiring: Wiring, unknown: EffectRow) -> None:
    settle(wiring, unknown, "rejected", code="refused")

    assert state_of(wiring) == EffectState.REJECTED
    assert moves(wiring)[1:] == [("unknown", "parked"), ("parked", "rejected")]


@pytest.mark.parametrize("verdict", ["retry", "unknown", "auth"])
def test_look_up_that_learns_nothing_is_made_again_later(wiring: Wiring, unknown: EffectRow, verdict: str) -> None:
    settle(wiring, unknown, verdict)

    row = row_of(wiring, Effect)
    assert (row["state"], row["lease_until"]) == ("unknown", None)
    assert row["due_at"] > NOW
    assert look_up(wiring, now=row["due_at"])["attempts"] == 3


@pytest.mark.parametrize("verdict", ["absent", "unknown"])
def test_unknown_is_parked_at_the_attempt_cap(wiring: Wiring, unknown: EffectRow, verdict: str) -> None:
    put_attempts(wiring, MAX_ATTEMPTS)

    settle(wiring, {**unknown, "attempts": MAX_ATTEMPTS}, verdict)

    assert state_of(wiring) == EffectState.PARKED
    assert open_case_kinds(wiring) == ["effect_parked"]


def put_attempts(wiring: Wiring, attempts: int) -> None:
    from ledger.rows import update_by

    wiring.ledger(update_by, Effect, [{"id": row_of(wiring, Effect)["id"], "attempts": attempts}])


# parked


@pytest.mark.parametrize(
    ("to", "after"),
    [(EffectState.DONE, "done"), (EffectState.REJECTED, "rejected"), (EffectState.PLANNED, "planned")],
)
def test_person_decides_what_is_parked(wiring: Wiring, sending: EffectRow, to: EffectState, after: str) -> None:
    settle(wiring, sending, "doubt")

    wiring.ledger(effects.decide_parked, sending["id"], to, later(60))

    assert state_of(wiring) == after
    assert rows_of(wiring, AuditEvent, aggregate="effect")[-1]["cause"] == "person"
    assert [row["attempts"] for row in claim(wiring, now=later(60))] == ([2] if after == "planned" else [])


def test_only_what_is_parked_can_be_decided(wiring: Wiring, sending: EffectRow) -> None:
    with pytest.raises(IllegalTransition):
        wiring.ledger(effects.decide_parked, sending["id"], EffectState.CANCELLED, NOW)

    assert state_of(wiring) == EffectState.SENDING


def test_batch_settles_each_by_its_own_verdict(wiring: Wiring) -> None:
    drafts = [EffectDraft("label.buy", f"label:{name}", "t") for name in ("done", "rejected", "retry", "unknown")]
    rows = wiring.ledger(effects.plan_and_claim, drafts, now=NOW, real_now=REAL)

    pairs = [(row, Verdict(row["key"].removeprefix("label:"))) for row in rows]
    wiring.ledger(effects.settle, pairs, HANDLERS, now=NOW)

    states = {row["key"].removeprefix("label:"): row["state"] for row in rows_of(wiring, Effect)}
    assert states == {"done": "done", "rejected": "rejected", "retry": "planned", "unknown": "unknown"}
