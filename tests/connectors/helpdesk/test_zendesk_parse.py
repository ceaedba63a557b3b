"""Zendesk's bodies in our words, without a server."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.helpdesk.base import TicketNote, TicketRequest, TicketState
from connectors.helpdesk.zendesk_parse import (
    note_body,
    notes_page,
    parse_ticket,
    parse_tickets,
    read_refusal,
    ticket_body,
)
from connectors.reading import Unreadable
from tests.support.openapi import check_request, load_spec

REQUEST = TicketRequest(
    reference="edit_1",
    subject="Order #1001: change of address",
    body="Wants another address.",
    state=TicketState.OPEN,
    urgent=True,
    tags=("aftercart", "edit address"),
    requester_name="Ada Byron",
    requester_email="ada@customer.example",
)
NOTE = TicketNote("7", "edit_1:applied", "Done.", TicketState.SOLVED)


def test_bodies_are_what_the_contract_allows(shared: Path) -> None:
    spec = load_spec(shared / "contracts/zendesk/zendesk-support-openapi.yml")
    for state in TicketState:
        check_request(spec, "POST", "/tickets", ticket_body(replace(REQUEST, state=state), 5))
        check_request(spec, "PUT", "/tickets/{ticket_id}", note_body(replace(NOTE, state=state), None))


def test_a_new_ticket_is_an_internal_note() -> None:
    ticket = ticket_body(REQUEST, 5)["ticket"]

    assert {"body": "Wants another address.\n\nReference: edit_1", "public": False} == ticket["comment"]
    assert ("new", "urgent", ["aftercart", "edit_address"]) == (ticket["status"], ticket["priority"], ticket["tags"])
    assert "assignee_id" not in ticket


def test_what_we_solve_has_an_assignee() -> None:
    assert 5 == ticket_body(replace(REQUEST, state=TicketState.SOLVED), 5)["ticket"]["assignee_id"]
    assert 5 == note_body(NOTE, 5)["ticket"]["assignee_id"]
    assert "assignee_id" not in note_body(NOTE, None)["ticket"]


def test_a_customer_whom_the_helpdesk_refuses_is_left_out() -> None:
    nobody = replace(REQUEST, requester_name="", requester_email="")
    assert "requester" not in ticket_body(nobody, None)["ticket"]


def test_somebody_without_a_name_has_one_at_the_helpdesk() -> None:
    requester = ticket_body(replace(REQUEST, requester_name=""), None)["ticket"]["requester"]

    assert {"name": "ada@customer.example", "email": "ada@customer.example"} == requester


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("new", TicketState.OPEN),
        ("open", TicketState.OPEN),
        ("hold", TicketState.OPEN),
        ("pending", TicketState.PENDING),
        ("solved", TicketState.SOLVED),
        ("closed", TicketState.SOLVED),
        ("something", TicketState.OPEN),
    ],
)
def test_states(status: str, state: TicketState) -> None:
    ticket = parse_ticket({"id": 7, "external_id": "edit_1", "status": status})

    assert ("7", "edit_1", state) == (ticket.external_id, ticket.reference, ticket.state)


@pytest.mark.parametrize("body", [None, [], {}, {"tickets": None}, {"tickets": [{}]}])
def test_a_list_that_cannot_be_read(body: Any) -> None:
    with pytest.raises(Unreadable):
        parse_tickets(body)


def test_a_note_is_known_by_its_whole_reference() -> None:
    bodies = ["Wants it.\n\nReference: edit_1", "x\r\n  Reference: edit_12 \r\n", "about Reference: edit_3", None]
    page = {"comments": [{"body": body} for body in bodies], "next_page": "https://x"}

    assert ({"edit_1", "edit_12"}, True) == notes_page(page)
    assert (set(), False) == notes_page({"comments": [], "next_page": None})


@pytest.mark.parametrize("body", [None, {}, {"comments": 5}])
def test_comments_that_cannot_be_read(body: Any) -> None:
    with pytest.raises(Unreadable):
        notes_page(body)


def invalid(field: str, description: str) -> dict[str, Any]:
    details = {field: [{"description": description, "error": "InvalidValue"}]}
    return {"error": "RecordInvalid", "description": "Record validation errors", "details": details}


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (422, invalid("requester", "Requester: Email:  x is not properly formatted"), "bad_requester"),
        (422, invalid("requester", "Requester: Name:  is too short (minimum is 1 character)"), "bad_requester"),
        (422, invalid("base", "Requester: is suspended"), "bad_requester"),
        (422, invalid("status", "Status: closed prevents ticket update"), "closed"),
        (422, invalid("base", "Assignee: is required when solving a ticket"), "not_solvable"),
        (422, invalid("subject", "Subject: cannot be blank"), "rejected"),
        (404, {"error": "RecordNotFound", "description": "Not found"}, "not_found"),
        (400, {"error": {"title": "x"}, "details": []}, "rejected"),
        (400, None, "rejected"),
    ],
)
def test_refusals(status: int, body: Any, reason: str) -> None:
    refusal = read_refusal(status, body)

    assert (reason, False) == (refusal.reason, refusal.busy)


def test_a_ticket_that_somebody_else_changes_is_busy() -> None:
    assert read_refusal(409, {"error": "Conflict"}).busy
