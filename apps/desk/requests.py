"""Requests to change an order, as the order's page shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from apps.desk.decision_words import reason_words
from apps.desk.timeline import Timeline, Told
from apps.desk.words import ASKED, REQUEST, actor_words, badge
from config.accounts import Accounts
from config.vendor_pages import payment_page, ticket_page
from domain.decisions import in_words
from domain.edits import EditKind
from domain.money import Money
from domain.states import EditState
from ledger.editing.intake import PROPOSED
from ledger.stories import Story


@dataclass(frozen=True, slots=True)
class Change:
    """One action: what it was before and what it is to be."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class QuestionShown:
    """What an agent asked the customer; the texts are empty once they were purged."""

    by: str
    at: datetime
    text: str
    answer: str
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class RequestShown:
    """`sums`: what the change does to the order's amounts; `settled`: what is to pay or goes back."""

    id: str
    state: tuple[str, str]  # text, tone
    by: str
    at: datetime
    changes: tuple[Change, ...]
    sums: tuple[Change, ...]
    settled: str
    reasons: tuple[str, ...]
    approved_by: str
    expires_at: datetime | None
    ended_at: datetime | None
    questions: tuple[QuestionShown, ...]
    ticket: str  # its number at the helpdesk
    ticket_url: str
    payment_url: str
    steps: tuple[Told, ...]


def requests_shown(
    story: Story, names: Mapping[str, str], titles: Mapping[str, str], places: Mapping[str, str], accounts: Accounts
) -> list[RequestShown]:
    """The newest first. `names` of agents by actor, `titles` of products by SKU, `places`: names of nodes by id."""
    timeline = Timeline(story, places, names)
    return [
        replace(
            _shown(story, row, names, titles),
            ticket_url=ticket_page(accounts, row["ticket_external_id"], row["id"]),
            payment_url=payment_page(accounts, row["payment_target"], row["payment_ref"]),
            steps=tuple(timeline.of_request(row)),
        )
        for row in reversed(story.requests)
    ]


def proposed_shown(
    story: Story,
    actions: Sequence[Mapping[str, Any]],
    contact: Mapping[str, str],
    quote: Mapping[str, Any],
    titles: Mapping[str, str],
) -> dict[str, Any]:
    """A request that nobody has asked for yet: `changes`, `sums` and `settled` as of one that stands. `contact`: the
    fields that would change."""
    proposed = {PROPOSED: {**story.contact, **contact}} if story.contact else {}
    story = replace(story, contacts={**story.contacts, **proposed})
    nothing = {"line_id": "", "sku": "", "quantity": None, "contact_version": "", "shipping_code": ""}
    currency = story.order["currency"]
    return {
        "changes": [_change(story, {**nothing, **action}, titles) for action in actions],
        "sums": _sums(quote, currency),
        "settled": _settled({"quote": quote, "paid_at": None}, currency),
    }


def _shown(story: Story, row: Mapping[str, Any], names: Mapping[str, str], titles: Mapping[str, str]) -> RequestShown:
    actions = [action for action in story.actions if action["request_id"] == row["id"]]
    questions = [question for question in story.questions if question["request_id"] == row["id"]]
    asked = row["state"] == EditState.AWAITING_REVIEW and any(one["answered_at"] is None for one in questions)
    return RequestShown(
        id=row["id"],
        state=ASKED if asked else badge(REQUEST, row["state"]),
        by=actor_words(row["actor"], names),
        at=row["created_at"],
        changes=tuple(_change(story, action, titles) for action in actions),
        sums=_sums(row["quote"], story.order["currency"]),
        settled=_settled(row, story.order["currency"]),
        reasons=tuple(
            reason_words(reason, story.order["currency"]) for reason in row["reasons"] if reason["code"] != "parked"
        ),
        approved_by=actor_words(row["approved_by"], names) if row["approved_by"] else "",
        expires_at=None if row["ended_at"] else row["expires_at"],
        ended_at=row["ended_at"],
        questions=questions_shown(questions, names),
        ticket=row["ticket_external_id"],
        ticket_url="",
        payment_url="",
        steps=(),
    )


