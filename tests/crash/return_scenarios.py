"""The same for what a return does outside."""

from domain.states_returns import ReturnState
from ledger.returning.intake import Graded, cancellation
from tests.crash.programs import RUNNER, WORKER
from tests.crash.scenario import Look, Scenarios, registering
from tests.support.exchanges import MISSING, wanted_in_shop
from tests.support.exchanges import line_of as claim_of
from tests.support.returns import (
    ask,
    delivered,
    drive,
    drive_until,
    label_code,
    line_of,
    opened,
    put,
    sent_by_the_3pl,
    take_back,
)
from tests.support.world import World
from tests.tasks.steps import EASYPOST_BUY, later

RETURNS: Scenarios = {}
PLAYERS = (RUNNER, WORKER)
FLOW = "return-order"
MUG = {"sku": "MUG-ENA-WHT"}
scenario = registering(RETURNS, programs=PLAYERS, flow=FLOW, ends="completed")


def ending(state: str, *, labels: int = 1) -> Look:
    """The request has come to this state, with so many labels that are good."""

    def look(world: World) -> list[str]:
        states = [row["state"] for row in world.rows("SELECT state FROM return_request")]
        ended = [] if states == [state] else [f"the return is {' '.join(states) or 'missing'}, not {state}"]
        bought = [
            each for each in world.sandbox.control("easypost/labels") if each["is_return"] and not each["refunded"]
        ]
        return ended + ([] if len(bought) == labels else [f"{len(bought)} labels for the way back, not {labels}"])

    return look


async def asked(world: World) -> str:
    """A request that nobody has taken yet; returns its id."""
    [order_id] = await delivered(world)
    return ask(world, order_id, [line_of(order_id)])


@scenario("carrier.return_quote", "easypost", "POST /v2/shipments", unlike=ending("label_issued"))
async def quote_way_back(world: World) -> None:
    await asked(world)


@scenario("carrier.return_label", "easypost", EASYPOST_BUY, unlike=ending("label_issued"))
async def buy_way_back(world: World) -> None:
    await asked(world)


@scenario("carrier.return_code", "easypost", "POST /v2/shipments/{id}/forms", unlike=ending("label_issued"))
async def code_for_the_counter(world: World) -> None:
    await asked(world)


def carriers_label(world: World) -> list[str]:
    """The carrier's own label, and none that was bought elsewhere."""
    good = [each for each in world.sandbox.control("ups/labels") if not each["voided"]]
    return ending("label_issued", labels=0)(world) + ([] if len(good) == 1 else [f"{len(good)} labels of the carrier"])


def made_by_the_carrier(world: World) -> None:
    world.rule("way_back.toml", 'label_from = ""', 'label_from = "ups/main"')


@scenario("carrier.return_ship", "ups", "POST /api/shipments/{version}/ship", unlike=carriers_label)
async def make_way_back(world: World) -> None:
    made_by_the_carrier(world)
    await asked(world)


@scenario(
    "carrier.return_recall", "ups", "DELETE /api/shipments/{version}/void/cancel/{number}",
    unlike=ending("cancelled", labels=0),
)  # fmt: skip
async def recall_label(world: World) -> None:
    made_by_the_carrier(world)
    await give_label_back(world)


@scenario("carrier.return_void", "easypost", "POST /v2/shipments/{id}/refund", unlike=ending("cancelled", labels=0))
async def give_label_back(world: World) -> None:
    [order_id] = await delivered(world)
    request = await take_back(world, order_id)
    put(world, cancellation(request["id"], order_id, "portal"))


def replaced(world: World) -> list[str]:
    """The same was sent once more, by one line that the shop has too."""
    states = [row["state"] for row in world.rows("SELECT state FROM exchange")]
    wanted = wanted_in_shop(world)
    return ending("closed", labels=0)(world) + (
        [] if (states, wanted) == (["ordered"], {MUG["sku"]: 2}) else [f"{states}, and the shop has {wanted}"]
    )


