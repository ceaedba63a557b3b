"""Zendesk as a helpdesk.

API: Support API v2; an OpenAPI file of it (api-evangelist/zendesk, 2026-08), the vendor's pages on idempotency and on
native ticket rules read 2026-11. Auth: HTTP Basic with `{agent}/token` and an API token, or an OAuth access token as
bearer. Rate limit: 429 with `Retry-After`.
Quirks: an external id need not be unique, the oldest ticket counts; a key is honoured for new tickets only and for two
hours, so doubt is settled by looking; a closed ticket refuses changes; a solved one needs an assignee; a ticket that
left `new` never returns to it; a first comment that is not public mails nobody.
"""

import base64
import hashlib
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

import orjson

from connectors.errors import OutcomeUnknown, VendorRejected
from connectors.helpdesk.base import Ticket, TicketNote, TicketRequest
from connectors.helpdesk.zendesk_parse import (
    note_body,
    notes_page,
    parse_ticket,
    parse_tickets,
    read_refusal,
    ticket_body,
)
from connectors.http import VendorHttp
from connectors.outcomes import Outcome, Sent, returned
from connectors.reading import Unreadable
from connectors.transport import Client

__all__ = ["Zendesk", "ticket_page", "zendesk_http"]

VENDOR = "zendesk"
_TICKETS = "/api/v2/tickets"
_PAGE = 100  # the most that the API gives
T = TypeVar("T")


def zendesk_http(client: Client, base_url: str, token: str, *, email: str = "", **options: Any) -> VendorHttp:
    """The calls of one Zendesk account. `email` is of the agent whose API token it is; without it
    `token` is an OAuth access token. `options` are VendorHttp's own (timeout, limiter, sleep)."""
    basic = base64.b64encode(f"{email}/token:{token}".encode()).decode()
    return VendorHttp(
        client,
        vendor=VENDOR,
        base_url=base_url,
        headers={"authorization": f"Basic {basic}" if email else f"Bearer {token}"},
        read_refusal=read_refusal,
        **options,
    )


def ticket_page(base_url: str, ticket: str) -> str:
    """Where agents read a ticket: on the account's own host."""
    return f"{base_url.rstrip('/')}/agent/tickets/{quote(ticket, safe='')}"


class Zendesk:
    """One Zendesk account. `assignee_id`: the agent who has tickets that we solve, where the account does not assign
    solved tickets by itself."""

    system = VENDOR

    def __init__(self, http: VendorHttp, *, account: str, assignee_id: int | None = None) -> None:
        self.account = account
        self._http = http
        self._assignee_id = assignee_id

    @returned
    async def open_ticket(self, request: TicketRequest) -> Outcome:
        """See `Helpdesk.open_ticket`. VendorRejected `not_solvable` when a solved ticket lacks an assignee."""
        body = ticket_body(request, self._assignee_id)
        answer = await self._http.call(
            "open_ticket",
            "POST",
            _TICKETS,
            json=body,
            # Of the whole body: the same reference in other words would be refused. Closes the gap between a write
            # and the list that shows it.
            headers={"idempotency-key": hashlib.sha256(orjson.dumps(body)).hexdigest()},
            write=True,
        )
        return Sent(self._written("open_ticket", answer.body).external_id)

    async def find_ticket(self, reference: str) -> Ticket | None:
        """See `Helpdesk.find_ticket`; of several the oldest."""
        answer = await self._http.call(
            "find_ticket",
            "GET",
            _TICKETS,
            params={"external_id": reference, "per_page": _PAGE},
            write=False,
        )
        tickets = self._read("find_ticket", parse_tickets, answer.body)
        found = [ticket for ticket in tickets if ticket.reference == reference]
        return min(found, key=lambda ticket: (len(ticket.external_id), ticket.external_id), default=None)

    @returned
    async def add_note(self, note: TicketNote) -> Outcome:
        """See `Helpdesk.add_note`; a ticket that was deleted counts as closed."""
        body = note_body(note, self._assignee_id)
        answer = await self._http.call(
            "add_note", "PUT", f"{_TICKETS}/{note.ticket}", json=body, write=True, expect=(404,)
        )
        if answer.status == 404:
            return VendorRejected(VENDOR, "add_note", "not_found", reason="closed")
        return Sent(self._written("add_note", answer.body).external_id)

    async def has_note(self, ticket: str, reference: str) -> bool:
        """See `Helpdesk.has_note`; the newest comments are looked at first."""
        page, more = 0, True
        while more:
            page += 1
            answer = await self._http.call(
                "has_note",
                "GET",
                f"{_TICKETS}/{ticket}/comments",
                params={"sort_order": "desc", "page": page, "per_page": _PAGE},
                write=False,
                expect=(404,),
            )
            if answer.status == 404:
                return False
            references, more = self._read("has_note", notes_page, answer.body)
            if reference in references:
                return True
        return False

    async def check(self) -> str:
        """See `Helpdesk.check`. Asks for tickets: who one is, Zendesk tells strangers too."""
        answer = await self._http.call("check", "GET", _TICKETS, params={"per_page": 1}, write=False)
        self._read("check", parse_tickets, answer.body)
        return f"Zendesk {self.account}"

    def _read(self, operation: str, parse: Callable[[Any], T], body: Any) -> T:
        try:
            return parse(body)
        except Unreadable as exc:
            raise VendorRejected(VENDOR, operation, str(exc), reason="unreadable_answer") from exc

    def _written(self, operation: str, body: Any) -> Ticket:
        try:
            return parse_ticket((body or {}).get("ticket"))
        except (Unreadable, AttributeError) as exc:
            raise OutcomeUnknown(VENDOR, operation, "unreadable_answer") from exc
