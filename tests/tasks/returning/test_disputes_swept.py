"""Disputes that no webhook told of (RET-5): the sweep finds them, and how they ended."""

import pytest

from config import wiring
from tasks.disputes import sources, sweep_disputes
from tests.support.returns import delivered, graded, opened, refunds_at_shop, settled, take_back
from tests.support.world import World
from tests.tasks.returning.test_disputes import MUG, dispute, paid_on_a_page
from tests.tasks.steps import cases, later

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SHOP = "shopify/alpha"


async def swept(target: str = SHOP) -> list[tuple[str, str]]:
    report = await sweep_disputes.fn(target)
    return [(row.outcome, row.reason) for row in report.lines]


def no_webhooks(world: World, vendor: str = "shopify") -> None:
    world.sandbox.control("webhooks", {"vendor": vendor, "drop": 1.0})


@pytest.mark.row("RET-5")
async def test_a_refund_stops_for_a_dispute_that_only_the_sweep_has_heard_of(world: World) -> None:
    [order_id] = await delivered(world)
    request = await take_back(world, order_id)
    await opened(world, request["rma"], MUG)
    no_webhooks(world)
    dispute(world)
    assert [("opened", "missed_webhook")] == await swept()
    await graded(world, request["id"])
    await later(world, 1)

    assert 0 == refunds_at_shop(world)[0]
    assert {"payment_dispute": 1} == cases(world)
    assert [] == await swept(), "the same again is no news"
    row = world.row("SELECT * FROM dispute")
    assert (1785, "USD", "product_not_received", order_id) == (
        row["amount_minor"], row["currency"], row["reason"], row["order_id"],
    )  # fmt: skip

    dispute(world, status="won")
    assert [("ended", "missed_webhook")] == await swept()
    await later(world, 1)
    assert 1 == refunds_at_shop(world)[0]
    assert {} == cases(world)


@pytest.mark.row("RET-5")
async def test_an_end_is_heard_of_however_long_ago_the_dispute_began(world: World) -> None:
    await delivered(world)
    dispute(world)
    await world.settle()
    no_webhooks(world)
    await swept()
    await later(world, 24 * 60)
    dispute(world, status="lost")

    assert [("ended", "missed_webhook")] == await swept()
    assert "lost" == world.row("SELECT state FROM dispute")["state"]


@pytest.mark.row("RET-5")
async def test_the_webhook_that_comes_late_changes_nothing(world: World) -> None:
    await delivered(world)
    dispute(world)
    assert [("opened", "missed_webhook")] == await swept()
    await settled(world)

    assert (1, {"payment_dispute": 1}) == (len(world.rows("SELECT id FROM dispute")), cases(world))


@pytest.mark.row("RET-5", bad_input=True)
async def test_an_account_that_may_not_see_disputes_is_in_no_trouble(world: World) -> None:
    denied = {"errors": [{"message": "Access denied for disputes field.", "extensions": {"code": "ACCESS_DENIED"}}]}
    world.sandbox.fault("shopify", "disputes", "error", status=200, body=denied)

    assert [("not_readable", "the account has no right to see disputes")] == await swept()
    assert [] == world.rows("SELECT * FROM heartbeat WHERE name LIKE 'vendor%'")
    assert [] == world.rows("SELECT * FROM sync_cursor WHERE id = 'disputes:shopify/alpha'"), "asked anew next time"


@pytest.mark.row("RET-5", bad_input=True)
async def test_a_dispute_that_cannot_be_read_holds_up_no_other_and_is_asked_for_again(world: World) -> None:
    await delivered(world)
    good = {
        "id": "gid://shopify/ShopifyPaymentsDispute/7", "legacyResourceId": "7", "status": "NEEDS_RESPONSE",
        "type": "CHARGEBACK", "evidenceDueBy": None, "amount": {"amount": "17.85", "currencyCode": "USD"},
        "reasonDetails": {"reason": "FRAUDULENT"}, "order": {"id": world.orders()[0]["id"]},
    }  # fmt: skip
    odd = {**good, "id": "gid://shopify/ShopifyPaymentsDispute/6", "legacyResourceId": "6", "status": "IN_ARBITRATION"}
    page = {"pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": [odd, good]}
    world.sandbox.fault("shopify", "disputes", "error", status=200, body={"data": {"disputes": page}})

    assert [
        ("opened", "missed_webhook"), ("unreadable", "unknown_word: status"), ("postponed", "disputes: vendor_rejected")
    ] == await swept()  # fmt: skip
    assert "7" == world.row("SELECT external_id FROM dispute")["external_id"]
    assert 1 == len(world.rows("SELECT * FROM heartbeat WHERE name LIKE '%shopify/alpha' AND detail <> ''"))
    assert [] == world.rows("SELECT * FROM sync_cursor WHERE id = 'disputes:shopify/alpha'"), "asked for again"


@pytest.mark.row("RET-5")
async def test_a_dispute_of_a_payment_page_is_found_too(world: World) -> None:
    order_id, request_id, intent = await paid_on_a_page(world)
    target = wiring.current().payment_page
    assert [target] == [each for each in await sources() if not each.startswith("shopify/")]

    no_webhooks(world, "stripe")
    for word, wanted in (({}, "opened"), ({"status": "under_review"}, "moved"), ({"status": "lost"}, "ended")):
        world.sandbox.control(f"stripe/payments/{intent}/dispute", word)
        assert [(wanted, "missed_webhook")] == await swept(target)
    assert f"{order_id}:pay:Payment page {request_id}" == world.row("SELECT payment_id FROM dispute")["payment_id"]
