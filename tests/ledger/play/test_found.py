"""Stories that once broke something, in the words of the machine that found them or that reaches as far."""

from collections.abc import Iterator

import pytest

from config.wiring import Wiring
from tests.ledger.play.places import AWAY
from tests.ledger.play.test_machine import Story


@pytest.fixture
def story(wiring: Wiring) -> Iterator[Story]:
    """One order, some hours old: at its nodes. It comes to an end whatever the test does with it."""
    Story.wiring = wiring
    played = Story()
    played.begin(orders=1, hours=3)
    yield played
    played.teardown()


def kinds(story: Story) -> list[str]:
    return sorted(case["kind"] for case in story.house.open_cases())


def test_an_edit_in_the_shop_reaches_the_node_that_has_the_order(story: Story) -> None:
    [at_node] = [each for each in story.outside.at_node.values() if "GAS" in each.lines]
    for act in ("move", "nothing"):
        story.shop_says(number=0, act=act, fate="fine", call="ok", stale=True)
    assert ["at_node"] == [row["state"] for row in story.house.rows("SELECT state FROM edit_request")]

    story.edits(fate="fine", call="ok")

    assert ["applied"] == [row["state"] for row in story.house.rows("SELECT state FROM edit_request")]
    assert AWAY == at_node.address
    assert kinds(story) == []


def test_an_edit_in_the_shop_after_the_parcel_has_left_is_one_case_however_often_it_is_stated(story: Story) -> None:
    for number in range(len(story.outside.at_node)):
        story.node(number=number, act="ship", old=False, fate="fine", call="ok")
    while story.scan_one(0, "handed_over"):
        story.house.carry_out_scans("fine")

    for act in ("move", "nothing", "refund", "nothing"):
        story.shop_says(number=0, act=act, fate="fine", call="ok", stale=True)
        story.edits(fate="fine", call="ok")

    assert kinds(story) == ["shop_edited_late"]


def test_a_parcel_without_a_number_is_a_persons(story: Story) -> None:
    story.node(number=0, act="unnumbered", old=False, fate="fine", call="ok")

    assert kinds(story) == ["parcel_not_tracked"]


def test_a_parcel_that_a_carrier_has_lost_is_a_persons(story: Story) -> None:
    story.node(number=0, act="ship", old=True, fate="twice", call="ok")
    story.an_hour(call="ok")
    for word in ("in_transit", "lost", "in_transit"):
        story.carrier(number=0, word=word, early=False, seen=0, fate="fine")

    assert kinds(story) == ["parcel_gone"]


def test_units_that_a_node_counts_as_gone_are_asked_about_again_after_each_reading(story: Story) -> None:
    """It has taken an order over and its word was lost; a person says each time: wait."""
    story.buy_now({"GAS": 3}, "paid", "low", "refused")  # not held in the shop, so that nothing comes before the node
    story.quiet_hour("dies_after")
    for _ in range(2):
        story.stock_is_read(fate="fine", delay=60)
        [case] = [each for each in story.house.open_cases() if each["kind"] == "promised_stock_gone"]
        story.house.person(case, "wait")
        story.watcher.look()


def test_what_a_dead_worker_had_done_without_a_key_is_found_by_the_next(story: Story) -> None:
    """A parcel written back, money taken, an unpaid order cancelled: each call was made, none was recorded."""
    story.buy_now({"GAS": 1}, "authorised", "low", "ok")
    story.buy_now({"MUG": 1}, "pending", "low", "ok")
    for _ in range(3):
        story.quiet_hour("ok")
    for number in range(len(story.outside.at_node)):
        story.node(number=number, act="ship", old=False, fate="fine", call="dies_after")
    for _ in range(2):
        story.time_goes_by(minutes=600, fate="fine", call="dies_after")
    assert states(story) == {"shop.fulfil": {"sending"}, "shop.capture": {"sending"}, "shop.cancel": {"sending"}}

    story.crash(everybody=True)
    story.leftovers(call="ok", fate="fine")

    assert set(story.outside.accepted.values()) == {1}
    assert states(story) == {"shop.fulfil": {"done"}, "shop.capture": {"done"}, "shop.cancel": {"done"}}


def states(story: Story) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    kinds = "('shop.fulfil', 'shop.capture', 'shop.cancel')"
    for row in story.house.rows(f"SELECT kind, state FROM effect WHERE kind IN {kinds}"):
        found.setdefault(row["kind"], set()).add(row["state"])
    return found
