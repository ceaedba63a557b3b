"""Planning anew after an edit: what was promised stays promised, and no node is told of what it should not be."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from config.wiring import Wiring
from domain.decisions import Reason
from ledger import orders
from ledger.editing import promises
from ledger.editing.replan import StillPromised, replan, untold
from ledger.fencing import lift_fence
from ledger.fulfilment import plan_release
from ledger.orders import Fenced, lock_orders
from ledger.routing import route_orders
from ledger.tables import Effect, FulfilmentOrder, ReviewCase, Work
from tests.ledger.editing.stall import Stall, total
from tests.ledger.support import Rival, rows_of

STOCK = {
    ("north", "CUP"): 5, ("south", "CUP"): 5, ("work", "CUP"): 5, ("far", "CUP"): 9,
    ("north", "POT"): 2, ("south", "POT"): 2, ("north", "LID"): 4, ("south", "LID"): 4, ("north", "GAS"): 3,
}  # fmt: skip


@pytest.fixture
def stall(wiring: Wiring) -> Stall:
    return Stall(wiring, STOCK)


def fenced(stall: Stall, order_id: str, added: Mapping[str, int] | None = None) -> str:
    request = stall.request(order_id, "confirming")
    missing = stall.act(order_id, promises.reserve_for_request, request, added or {}, stall.policies, stall.now)
    assert {} == missing
    version = stall.order(order_id)["version"]
    stall.wiring.ledger(orders.fence, order_id, by="edit", token=request, base_version=version)
    return request


def edit(stall: Stall, order_id: str, request: str, wanted: Mapping[str, int], **changed: Any) -> Reason:
    """As the last transaction of an edit."""

    def end(session: Session, order: Mapping[str, Any]) -> Reason:
        stall.want(session, order_id, wanted)
        for name, value in changed.items():
            session.execute(sa.text(f"UPDATE orders SET {name} = :value"), {"value": value})
        reason = replan(session, order, request, stall.policies, stall.now)
        session.execute(sa.text("UPDATE edit_request SET state = 'applied' WHERE id = :id"), {"id": request})
        lift_fence(session, order_id, token=request, now=stall.now)
        return reason

    found: Reason = stall.act(order_id, end)
    return found


@pytest.mark.row("EDT-1")
def test_added_units_are_planned_with_the_rest(stall: Stall) -> None:
    order = stall.buy({"CUP": 1})
    request = fenced(stall, order, {"POT": 2})

    reason = edit(stall, order, request, {"POT": 2, "CUP": 1})

    assert ("cheapest_plan", ["north"]) == (reason.code, reason.facts["nodes"])
    assert {("north", "CUP"): 1, ("north", "POT"): 2} == stall.planned(order) == stall.promised("ours")
    assert {} == stall.promised("ours", "at_node", fulfilment_order_id=request)
    assert {"route", "fulfil"} <= {row["stage"] for row in rows_of(stall.wiring, Work, subject_id=order)}
    stall.sound()


@pytest.mark.row("EDT-1")
def test_a_swap_and_fewer_units_give_the_rest_back(stall: Stall) -> None:
    order = stall.buy({"CUP": 4, "POT": 1})
    request = fenced(stall, order, {"LID": 1})

    edit(stall, order, request, {"CUP": 2, "POT": 0, "LID": 1})

    assert {("north", "CUP"): 2, ("north", "LID"): 1} == stall.planned(order) == stall.promised("ours")
    assert (2, 2) == (stall.free("north", "POT"), stall.line(order, "CUP")["reserved"])
    stall.sound()


def test_another_country_is_served_from_elsewhere(stall: Stall) -> None:
    order = stall.buy({"CUP": 4})
    request = fenced(stall, order)

    reason = edit(stall, order, request, {}, country="CA")

    assert (["far"], {("far", "CUP"): 4}) == (reason.facts["nodes"], stall.planned(order))
    stall.sound()


@pytest.mark.row("EDT-1", bad_input=True)
def test_what_is_missing_now_is_a_persons_case(stall: Stall) -> None:
    """Gas is hazmat: only one node may send it; here somebody edits without having asked for stock."""
    order = stall.buy({"GAS": 2})
    request = fenced(stall, order)

    reason = edit(stall, order, request, {"GAS": 5})

    assert ("partly_out_of_stock", 2) == (reason.code, stall.line(order, "GAS")["backordered"])
    assert ["backorder"] == [row["kind"] for row in rows_of(stall.wiring, ReviewCase, state="open")]
    stall.sound()

    request = fenced(stall, order)
    edit(stall, order, request, {"GAS": 3})
    assert [] == rows_of(stall.wiring, ReviewCase, state="open")
    assert (0, 3) == (stall.line(order, "GAS")["backordered"], stall.line(order, "GAS")["reserved"])
    stall.sound()


@pytest.mark.row("EDT-4")
@pytest.mark.parametrize("max_nodes", [1, 3])
def test_what_was_promised_is_never_lost_to_the_routers_limit_of_nodes(wiring: Wiring, max_nodes: int) -> None:
    """The old unit lies here only, the added one there only: a router that may use one node would leave one out."""
    stall = Stall(wiring, {("north", "CUP"): 1, ("south", "POT"): 1, ("south", "CUP"): 0}, max_nodes=max_nodes)
    order = stall.buy({"CUP": 1})
    request = fenced(stall, order, {"POT": 1})

    reason = edit(stall, order, request, {"POT": 1})

    assert 0 == reason.facts["backordered"]
    assert {("north", "CUP"): 1, ("south", "POT"): 1} == stall.planned(order)
    stall.sound()


def test_a_kit_and_its_own_part_keep_what_was_promised(wiring: Wiring) -> None:
    """The router takes both pots from one node and leaves the kit out; they were promised at two."""
    stock = {("north", "POT"): 2, ("north", "LID"): 2, ("south", "POT"): 1}
    stall = Stall(wiring, stock)
    order = stall.buy({"SET": 1})
    request = fenced(stall, order, {"POT": 2})

    reason = edit(stall, order, request, {"POT": 2})

    assert (0, {"SET": 1, "POT": 2}) == (
        reason.facts["backordered"], {sku: stall.line(order, sku)["reserved"] for sku in ("SET", "POT")},
    )  # fmt: skip
    assert {"POT": 3, "LID": 2} == total(stall.promised("ours"))
    stall.sound()


@pytest.mark.row("EDT-3")
def test_a_node_that_is_about_to_be_told_is_not(stall: Stall) -> None:
    """The order was released and its node not called yet: the fence keeps the call back, and the plan is new."""
    order = stall.buy({"CUP": 1})
    assert ["released", "node.create_order"] == stall.tell(order)
    [old] = stall.live(order).values()
    request = fenced(stall, order, {"POT": 1})
    assert [old["id"]] == [row["id"] for row in stall.act(order, untold)]

    edit(stall, order, request, {"POT": 1})

    assert ["cancelled"] == [row["state"] for row in rows_of(stall.wiring, Effect, subject_id=old["id"])]
    [ended] = rows_of(stall.wiring, FulfilmentOrder, id=old["id"])
    assert ("cancelled", "rejected") == (ended["state"], ended["request_state"])
    assert 0 == stall.line(order, "CUP")["released"]
    assert ["scheduled"] == [row["state"] for row in stall.live(order).values()]
    stall.sound()
    assert ["released", "node.create_order"] == stall.tell(order), "the new one is told by the ordinary way"
    stall.sound()


@pytest.mark.parametrize("attempts", [pytest.param(1, id="tried"), pytest.param(0, id="being sent")])
def test_a_node_that_may_have_heard_is_left_alone(stall: Stall, attempts: int) -> None:
    order = stall.buy({"CUP": 1})
    stall.tell(order)
    state = "planned" if attempts else "sending"
    stall.wiring.ledger(
        lambda s: s.execute(
            sa.text("UPDATE effect SET state = :state, attempts = :n WHERE kind = 'node.create_order'"),
            {"state": state, "n": attempts},
        )
    )
    request = fenced(stall, order, {"POT": 1})

    assert [] == stall.act(order, untold)
    edit(stall, order, request, {"POT": 1})

    assert ["open", "scheduled"] == sorted(
        row["state"] for row in rows_of(stall.wiring, FulfilmentOrder, order_id=order)
    )
    stall.sound("no_orphan_lease")


@pytest.mark.row("EDT-3", bad_input=True)
def test_fewer_units_than_a_node_was_told_of_are_refused(stall: Stall) -> None:
    order = stall.buy({"CUP": 3})
    stall.told(order)
    request = fenced(stall, order)

    with pytest.raises(StillPromised, match=stall.line(order, "CUP")["id"]):
        edit(stall, order, request, {"CUP": 2})

    assert 3 == stall.line(order, "CUP")["ordered"], "nothing of it was written"
    stall.sound()


def test_only_its_own_fence_lets_it_pass(stall: Stall) -> None:
    order = stall.buy({"CUP": 1})
    fenced(stall, order)

    with pytest.raises(Fenced):
        stall.act(order, replan, "edr_other", stall.policies, stall.now)


def test_an_order_that_is_not_routed_yet_waits_for_its_turn(stall: Stall) -> None:
    order = stall.capture(stall.statement({"CUP": 1}))
    request = fenced(stall, order, {"POT": 1})

    assert "not_routable" == edit(stall, order, request, {"POT": 1}).code

    assert {} == stall.promised()
    stall.sound()


def test_an_accepted_order_is_routed_with_it(stall: Stall) -> None:
    order = stall.capture(stall.statement({"CUP": 1}))
    stall.accept_order(order)
    request = fenced(stall, order, {"POT": 1})

    edit(stall, order, request, {"POT": 1})

    assert ("routing", {("north", "CUP"): 1, ("north", "POT"): 1}) == (
        stall.order(order)["state"], stall.planned(order),
    )  # fmt: skip
    stall.sound()


def test_an_order_of_which_nothing_is_shipped_any_more_ends_at_its_release(stall: Stall) -> None:
    order = stall.buy({"CUP": 1})
    request = fenced(stall, order)

    assert "nothing_to_ship" == edit(stall, order, request, {"CUP": 0}).code
    assert "routing" == stall.order(order)["state"]
    assert ["released"] == stall.tell(order)

    assert "completed" == stall.order(order)["state"]
    stall.sound()


def test_a_cancelled_part_does_not_complete_an_order_that_still_wants_units(stall: Stall) -> None:
    """All its fulfilment orders have ended, but a unit is wanted and nobody has it: no release completes it."""
    order = stall.buy({"GAS": 3})
    request = fenced(stall, order)
    edit(stall, order, request, {}, country="XX")
    stall.wiring.ledger(lambda s: s.execute(sa.text("UPDATE fulfilment_order SET state = 'cancelled'")))

    assert ["nothing_to_release"] == stall.tell(order)

    assert "routing" == stall.order(order)["state"]


@pytest.mark.row("EDT-4")
@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_nobody_else_takes_a_unit_between_giving_back_and_promising(stall: Stall) -> None:
    """SQLite has one writer; here a rival waits for the stock rows and finds them as the edit leaves them."""
    order = stall.buy({"GAS": 3})
    request = fenced(stall, order)
    other = stall.capture(stall.statement({"GAS": 1}))
    stall.accept_order(other)
    rivals: list[Rival] = []

    def slow(session: Session, row: Mapping[str, Any]) -> None:
        promises.lock_stock(session, order)
        rivals.append(Rival(lambda: stall.wiring.ledger(route_orders, [other], stall.policies, stall.now)))
        rivals[0].until_blocked()
        replan(session, row, request, stall.policies, stall.now)

    stall.act(order, slow)

    assert "out_of_stock" == rivals[0].result()[other].code
    assert {("north", "GAS"): 3} == stall.planned(order)


def test_repeating_it_changes_no_promise(stall: Stall) -> None:
    order = stall.buy({"CUP": 2, "POT": 1})
    request = fenced(stall, order, {"LID": 1})
    promised = []
    for _ in range(2):
        stall.act(
            order, lambda s, row: (stall.want(s, order, {"LID": 1}), replan(s, row, request, stall.policies, stall.now))
        )
        promised.append(stall.promised("ours"))

    assert promised[0] == promised[1] == stall.planned(order)
    stall.sound()


def test_the_release_of_a_replanned_order_is_the_ordinary_one(stall: Stall) -> None:
    order = stall.buy({"CUP": 1})
    request = fenced(stall, order, {"POT": 1})

    def release(session: Session) -> Sequence[Any]:
        outcome, drafts = plan_release(session, lock_orders(session, [order]), stall.order(order)["release_at"])
        return [outcome[order], drafts]

    assert ["fenced", []] == stall.wiring.ledger(release)
    edit(stall, order, request, {"POT": 1})
    outcome, drafts = stall.wiring.ledger(release)
    assert ("released", ["shop.release_hold"]) == (outcome, [draft.kind for draft in drafts])
