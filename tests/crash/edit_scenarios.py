"""The same for what an edit does outside: forward, and back again when somebody has refused."""

from typing import Any

from domain.states import EditState
from ledger.editing.intake import withdrawal
from ledger.inbox import store
from ledger.operator import resolve_case
from tasks.shift import leftovers
from tests.crash.programs import RUNNER, WORKER
from tests.crash.scenario import Look, Scenarios, registering
from tests.support.edits import MOVED, ask, drive, drive_until, order_ids, request_row
from tests.support.packed import open_edits, unlike
from tests.support.world import World
from tests.tasks.steps import at_shipbob, release

EDITS: Scenarios = {}

ADDRESS_AT_NODE = "PUT /2026-01/shipment/{shipmentId}:updateAddress"
LINES_AT_NODE = "POST /2026-01/shipment/{shipmentId}:updateLineItems"
UPDATE, COMMIT = "orderUpdate", "orderEditCommit"
PAGES = "POST /v1/checkout/sessions"
MOVE = {"kind": "address", "contact_version": "$proposed"}
REACH = {"kind": "contact", "contact_version": "$proposed"}
CANCEL = {"kind": "cancel"}
NOBODYS_STREET = {**MOVED, "line1": "8 Missing Unit Road"}
OTHER_CONTACT = {"email": "ada.new@example.com", "phone": "+16175550199"}
PLAYERS = (RUNNER, WORKER)
FLOW = "edit-order"
scenario = registering(EDITS, programs=PLAYERS, flow=FLOW)


def ending(state: str, *, alike: bool = True) -> Look:
    """The request has come to this state, and somebody has the word when it has not ended; the shop shows what the
    nodes pack."""

    def look(world: World) -> list[str]:
        states = [row["state"] for row in world.rows("SELECT state FROM edit_request")]
        ended = [] if states == [state] else [f"the request is {' '.join(states) or 'missing'}, not {state}"]
        return [*ended, *open_edits(world), *(unlike(world) if alike else ())]

    return look


def two_cans(**changes: Any) -> dict[str, Any]:
    return at_shipbob(**{"lines": [{"sku": "GAS-230", "quantity": 2}], **changes})


def fewer(order_id: str) -> dict[str, Any]:
    return {"kind": "quantity", "line_id": f"{order_id}:001", "quantity": 1}


async def bought(world: World, body: dict[str, Any]) -> str:
    """An order in its edit window, all seen to; returns its id."""
    world.buy(body)
    await world.settle()
    return order_ids(world)[-1]


async def at_its_node(world: World, body: dict[str, Any]) -> str:
    await release(world, body)
    return order_ids(world)[-1]


def refuse(world: World, operation: str, *, skip: int = 0) -> None:
    """The shop refuses its next call of this kind, or one of those after it."""
    payload = {"order": None, "userErrors": [{"field": ["id"], "message": "The order cannot be changed"}]}
    answer = {"data": {"m0": payload, operation: payload}}
    world.sandbox.fault("shopify", operation, "error", status=200, body=answer, skip=skip)


async def refused(
    world: World, order_id: str, actions: list[dict[str, Any]], operation: str, *, skip: int = 0, **more: Any
) -> None:
    """A request that has got so far that everything is to be put back."""
    refuse(world, operation, skip=skip)
    await drive_until(world, ask(world, order_id, actions, **more), EditState.UNDOING)


@scenario("node.change_address", "shipbob", ADDRESS_AT_NODE, unlike=ending("applied"))
async def change_address(world: World) -> None:
    ask(world, await at_its_node(world, at_shipbob()), [MOVE], contact=MOVED)


@scenario("node.change_lines", "shipbob", LINES_AT_NODE, unlike=ending("applied"))
async def change_lines(world: World) -> None:
    order_id = await at_its_node(world, two_cans())
    ask(world, order_id, [fewer(order_id)])


@scenario("shop.edit", "shopify", COMMIT, unlike=ending("applied"))
async def edit_lines(world: World) -> None:
    order_id = await bought(world, two_cans())
    ask(world, order_id, [fewer(order_id)])


@scenario("shop.edit_address", "shopify", UPDATE, unlike=ending("applied"))
async def edit_address(world: World) -> None:
    ask(world, await bought(world, at_shipbob()), [MOVE], contact=MOVED)


@scenario("shop.edit_contact", "shopify", UPDATE, unlike=ending("applied"))
async def edit_contact(world: World) -> None:
    ask(world, await bought(world, at_shipbob()), [REACH], contact=OTHER_CONTACT)


@scenario(
    "node.cancel", "shipbob", "POST /2026-01/order/{orderId}:cancel", name="node.cancel of an edit",
    unlike=ending("applied"), ends="cancelled",
)  # fmt: skip
async def cancel_at_node(world: World) -> None:
    ask(world, await at_its_node(world, at_shipbob()), [CANCEL])


