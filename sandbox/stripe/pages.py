"""The hosted checkout page, and the list of sessions for people."""

import html
from urllib.parse import parse_qsl

from sandbox.core.clock import stamp
from sandbox.core.http import Reply, Request, html_reply
from sandbox.stripe.model import Book, Session
from sandbox.stripe.money import human
from sandbox.stripe.till import ClosedError, Till

_STYLE = (
    "<style>body{font:16px sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}"
    "td,th{padding:.4rem .8rem;text-align:left;border-bottom:1px solid #ddd}table{width:100%;margin:1rem 0}"
    "button,input{font:inherit;padding:.5rem 1.2rem;margin-right:.6rem}.bad{color:#a00}</style>"
)
_CLOSED = {
    "complete": "This payment is done.",
    "expired": "This page has expired. Nothing was charged.",
}


class Pages:
    """`/pay/{session}`: plain forms, no script."""

    def __init__(self, book: Book, till: Till) -> None:
        self._book, self._till = book, till

    def show(self, request: Request) -> Reply:
        session = self._book.sessions.get(request.params["session"])
        return _gone() if session is None else _page(session)

    def act(self, request: Request) -> Reply:
        """Pay or decline, as the button says."""
        session = self._book.sessions.get(request.params["session"])
        if session is None:
            return _gone()
        form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        try:
            if form.get("action") == "pay":
                self._till.pay(session, form.get("email") or None)
                return Reply(303, headers=(("Location", landing(session)),), content_type="text/plain")
            if form.get("action") == "decline":
                self._till.decline(session)
                return _page(session, "Your card was declined. You can try again.")
        except ClosedError:
            return _page(session)
        return _page(session, "Choose one of the buttons.")

    def index(self, _request: Request) -> Reply:
        rows = "".join(
            f"<tr><td><a href='/stripe/pay/{session.id}'>{html.escape(session.client_reference_id or session.id)}</a>"
            f"<td>{human(session.total, session.currency)}<td>{session.status}<td>{stamp(session.created_at)}</tr>"
            for session in list(self._book.sessions.values())[-200:][::-1]
        )
        return _html(
            "Stripe sandbox",
            f"<h1>Stripe sandbox</h1><p>{len(self._book.sessions)} checkout pages, {len(self._book.refunds)} refunds."
            f"</p><table><tr><th>Reference<th>Total<th>Status<th>Created</tr>{rows}</table>",
        )


def landing(session: Session) -> str:
    """Where a customer goes who has paid."""
    return session.success_url.replace("{CHECKOUT_SESSION_ID}", session.id)


def _page(session: Session, problem: str = "") -> Reply:
    rows = "".join(
        f"<tr><td>{html.escape(line.name)}<td>{line.quantity}<td>{human(line.amount, session.currency)}</tr>"
        for line in session.lines
    )
    total = human(session.total, session.currency)
    if session.status == "open":
        back = f"<p><a href='{html.escape(session.cancel_url)}'>Back</a></p>" if session.cancel_url else ""
        email = html.escape(session.customer_email or "customer@example.com")
        end = (
            "<form method=post><p><label>E-mail <input name=email type=email "
            f"value='{email}'></label></p><p><button name=action value=pay>Pay {total}</button>"
            f"<button name=action value=decline>Decline</button></p></form>{back}"
        )
    else:
        end = f"<p>{_CLOSED[session.status]}</p>"
    note = f"<p class=bad role=alert>{problem}</p>" if problem else ""
    return _html(
        "Checkout",
        f"<h1>Checkout</h1>{note}<table><tr><th>What<th>Quantity<th>Amount</tr>{rows}"
        f"<tr><th colspan=2>Total<th>{total}</tr></table>{end}",
    )


def _gone() -> Reply:
    return _html("Checkout", "<h1>Checkout</h1><p>There is no such page.</p>")._replace(status=404)


def _html(title: str, body: str) -> Reply:
    return html_reply(
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>{_STYLE}<body>{body}</body></html>"
    )
