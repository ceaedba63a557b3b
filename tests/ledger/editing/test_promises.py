"""Units promised to a request: all or nothing, to nobody else, and given back without a trace."""

import pytest

from config.wiring import Wiring
from ledger.editing import promises
from tests.ledger.editing.stall import Stall
from tests.ledger.support import race

STOCK = {
    ("north", "CUP"): 5, ("south", "CUP"): 5, ("work", "CUP"): 5, ("far", "CUP"): 50,
    ("north", "POT"): 1, ("north", "LID"): 3, ("south", "POT"): 2, ("south", "LID"): 1, ("work", "GAS"): 4,
}  # fmt: skip


@pytest.fixture
def stall(wiring: Wiring) -> Stall:
    return Stall(wiring, STOCK)


def reserve(stall: Stall, order_id: str, request_id: str, units: dict[str, int], country: str = "") -> dict[str, int]:
    missing: dict[str, int] = stall.act(
        order_id, promises.reserve_for_request, request_id, units, stall.policies, stall.now, country=country
    )
    return missing


@pytest.mark.row("EDT-4")
def test_units_are_promised_where_the_order_is(stall: Stall) -> None:
    order = stall.buy({"POT": 2})  # only the dearer node has two
    assert {"south"} == set(stall.live(order))
    request = stall.request(order)

    assert {} == reserve(stall, order, request, {"CUP": 2})

    assert {("south", "CUP"): 2} == stall.promised("ours", fulfilment_order_id=request)
    assert 3 == stall.free("south", "CUP")
    assert 0 == stall.line(order, "POT")["backordered"]
    stall.sound()


def test_where_the_order_is_not_enough_the_router_chooses(stall: Stall) -> None:
    order = stall.buy({"POT": 2})
    request = stall.request(order)

    assert {} == reserve(stall, order, request, {"CUP": 6})

    assert {("north", "CUP"): 5, ("south", "CUP"): 1} == stall.promised("ours", fulfilment_order_id=request)
    stall.sound()


@pytest.mark.row("EDT-4", bad_input=True)
@pytest.mark.parametrize(
    ("units", "missing"),
    [
        pytest.param({"CUP": 16}, {"CUP": 2}, id="more than there is"),
        pytest.param({"CUP": 1, "GAS": 1}, {"GAS": 1}, id="no node with it may ship it"),
        pytest.param({"SET": 2}, {"SET": 1}, id="lids for one set at each node"),
        pytest.param({"NONE": 1}, {"NONE": 1}, id="unknown"),
    ],
)
def test_nothing_is_promised_when_any_unit_is_missing(
    stall: Stall, units: dict[str, int], missing: dict[str, int]
) -> None:
    order = stall.buy({"CUP": 1})
    request = stall.request(order)
    before = stall.promised("ours")

    assert missing == reserve(stall, order, request, units)

    assert before == stall.promised("ours")
    stall.sound()


def test_negative_units_are_refused(stall: Stall) -> None:
    order = stall.buy({"CUP": 1})

    with pytest.raises(ValueError, match="negative"):
        reserve(stall, order, stall.request(order), {"CUP": -1})


def test_a_kit_is_promised_as_its_parts(stall: Stall) -> None:
    order = stall.buy({"CUP": 1})
    request = stall.request(order)

    assert {} == reserve(stall, order, request, {"SET": 1})

    assert {("north", "POT"): 1, ("north", "LID"): 2} == stall.promised("ours", fulfilment_order_id=request)


def test_the_country_that_the_request_changes_to_counts(stall: Stall) -> None:
    order = stall.buy({"CUP": 1})
    request = stall.request(order)

    assert {} == reserve(stall, order, request, {"CUP": 20}, country="CA")

    assert 20 == stall.promised("ours", fulfilment_order_id=request)["far", "CUP"]


def test_asking_again_changes_the_promise_and_giving_back_twice_changes_nothing(stall: Stall) -> None:
    order = stall.buy({"CUP": 1})
    request = stall.request(order)
    for units in (3, 3, 2):
        reserve(stall, order, request, {"CUP": units})
        assert units == stall.promised("ours", fulfilment_order_id=request)["north", "CUP"]
    assert {"CUP": 3} == reserve(stall, order, request, {"CUP": 17})
    assert {} == stall.promised("ours", fulfilment_order_id=request)
    reserve(stall, order, request, {"CUP": 2})

    for _ in range(2):
        stall.act(order, lambda session, _: promises.release_request(session, request, stall.now))

        assert {} == stall.promised("ours", fulfilment_order_id=request)
        assert 4 == stall.free("north", "CUP")
        stall.sound()


@pytest.mark.row("EDT-4")
def test_the_last_unit_goes_to_one_of_two_requests(stall: Stall) -> None:
    orders = [stall.buy({"CUP": 1}), stall.buy({"CUP": 1})]
    asked = [(order, stall.request(order)) for order in orders]

    outcomes = race(*(lambda pair=pair: reserve(stall, *pair, {"SET": 1}) for pair in asked))

    assert sorted(map(str, ({}, {"SET": 1}))) == sorted(map(str, outcomes))
    stall.sound()


def test_what_is_offered_is_what_could_be_promised(stall: Stall) -> None:
    stall.buy({"CUP": 1})

    found = stall.wiring.read(promises.free_by_sku, ["CUP", "SET", "GAS", "NONE"], stall.policies, "US")

    assert {"CUP": 14, "GAS": 0, "NONE": 0, "SET": 1} == found
    assert 64 == stall.wiring.read(promises.free_by_sku, ["CUP"], stall.policies, "CA")["CUP"]
