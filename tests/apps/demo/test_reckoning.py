"""Controls: each comparison of what was changed, packed and paid catches what it is there for."""

from collections import Counter
from typing import Any

import pytest

from apps.demo import reckoning
from apps.demo.changes import AT_NODES, EARLY, MINE, THEIRS, changes
from apps.demo.purchases import day
from domain.edits import EditKind

KEY = ("alpha", "gid/1")
KITS = {"KIT": [("MUG", 1), ("SOCK", 2)]}


def shop_order(**changed: Any) -> tuple[str, dict[str, Any]]:
    part = {"tracking_number": "T1", "status": "SUCCESS", "lines": [{"sku": "MUG", "quantity": 2}]}
    return "alpha", {
        "id": "gid/1", "name": "#1", "currency": "USD", "captured": "30.00", "refunded": "10.00", "total": "20.00",
        "fulfillment_status": "FULFILLED", "fulfillments": [part],
        "lines": [
            {"sku": "MUG", "quantity": 3, "current_quantity": 2},
            {"sku": "SOCK", "quantity": 1, "current_quantity": 0},
        ],
        "shipping_address": {"address1": "1 Main Street", "zip": "02110"},
        **changed,
    }  # fmt: skip


def contents(left: dict[str, int], **changed: Any) -> list[str]:
    return list(reckoning.contents({KEY: Counter(left)}, [shop_order(**changed)], KITS, ()))


def test_what_left_is_what_the_shop_shows() -> None:
    assert [""] == contents({"MUG": 2})
    assert [""] == contents({"MUG": 1}, fulfillment_status="PARTIALLY_FULFILLED")
    kit = [{"sku": "KIT", "quantity": 1, "current_quantity": 1}]
    assert [""] == contents({"MUG": 1, "SOCK": 2}, lines=kit)


def test_what_a_shop_delivers_by_mail_needs_no_parcel() -> None:
    gift = {"tracking_number": None, "status": "SUCCESS", "lines": [{"sku": "GIFT", "quantity": 1}]}
    lines = [{"sku": sku, "quantity": 1, "current_quantity": 1} for sku in ("MUG", "GIFT")]

    assert [""] == contents({"MUG": 1}, lines=lines, fulfillments=[gift])


@pytest.mark.row("EDT-3")
@pytest.mark.parametrize(
    ("left", "says"),
    [
        ({"MUG": 3}, "left that the shop does not show"),  # as it was before the edit
        ({"MUG": 2, "SOCK": 1}, "left that the shop does not show"),  # a removed line
        ({"MUG": 1}, "shown as sent and never left"),
    ],
    ids=["more", "removed", "less"],
)
def test_a_parcel_that_is_not_what_the_shop_shows_is_seen(left: dict[str, int], says: str) -> None:
    [sentence] = contents(left)

    assert says in sentence


def test_an_order_that_a_person_looks_after_is_left_out() -> None:
    assert [] == list(reckoning.contents({KEY: Counter({"MUG": 9})}, [shop_order()], KITS, {KEY}))


def parcels(address: dict[str, str], to: dict[str, str]) -> list[str]:
    node = [{"reference_id": "ful_1.1", "shipments": [
        {"stage": "shipped", "tracking_number": "T1", "recipient": {"address": address}},
        {"stage": "picked", "tracking_number": "", "recipient": {"address": {}}},
    ]}]  # fmt: skip
    packed = [{"fulfilment_order_id": "ful_2", "tracking_number": "T2"}]
    sent = reckoning.addressed(node, packed, [{"tracking_code": "T2", "to": to}])
    return list(reckoning.addresses([(KEY, code, where) for _, code, where in sent], [shop_order()]))


@pytest.mark.row("EDT-3")
def test_a_parcel_to_another_address_is_seen_and_the_address_not_said() -> None:
    there = {"address1": "1 MAIN  Street", "zip_code": "02110"}, {"street1": "1 Main Street", "zip": "02110-4711"}
    assert ["", ""] == parcels(*there)

    wrong = parcels({**there[0], "address1": "2 Main Street"}, {**there[1], "zip": "02111-4711"})

    assert ["T1", "T2"] == [sentence.split()[3] for sentence in wrong]
    assert not any("Main" in sentence or "0211" in sentence for sentence in wrong)


def test_a_parcel_of_no_shops_order_is_seen() -> None:
    assert [True] == [bool(s) for s in reckoning.addresses([(("", "ful_1"), "T1", ("", ""))], [shop_order()])]


@pytest.mark.row("EDT-5")
def test_money_that_an_edit_left_behind_is_seen() -> None:
    assert [""] == list(reckoning.settled([shop_order()]))
    assert [] == list(reckoning.settled([shop_order(captured="0.00", refunded="0.00")])), "nothing was taken yet"
    assert [True, True] == [
        bool(sentence) for sentence in reckoning.settled([shop_order(refunded="0.00"), shop_order(total="25.00")])
    ]


def test_an_edit_that_ended_otherwise_is_seen() -> None:
    applied, late = {"state": "applied", "reasons": []}, {"state": "refused", "reasons": [{"code": "node_picking"}]}
    assert ["", ""] == list(reckoning.edits([("a", "applied", "", applied), ("b", "refused", "node", late)]))

    wrong = [("a", "refused", "node", applied), ("b", "refused", "out_of_stock", late), ("c", "applied", "", {})]

    assert [True] * 3 == [bool(sentence) for sentence in reckoning.edits(wrong)]


@pytest.mark.row("EDT-1")
def test_an_edit_that_nobody_was_told_of_is_seen() -> None:
    ticket = {"external_id": "edr_1", "status": "solved"}
    assert [""] == list(reckoning.told([("a", "edr_1")], {"edr_1"}, [ticket]))
    wrong = [
        ("edr_1", [ticket, ticket], {"edr_1"}),
        ("edr_1", [ticket | {"status": "open"}], {"edr_1"}),
        ("edr_1", [], {"edr_1"}),
        ("edr_1", [ticket], set()),
    ]
    for request_id, tickets, mailed in wrong:
        assert 1 == sum(map(bool, reckoning.told([("a", request_id)], mailed, tickets)))


def test_the_day_has_each_kind_before_release_and_in_both_houses() -> None:
    asked: dict[tuple[str, str], set[str]] = {}
    for change in changes():
        asked.setdefault((change.when, change.node), set()).update(action["kind"] for action in change.actions)

    kinds = {str(kind) for kind in EditKind}
    assert kinds == asked[EARLY, ""] == asked[AT_NODES, MINE] == asked[AT_NODES, THEIRS]
    assert len(changes()) == sum(purchase.change is not None for purchase in day(120))
