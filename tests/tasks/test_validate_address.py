"""Addresses: format offline, the carrier's verdict online, and the customer asked; no unit is ever changed."""

from collections import Counter
from typing import Any

import pytest

from tests.support.world import World, checkout
from tests.tasks.shops import act, holds, reasons, states
from tests.tasks.steps import subjects

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def to(mail: str, **address: Any) -> dict[str, Any]:
    return checkout(address=address, customer={"email": f"{mail}@example.com"})


@pytest.mark.row("VAL-3")
@pytest.mark.row("VAL-6")
async def test_each_verdict_holds_or_lets_through(world: World) -> None:
    made = world.buy(
        to("fine", address2="Apt 4"),
        to("spelling", address1="7 Mispelt Avenue", address2="Unit 9"),
        to("unit", address1="8 Missing Unit Road"),
        to("unknown", address1="1 Unknown Street"),
    )
    await world.settle()

    fine, spelling, unit, unknown = (order["name"] for order in made)
    assert {"201": 4} == world.sandbox.requests("easypost")["POST /v2/addresses"]
    assert {
        f"{spelling} address": "address_corrected",
        f"{unit} address": "address_missing_unit",
        f"{unknown} address": "address_unverifiable",
    } == reasons(world)
    assert {"customer"} == {hold["owner"] for hold in holds(world).values()}
    assert all(hold["due_at"] for hold in holds(world).values())
    assert 3 == len([mail for mail in world.mails() if "confirm" not in mail["subject"].lower()])
    [asked] = [mail for mail in world.mails(to="spelling@example.com")]
    text = world.sandbox.get(f"/mail/api/messages/{asked['id']}")["text"]
    assert "7 Mispelt Avenue" in text
    assert "MAPLE" in text.upper()
    assert "accept_suggestion" in text
    kept = world.rows("SELECT line1, line2, kind FROM order_contact WHERE kind <> 'billing' ORDER BY id")
    assert ("12 Main Street", "Apt 4") in [(row["line1"], row["line2"]) for row in kept]
    assert ("7 Mispelt Avenue", "Unit 9") in [(row["line1"], row["line2"]) for row in kept], "ours is not overwritten"
    assert all("9" in row["line2"] for row in kept if row["kind"] == "suggestion")
    assert "routing" == states(world)[fine]
    assert not world.broken()


@sqlite_only
@pytest.mark.row("VAL-3")
async def test_an_address_mended_in_the_shop_releases_the_hold(world: World) -> None:
    [order] = world.buy(to("unknown", address1="1 Unknown Street"))
    await world.settle()
    assert ["held"] == list(states(world).values())

    address = {**checkout()["shipping_address"], "address1": "15 Main Street"}
    act(world, order, "edit", {"shipping_address": address})
    await world.settle()

    assert {"201": 2} == world.sandbox.requests("easypost")["POST /v2/addresses"]
    assert {} == holds(world)
    assert ["routing"] == list(states(world).values())
    assert [1, 2] == [
        r["version"] for r in world.rows("SELECT version FROM order_contact WHERE kind = 'shipping' ORDER BY version")
    ]
    assert [1, 1] == [len(subjects(world, word)) for word in ("address", "is confirmed")], "asked and confirmed once"
    assert not world.broken()


@sqlite_only
@pytest.mark.row("VAL-3", bad_input=True)
async def test_a_bad_format_is_found_without_asking_the_carrier(world: World) -> None:
    made = world.buy(to("zip", zip="0211"), to("none", address1="", city=""))
    world.buy(checkout(shipping_address={}, customer={"email": "nowhere@example.com"}))
    await world.settle()

    assert {} == world.sandbox.requests("easypost").get("POST /v2/addresses", {})
    assert {"address_format": 1, "address_missing": 2} == Counter(reasons(world).values())
    assert f"{made[0]['name']} address" in reasons(world)
    assert {"held"} == set(states(world).values())
    assert not world.broken()


@sqlite_only
@pytest.mark.row("VAL-3", bad_input=True)
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"kind": "error", "status": 500, "times": 3}, id="5xx"),
        pytest.param({"kind": "error", "status": 200, "body": ["?"]}, id="garbage"),
        pytest.param({"kind": "error", "status": 201, "body": {"verifications": 7}}, id="wrong types"),
        pytest.param({"kind": "refuse", "times": 3}, id="refused"),
        pytest.param({"kind": "truncate", "times": 3}, id="truncated"),
    ],
)
async def test_a_carrier_in_trouble_stops_only_the_question(world: World, fault: dict[str, Any]) -> None:
    """The order waits by its own row, the trouble is visible, and the answer is asked for again."""
    world.sandbox.fault("easypost", "POST /v2/addresses", **fault)
    world.buy(to("ada"), checkout(lines=[{"sku": "GIFT-50", "quantity": 1}], customer={"email": "gift@example.com"}))
    await world.settle()

    assert {"received", "routing"} == set(states(world).values()), "the gift card needs no address"
    [trouble] = world.rows("SELECT detail FROM heartbeat WHERE name = 'vendor:easypost/main'")
    assert trouble["detail"]
    assert [1] == [row["attempts"] for row in world.rows("SELECT attempts FROM work WHERE stage = 'validate'")]

    asked = sum(world.sandbox.requests("easypost")["POST /v2/addresses"].values())
    await world.advance(0.2)
    assert asked < sum(world.sandbox.requests("easypost")["POST /v2/addresses"].values())
    assert {"routing"} == set(states(world).values())
    [mended] = world.rows("SELECT detail FROM heartbeat WHERE name = 'vendor:easypost/main'")
    assert not mended["detail"]
    assert not world.broken()
