"""The world as a vendor: its knobs, and that the product's side learns nothing that no vendor would tell."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox import easypost, shipbob, world
from sandbox.core.app import Sandbox
from tests.support.fake_vendors import in_process

BEGIN = {"world": "winter", "seed": 2, "orders": 12}


class Knobs:
    def __init__(self, sandbox: Sandbox, client: httpx.AsyncClient) -> None:
        self.sandbox, self._client = sandbox, client

    async def turn(self, knob: str, body: dict[str, Any] | None = None, *, expect: int = 200) -> Any:
        verb = "GET" if body is None else "POST"
        answer = await self._client.request(verb, f"/_control/{knob}", json=body)
        assert expect == answer.status_code, answer.text
        return answer.json()


@pytest.fixture
async def knobs() -> AsyncIterator[Knobs]:
    sandbox, client = in_process(shipbob.build, easypost.build, world.build)
    async with client:
        yield Knobs(sandbox, client)
        await sandbox.world.webhooks.close()


async def test_its_clock_stands_where_the_world_begins_until_it_is_moved(knobs: Knobs) -> None:
    begun = await knobs.turn("world/begin", BEGIN)
    first = await knobs.turn("clock")
    moved = await knobs.turn("clock", {"at": "2026-01-07T12:00:00Z"})
    still = await knobs.turn("clock")

    assert begun["starts"] == first["now"]
    assert moved["now"] == still["now"] == "2026-01-07T12:00:00+00:00"
    await knobs.turn("clock", {"at": "soon"}, expect=400)
    await knobs.turn("clock", {"offset_s": 0})
    assert (await knobs.turn("clock"))["now"] != (await knobs.turn("clock"))["now"]


async def test_everybody_buys_once_and_in_time(knobs: Knobs) -> None:
    begun = await knobs.turn("world/begin", BEGIN)
    early = (await knobs.turn("world/purchases", {"until": "2026-01-10T00:00:00Z"}))["purchases"]
    rest = (await knobs.turn("world/purchases", {"until": begun["ends"]}))["purchases"]
    none = (await knobs.turn("world/purchases", {"until": begun["ends"]}))["purchases"]

    assert list(range(12)) == sorted(each["number"] for each in early + rest)
    assert [] == none
    assert all(each["checkout"]["created_at"] < "2026-01-10" for each in early)
    assert 12 == len((await knobs.turn("world/truth"))["orders"])


async def test_a_parcel_of_nobodys_here_travels_by_its_plan(knobs: Knobs) -> None:
    await knobs.turn("world/begin", BEGIN)
    parcel = knobs.sandbox.world.road.add("STRANGER", "usps")

    assert (None, "normal") == (parcel.way, parcel.plan_name)


async def test_a_customers_parcel_fares_as_the_seed_says_and_a_second_one_otherwise(knobs: Knobs) -> None:
    await knobs.turn("world/begin", BEGIN)
    await knobs.turn("world/purchases", {"until": "2026-02-01T00:00:00Z"})
    bob = knobs.sandbox.vendors["shipbob"]
    recipient = {"name": "Ada", "email": "customer3@example.com", "address": {}}
    for number in ("FIRST", "SECOND"):
        made = bob.warehouse.place(1, {"reference_id": number, "recipient": recipient}, [], 1)
        made.shipments[0].tracking_number = number
    first, second = (knobs.sandbox.world.road.add(number, "usps") for number in ("FIRST", "SECOND"))

    assert first.way is not None
    assert second.way is not None
    assert first.way.steps != second.way.steps
    assert first.way.expected_at == first.expected_at
    [truth] = [each for each in (await knobs.turn("world/truth"))["orders"] if each["number"] == 3]
    assert "FIRST" == truth["tracking_code"]


@pytest.mark.parametrize(
    ("knob", "body", "says"),
    [
        ("begin", {"world": "sunny", "seed": 1, "orders": 1}, "choose of calm, rough, winter"),
        ("begin", {"world": "calm", "seed": 1, "orders": 0}, "at least one order"),
        ("begin", {"world": "calm"}, "seed"),
        ("begin", {"world": "calm", "seed": 1, "orders": 1, "shipments": "/nowhere.csv"}, "cannot be read"),
        ("purchases", {}, "until when"),
        ("heard", {"told": [{"number": 99, "at": "2026-01-06T00:00:00Z"}]}, "number of a customer"),
        (
            "offers",
            {"offers": [{"id": "o", "number": 1, "kind": "flowers", "at": "2026-01-06T00:00:00Z"}]},
            "a kind of",
        ),
        ("settled", {"numbers": 3, "at": "2026-01-06T00:00:00Z"}, "numbers of customers"),
    ],
)
async def test_what_cannot_be_is_refused_with_a_reason(
    knobs: Knobs, knob: str, body: dict[str, Any], says: str
) -> None:
    await knobs.turn("world/begin", BEGIN)

    answer = await knobs.turn(f"world/{knob}", body, expect=400)

    assert says in answer["error"]


async def test_nothing_is_played_before_it_began(knobs: Knobs) -> None:
    for knob in ("purchases", "heard", "offers", "settled"):
        await knobs.turn(f"world/{knob}", {}, expect=400)
    await knobs.turn("world/truth", expect=400)


async def test_a_reset_ends_the_world_and_the_next_one_is_met_again(knobs: Knobs) -> None:
    await knobs.turn("world/begin", BEGIN)
    await knobs.turn("reset", {})

    await knobs.turn("world/truth", expect=400)
    assert knobs.sandbox.world.road.travels is not None