async def missing(world: World) -> None:
    """A customer claims what the parcel came without."""
    [order_id] = await delivered(world)
    ask(world, order_id, [claim_of(order_id, **MISSING)])


@scenario("shop.exchange_open", "shopify", "returnCreate", unlike=replaced, ends="in_fulfilment")
async def promise_replacement(world: World) -> None:
    await missing(world)


@scenario("shop.exchange_process", "shopify", "returnProcess", unlike=replaced, ends="in_fulfilment")
async def order_replacement(world: World) -> None:
    await missing(world)


@scenario("shop.refund", "shopify", "refundCreate", name="shop.refund of a return", unlike=ending("closed"))
async def refund_inspected(world: World) -> None:
    """Everything is there but the grades, which have just come in."""
    request_id = await asked(world)
    await grades_come_in(world, request_id)


async def grades_come_in(world: World, request_id: str) -> None:
    """Of a mug on its way back, which nobody has read yet."""
    await drive(world)
    await opened(world, label_code(world, request_id), MUG)
    await world.settle()
    put(world, Graded("scan_graded", "brooklyn", request_id, {f"{request_id}:01:1": "a"}).delivery())


@scenario("shop.return_open", "shopify", "returnCreate", unlike=ending("label_issued"))
async def open_in_shop(world: World) -> None:
    await asked(world)


@scenario("shop.return_process", "shopify", "returnProcess", unlike=ending("closed"))
async def process_in_shop(world: World) -> None:
    await refund_inspected(world)


@scenario("shop.return_close", "shopify", "returnClose", unlike=ending("closed"))
async def close_in_shop(world: World) -> None:
    await refund_inspected(world)


@scenario("shop.return_cancel", "shopify", "returnCancel", unlike=ending("cancelled", labels=0))
async def cancel_in_shop(world: World) -> None:
    [order_id] = await delivered(world)
    request = await take_back(world, order_id)
    await world.settle()
    put(world, cancellation(request["id"], order_id, "portal"))


async def asked_in_shop(world: World) -> None:
    """A customer asks in the shop itself; nobody has taken the request yet."""
    number = world.orders()[0]["legacy_id"]
    wanted = {"lines": [{**MUG, "quantity": 1, "reason": "style"}], "requested": True}
    world.sandbox.control(f"shopify/alpha/orders/{number}/return", wanted)
    await world.settle()


@scenario("shop.return_approve", "shopify", "returnApproveRequest", unlike=ending("label_issued"))
async def approve_in_shop(world: World) -> None:
    await delivered(world)
    await asked_in_shop(world)


@scenario("shop.return_decline", "shopify", "returnDeclineRequest", unlike=ending("declined", labels=0))
async def decline_in_shop(world: World) -> None:
    await delivered(world)
    await later(world, 24 * 100)
    await asked_in_shop(world)


@scenario("shop.refund_credit", "shopify", "refundCreate", unlike=ending("closed"))
async def credit_inspected(world: World) -> None:
    """Everything is there but the grades."""
    [order_id] = await delivered(world)
    request_id = ask(world, order_id, [line_of(order_id, resolution="store_credit")])
    await grades_come_in(world, request_id)


@scenario("shop.credit_bonus", "shopify", "storeCreditAccountCredit", unlike=ending("closed"))
async def bonus_of_credit(world: World) -> None:
    await credit_inspected(world)


@scenario("node.return_announce", "shipbob", "POST /2026-01/return", unlike=ending("label_issued"))
async def announce_to_node(world: World) -> None:
    """Decided here, so that the programs need no rules of their own; its label is bought by them."""
    order_id = await sent_by_the_3pl(world)
    await drive_until(world, ask(world, order_id, [line_of(order_id)]), ReturnState.APPROVED)


@scenario("node.return_cancel", "shipbob", "POST /2026-01/return/{id}:cancel", unlike=ending("cancelled", labels=0))
async def cancel_at_node(world: World) -> None:
    order_id = await sent_by_the_3pl(world)
    request = await take_back(world, order_id)
    await world.settle()
    put(world, cancellation(request["id"], order_id, "portal"))
