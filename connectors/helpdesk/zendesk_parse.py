"""Zendesk's bodies in our words: pure functions over decoded JSON of the Support API v2."""

from collections.abc import Mapping
from typing import Any

from connectors.helpdesk.base import Ticket, TicketNote, TicketRequest, TicketState
from connectors.http import Refusal
from connectors.reading import Unreadable, identity, mapping, shaped, text

MARK = "Reference: "
# Custom statuses of an account belong to one of these; one that is not known is for a person to look at.
_STATES = {
    "pending": TicketState.PENDING,
    "solved": TicketState.SOLVED,
    "closed": TicketState.SOLVED,
}
_UNTOUCHED = "new"  # what nobody has taken up yet; a ticket never goes back to it


def ticket_body(request: TicketRequest, assignee_id: int | None) -> dict[str, Any]:
    """The body of `POST /tickets`; its first comment is an internal note, so nobody is mailed."""
    ticket: dict[str, Any] = {
        "subject": request.subject,
        "comment": _note(request.body, request.reference),
        "external_id": request.reference,
        "status": _UNTOUCHED if request.state is TicketState.OPEN else request.state.value,
        "priority": "urgent" if request.urgent else "normal",
        "tags": ["_".join(tag.split()) for tag in request.tags],  # a blank would make two tags of one
    }
    if request.requester_email:  # else the ticket is the agent's whose token we use; a new requester needs a name
        name = request.requester_name or request.requester_email
        ticket["requester"] = {"name": name, "email": request.requester_email}
    return {"ticket": ticket | _assignee(request.state, assignee_id)}


def note_body(note: TicketNote, assignee_id: int | None) -> dict[str, Any]:
    """The body of `PUT /tickets/{id}`."""
    ticket = {"comment": _note(note.body, note.reference), "status": note.state.value}
    return {"ticket": ticket | _assignee(note.state, assignee_id)}


def _note(body: str, reference: str) -> dict[str, Any]:
    return {"body": f"{body}\n\n{MARK}{reference}", "public": False}


def _assignee(state: TicketState, assignee_id: int | None) -> dict[str, Any]:
    return {"assignee_id": assignee_id} if assignee_id and state is TicketState.SOLVED else {}


@shaped
def parse_ticket(body: Any) -> Ticket:
    """One ticket. Raises: Unreadable."""
    data = mapping(body, "ticket")
    return Ticket(
        external_id=identity(data),
        reference=text(data.get("external_id")),
        state=_STATES.get(text(data.get("status")), TicketState.OPEN),
    )


@shaped
def parse_tickets(body: Any) -> list[Ticket]:
    """One page of a list. Raises: Unreadable."""
    rows = mapping(body, "tickets")["tickets"]
    if not isinstance(rows, list):
        raise Unreadable("not_a_list", "tickets")
    return [parse_ticket(row) for row in rows]


@shaped
def notes_page(body: Any) -> tuple[set[str], bool]:
    """The references that one page of comments names, and whether there is another page. Raises: Unreadable."""
    data = mapping(body, "comments")
    lines = [line.strip() for row in data["comments"] for line in text(row.get("body")).splitlines()]
    return {line.removeprefix(MARK) for line in lines if line.startswith(MARK)}, bool(data.get("next_page"))


def read_refusal(status: int, body: Any) -> Refusal:
    """Our reason of a 4xx. A refused record says in `details` which of its fields, and why in prose."""
    data = body if isinstance(body, Mapping) else {}
    details = data.get("details")
    fields = details if isinstance(details, Mapping) else {}
    said = [
        text(entry.get("description"))
        for entries in fields.values()
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, Mapping)
    ]
    words = " ".join([text(data.get("error")), *(said or [text(data.get("description"))])]).strip()
    # 409: the same record was being changed by somebody else
    return Refusal(_reason(status, fields, words.lower()), words, busy=status == 409)


def _reason(status: int, fields: Mapping[str, Any], words: str) -> str:
    if status == 404:
        return "not_found"
    if "closed prevents" in words:
        return "closed"
    if "requester" in fields or "requester:" in words:
        return "bad_requester"
    return "not_solvable" if "when solving" in words else "rejected"
