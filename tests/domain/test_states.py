"""The tables of states: complete, reachable, and no state out of nowhere."""

from collections import deque
from collections.abc import Mapping
from enum import StrEnum

import pytest

from domain.parcels import TERMINAL, ParcelState
from domain.states import (
    BEGUN_EDIT,
    EDIT,
    ENDED_EDIT,
    INITIAL,
    MACHINES,
    EditState,
    IllegalTransition,
    check,
    check_parcel,
)
from domain.states_returns import AWAITED_RETURN, ENDED_RETURN, ENDED_RETURN_LINE, HOLDS_UNITS, ReturnLineState

EACH = pytest.mark.parametrize("name", sorted(MACHINES))


def reachable(table: Mapping[StrEnum, frozenset[StrEnum]], start: str) -> set[str]:
    seen, waiting = {start}, deque([start])
    by_word = {str(state): targets for state, targets in table.items()}
    while waiting:
        for target in by_word[waiting.popleft()] - seen:
            seen.add(str(target))
            waiting.append(str(target))
    return seen


@EACH
def test_table_names_every_state_of_its_vocabulary(name: str) -> None:
    table = MACHINES[name]
    vocabulary = type(next(iter(table)))

    assert set(table) == set(vocabulary)
    assert set().union(*table.values()) <= set(vocabulary)


@EACH
def test_every_state_can_be_reached(name: str) -> None:
    assert reachable(MACHINES[name], INITIAL[name]) == {str(state) for state in MACHINES[name]}


@EACH
def test_no_state_leads_to_itself(name: str) -> None:
    assert [state for state, targets in MACHINES[name].items() if state in targets] == []


@EACH
def test_check_allows_the_table_and_nothing_else(name: str) -> None:
    table = MACHINES[name]
    for current, targets in table.items():
        for wanted in table:
            if wanted in targets:
                check(name, current, wanted)
            else:
                with pytest.raises(IllegalTransition):
                    check(name, current, wanted)


@pytest.mark.parametrize(
    ("machine", "ends"),
    [
        ("order", {"cancelled"}),
        ("fulfilment_order", {"closed", "cancelled"}),
        ("request", {"rejected", "cancelled"}),
        ("effect", {"done", "rejected", "cancelled"}),
        ("review_case", {"resolved"}),
        ("edit_request", {"applied", "undone", "refused", "withdrawn", "expired"}),
        ("refund", set()),
        ("deadline", {"met", "breached", "cancelled"}),
        ("shipment", set(TERMINAL)),
        ("return_request", {"closed", "declined", "cancelled"}),
        ("return_line", {"resolved", "declined", "cancelled"}),
        ("exchange", {"ordered", "given_up"}),
    ],
)
def test_ends_are_final(machine: str, ends: set[str]) -> None:
    assert {str(state) for state, targets in MACHINES[machine].items() if not targets} == ends


@pytest.mark.parametrize(
    ("machine", "current", "wanted"),
    [
        pytest.param("effect", "sending", "cancelled", id="what may have left is not called back"),
        pytest.param("effect", "done", "planned", id="what is done is not done again"),
        pytest.param("effect", "planned", "done", id="nothing is done without being sent"),
        pytest.param("order", "cancelled", "accepted", id="cancelled orders stay so"),
        pytest.param("order", "held", "routing", id="a held order passes validation first"),
        pytest.param("order", "in_fulfilment", "held", id="a released order is held by rows, not by state"),
        pytest.param("shipment", "delivered", "in_transit", id="delivered stays delivered"),
        pytest.param("edit_request", "awaiting_payment", "refused", id="paying is ended by a clock or the customer"),
        pytest.param("edit_request", "at_node", "refused", id="what a node was told is undone, not refused"),
        pytest.param("edit_request", "confirming", "expired", id="what has begun does not expire"),
        pytest.param("edit_request", "fencing", "undoing", id="before the node there is nothing to undo"),
        pytest.param("refund", "granted", "succeeded", id="no money without an attempt"),
        pytest.param("refund", "succeeded", "executing", id="money is given back once"),
        pytest.param("return_request", "in_transit", "cancelled", id="what is on its way is not called off"),
        pytest.param("return_request", "received", "resolved", id="nothing is settled before it was looked at"),
        pytest.param("return_request", "resolved", "declined", id="what was given is not refused"),
        pytest.param("return_request", "requested", "label_issued", id="no label without an approval"),
        pytest.param("return_line", "received", "resolved", id="a unit is graded first"),
        pytest.param("return_line", "received", "missing", id="what is here is not missing"),
        pytest.param("order", "nonsense", "held", id="unknown state"),
    ],
)
def test_refused(machine: str, current: str, wanted: str) -> None:
    with pytest.raises(IllegalTransition) as caught:
        check(machine, current, wanted)

    assert (caught.value.machine, caught.value.current, caught.value.wanted) == (machine, current, wanted)


def test_an_edit_that_has_begun_leaves_only_by_being_applied_or_undone() -> None:
    ways_out = {target for state in BEGUN_EDIT for target in EDIT[state] if target not in BEGUN_EDIT}

    assert ways_out == {EditState.APPLIED, EditState.UNDONE}
    assert not BEGUN_EDIT & ENDED_EDIT


def test_units_of_a_return_are_held_until_it_has_ended_or_expired() -> None:
    assert HOLDS_UNITS | ENDED_RETURN_LINE | {ReturnLineState.EXPIRED} == set(ReturnLineState)
    assert not HOLDS_UNITS & ENDED_RETURN_LINE
    assert not AWAITED_RETURN & ENDED_RETURN


@pytest.mark.row("TRK-2")
@pytest.mark.parametrize("end", sorted(TERMINAL))
def test_only_all_scans_together_lead_a_parcel_out_of_its_end(end: str) -> None:
    for wanted in sorted(set(ParcelState) - TERMINAL):
        with pytest.raises(IllegalTransition):
            check_parcel(end, wanted, by_events=False)
        if wanted != ParcelState.UNKNOWN:
            check_parcel(end, wanted, by_events=True)
    with pytest.raises(IllegalTransition):
        check_parcel(end, ParcelState.UNKNOWN, by_events=True)
    check_parcel("in_transit", end, by_events=True)
