"""A helpdesk in our words: one ticket for each request of a customer."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from connectors.outcomes import Outcome


class TicketState(StrEnum):
    OPEN = "open"  # a person has to do something
    PENDING = "pending"  # the customer has to do something
    SOLVED = "solved"


@dataclass(frozen=True, slots=True)
class TicketRequest:
    """`reference` is our request's id, unique at the helpdesk. `body` is an internal note: no customer reads it.
    Without `requester_email` it is nobody's: for customers whose address the helpdesk refuses."""

    reference: str
    subject: str
    body: str
    state: TicketState
    urgent: bool
    tags: tuple[str, ...]
    requester_name: str
    requester_email: str


@dataclass(frozen=True, slots=True)
class TicketNote:
    """An internal note and a state. `reference` names the note: a look-up finds it in the ticket's text."""

    ticket: str
    reference: str
    body: str
    state: TicketState


@dataclass(frozen=True, slots=True)
class Ticket:
    external_id: str
    reference: str
    state: TicketState


class Helpdesk(Protocol):
    """Raises: ConnectorError, where no Outcome is returned."""

    system: str
    account: str

    async def open_ticket(self, request: TicketRequest) -> Outcome:
        """Sent.external_id is the ticket's id. After OutcomeUnknown ask `find_ticket`. VendorRejected
        `bad_requester` when the helpdesk does not take the e-mail address."""

    async def find_ticket(self, reference: str) -> Ticket | None: ...

    async def add_note(self, note: TicketNote) -> Outcome:
        """VendorRejected `closed` when the ticket cannot be changed any more. After OutcomeUnknown ask `has_note`."""

    async def has_note(self, ticket: str, reference: str) -> bool: ...

    async def check(self) -> str:
        """Prove that credentials work; returns the account's display name."""
