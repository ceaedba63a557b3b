"""Edits against whoever acts on the same order at the same time, in every order of events (EDT-3)."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.edits import drive, order_ids, request_row
from tests.support.paper import on_paper, scan
from tests.support.world import World
from tests.tasks.editing.racing import (
    ASKED,
    CANS,
    ENDED,
    MOMENTS,
    MUGS,
    UNRELEASED,
    asking,
    codes,
    ending,
    in_their_order,
    loser_told,
    one_each,
    race,
    sound,
)  # fmt: skip
from tests.tasks.shops import act
from tests.tasks.steps import at_shipbob, at_workshop, cases, later, release

pytestmark = pytest.mark.row("EDT-3")
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TOO_LATE = ending("undone: too_late", at_node="undone: too_late")
GONE = ending("refused: already_shipped", at_node="undone: too_late")


@sqlite_only
@pytest.mark.parametrize(
    ("what", "stage", "dies", "expected"),
    [
        ("address", "picked", False, ending("applied")),
        ("lines", "picked", True, TOO_LATE),
        ("address", "labelled", True, TOO_LATE),
        ("lines", "labelled", False, TOO_LATE),
        ("address", "shipped", False, GONE),
        ("lines", "shipped", True, GONE),
    ],
)
async def test_against_the_work_at_the_3pl(
    world: World, what: str, stage: str, dies: bool, expected: Mapping[str, str]
) -> None:
    """The node is the point of no return: what it has labelled with the new things the shop gets too."""
    ends: dict[str, str] = {}
    await release(world, *one_each(at_shipbob, CANS))
    for moment, order_id, there in zip(MOMENTS, order_ids(world), in_their_order(world), strict=True):

        async def rival(number: int = there["id"]) -> None:
            world.sandbox.control(f"shipbob/orders/{number}/advance", {"to": stage})
            await world.settle()

        request = await race(world, asking(world, order_id, what), rival, moment, dies=dies)
        ends[moment] = codes(request)
        loser_told(world, request)
    assert expected == ends
    await later(world, 1)
    sound(world)


@sqlite_only
@pytest.mark.parametrize(
    ("what", "dies", "expected"),
    [
        ("address", True, ending("applied")),
        ("lines", False, ending("refused: node_packed", at_node="undone: packed")),
    ],
)
async def test_against_the_floor(world: World, what: str, dies: bool, expected: Mapping[str, str]) -> None:
    """Our own people scan from the paper that they have: before the recall it counts, then they are told to stop."""
    ends: dict[str, str] = {}
    scanned: dict[str, set[str]] = {}
    world.sandbox.control("floor/settings", {"enabled": False})
    world.buy(*one_each(at_workshop, MUGS))
    await world.settle()
    world.move_clock(0.9)
    await world.settle()
    for moment, order_id in zip(MOMENTS, order_ids(world), strict=True):
        said: list[str] = []
        paper = await on_paper(world)

        async def rival(sheet: Mapping[str, Any] = paper[order_id], said: list[str] = said) -> None:
            said += [await scan(world, sheet, event) for event in ("picked", "packed")]
            await world.settle()

        request = await race(world, asking(world, order_id, what), rival, moment, dies=dies)
        ends[moment], scanned[moment] = codes(request), set(said)
        loser_told(world, request)
    assert expected == ends
    assert ending("taken", at_node="taken", after="recalled") | {ENDED: "cancelled"} == {
        moment: "/".join(said) for moment, said in scanned.items()
    }
    world.sandbox.control("floor/settings", {"enabled": True})
    await later(world, 1)
    await later(world, 4)
    sound(world)


@sqlite_only
@pytest.mark.parametrize(
    ("released", "what", "dies"),
    [(False, "both", True), (True, "both", False), (True, "address", True)],
    ids=["before release", "at the 3PL", "only the address at the 3PL"],
)
async def test_against_a_cancel_by_the_shop(world: World, released: bool, what: str, dies: bool) -> None:
    """The merchant has the last word on whether there is an order at all: no parcel of it leaves."""
    ends: dict[str, str] = {}
    moments = MOMENTS if released else UNRELEASED
    world.buy(*one_each(at_shipbob, CANS, moments))
    await (release(world) if released else world.settle())
    for moment, order_id, there in zip(moments, order_ids(world), world.orders(), strict=True):

        async def rival(there: Mapping[str, Any] = there) -> None:
            act(world, there, "cancel")
            await world.settle()

        request = await race(world, asking(world, order_id, what), rival, moment, dies=dies)
        ends[moment] = codes(request)
        loser_told(world, request)
    cancelled = "undone: order_cancelled"
    expected = ending("refused: order_cancelled", at_node=cancelled, after=cancelled) | {ENDED: "applied"}
    assert {moment: expected[moment] for moment in moments} == ends
    await later(world, 1)
    await later(world, 1)
    assert {"cancelled"} == {row["state"] for row in world.rows("SELECT state FROM orders")}
    assert not {"edit_parked", "cancelled_while_edited", "cancelled_too_late"} & set(cases(world))
    sound(world)


async def test_against_another_edit(world: World) -> None:
    """One open request for an order: a second one is told so, and after the first one's end it is made."""
    ends: dict[str, str] = {}
    await release(world, *one_each(at_shipbob, CANS))
    for moment, order_id in zip(MOMENTS, order_ids(world), strict=True):
        others: list[str] = []

        async def rival(order_id: str = order_id, others: list[str] = others) -> None:
            others.append(asking(world, order_id, "address"))
            await drive(world)

        request = await race(world, asking(world, order_id, "lines"), rival, moment, dies=moment == ASKED)
        other = request_row(world, others[0])
        assert "applied" == codes(request), moment
        ends[moment] = codes(other)
        loser_told(world, other)
    told_no = "refused: another_open"
    assert ending(told_no, at_node=told_no, after=told_no) | {ENDED: "applied"} == ends
    await later(world, 1)
    sound(world)
