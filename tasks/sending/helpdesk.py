"""Effects at the helpdesk: a request's ticket and the notes on it, written at the moment of sending from the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlmodel import Session

from config import wiring
from config.accounts import ConfigError
from connectors.errors import ConnectorError, VendorRejected
from connectors.helpdesk.base import Helpdesk, TicketNote, TicketRequest, TicketState
from connectors.outcomes import Outcome
from domain.addresses import format_lines
from domain.decisions import in_words
from domain.edits import OF_A_PERSON, EditKind
from domain.money import Money
from domain.order import Facts
from ledger.editing import tickets
from ledger.editing.requests import RequestRow, actions_of
from ledger.editing.wording import changes_of
from ledger.effects import EffectRow, Handlers, Verdict
from ledger.orders import OrderRow, address_of, contacts
from ledger.rows import select_by
from ledger.tables import EditQuestion, EditRequest, Order
from tasks.effects import EffectKind, attempt
from tasks.runtime import each, in_ledger

TICKET = Handlers(tickets.ticket_opened, tickets.refused_there, can_look_up=True)
NOTE = Handlers(tickets.note_added, tickets.refused_there, tickets.guard_notes, can_look_up=True)
_TOLD = {
    "review": "A person has to decide.",
    "parked": "The change stopped half-way: shop and warehouse differ. A person has to look at both.",
    "asked": "The customer was asked a question and may answer on the request's page.",
    "answered": "The customer has answered. A person has to decide.",
    "answered_late": "The customer has answered after the end; nothing follows from it by itself.",
    "payment": "The customer was sent a payment page.",
    "applied": "The change is made, in the shop and at the warehouse.",
    "refused": "The change was refused, and the customer was told why.",
    "expired": "The time for it is over, and the customer was told.",
    "withdrawn": "The customer has withdrawn it.",
    "undone": "It could not be carried out; everything was put back, and the customer was told.",
    "paid_late": "A payment came after the end; it goes back to the customer.",
}


def _helpdesk() -> Helpdesk:
    """Raises: ConfigError when the account is gone."""
    found = wiring.current().helpdesk()
    if found is None:
        raise ConfigError("the accounts file has no [[helpdesk]] entry; add the account that tickets were planned for")
    return found


async def open_tickets(rows: Sequence[EffectRow]) -> list[Verdict]:
    """Open tickets. An e-mail address that the helpdesk does not take leaves the ticket without its customer."""
    written = await in_ledger(_written, rows)

    async def open_one(row: EffectRow) -> Outcome:
        request = _ticket(row, written[row["id"]])
        outcome = await _helpdesk().open_ticket(request)
        if isinstance(outcome, VendorRejected) and outcome.reason == "bad_requester" and request.requester_email:
            return await _helpdesk().open_ticket(replace(request, requester_name="", requester_email=""))
        return outcome

    return await _each(rows, lambda row: attempt(open_one(row), TICKET))


def _ticket(row: EffectRow, written: Mapping[str, Any]) -> TicketRequest:
    return TicketRequest(
        reference=row["subject_id"],
        subject=written["subject"],
        body=written["body"],
        state=TicketState(row["request"]["state"]),
        urgent=row["request"]["what"] == "parked",
        tags=("aftercart", "edit", *written["kinds"]),
        requester_name=written["name"],
        requester_email=written["email"],
    )


async def find_tickets(rows: Sequence[EffectRow]) -> list[Verdict]:
    async def find(row: EffectRow) -> Verdict:
        ticket = await _helpdesk().find_ticket(row["subject_id"])
        return Verdict("done", external_id=ticket.external_id) if ticket else Verdict("absent", code="looked_up")

    return await _each(rows, lambda row: _looked_up(find(row)))


async def add_notes(rows: Sequence[EffectRow]) -> list[Verdict]:
    written = await in_ledger(_written, rows)

    def note(row: EffectRow) -> TicketNote:
        state = TicketState(row["request"]["state"])
        return TicketNote(written[row["id"]]["ticket"], row["key"], written[row["id"]]["body"], state)

    return await _each(rows, lambda row: attempt(_helpdesk().add_note(note(row)), NOTE))


async def find_notes(rows: Sequence[EffectRow]) -> list[Verdict]:
    written = await in_ledger(_written, rows)

    async def find(row: EffectRow) -> Verdict:
        there = await _helpdesk().has_note(written[row["id"]]["ticket"], row["key"])
        return Verdict("done") if there else Verdict("absent", code="looked_up")

    return await _each(rows, lambda row: _looked_up(find(row)))


async def _each(rows: Sequence[EffectRow], call: Any) -> list[Verdict]:
    return await each(call, rows, at_once=wiring.current().settings.vendor_concurrency)


async def _looked_up(look: Any) -> Verdict:
    try:
        found: Verdict = await look
    except ConnectorError as error:
        return Verdict("retry", code=error.code, detail=error.detail)
    return found


def _written(session: Session, rows: Sequence[EffectRow]) -> dict[str, dict[str, Any]]:
    """By effect: what a ticket or a note says now."""
    requests = {row["id"]: row for row in select_by(session, EditRequest, "id", {row["subject_id"] for row in rows})}
    orders = {row["id"]: row for row in select_by(session, Order, "id", {row["order_id"] for row in rows})}
    people = contacts(session, [order["contact_id"] for order in orders.values()])
    found = {}
    for row in rows:
        request, order = requests[row["subject_id"]], orders[row["order_id"]]
        contact = people[order["contact_id"]]
        changes = changes_of(session, order, request)
        found[row["id"]] = {
            "subject": f"Order {order['name']}: change asked for",
            "body": _body(session, row["request"], order, request, changes),
            "ticket": request["ticket_external_id"],
            "kinds": sorted({change["kind"] for change in changes}),
            "name": contact["name"],
            "email": contact["email"],
        }
    return found


def _body(session: Session, told: Facts, order: OrderRow, request: RequestRow, changes: Sequence[Facts]) -> str:
    """`told`: what the effect was planned with."""
    desk = wiring.current().settings.desk_url.rstrip("/")
    asked_by = request["actor"] or request["origin"]
    lines = [
        _TOLD[told["what"]],
        *_asked(session, told.get("question", ""), told["what"]),
        "",
        f"Order {order['name']}, request {request['id']}, asked by {asked_by}.",
        *(f"- {_change(change)}" for change in changes),
        *_addresses(session, order, request),
        "",
        *_money(request["quote"], order["currency"], request["paid_minor"]),
        *(f"Why: {in_words(reason['code'])}" for reason in request["reasons"]),
        f"Desk: {desk}/desk/orders/{order['id']}",
    ]
    return "\n".join(lines)


def _asked(session: Session, question_id: str, what: str) -> list[str]:
    """Question and answer in their own words; a word that was purged meanwhile is left out."""
    found = select_by(session, EditQuestion, "id", [question_id] if question_id else [])
    words = [("Question", row["question"]) for row in found]
    words += [("Answer", row["answer"]) for row in found if what != "asked"]
    return [f"{name}: {text}" for name, text in words if text]


def _change(change: Facts) -> str:
    match change["kind"]:
        case EditKind.QUANTITY:
            return f"{change['title']}: {change['quantity']} instead of {change['was']}"
        case EditKind.SWAP:
            return f"{change['quantity']} × {change['to']} instead of {change['title']}"
        case EditKind.ADD:
            return f"{change['quantity']} × {change['title']} added"
        case EditKind.REMOVE:
            return f"{change['title']} removed"
        case EditKind.SHIPPING:
            return f"Shipping: {change['title']}"
        case EditKind.CANCEL:
            return "The whole order cancelled"
    return "Another address" if change["kind"] == EditKind.ADDRESS else "Other contact details"


def _addresses(session: Session, order: OrderRow, request: RequestRow) -> list[str]:
    """Before and after, for changes of a person."""
    wanted = [a.contact_version for a in actions_of(session, request["id"]) if a.kind in OF_A_PERSON]
    before = request["plan"].get("contact_before") or order["contact_id"]
    ids = [version for version in (before, *wanted[:1]) if version]
    versions = contacts(session, ids) if wanted else {}
    shown = []
    for word, version in zip(("Before", "After"), ids, strict=False):
        if version in versions:
            lines = format_lines(address_of(versions[version]))
            shown.append(f"{word}: {', '.join([*lines, versions[version]['phone'], versions[version]['email']])}")
    return shown


def _money(quote: Mapping[str, Any], currency: str, paid_minor: int) -> list[str]:
    if "new_total_minor" not in quote:
        return []
    before, after = (Money(quote[f"{when}_total_minor"], currency).display() for when in ("old", "new"))
    lines = [f"Total: {before} before, {after} after."]
    if quote["to_pay_minor"]:
        paid = "paid" if paid_minor else "not paid"
        lines.append(f"To pay: {Money(quote['to_pay_minor'], currency).display()} ({paid}).")
    if quote["to_refund_minor"]:
        lines.append(f"Goes back: {Money(quote['to_refund_minor'], currency).display()}.")
    return lines


KINDS = {
    tickets.TICKET: EffectKind(TICKET, open_tickets, find_tickets),
    tickets.NOTE: EffectKind(NOTE, add_notes, find_notes),
}
