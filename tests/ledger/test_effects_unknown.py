"""Effects whose outcome nobody knows, and those that a person decides."""

import pytest

from config.wiring import Wiring
from domain.states import EffectState, IllegalTransition
from ledger import effects, settling
from ledger.effects import EffectDraft, EffectRow, Verdict
from ledger.settling import MAX_ATTEMPTS
from ledger.tables import AuditEvent, Effect
from tests.ledger.effect_support import DEAD, HANDLERS, claim, look_up, moves, open_case_kinds, settle, state_of
from tests.ledger.support import NOW, REAL, later, real_later, row_of, rows_of

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

    wiring.ledger(settling.decide_parked, sending["id"], to, later(60))

    assert state_of(wiring) == after
    assert rows_of(wiring, AuditEvent, aggregate="effect")[-1]["cause"] == "person"
    assert [row["attempts"] for row in claim(wiring, now=later(60))] == ([2] if after == "planned" else [])


def test_only_what_is_parked_can_be_decided(wiring: Wiring, sending: EffectRow) -> None:
    with pytest.raises(IllegalTransition):
        wiring.ledger(settling.decide_parked, sending["id"], EffectState.CANCELLED, NOW)

    assert state_of(wiring) == EffectState.SENDING


def test_batch_settles_each_by_its_own_verdict(wiring: Wiring) -> None:
    drafts = [EffectDraft("label.buy", f"label:{name}", "t") for name in ("done", "rejected", "retry", "unknown")]
    rows = wiring.ledger(effects.plan_and_claim, drafts, now=NOW, real_now=REAL)

    pairs = [(row, Verdict(row["key"].removeprefix("label:"))) for row in rows]
    wiring.ledger(settling.settle, pairs, HANDLERS, now=NOW)

    states = {row["key"].removeprefix("label:"): row["state"] for row in rows_of(wiring, Effect)}
    assert states == {"done": "done", "rejected": "rejected", "retry": "planned", "unknown": "unknown"}
