"""The handlers under `/api/v2/tickets` and `/api/v2/users`."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sandbox.core.http import Reply, Request, json_reply
from sandbox.core.world import World
from sandbox.zendesk.common import ZendeskError, bad_attribute, invalid, missing
from sandbox.zendesk.fields import changes, comment_of, requester_of, ticket_of
from sandbox.zendesk.model import Comment, Helpdesk, Ticket, User
from sandbox.zendesk.paging import paged
from sandbox.zendesk.views import Views

_CREATE, _UPDATE = "POST /api/v2/tickets", "PUT /api/v2/tickets/{ticket_id}"
_KEEP = timedelta(hours=2)  # developer.zendesk.com/api-reference/ticketing/introduction/#idempotency
_SORTS: dict[str, Callable[[Ticket], Any]] = {
    "created_at": lambda ticket: ticket.id,
    "updated_at": lambda ticket: ticket.updated_at,
    "priority": lambda ticket: ticket.priority or "",
    "status": lambda ticket: ticket.status,
    "ticket_type": lambda ticket: ticket.type or "",
}


class Tickets:
    """Tickets, their comments and the users who ask. A made ticket is kept under its idempotency key."""

    def __init__(self, world: World, desk: Helpdesk, views: Views) -> None:
        self._world, self._desk, self._views = world, desk, views
        self._kept: dict[str, tuple[Any, Reply, datetime]] = {}

    def create(self, request: Request) -> Reply:
        key, body, now = request.header("idempotency-key"), request.object(), self._world.clock.now()
        if key is None:
            return self._create(body)
        kept = self._kept.get(key)
        if kept is not None and now < kept[2] + _KEEP:
            if kept[0] != body:
                raise ZendeskError(
                    400, "IdempotentRequestError", "Request parameters don't match the given idempotency key"
                )
            return _looked_up(kept[1], "hit")
        reply = self._create(body)
        self._kept[key] = (body, reply, now)
        return _looked_up(reply, "miss")

    def _create(self, body: dict[str, Any]) -> Reply:
        given, desk, now = ticket_of(body), self._desk, self._world.clock.now()
        found = changes(given, desk, new=True)
        comment = comment_of(given, needed=True)
        assert comment is not None
        requester = self._requester(given)
        ticket = Ticket(len(desk.tickets) + 1, requester.id, desk.agent.id, now, now)
        self._set(ticket, found)
        if ticket.assignee_id is not None and "status" not in given:
            ticket.status = "open"
        author = given["comment"].get("author_id") if isinstance(given["comment"], dict) else None
        said = self._say(ticket, comment, self._author(author or requester.id))
        desk.tickets[ticket.id] = ticket
        self._world.counters.accepted("zendesk", _CREATE, ticket.external_id or str(ticket.id))
        events = [{"id": ticket.id * 1000, "type": "Create", "field_name": "status", "value": ticket.status}]
        view = self._answer(ticket, [*events, _told(said)])
        return json_reply(201, view, (("Location", self._views.address(f"/tickets/{ticket.id}.json")),))

    def update(self, request: Request) -> Reply:
        ticket = self.find(request)
        given = ticket_of(request.object())
        if ticket.status == "closed":
            raise invalid({"status": ["Status: closed prevents ticket update"]})
        found, comment = changes(given, self._desk, new=False), comment_of(given, needed=False)
        author = self._author((given.get("comment") or {}).get("author_id")) if comment else self._desk.agent
        before = {name: getattr(ticket, name) for name in found}
        self._set(ticket, found)
        if ticket.status in ("solved", "closed") and ticket.assignee_id is None:
            ticket.assignee_id = self._desk.agent.id
        ticket.updated_at = self._world.clock.now()
        events = [
            {"type": "Change", "field_name": name, "value": value, "previous_value": before[name]}
            for name, value in found.items()
            if value != before[name]
        ]
        if comment is not None:
            said = self._say(ticket, comment, author)
            events.append(_told(said))
            digest = hashlib.sha256(said.body.encode()).hexdigest()[:12]
            self._world.counters.accepted("zendesk", _UPDATE, f"{ticket.external_id or ticket.id} {digest}")
        return json_reply(200, self._answer(ticket, events))

    def _set(self, ticket: Ticket, found: dict[str, Any]) -> None:
        for name, value in found.items():
            setattr(ticket, name, value)

    def _requester(self, given: dict[str, Any]) -> User:
        """The known or new user who asks; without one it is the agent. Raises ZendeskError."""
        desk, wanted = self._desk, given.get("requester_id")
        person = requester_of(given)
        if person is None:
            return desk.agent if wanted is None else self._known(wanted, "requester")
        name, email = person
        known = desk.by_email(email)
        if known is not None:
            return known
        if not name:
            raise invalid({"requester": ["Requester: Name: is too short (minimum is 1 characters)"]})
        user = User(desk.agent.id + len(desk.users), name, email, "end-user", self._world.clock.now())
        desk.users[user.id] = user
        return user

    def _author(self, wanted: Any) -> User:
        return self._desk.agent if wanted is None else self._known(wanted, "author")

    def _known(self, wanted: Any, name: str) -> User:
        if not isinstance(wanted, int):
            raise bad_attribute(f"{name}_id", "must be an integer")
        user = self._desk.users.get(wanted)
        if user is None:
            raise invalid({name: [f"{name.capitalize()}: is invalid"]})
        return user

    def _say(self, ticket: Ticket, comment: tuple[str, bool], author: User) -> Comment:
        self._desk.comments_made += 1
        body, public = comment
        made = Comment(7_000_000 + 10 * self._desk.comments_made, author.id, body, public, self._world.clock.now())
        ticket.comments.append(made)
        return made

    def _answer(self, ticket: Ticket, events: list[dict[str, Any]]) -> dict[str, Any]:
        audit = self._views.audit(ticket, self._desk.agent.id, ticket.updated_at, events)
        return {"ticket": self._views.ticket(ticket), "audit": audit}

    def find(self, request: Request) -> Ticket:
        key = request.params["ticket_id"]
        ticket = self._desk.tickets.get(int(key)) if key.isdecimal() else None
        if ticket is None:
            raise missing()
        return ticket

    def get(self, request: Request) -> Reply:
        return json_reply(200, {"ticket": self._views.ticket(self.find(request))})

    def index(self, request: Request) -> Reply:
        wanted, order = request.query("external_id"), request.query("sort_by") or "created_at"
        if order not in _SORTS:
            raise ZendeskError(400, "InvalidValue", f"sort_by must be one of {', '.join(_SORTS)}")
        found = [t for t in self._desk.tickets.values() if wanted in (None, t.external_id)]
        found.sort(key=_SORTS[order], reverse=request.query("sort_order") == "desc")
        page = paged(request, "tickets", found, self._views.ticket, self._views.address("/tickets.json"))
        return json_reply(200, page)

    def comments(self, request: Request) -> Reply:
        ticket = self.find(request)
        newest_first = request.query("sort_order") == "desc" or request.query("sort") == "-created_at"
        found = ticket.comments[::-1] if newest_first else ticket.comments
        url = self._views.address(f"/tickets/{ticket.id}/comments.json")
        return json_reply(200, paged(request, "comments", found, self._views.comment, url))

    def me(self, _request: Request) -> Reply:
        return json_reply(200, {"user": self._views.user(self._desk.agent)})

    def user(self, request: Request) -> Reply:
        key = request.params["user_id"]
        user = self._desk.users.get(int(key)) if key.isdecimal() else None
        if user is None:
            raise missing()
        return json_reply(200, {"user": self._views.user(user)})


def _told(comment: Comment) -> dict[str, Any]:
    return {"id": comment.id, "type": "Comment", "body": comment.body, "public": comment.public}


def _looked_up(reply: Reply, word: str) -> Reply:
    return reply._replace(headers=(*reply.headers, ("x-idempotency-lookup", word)))
