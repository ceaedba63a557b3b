"""What is said of an edit: mails to the customer, a ticket at the helpdesk with a note for each turn (EDT-7)."""

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from ledger import operator
from tests.support.edits import MOVED, ask, drive, edit, order_ids, request_row
from tests.support.world import World
from tests.tasks.steps import at_workshop, cases, later

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ABROAD = {"line1": "Mollardgasse 85", "line2": "", "city": "Wien", "region": "", "postal_code": "1060", "country": "AT"}
MUGS = {"sku": "MUG-ENA-WHT", "quantity": 2}


async def bought(world: World, **changes: Any) -> str:
    world.buy(at_workshop(**{"lines": [MUGS], **changes}))
    await world.settle()
    [order_id] = order_ids(world)
    return order_id


def ticket(world: World, request: Any) -> dict[str, Any]:
    """The one ticket of the request."""
    [found] = world.sandbox.control(f"zendesk/tickets?external_id={request['id']}")
    return dict(found)


def notes(world: World, request: Any) -> list[str]:
    return [str(comment["body"]) for comment in ticket(world, request)["comments"]]


def edit_mails(world: World) -> list[str]:
    """Kinds of the mails about edits that were really sent, oldest first."""
    sent = world.rows("SELECT kind FROM message WHERE kind LIKE 'edit%' AND state = 'sent' ORDER BY sent_at, id")
    return [row["kind"] for row in sent]


@pytest.mark.row("EDT-7")
async def test_an_applied_edit_is_one_mail_and_one_solved_ticket(world: World) -> None:
    order_id = await bought(world)
    request = await edit(world, order_id, [{"kind": "quantity", "line_id": f"{order_id}:001", "quantity": 1}])
    await later(world, 0.1)

    assert request["state"] == "applied"
    assert edit_mails(world) == ["edit_applied"], "that it came in is not said any more"
    found = ticket(world, request)
    assert (found["status"], found["requester"]["email"]) == ("solved", "ada@example.com")
    [note] = notes(world, request)
    assert "1 instead of 2" in note
    assert "goes back" in note.lower()
    assert f"/desk/orders/{order_id}" in note
    assert request_row(world, request["id"])["ticket_external_id"] == str(found["id"])
    [mail] = world.mails(subject="changed")
    assert "1 instead of 2" in world.sandbox.get(f"/mail/api/messages/{mail['id']}")["text"]


@pytest.mark.row("EDT-7")
@sqlite_only
async def test_a_request_that_waits_for_a_person_says_so_and_its_ticket_follows_it(world: World) -> None:
    order_id = await bought(world)
    request = await edit(world, order_id, [{"kind": "address", "contact_version": "$"}], contact=ABROAD)
    assert request["state"] == "awaiting_review"
    await later(world, 0.02)

    assert edit_mails(world) == ["edit_waiting"]
    assert ticket(world, request)["status"] == "new"
    [opened] = notes(world, request)
    assert "Before: Ada Lovelace, 12 Main Street" in opened
    assert "After: Ada Lovelace, Mollardgasse 85" in opened
    assert "Why: the parcel would go to another country" in opened

    case = world.row("SELECT id FROM review_case WHERE state <> 'resolved'")
    world.wiring.ledger(operator.resolve_case, case["id"], "decline", world.wiring.now())
    await drive(world)
    await later(world, 0.1)

    assert edit_mails(world) == ["edit_waiting", "edit_refused"]
    assert ticket(world, request)["status"] == "solved"
    assert len(notes(world, request)) == 2
    assert request_row(world, request["id"])["state"] == "refused"


@pytest.mark.row("EDT-7")
@sqlite_only
async def test_a_payment_is_asked_for_with_its_page(world: World) -> None:
    order_id = await bought(world)
    request = await edit(world, order_id, [{"kind": "quantity", "line_id": f"{order_id}:001", "quantity": 3}])
    await later(world, 0.02)

    assert edit_mails(world) == ["edit_payment"]
    [mail] = world.mails(subject="Please pay")
    assert request["payment_url"] in world.sandbox.get(f"/mail/api/messages/{mail['id']}")["text"]
    facts = world.row("SELECT facts FROM message WHERE kind = 'edit_payment'")["facts"]
    assert request["payment_url"] not in facts, "the page is no fact: it is joined at sending"
    assert world.sandbox.control(f"zendesk/tickets?external_id={request['id']}") == [], "nobody has to act"


