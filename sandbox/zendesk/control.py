"""The knobs of the fake Zendesk."""

from sandbox.core.http import Reply, Request, Router, json_reply
from sandbox.core.world import World
from sandbox.zendesk.model import Helpdesk, Ticket
from sandbox.zendesk.views import View, Views


class Control:
    """`/_control/zendesk/...`"""

    def __init__(self, world: World, desk: Helpdesk, views: Views) -> None:
        self._world, self._desk, self._views = world, desk, views
        self.app = Router(world, "_control")
        self.app.add("GET", "/tickets", self.tickets)
        self.app.add("POST", "/tickets/{id}/close", self.close)
        self.app.add("GET", "/settings", self.settings)
        self.app.add("POST", "/settings", self.change_settings)

    def tickets(self, request: Request) -> Reply:
        """All of them, or those of an `?external_id=`, each with its requester and comments."""
        wanted = request.query("external_id")
        found = [ticket for ticket in self._desk.tickets.values() if wanted in (None, ticket.external_id)]
        return json_reply(200, [self._row(ticket) for ticket in found])

    def _row(self, ticket: Ticket) -> View:
        return self._views.ticket(ticket) | {
            "requester": self._views.user(self._desk.users[ticket.requester_id]),
            "comments": [self._views.comment(comment) for comment in ticket.comments],
        }

    def close(self, request: Request) -> Reply:
        """What the vendor does to a ticket that has been solved for long: nobody can change it again."""
        key = request.params["id"]
        ticket = self._desk.tickets.get(int(key)) if key.isdecimal() else None
        if ticket is None:
            return json_reply(404, {"error": "no such ticket"})
        ticket.status, ticket.updated_at = "closed", self._world.clock.now()
        return json_reply(200, self._row(ticket))

    def settings(self, _request: Request) -> Reply:
        return json_reply(200, {"rate_limit_per_minute": self._desk.rate_limit_per_minute})

    def change_settings(self, request: Request) -> Reply:
        values = request.object()
        limit = values.get("rate_limit_per_minute")
        if set(values) != {"rate_limit_per_minute"} or not isinstance(limit, int | None):
            return json_reply(400, {"error": "rate_limit_per_minute must be a number, or null for none"})
        self._desk.rate_limit_per_minute = limit
        return self.settings(request)
