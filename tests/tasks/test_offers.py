"""Offers carried out at the shop: the money once, the goods once, the claim of the carrier in its window."""

import pytest

from tasks import carrier_claims
from tests.support.offers import offered, parcel_under_way, states, tap
from tests.support.world import World
from tests.tasks.steps import cases, effect, later

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.row("DLY-4")
async def test_one_tap_gives_the_money_back_once(world: World) -> None:
    parcel = await parcel_under_way(world)
    offer = offered(world, parcel)["refund"]

    tap(world, offer)
    tap(world, offer)
    await later(world, 0.1)

    assert "executed" == states(world)["refund"]
    [order] = world.orders()
    assert order["total"] == order["refunded"]
    assert [1] == list(world.sandbox.accepted("shopify")["refundCreate"].values())
    assert not world.broken()


@pytest.mark.row("DLY-4")
async def test_one_tap_has_it_sent_once_more_by_an_order_of_its_own(world: World) -> None:
    parcel = await parcel_under_way(world)

    tap(world, offered(world, parcel)["replacement"])
    await later(world, 0.1)

    first, second = sorted(world.orders(), key=lambda order: order["name"])
    assert "0.00" == second["total"]
    offer = world.row("SELECT * FROM offer WHERE kind = 'replacement'")
    assert ("executed", second["id"]) == (offer["state"], offer["replacement_external_id"])
    linked = world.row("SELECT id, state FROM orders WHERE external_id = :id", id=second["id"])
    assert offer["replacement_order_id"] == linked["id"]

    await later(world, 1)
    await later(world, 3)

    assert [line["sku"] for line in first["lines"]] == [line["sku"] for line in world.orders()[-1]["lines"]]
    assert 2 == world.row("SELECT count(*) n FROM shipment WHERE shipped_at IS NOT NULL")["n"]
    assert (
        0
        == world.row(
            "SELECT count(*) n FROM reservation r JOIN offer o ON o.id = r.fulfilment_order_id WHERE r.holder = 'ours'"
        )["n"]
    )
    assert not world.broken()


@pytest.mark.row("DLY-4")
@pytest.mark.parametrize("fault", [{"kind": "error_after", "status": 502}, {"kind": "truncate"}])
async def test_a_lost_answer_places_one_order(world: World, fault: dict[str, object]) -> None:
    parcel = await parcel_under_way(world)
    world.sandbox.fault("shopify", "orderCreate", **fault)

    tap(world, offered(world, parcel)["replacement"])
    await later(world, 0.1)
    await later(world, 0.1)

    assert 2 == len(world.orders())
    assert [1] == list(world.sandbox.accepted("shopify")["orderCreate"].values())
    assert ("done", "executed") == (effect(world, "shop.replacement")["state"], states(world)["replacement"])


@pytest.mark.row("DLY-4", bad_input=True)
async def test_a_shop_that_refuses_leaves_it_to_a_person(world: World) -> None:
    parcel = await parcel_under_way(world)
    answer = {"order": None, "userErrors": [{"field": None, "message": "No", "code": "INVALID"}]}
    world.sandbox.fault(
        "shopify", "orderCreate", "error", status=200, body={"data": {"orderCreate": answer, "m0": answer}}
    )

    tap(world, offered(world, parcel)["replacement"])
    await later(world, 0.1)

    assert ("withdrawn", 1) == (states(world)["replacement"], cases(world)["replacement_refused"])
    assert not world.broken()


@pytest.mark.row("DLY-4")
async def test_an_offer_ends_by_itself_when_the_parcel_comes(world: World) -> None:
    parcel = await parcel_under_way(world)
    offered(world, parcel)
    number = world.row("SELECT tracking_number FROM shipment")["tracking_number"]

    world.sandbox.control(f"easypost/parcels/{number}", {"plan": "normal"})
    await later(world, 24)

    assert {"withdrawn"} == set(states(world).values())
    assert not world.broken()


@pytest.mark.row("DLY-5")
async def test_a_claim_waits_for_its_window_and_is_ready_when_it_opens(world: World) -> None:
    await parcel_under_way(world, "lost")
    await later(world, 130)
    assert "lost" == world.row("SELECT state FROM shipment")["state"]

    await carrier_claims.prepare_claims.fn(10)
    assert "waiting" == world.row("SELECT state FROM carrier_claim")["state"]
    await later(world, 15 * 24)
    await carrier_claims.prepare_claims.fn(10)
    await carrier_claims.prepare_claims.fn(10)

    claim = world.row("SELECT * FROM carrier_claim")
    assert "ready" == claim["state"]
    paper = world.row("SELECT content FROM document WHERE id = :id", id=claim["document_id"])
    assert paper["content"].startswith(b"%PDF")
    packet = world.row("SELECT content FROM document WHERE kind = 'carrier_claim_packet'")
    assert b'"claimed_minor"' in packet["content"]
    assert 1 == cases(world)["carrier_claim"]
