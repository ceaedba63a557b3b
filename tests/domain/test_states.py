"""The tables of states: complete, reachable, and no state out of nowhere."""

from collections import deque
from collections.abc import Mapping
from enum import StrEnum

import pytest

from domain.parcels import TERMINAL
from domain.states import INITIAL, MACHINES, IllegalTransition, check

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
        ("order", {"completed", "cancelled"}),
        ("fulfilment_order", {"closed", "cancelled"}),
        ("request", {"rejected", "cancelled"}),
        ("effect", {"done", "rejected", "cancelled"}),
        ("review_case", {"resolved"}),
        ("deadline", {"met", "breached", "cancelled"}),
        ("shipment", set(TERMINAL)),
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
        pytest.param("order", "nonsense", "held", id="unknown state"),
    ],
)
def test_refused(machine: str, current: str, wanted: str) -> None:
    with pytest.raises(IllegalTransition) as caught:
        check(machine, current, wanted)

    assert (caught.value.machine, caught.value.current, caught.value.wanted) == (machine, current, wanted)