def questions_shown(questions: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> tuple[QuestionShown, ...]:
    """What agents asked about a request, the oldest first."""
    return tuple(
        QuestionShown(
            by=actor_words(one["author"], names),
            at=one["asked_at"],
            text=one["question"] or "",
            answer=one["answer"] or "",
            answered_at=one["answered_at"],
        )
        for one in questions
    )


def _sums(quote: Mapping[str, Any], currency: str) -> tuple[Change, ...]:
    """Lines of the quote that change, and the total. See `domain.edit_quote.Quote`."""
    parts = {"goods": "Products", "discount": "Discounts", "shipping": "Shipping", "tax": "Tax", "total": "Total"}
    found = [(word, quote.get(f"old_{name}_minor"), quote.get(f"new_{name}_minor")) for name, word in parts.items()]
    return tuple(
        Change(word, _amount(old, word, currency), _amount(new, word, currency))
        for word, old, new in found
        if old is not None and new is not None and (old != new or word == "Total")
    )


def _amount(minor: int, word: str, currency: str) -> str:
    return Money(-minor if word == "Discounts" else minor, currency).display()


def _settled(row: Mapping[str, Any], currency: str) -> str:
    to_pay, to_refund = row["quote"].get("to_pay_minor", 0), row["quote"].get("to_refund_minor", 0)
    if to_pay:
        amount = Money(to_pay, currency).display()
        return f"The customer has paid {amount}." if row["paid_at"] else f"The customer has to pay {amount}."
    return f"{Money(to_refund, currency).display()} goes back to the customer." if to_refund else ""


def _change(story: Story, action: Mapping[str, Any], titles: Mapping[str, str]) -> Change:
    line: Mapping[str, Any] = next((line for line in story.lines if line["id"] == action["line_id"]), {})
    name = line.get("title") or titles.get(action["sku"], action["sku"])
    had = f"{line['ordered'] - line['cancelled']} × {name}" if line else ""
    match action["kind"]:
        case EditKind.ADDRESS:
            return Change("Address", *(address_line(contact) for contact in _versions(story, action)))
        case EditKind.CONTACT:
            return Change("Contact", *(contact_line(contact) for contact in _versions(story, action)))
        case EditKind.QUANTITY:
            return Change("Quantity", had, f"{action['quantity']} × {name}")
        case EditKind.SWAP:
            units = action["quantity"] or (line["ordered"] - line["cancelled"] if line else "")
            return Change("Swap", had, f"{units} × {titles.get(action['sku'], action['sku'])}")
        case EditKind.ADD:
            return Change("Added", "", f"{action['quantity']} × {titles.get(action['sku'], action['sku'])}")
        case EditKind.REMOVE:
            return Change("Removed", had, "")
        case EditKind.SHIPPING:
            return Change("Shipping", story.order["shipping_code"], action["shipping_code"])
        case EditKind.CANCEL:
            return Change("Cancel", "the whole order", "")
    return Change(in_words(action["kind"]).capitalize(), "", "")


def _versions(story: Story, action: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
    """The contact before the action and the wanted one: the order's present one, once it is another."""
    wanted = story.contacts.get(action["contact_version"])
    if story.contact is not wanted or wanted is None:
        return story.contact, wanted
    older = [
        row for row in story.contacts.values() if row["kind"] == wanted["kind"] and row["version"] < wanted["version"]
    ]
    return max(older, key=lambda row: int(row["version"]), default=None), wanted


def address_line(contact: Mapping[str, Any] | None) -> str:
    """An address on one line."""
    fields = ("name", "company", "line1", "line2", "postal_code", "city", "region", "country")
    return ", ".join(contact[name] for name in fields if contact[name]) if contact else ""


def contact_line(contact: Mapping[str, Any] | None) -> str:
    """How somebody is reached, on one line."""
    return ", ".join(contact[name] for name in ("email", "phone") if contact[name]) if contact else ""
