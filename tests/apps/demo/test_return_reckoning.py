"""Controls: each comparison of what came back catches what it is there for."""

from dataclasses import replace
from typing import Any

import pytest

from apps.demo import reckoning, return_reckoning
from apps.demo.mishaps import SENT_AGAIN
from apps.demo.purchases import FEWEST, whole_day
from apps.demo.return_reckoning import Seen
from apps.demo.takebacks import TakeBack, takebacks

BACK = TakeBack(
    "return", "MUG", "style", "closed", ("return_approved", "return_refunded"), back_minor=570, label="used"
)
SEEN = Seen(
    name="#1 (return)",
    back=BACK,
    row={"state": "closed"},
    order={"refunds": 1, "refunded": "5.70", "currency": "USD"},
    labels=[{"refunded": False}],
    told=["return_refunded", "return_received", "return_approved"],
)


def wrong(sentences: Any) -> list[bool]:
    return [bool(sentence) for sentence in sentences]


@pytest.mark.row("RET-5")
@pytest.mark.parametrize(
    ("compare", "changed"),
    [
        (return_reckoning.ended, {"row": {}}),
        (return_reckoning.ended, {"row": {"state": "expired"}}),
        (return_reckoning.ended, {"told": ["return_approved"]}),
        (return_reckoning.ended, {"told": [*SEEN.told, "return_refunded"]}),
        (return_reckoning.refunded, {"order": {**SEEN.order, "refunds": 2, "refunded": "11.40"}}),
        (return_reckoning.refunded, {"order": {**SEEN.order, "refunds": 2}}),
        (return_reckoning.refunded, {"order": {**SEEN.order, "refunded": "5.69"}}),
        (return_reckoning.labels, {"labels": []}),
        (return_reckoning.labels, {"labels": [*SEEN.labels, *SEEN.labels]}),
        (return_reckoning.labels, {"labels": [{"refunded": True}]}),
        (return_reckoning.labels, {"back": replace(BACK, label="")}),
    ],
)
def test_a_return_that_went_wrong_is_seen(compare: Any, changed: dict[str, Any]) -> None:
    assert [False] == wrong(compare([SEEN]))
    assert [True] == wrong(compare([replace(SEEN, **changed)]))


@pytest.mark.row("RET-4")
def test_an_exchange_that_left_twice_or_never_is_seen() -> None:
    part = {"status": "SUCCESS", "lines": [{"sku": "MUG", "quantity": 1}, {"sku": "POT", "quantity": 1}]}
    promise = {"exchanges": [{"sku": "POT", "quantity": 1, "processed": 1}]}
    order = {**SEEN.order, "fulfillments": [part], "returns": [promise]}
    good = replace(SEEN, back=replace(BACK, instead="POT"), order=order)

    assert [] == wrong(return_reckoning.exchanged([SEEN])), "nothing to compare"
    assert [False] == wrong(return_reckoning.exchanged([good]))
    for changed in (
        {"fulfillments": []},
        {"fulfillments": [part, part]},
        {"fulfillments": [{**part, "status": "CANCELLED"}]},
        {"returns": []},
        {"returns": [promise, promise]},
    ):
        assert [True] == wrong(return_reckoning.exchanged([replace(good, order={**order, **changed})]))


@pytest.mark.row("RET-4")
def test_a_unit_on_the_shelf_twice_or_never_is_seen() -> None:
    parcels = [{"units": [{"sku": "MUG", "grade": "b"}, {"sku": "POT", "grade": "damaged"}]}, {"units": None}]
    mug = {"sku": "MUG", "delta": 1}

    assert [False] == wrong(return_reckoning.shelved(parcels, [mug]))
    assert [True] == wrong(return_reckoning.shelved(parcels, []))
    assert [True] == wrong(return_reckoning.shelved(parcels, [mug, mug]))
    assert [False, True] == wrong(return_reckoning.shelved(parcels, [mug, {"sku": "POT", "delta": 1}]))


def test_goods_that_came_back_have_left_all_the_same() -> None:
    part = {"tracking_number": "T1", "status": "SUCCESS", "lines": [{"sku": "MUG", "quantity": 2}]}
    back = {"lines": [{"sku": "MUG", "processed": 1}]}
    order = {
        "id": "gid/1", "name": "#1", "currency": "USD", "fulfillment_status": "FULFILLED", "fulfillments": [part],
        "lines": [{"sku": "MUG", "quantity": 2, "current_quantity": 1}], "returns": [back],
    }  # fmt: skip
    sent = {("alpha", "gid/1"): reckoning.units_of(part["lines"], {})}

    assert [False] == wrong(reckoning.contents(sent, [("alpha", order)], {}, ()))
    assert [True] == wrong(reckoning.contents(sent, [("alpha", {**order, "returns": []})], {}, ()))


def test_the_day_has_each_story_of_a_return_within_its_orders() -> None:
    purchases = whole_day(FEWEST + 40)
    returning = [purchase.back for purchase in purchases if purchase.back]

    assert FEWEST + 40 == len(purchases) + SENT_AGAIN
    assert [back.name for back in takebacks()] == [back.name for back in returning]
    assert len(returning) == len({back.number for back in returning}), "each is another customer"
