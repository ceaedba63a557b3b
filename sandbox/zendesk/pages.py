"""The agent's pages: all tickets, and one with its comments."""

import html

from sandbox.core.clock import stamp
from sandbox.core.http import Reply, Request, html_reply
from sandbox.zendesk.model import Helpdesk

_STYLE = (
    "<style>body{font:15px sans-serif;margin:2rem}td,th{padding:.3rem .8rem;text-align:left;"
    "border-bottom:1px solid #ddd}article{border-left:4px solid #ccc;padding:.2rem 1rem;margin:1rem 0;"
    "white-space:pre-wrap}.inside{background:#fff7e0}</style>"
)


class Pages:
    """`/agent/tickets` and `/agent/tickets/{ticket_id}`"""

    def __init__(self, desk: Helpdesk) -> None:
        self._desk = desk

    def index(self, _request: Request) -> Reply:
        rows = []
        for ticket in list(self._desk.tickets.values())[-200:][::-1]:
            cells = (
                ticket.subject or ticket.comments[0].body[:80],
                self._desk.users[ticket.requester_id].name,
                ticket.status,
                ticket.priority or "",
                ", ".join(ticket.tags),
                stamp(ticket.updated_at),
            )
            shown = "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
            rows.append(f"<tr><td><a href='/zendesk/agent/tickets/{ticket.id}'>#{ticket.id}</a></td>{shown}</tr>")
        return _html(
            "Zendesk sandbox",
            f"<p>{len(self._desk.tickets)} tickets.</p><table><tr><th>Ticket<th>Subject<th>Requester<th>Status"
            f"<th>Priority<th>Tags<th>Updated</tr>{''.join(rows)}</table>",
        )

    def show(self, request: Request) -> Reply:
        key = request.params["ticket_id"]
        ticket = self._desk.tickets.get(int(key)) if key.isdecimal() else None
        if ticket is None:
            return _html("Zendesk sandbox", "<p>There is no such ticket.</p>")._replace(status=404)
        comments = "".join(
            f"<article class='{'' if comment.public else 'inside'}'><b>"
            f"{html.escape(self._desk.users[comment.author_id].name)}</b> {stamp(comment.created_at)}"
            f"{'' if comment.public else ' (internal)'}\n{html.escape(comment.body)}</article>"
            for comment in ticket.comments
        )
        title = html.escape(f"#{ticket.id} {ticket.subject or ''}")
        return _html(title, f"<p>{ticket.status}, {ticket.priority or 'no priority'}</p>{comments}")


def _html(title: str, body: str) -> Reply:
    return html_reply(
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>{_STYLE}<h1>{title}</h1>{body}</html>"
    )