@scenario(
    "shop.cancel", "shopify", "orderCancel", name="shop.cancel of an edit",
    unlike=ending("applied"), ends="cancelled",
)  # fmt: skip
async def cancel_in_shop(world: World) -> None:
    ask(world, await at_its_node(world, at_shipbob()), [CANCEL])


@scenario(
    "node.change_address", "shipbob", ADDRESS_AT_NODE, name="node.change_address undone",
    unlike=ending("undone"),
)  # fmt: skip
async def undo_address(world: World) -> None:
    await refused(world, await at_its_node(world, at_shipbob()), [MOVE], UPDATE, contact=MOVED)


@scenario(
    "node.change_lines", "shipbob", LINES_AT_NODE, name="node.change_lines undone",
    unlike=ending("undone"),
)  # fmt: skip
async def undo_lines(world: World) -> None:
    order_id = await at_its_node(world, two_cans())
    await refused(world, order_id, [fewer(order_id)], COMMIT)


@scenario("shop.edit", "shopify", COMMIT, name="shop.edit undone", unlike=ending("undone"))
async def undo_lines_in_shop(world: World) -> None:
    order_id = await at_its_node(world, two_cans())
    await refused(world, order_id, [MOVE, fewer(order_id)], UPDATE, contact=MOVED)


@scenario(
    "shop.edit_address", "shopify", UPDATE, name="shop.edit_address undone", unlike=ending("undone")
)  # fmt: skip
async def undo_address_in_shop(world: World) -> None:
    order_id = await bought(world, two_cans())
    await refused(world, order_id, [MOVE, REACH], UPDATE, skip=1, contact=MOVED | OTHER_CONTACT)


@scenario("shop.refund", "shopify", "refundCreate", unlike=ending("applied"))
async def refund(world: World) -> None:
    order_id = await bought(world, two_cans())
    await drive_until(world, ask(world, order_id, [fewer(order_id)]), EditState.CONFIRMING)


async def one_more(world: World, *actions: dict[str, Any], **more: Any) -> str:
    """A request for another can; returns its id."""
    order_id = await bought(world, at_shipbob())
    return ask(world, order_id, [*actions, {"kind": "quantity", "line_id": f"{order_id}:001", "quantity": 2}], **more)


@scenario("payment.link", "stripe", PAGES, unlike=ending("awaiting_payment"))
async def make_page(world: World) -> None:
    await one_more(world)


async def with_page(world: World) -> str:
    """A request whose page is made and not paid yet."""
    request_id = await one_more(world)
    await drive_until(world, request_id, EditState.AWAITING_PAYMENT)
    await drive(world)
    return request_id


def pay(world: World, request_id: str) -> None:
    """The customer pays on the page."""
    [page] = world.sandbox.control(f"stripe/sessions?client_reference_id={request_id}")
    world.sandbox.control(f"stripe/sessions/{page['id']}/pay", {})


def withdraw(world: World, request_id: str) -> None:
    """The customer does not want it any more."""
    gone = withdrawal(request_id, request_row(world, request_id)["order_id"], "portal")
    world.wiring.ledger(store, [gone], world.wiring.now())


@scenario(
    "payment.expire", "stripe", f"{PAGES}/{{session}}/expire", unlike=ending("withdrawn")
)  # fmt: skip
async def close_page(world: World) -> None:
    withdraw(world, await with_page(world))


@scenario("payment.refund", "stripe", "POST /v1/refunds", unlike=ending("undone"))
async def money_back(world: World) -> None:
    """Paid, and refused by the shop."""
    request_id = await with_page(world)
    pay(world, request_id)
    refuse(world, COMMIT)
    await drive_until(world, request_id, EditState.UNDOING)


@scenario("shop.manual_payment", "shopify", "orderCreateManualPayment", unlike=ending("applied"))
async def book_payment(world: World) -> None:
    request_id = await with_page(world)
    pay(world, request_id)
    await drive_until(world, request_id, EditState.CONFIRMING)


@scenario(
    "helpdesk.ticket", "zendesk", "POST /api/v2/tickets",
    unlike=ending("awaiting_review"), asks=("edit_review",),
)  # fmt: skip
async def open_ticket(world: World) -> None:
    """A person has to look at the address."""
    ask(world, await at_its_node(world, at_shipbob()), [MOVE], contact=NOBODYS_STREET)


@scenario(
    "helpdesk.note", "zendesk", "PUT /api/v2/tickets/{ticket_id}", unlike=ending("applied")
)  # fmt: skip
async def write_note(world: World) -> None:
    """The person has nothing against it, and its ticket is to hear of the end."""
    request_id = ask(world, await at_its_node(world, at_shipbob()), [MOVE], contact=NOBODYS_STREET)
    await drive_until(world, request_id, EditState.AWAITING_REVIEW)
    await leftovers()
    [case] = world.rows("SELECT id FROM review_case WHERE subject_id = :id", id=request_id)
    world.wiring.ledger(resolve_case, case["id"], "approve", world.wiring.now())
