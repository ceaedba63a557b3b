"""Payment: each kind judged, expiry watched, the unpaid cancelled by its deadline, the late payer served."""

import pytest

from tasks import deadlines
from tests.support.world import World, checkout
from tests.tasks.shops import act, ask, holds, reasons, states
from tests.tasks.steps import cases

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PAY = "mutation($input: OrderMarkAsPaidInput!) { orderMarkAsPaid(input: $input) { userErrors { message } } }"


def pays(payment: str, **changes: object) -> dict[str, object]:
    return checkout(payment=payment, customer={"email": f"{payment}@example.com"}, **changes)


async def act_on_deadlines(world: World) -> dict[str, int]:
    counts = (await deadlines.run_deadlines.fn(100)).counts
    await world.settle()
    return {outcome: count for outcome, count in counts.items() if outcome != "raised"}  # of cases that are due


@pytest.mark.row("VAL-1")
@pytest.mark.row("VAL-6")
@pytest.mark.row("SCA-1")
async def test_each_kind_of_payment_is_judged(world: World) -> None:
    kinds = ("paid", "gift_card", "authorized", "declined", "pending", "partial")
    made = world.buy(*(pays(kind) for kind in kinds))
    await world.settle()
    await world.advance(0.9)

    names = {kind: order["name"] for kind, order in zip(kinds, made, strict=True)}
    packed = world.sandbox.accepted("easypost")
    assert 3 == sum(sum(keys.values()) for operation, keys in packed.items() if operation.endswith("/buy")), packed
    assert [False] * 3 + [True] * 3 == [order["held"] for order in world.orders()]
    assert {
        f"{names['declined']} payment": "declined",
        f"{names['pending']} payment": "payment_pending",
        f"{names['partial']} payment": "partly_paid",
    } == reasons(world)
    for hold in holds(world).values():
        assert ("ops", "validate") == (hold["owner"], hold["placed_by"])
        assert hold["due_at"]
    assert ["held"] * 3 == [states(world)[names[kind]] for kind in ("declined", "pending", "partial")]
    assert not world.broken()


@sqlite_only
@pytest.mark.row("VAL-1")
async def test_the_unpaid_is_cancelled_in_its_shop_by_the_deadline_and_the_late_payer_is_not(world: World) -> None:
    late, never, short = world.buy(pays("pending"), pays("declined"), pays("partial"))
    await world.settle()
    await world.advance(6)
    await ask(world, PAY, input={"id": late["id"]})
    await world.settle()
    assert {f"{never['name']} payment", f"{short['name']} payment"} == set(holds(world))
    assert [(late["name"], "in_fulfilment")] == [item for item in states(world).items() if item[1] != "held"]

    await world.advance(12.1)
    assert {"cancelled_unpaid": 2, "paid_or_ended": 1} == await act_on_deadlines(world)

    assert {never["id"]: 1, short["id"]: 1} == world.sandbox.accepted("shopify")["orderCancel"]
    shown = {order["name"]: order for order in world.orders()}
    assert shown[short["name"]]["refunded"] == shown[short["name"]]["captured"]
    assert {"cancelled"} == {states(world)[order["name"]] for order in (never, short)}
    assert {} == await act_on_deadlines(world)
    assert {} == holds(world)
    assert not world.broken()


@sqlite_only
@pytest.mark.row("VAL-1")
async def test_an_authorisation_that_runs_out_alerts_at_48_and_12_hours(world: World) -> None:
    """Held, so that nothing is shipped and captured meanwhile."""
    [order] = world.buy(pays("authorized", authorization_hours=72, risk="high"))
    [brief] = world.buy(pays("expiring", risk="high"))
    await world.settle()
    assert {"alerted": 1} == await act_on_deadlines(world), "one hour is all there is: at once"
    assert {"authorisation_expiring": 1} == cases(world)

    await world.advance(23)
    assert {} == await act_on_deadlines(world)
    await world.advance(1.1)
    assert {"alerted": 1} == await act_on_deadlines(world)
    await world.advance(36)
    assert {"alerted": 1} == await act_on_deadlines(world)

    assert [True, True] == [shown["held"] for shown in world.orders()]
    assert [0.0, 0.0] == [float(shown["captured"]) for shown in world.orders()]
    rows = world.rows(
        "SELECT due_at, kind FROM deadline WHERE state = 'breached' AND kind <> 'case_due' ORDER BY due_at"
    )
    assert ["authorisation_12h", "authorisation_48h", "authorisation_12h"] == [row["kind"] for row in rows]
    assert {order["name"]: "held", brief["name"]: "held"} == states(world)
    assert not world.broken()


@sqlite_only
@pytest.mark.row("VAL-1", bad_input=True)
async def test_an_expired_authorisation_is_not_shipped_on(world: World) -> None:
    [order] = world.buy(pays("authorized", send_webhook=False))
    world.sandbox.control(f"shopify/alpha/payments/{order['legacy_id']}/expire", {})
    act(world, order, "touch")
    await world.settle()
    await world.advance(1)

    assert {} == world.sandbox.accepted("easypost")
    assert [True] == [shown["held"] for shown in world.orders()]
    assert {f"{order['name']} payment": "authorisation_expired"} == reasons(world)
    assert not world.broken()


@sqlite_only
@pytest.mark.row("VAL-1", bad_input=True)
async def test_the_shop_refuses_the_cancellation(world: World) -> None:
    world.buy(pays("declined"))
    await world.settle()
    errors = [{"field": ["orderId"], "message": "Cannot cancel an order with pending payment", "code": "INVALID"}]
    refusal = {"data": {"m0": {"job": None, "orderCancelUserErrors": errors}}}
    world.sandbox.fault("shopify", "orderCancel", "error", status=200, body=refusal)

    await world.advance(18.1)
    await act_on_deadlines(world)

    assert {} == world.sandbox.accepted("shopify").get("orderCancel", {})
    assert {"effect_rejected": 1} == cases(world)
    assert ["held"] == list(states(world).values())
    assert not world.broken()
