"""Stories that once broke something, in the words of the machine that found them or that reaches as far."""

from collections.abc import Iterator

import pytest

from config.wiring import Wiring
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


def test_an_edit_in_the_shop_after_the_promise_is_one_case_however_often_it_is_stated(story: Story) -> None:
    for act in ("move", "nothing", "refund", "nothing"):
        story.shop_says(number=0, act=act, fate="fine", call="ok", stale=True)

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


def test_what_a_dead_worker_had_claimed_is_done_once_by_the_next(story: Story) -> None:
    story.node(number=0, act="ship", old=False, fate="fine", call="dies_after")
    assert [row["state"] for row in story.house.rows("SELECT state FROM effect WHERE kind = 'shop.fulfil'")] == [
        "sending"
    ]

    story.crash(everybody=True)
    story.leftovers(call="ok", fate="fine")

    assert set(story.outside.accepted.values()) == {1}
    assert [row["state"] for row in story.house.rows("SELECT state FROM effect WHERE kind = 'shop.fulfil'")] == ["done"]
