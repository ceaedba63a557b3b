"""The own warehouse: rates, label, pick list, scans (FUL-2)."""

from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from tests.support.world import FLOOR_TOKEN, World
from tests.tasks.steps import EASYPOST_BUY, ask, at_workshop, cases, effect, labels, later, release, subjects

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def lists(world: World, token: str = FLOOR_TOKEN) -> Any:
    """What a handheld gets."""
    answer = await ask(
        "GET",
        f"{world.wiring.settings.public_url}/warehouse/brooklyn/pick-lists",
        headers={"authorization": f"Bearer {token}"},
    )
    return answer


@pytest.mark.row("FUL-2")
@pytest.mark.row("SCA-1")
async def test_a_label_is_bought_and_its_order_picked_packed_and_handed_over(world: World) -> None:
    await release(world, at_workshop(), at_workshop(lines=[{"sku": "TENT-2P-GRN", "quantity": 1}]))

    bought = {label["reference"]: label for label in labels(world)}
    assert [1, 1] == list(world.sandbox.accepted("easypost")[EASYPOST_BUY].values())
    parcels = world.rows("SELECT * FROM shipment")
    assert {f"{p['fulfilment_order_id']}.1": p["tracking_number"] for p in parcels} == {
        reference: label["tracking_code"] for reference, label in bought.items()
    }
    assert {p["label_cost_minor"] for p in parcels} == {round(float(b["cost"]) * 100) for b in bought.values()}
    stored = world.rows("SELECT kind, content FROM document ORDER BY kind")
    assert ["label", "label", "pick_list", "pick_list"] == [row["kind"] for row in stored]
    assert all(row["content"].startswith(b"%PDF") for row in stored)
    assert {"A", "C"} == {row["zone"] for row in world.rows("SELECT zone FROM pick_list")}
    sheets = [
        PdfReader(BytesIO(row["content"])).pages[0].extract_text() for row in stored if row["kind"] == "pick_list"
    ]
    assert any("TENT-2P-GRN" in sheet for sheet in sheets)

    await world.advance(3)

    scans = world.sandbox.accepted("floor")
    assert {"picked", "packed", "handed_over"} == set(scans)
    assert [[1, 1]] * 3 == [list(scans[event].values()) for event in scans]
    assert {"done"} == {row["state"] for row in world.rows("SELECT state FROM pick_list")}
    assert [1, 1] == [len(order["fulfillments"]) for order in world.orders()]
    moved = world.rows("SELECT sku, delta FROM stock_movement WHERE kind = 'shipped' ORDER BY sku")
    assert [("MUG-ENA-WHT", -1), ("TENT-2P-GRN", -1)] == [(row["sku"], row["delta"]) for row in moved]
    assert not world.broken()


@sqlite_only
@pytest.mark.row("FUL-2", bad_input=True)
async def test_a_wrong_scan_is_refused_and_a_repeated_one_counts_once(world: World) -> None:
    world.sandbox.control("floor/settings", {"wrong_sku": 1, "repeat": 3})
    await release(world, at_workshop())
    await world.advance(3)

    assert [1] == list(world.sandbox.accepted("floor")["handed_over"].values())
    taken = world.rows("SELECT topic FROM inbox_event WHERE source = 'floor'")
    assert ["handed_over", "packed", "picked"] == sorted(row["topic"] for row in taken)
    assert 1 == world.row("SELECT shipped FROM order_line")["shipped"]
    assert {} == cases(world)
    assert not world.broken()


@sqlite_only
@pytest.mark.row("FUL-2", bad_input=True)
async def test_a_stranger_gets_no_pick_list(world: World) -> None:
    await release(world, at_workshop())

    assert 401 == (await lists(world, "not-the-token")).status_code
    assert 200 == (await lists(world)).status_code
    assert not world.broken()


@sqlite_only
@pytest.mark.row("FUL-2", bad_input=True)
async def test_a_short_pick_is_a_case_until_the_whole_order_has_left(world: World) -> None:
    world.sandbox.control("floor/settings", {"short": 1})
    await release(world, at_workshop(lines=[{"sku": "MUG-ENA-WHT", "quantity": 2}]))
    await world.advance(3)

    assert [] == world.orders()[0]["fulfillments"]
    assert {"short_pick": 1} == cases(world)
    case = world.row("SELECT facts, owner, due_at FROM review_case")
    assert '"found":1' in case["facts"]
    assert case["owner"]
    assert case["due_at"]
    assert not world.broken()


@sqlite_only
@pytest.mark.row("FUL-2")
@pytest.mark.parametrize("fault", [{"kind": "error_after", "status": 500}, {"kind": "truncate"}])
async def test_a_label_bought_without_a_word_is_found_not_bought_again(world: World, fault: dict[str, Any]) -> None:
    """EasyPost has no key for a purchase."""
    world.sandbox.fault("easypost", EASYPOST_BUY, **fault)

    await release(world, at_workshop())
    await later(world, 0.1)

    assert [1] == list(world.sandbox.accepted("easypost")[EASYPOST_BUY].values())
    [label] = labels(world)
    assert label["tracking_code"] == world.row("SELECT tracking_number FROM shipment")["tracking_number"]
    assert "done" == effect(world, "label.buy")["state"]
    assert 1 == len((await lists(world)).json()["pick_lists"]), "listed although no other order came by"
    assert not world.broken()


@sqlite_only
@pytest.mark.row("FUL-2", bad_input=True)
async def test_no_rate_for_the_address_is_a_case_with_the_units_given_back(world: World) -> None:
    body = {"error": {"code": "SHIPMENT.INVALID_PARAMS", "message": "Unable to rate", "errors": []}}
    world.sandbox.fault("easypost", "POST /v2/shipments", "error", status=422, body=body)

    await release(world, at_workshop())

    assert [] == labels(world)
    assert {"node_refused": 1} == cases(world)
    assert "released" == world.row("SELECT holder FROM reservation")["holder"]
    assert not world.broken()


@sqlite_only
@pytest.mark.row("FUL-2")
async def test_a_cancelled_order_leaves_its_sheet_and_its_label_is_voided(world: World) -> None:
    await release(world, at_workshop(), at_workshop())
    first = world.orders()[0]

    world.sandbox.control(f"shopify/alpha/orders/{first['legacy_id']}/cancel", {})
    await world.settle()
    await world.advance(4)

    assert [True, False] == sorted((label["refunded"] for label in labels(world)), reverse=True)
    assert 1 == len(world.sandbox.accepted("floor")["handed_over"])
    assert [0, 1] == [len(order["fulfillments"]) for order in world.orders()]
    assert 1 == len(world.rows("SELECT id FROM shipment WHERE state = 'cancelled'"))
    states = world.rows("SELECT name, state FROM orders ORDER BY name")
    assert ["cancelled", "in_fulfilment"] == [row["state"] for row in states]
    assert [] == subjects(world, f"{first['name']} is on its way")
    assert not world.broken()
