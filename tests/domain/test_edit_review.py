"""Which requests wait for a person, and what is offered instead of what is sold out."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.policies import load_policies
from domain.alternatives import Alternative, Sellable, alternatives
from domain.edit_quote import Prices, quote
from domain.edit_review import review_reasons
from domain.edits import EditAction, EditKind, combine
from domain.placed import PlacedLine, PlacedOrder
from domain.policy import EditPolicy, PriceIncrease
from tests.support.shared import ROOT
from tests.support.tenders import tender

POLICY = load_policies(ROOT / "config" / "policies").edits
K = EditKind
ADDRESS = EditAction(K.ADDRESS, contact_version="con_2")


def order(price: int = 10_000, **changes: object) -> PlacedOrder:
    paid = tender(captured=2 * price)
    placed = PlacedOrder("ord_1", "USD", (PlacedLine("l1", "TENT", 2, 0, price),), 2 * price, country="US",
                         tenders=(paid,))  # fmt: skip
    return replace(placed, **changes)  # type: ignore[arg-type]


def reasons(action: EditAction, placed: PlacedOrder, policy: EditPolicy = POLICY, country: str = "") -> list[str]:
    wanted = combine([action], placed)
    found = quote(placed, wanted, Prices("USD", {"BAG": 1000}))
    return [reason.code for reason in review_reasons(placed, wanted, found, policy, country=country)]


@pytest.mark.parametrize(
    ("action", "placed", "expected"),
    [
        pytest.param(ADDRESS, order(), [], id="ordinary"),
        pytest.param(EditAction(K.QUANTITY, "l1", quantity=4), order(10_000), [], id="rises by the limit"),
        pytest.param(EditAction(K.QUANTITY, "l1", quantity=4), order(10_001), ["total_rises"], id="above it"),
        pytest.param(EditAction(K.QUANTITY, "l1", quantity=1), order(30_000), [], id="refund at the limit"),
        pytest.param(EditAction(K.QUANTITY, "l1", quantity=1), order(30_001), ["refund_above_limit"], id="more back"),
        pytest.param(ADDRESS, order(75_001), ["edit_value_high"], id="valuable"),
        pytest.param(EditAction(K.CANCEL), order(75_001), ["refund_above_limit"], id="cancel has no value left"),
        pytest.param(ADDRESS, order(edits=2), [], id="third edit"),
        pytest.param(ADDRESS, order(edits=3), ["many_edits"], id="fourth edit"),
        pytest.param(
            EditAction(K.QUANTITY, "l1", quantity=1), order(discounts=("SPRING",)), ["promotion_changed"], id="discount"
        ),
    ],
)  # fmt: skip
def test_what_waits_for_a_person(action: EditAction, placed: PlacedOrder, expected: list[str]) -> None:
    assert reasons(action, placed) == expected


def test_another_country_waits_only_with_an_address_edit() -> None:
    assert reasons(ADDRESS, order(), country="CA") == ["country_changed"]
    assert reasons(ADDRESS, order(), country="US") == []
    assert reasons(EditAction(K.CONTACT, contact_version="con_2"), order(), country="CA") == []


def test_policy_decides() -> None:
    strict = replace(POLICY, price_increase=PriceIncrease.REVIEW, auto_approve=frozenset({K.QUANTITY}))
    lenient = replace(POLICY, review_promotion=False, review_country=False)

    assert reasons(EditAction(K.QUANTITY, "l1", quantity=3), order(), strict) == ["price_increase"]
    assert reasons(ADDRESS, order(), strict) == ["kind_reviewed"]
    assert reasons(ADDRESS, order(), lenient, country="CA") == []
    assert reasons(EditAction(K.QUANTITY, "l1", quantity=1), order(discounts=("SPRING",)), lenient) == []


def sells(sku: str, product: str = "p1", price: int = 10_000, **changes: object) -> Sellable:
    values = {"category": "Outdoor > Tents", "tags": ("camping", "light"), "currency": "USD"} | changes
    return Sellable(sku, product, price, **values)  # type: ignore[arg-type]


WANTED = sells("TENT-2-RED", options={"Size": "2", "Colour": "Red"})
SIBLINGS = (
    sells("TENT-3-BLUE", options={"Size": "3", "Colour": "Blue"}),
    sells("TENT-2-BLUE", options={"Size": "2", "Colour": "Blue"}),
)
OTHERS = (
    sells("DOME", "p2", 11_000),
    sells("TARP", "p3", 9000, category="Outdoor > Tarps", tags=("light",)),
    sells("VILLA", "p4", 90_000),
    sells("STOVE", "p5", 10_000, category="Kitchen", tags=()),
    sells("ZELT", "p6", 10_000, currency="EUR"),
)
CATALOGUE = (WANTED, *SIBLINGS, *OTHERS)
STOCK = {variant.sku: 5 for variant in CATALOGUE}


def offered(stock: dict[str, int] = STOCK, quantity: int = 1) -> list[str]:
    return [a.sku for a in alternatives("TENT-2-RED", CATALOGUE, stock, POLICY.alternatives, quantity=quantity)]


def test_siblings_first_then_near_substitutes() -> None:
    assert offered() == ["TENT-2-BLUE", "TENT-3-BLUE", "DOME", "TARP"]


def test_what_is_out_of_stock_is_never_offered() -> None:
    assert offered(STOCK | {"TENT-2-BLUE": 0, "DOME": 1}, quantity=2) == ["TENT-3-BLUE", "TARP"]
    assert offered({}) == []
    assert offered({"TENT-3-BLUE": -1, "DOME": 0}, quantity=0) == []


def test_a_score_is_explained() -> None:
    [first, *_] = alternatives("TENT-2-RED", CATALOGUE, {"DOME": 3}, POLICY.alternatives)

    assert first == Alternative("DOME", "p2", "", 11_000, 3, 50 + 22 + 20, {"category": 50, "price": 22, "tags": 20})


def test_an_unknown_sku_has_no_alternatives() -> None:
    assert alternatives("NOTHING", CATALOGUE, STOCK, POLICY.alternatives) == ()


@given(st.permutations(CATALOGUE), st.lists(st.integers(0, 3), min_size=8, max_size=8), st.integers(1, 3))
def test_the_order_does_not_depend_on_the_catalogues(
    catalogue: list[Sellable], units: list[int], quantity: int
) -> None:
    stock = {variant.sku: count for variant, count in zip(CATALOGUE, units, strict=True)}

    found = alternatives("TENT-2-RED", catalogue, stock, POLICY.alternatives, quantity=quantity)

    assert found == alternatives("TENT-2-RED", CATALOGUE, stock, POLICY.alternatives, quantity=quantity)
    assert len(found) <= POLICY.alternatives.at_most
    assert all(stock[each.sku] >= quantity and each.sku != "TENT-2-RED" for each in found)
    assert all(each.score == sum(each.why.values()) for each in found)