@pytest.mark.row("EDT-7", bad_input=True)
@pytest.mark.breaks_invariants  # stock that no movement explains
@sqlite_only
async def test_what_is_sold_out_is_refused_with_what_there_is_instead(world: World) -> None:
    order_id = await bought(world)
    with world.wiring.engine.begin() as connection:
        connection.execute(sa.text("UPDATE inventory_level SET node_free = 0 WHERE sku = 'MUG-ENA-BLU'"))
    request = await edit(world, order_id, [{"kind": "swap", "line_id": f"{order_id}:001", "sku": "MUG-ENA-BLU"}])
    await later(world, 0.1)

    assert (request["state"], request["reasons"][0]["code"]) == ("refused", "out_of_stock")
    assert edit_mails(world) == ["edit_refused"]
    [mail] = world.mails(subject="not possible")
    text = world.sandbox.get(f"/mail/api/messages/{mail['id']}")["text"]
    assert "Not in stock" in text
    assert "Enamel mug" in text.replace("Mug", "mug")


@pytest.mark.row("EDT-7")
@sqlite_only
async def test_that_it_came_in_is_said_only_when_it_takes_longer_than_a_minute(world: World) -> None:
    order_id = await bought(world)
    ask(world, order_id, [{"kind": "address", "contact_version": "$"}], contact=MOVED)
    world.sandbox.fault("shopify", "orderUpdate", "error", status=503, times=None)
    await drive_once(world)
    assert edit_mails(world) == []

    await later(world, 0.05)

    assert edit_mails(world) == ["edit_received"]


async def drive_once(world: World) -> None:
    from tasks.editing.driver import EDITS

    [request_id] = await EDITS.take_requests(5)
    lease = await EDITS.claim(request_id)
    assert lease is not None
    await EDITS.advance(request_id, lease)


@pytest.mark.row("EDT-7")
@sqlite_only
@pytest.mark.parametrize(("operation", "note"), [("POST /api/v2/tickets", False), ("PUT /api/v2/tickets/{id}", True)])
async def test_a_lost_answer_of_the_helpdesk_makes_nothing_twice(world: World, operation: str, note: bool) -> None:
    world.sandbox.fault("zendesk", operation, "error_after", status=502)
    order_id = await bought(world)
    if note:
        request = await edit(world, order_id, [{"kind": "address", "contact_version": "$"}], contact=ABROAD)
        await later(world, 0.02)
        await world.advance(25)  # nobody looked
        await drive(world)
    else:
        request = await edit(world, order_id, [{"kind": "quantity", "line_id": f"{order_id}:001", "quantity": 1}])
    for _ in range(3):
        await later(world, 0.1)

    assert len(notes(world, request)) == (2 if note else 1)
    assert {row["state"] for row in world.rows("SELECT state FROM effect WHERE kind LIKE 'helpdesk%'")} == {"done"}


@pytest.mark.row("EDT-7", bad_input=True)
@sqlite_only
async def test_an_address_that_the_helpdesk_does_not_take_leaves_a_ticket_without_its_customer(world: World) -> None:
    order_id = await bought(world, customer={"email": "ada@localhost"})
    request = await edit(world, order_id, [{"kind": "quantity", "line_id": f"{order_id}:001", "quantity": 1}])
    await later(world, 0.1)

    assert ticket(world, request)["requester"]["email"] != "ada@localhost"
    assert cases(world) == {}


@pytest.mark.row("EDT-7")
@sqlite_only
async def test_without_a_helpdesk_there_are_no_tickets(world: World) -> None:
    world.wiring.accounts = replace(world.wiring.accounts, helpdesk=())
    order_id = await bought(world)
    await edit(world, order_id, [{"kind": "quantity", "line_id": f"{order_id}:001", "quantity": 1}])
    await later(world, 0.1)

    assert world.rows("SELECT 1 FROM effect WHERE kind LIKE 'helpdesk%'") == []


@pytest.mark.row("EDT-7")
@sqlite_only
async def test_the_shops_own_edit_and_a_withdrawal_are_no_mails(world: World) -> None:
    order_id = await bought(world)
    await edit(world, order_id, [{"kind": "quantity", "line_id": f"{order_id}:001", "quantity": 1}], origin="shop")
    await later(world, 0.1)

    assert edit_mails(world) == []
    assert world.sandbox.control("zendesk/tickets")[0]["status"] == "solved"
