"""The own warehouse's part: a recalled sheet is refused at scan, put back as it was, or planned anew."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlmodel import Session

from config.wiring import Wiring
from domain.states import EditState
from ledger import picking
from ledger.editing import sheets
from ledger.fulfilment import plan_release
from ledger.orders import lock_orders
from ledger.rows import select_by
from ledger.tables import Effect, FulfilmentOrder, PickList, Reservation, Shipment
from tests.ledger.editing.recalling import end, fenced, recall
from tests.ledger.editing.stall import Stall
from tests.ledger.support import rows_of

STOCK = {("work", "CUP"): 6, ("work", "POT"): 6}


@pytest.fixture
def stall(wiring: Wiring) -> Stall:
    return Stall(wiring, STOCK)


@pytest.fixture
def listed(stall: Stall) -> str:
    """Two cups, labelled and on a sheet."""
    order = stall.buy({"CUP": 2})
    stall.told(order)
    assert stall.live(order)["work"]["pick_list_id"]
    return order


def sheet(stall: Stall, order: str) -> Mapping[str, Any]:
    [row] = rows_of(stall.wiring, PickList, id=stall.live(order)["work"]["pick_list_id"])
    return row


@pytest.mark.row("EDT-3")
def test_a_recalled_order_is_refused_at_scan(stall: Stall, listed: str) -> None:
    other = stall.buy({"POT": 1})
    stall.told(other)
    part, paper = stall.live(listed)["work"], sheet(stall, listed)
    request = fenced(stall, listed)

    assert ["off_list", "not_listed"] == [recall(stall, listed) for _ in range(2)]

    assert ["recalled"] * 3 == [stall.scan(part["id"], event, paper) for event in ("picked", "packed", "handed_over")]
    again = {**paper, "version": paper["version"] + 1}
    assert "recalled" == stall.scan(part["id"], "picked", again)
    assert "" == stall.scan(stall.live(other)["work"]["id"], "picked"), "another sheet is none of its business"
    stall.sound()
    end(stall, listed, request, EditState.APPLIED, {"CUP": 1})
    assert "cancelled" == stall.scan(part["id"], "handed_over", paper)


def test_whoever_shares_the_sheet_needs_its_new_paper(stall: Stall) -> None:
    both = [stall.buy({"CUP": 1}), stall.buy({"CUP": 2})]
    stall.told(*both)
    old = sheet(stall, both[1])
    assert old["id"] == sheet(stall, both[0])["id"]

    assert "off_list" == recall(stall, both[0])

    part = stall.live(both[1])["work"]["id"]
    assert ["old_version", ""] == [stall.scan(part, "picked", old), stall.scan(part, "picked")]


@pytest.mark.row("EDT-3", bad_input=True)
@pytest.mark.parametrize(
    ("scanned", "until", "outcome"),
    [
        pytest.param("", "picked", "off_list", id="not begun"),
        pytest.param("picked", "picked", "picked", id="picked, too late"),
        pytest.param("picked", "packed", "off_list", id="picked, not yet too late"),
        pytest.param("packed", "picked", "packed", id="packed, too late long ago"),
        pytest.param("packed", "packed", "packed", id="packed, too late"),
        pytest.param("packed", "handed_over", "off_list", id="packed, not yet too late"),
        pytest.param("short", "picked", "off_list", id="short is no work done"),
        pytest.param("handed_over", "picked", "too_late", id="gone"),
        pytest.param("handed_over", "handed_over", "too_late", id="gone, whatever the policy"),
    ],
)
@pytest.mark.parametrize("carried_out", [False, True], ids=["scanned", "carried out"])
def test_how_far_the_floor_may_be(
    stall: Stall, listed: str, scanned: str, until: str, outcome: str, carried_out: bool
) -> None:
    if scanned:
        assert "" == stall.scan(stall.live(listed)["work"]["id"], scanned)
        if carried_out:
            stall.carry_out_scans()
    if scanned == "handed_over" and carried_out:
        [part] = rows_of(stall.wiring, FulfilmentOrder, order_id=listed)
        found = stall.act(listed, lambda s, _: sheets.recall_for_edit(s, part, stall.now, until=until))
    else:
        found = recall(stall, listed, until)

    assert outcome == found
    stall.sound("every_request_has_a_next_step")  # no fence here


def test_an_unknown_stage_is_refused(stall: Stall, listed: str) -> None:
    with pytest.raises(ValueError, match="'shelved', not one of picked, packed, handed_over"):
        recall(stall, listed, "shelved")


@pytest.mark.row("EDT-3")
def test_an_undone_recall_puts_it_onto_a_sheet_of_its_own(stall: Stall, listed: str) -> None:
    request = fenced(stall, listed)
    part, paper = stall.live(listed)["work"], sheet(stall, listed)
    recall(stall, listed)
    assert 0 == stall.wiring.ledger(picking.publish_pick_lists, stall.policies, stall.now)

    end(stall, listed, request, EditState.UNDONE)

    now = stall.live(listed)["work"]
    assert (part["id"], "in_progress", True) == (now["id"], now["state"], now["pick_list_id"] != paper["id"])
    new = sheet(stall, listed)
    assert (paper["zone"], paper["priority"], 1, "open", "") == tuple(
        new[name] for name in ("zone", "priority", "version", "state", "document_id")
    )
    assert "old_version" == stall.scan(part["id"], "picked", paper)
    assert [part["id"]] == [
        order.fulfilment_order_id
        for order in stall.wiring.read(picking.pick_list_value, new["id"], stall.policies).orders
    ]
    assert "" == stall.scan(part["id"], "handed_over")
    stall.carry_out_scans()
    assert 2 == stall.line(listed, "CUP")["shipped"]
    stall.sound()


def test_there_is_nothing_to_put_back_twice(stall: Stall, listed: str) -> None:
    recall(stall, listed)
    part = stall.live(listed)["work"]

    found = [stall.act(listed, lambda s, _: sheets.relist(s, part, stall.now)) for _ in range(2)]

    assert (found[0], "") == (stall.live(listed)["work"]["pick_list_id"], found[1])


@pytest.mark.row("EDT-3")
def test_a_changed_order_gets_a_label_and_a_sheet_by_the_ordinary_way(stall: Stall, listed: str) -> None:
    """Also when its edit window is over and the shop's hold long gone."""
    request = fenced(stall, listed)
    old = stall.live(listed)["work"]
    recall(stall, listed)

    end(stall, listed, request, EditState.APPLIED, {"CUP": 1, "POT": 2})

    [void] = rows_of(stall.wiring, Effect, kind="label.void")
    [parcel] = rows_of(stall.wiring, Shipment, fulfilment_order_id=old["id"])
    assert ("planned", parcel["id"]) == (void["state"], void["subject_id"])
    [ended] = rows_of(stall.wiring, FulfilmentOrder, id=old["id"])
    assert ("cancelled", "cancelled") == (ended["state"], ended["request_state"])
    assert {("work", "CUP"): 1, ("work", "POT"): 2} == stall.planned(listed) == stall.promised("ours")
    assert (1, 0) == (stall.line(listed, "CUP")["reserved"], stall.line(listed, "CUP")["released"])
    stall.sound()

    def release(session: Session) -> list[str]:
        outcome, drafts = plan_release(session, lock_orders(session, [listed]), stall.order(listed)["release_at"])
        return [outcome[listed], *(draft.kind for draft in drafts)]

    assert ["released", "label.quote"] == stall.wiring.ledger(release)
    fresh = stall.live(listed)["work"]
    stall.wiring.ledger(stall.label, fresh["id"])
    assert 1 == stall.wiring.ledger(picking.publish_pick_lists, stall.policies, stall.now)
    assert "" == stall.scan(fresh["id"], "handed_over")
    stall.carry_out_scans()
    assert [1, 2] == [stall.line(listed, sku)["shipped"] for sku in ("CUP", "POT")]
    stall.sound()


def test_what_lies_on_a_sheet_or_has_left_is_not_withdrawn(stall: Stall, listed: str) -> None:
    part = stall.live(listed)["work"]

    for _ in range(2):
        with pytest.raises(ValueError, match="on a sheet, or has left"):
            stall.act(listed, sheets.withdraw, part, stall.now)
        stall.scan(part["id"], "handed_over")
        stall.carry_out_scans()
    stall.sound()


def test_withdrawing_again_changes_nothing(stall: Stall, listed: str) -> None:
    fenced(stall, listed)
    recall(stall, listed)
    part = stall.live(listed)["work"]

    drafts = [stall.act(listed, sheets.withdraw, part, stall.now) for _ in range(2)]

    assert ([1, 0], 6) == ([len(found) for found in drafts], stall.free("work", "CUP"))


# not labelled yet


def test_a_withdrawn_order_keeps_no_promise(stall: Stall, listed: str) -> None:
    request = fenced(stall, listed)
    recall(stall, listed)
    end(stall, listed, request, EditState.APPLIED, {"CUP": 1})

    kept = stall.wiring.read(select_by, Reservation, "order_id", [listed])
    assert {("released", 2), ("ours", 1)} == {(row["holder"], row["quantity"]) for row in kept}
