"""What is withdrawn from the own warehouse leaves no label, no question and no promise behind."""

import pytest
import sqlalchemy as sa

from config.wiring import Wiring
from domain.states import EditState
from ledger import effects, label_effects, node_effects
from ledger.editing import sheets
from ledger.editing.replan import untold
from ledger.effects import Verdict
from ledger.tables import Effect
from tests.ledger.editing.recalling import end, fenced, recall
from tests.ledger.editing.stall import Stall
from tests.ledger.support import rows_of

STOCK = {("work", "CUP"): 6, ("work", "POT"): 6}


@pytest.fixture
def stall(wiring: Wiring) -> Stall:
    return Stall(wiring, STOCK)


def telling(stall: Stall, order: str, **states: str) -> None:
    """Effects that lead to the label, as far as they have come."""
    subject = stall.live(order)["work"]["id"]
    drafts = [
        effects.EffectDraft(kind.replace("_", "."), f"{kind}:{order}", "labels", order, subject) for kind in states
    ]
    stall.wiring.ledger(effects.plan, drafts, stall.now)
    statement = sa.text("UPDATE effect SET state = :state, attempts = 1 WHERE kind = :kind")
    for kind, state in states.items():
        values = {"kind": kind.replace("_", "."), "state": state}
        stall.wiring.ledger(lambda s, values=values: s.execute(statement, values))


@pytest.mark.parametrize(
    ("label", "unheard"), [("planned", True), ("cancelled", True), ("sending", False), ("unknown", False)]
)
def test_rates_bind_nobody_but_a_label_that_may_be_bought_does(stall: Stall, label: str, unheard: bool) -> None:
    order = stall.buy({"CUP": 1})
    stall.tell(order)
    telling(stall, order, label_quote="done", label_buy=label)

    assert unheard == bool(stall.act(order, untold))


def test_a_label_that_is_bought_for_what_was_withdrawn_is_given_back(stall: Stall) -> None:
    order = stall.buy({"CUP": 1})
    stall.tell(order)
    telling(stall, order, label_quote="done", label_buy="sending")
    request = fenced(stall, order)
    old = stall.live(order)["work"]
    assert "not_listed" == recall(stall, order)
    end(stall, order, request, EditState.APPLIED, {"CUP": 2})
    assert [] == rows_of(stall.wiring, Effect, kind="label.void")

    drafts = stall.wiring.ledger(stall.label, old["id"])

    assert ["label.void"] == [draft.kind for draft in drafts]
    assert {("work", "CUP"): 2} == stall.planned(order)


def test_rates_of_what_was_withdrawn_are_not_followed_up(stall: Stall) -> None:
    order = stall.buy({"CUP": 1})
    stall.tell(order)
    fenced(stall, order)
    [quote] = rows_of(stall.wiring, Effect, kind="label.quote")
    rates = [(quote, Verdict("done", external_id="q", data={"rate": "r", "service": "s"}))]
    [draft] = stall.wiring.ledger(label_effects.quoted, rates, stall.now)
    assert ("label.buy", True) == (draft.kind, draft.due_at is not None and draft.due_at > stall.now)
    stall.act(order, sheets.withdraw, stall.live(order)["work"], stall.now)

    assert [] == stall.wiring.ledger(label_effects.quoted, rates, stall.now)
    assert ["cancelled"] == [row["state"] for row in rows_of(stall.wiring, Effect, kind="label.quote")]


def test_an_effect_for_what_was_withdrawn_is_not_sent(stall: Stall) -> None:
    """One that was put back to be sent later, and is claimed only now."""
    order = stall.buy({"CUP": 1})
    stall.tell(order)
    part = stall.live(order)["work"]
    stall.act(order, sheets.withdraw, part, stall.now)
    again = effects.EffectDraft("label.quote", "late", "labels", order, part["id"])
    stall.wiring.ledger(effects.plan, [again], stall.now)
    [late] = rows_of(stall.wiring, Effect, key="late")

    assert {late["id"]: "cancel:withdrawn"} == stall.wiring.ledger(node_effects.guard_submit, [late], stall.now)
