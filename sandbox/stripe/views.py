"""Finds what Stripe's objects need of each other; `expand`, and pages of lists."""

from collections.abc import Callable, Sequence
from typing import Any

from sandbox.core.http import Reply, json_reply
from sandbox.stripe.common import StripeError
from sandbox.stripe.model import Book, Charge, Intent, Line, Session
from sandbox.stripe.objects import View, charge_view, intent_view, line_view, session_view
from sandbox.stripe.params import Params


class Views:
    """Builds the objects; `base_url` is where the hosted pages are."""

    def __init__(self, book: Book, base_url: str) -> None:
        self._book = book
        self._base_url = base_url
        self._expandable: dict[str, dict[str, Callable[[View], View | None]]] = {
            "checkout.session": {
                "payment_intent": lambda view: self._of(view["payment_intent"]),
                "line_items": lambda view: self.lines(book.sessions[view["id"]]),
            },
            "payment_intent": {"latest_charge": lambda view: self._of(view["latest_charge"])},
            "charge": {"payment_intent": lambda view: self._of(view["payment_intent"])},
            "refund": {
                "payment_intent": lambda view: self._of(view["payment_intent"]),
                "charge": lambda view: self._of(view["charge"]),
            },
            "dispute": {
                "payment_intent": lambda view: self._of(view["payment_intent"]),
                "charge": lambda view: self._of(view["charge"]),
            },
        }

    def session(self, session: Session) -> View:
        return session_view(session, self.page_url(session))

    def intent(self, intent: Intent) -> View:
        return intent_view(intent, self._book.charges.get(intent.charge_id or ""))

    def charge(self, charge: Charge) -> View:
        book = self._book
        disputed = any(each.charge_id == charge.id for each in book.disputes.values())
        return charge_view(charge, book.intents[charge.intent_id], book.refunded(charge.id), disputed)

    def page_url(self, session: Session) -> str:
        return f"{self._base_url}/stripe/pay/{session.id}"

    def lines(self, session: Session) -> View:
        return _listed([line_view(line, session) for line in session.lines], False, _lines_url(session))

    def line_of(self, session: Session) -> Callable[[Line], View]:
        return lambda line: line_view(line, session)

    def _of(self, wanted: str | None) -> View | None:
        """The object that an id names."""
        book = self._book
        if wanted in book.intents:
            return self.intent(book.intents[wanted])
        return self.charge(book.charges[wanted]) if wanted in book.charges else None

    def check(self, kind: str, paths: Sequence[str]) -> None:
        """Refuse what cannot be expanded in an object that is yet to be made. Raises StripeError."""
        for path in paths:
            self._loader(kind, path.partition(".")[0], path)

    def expanded(self, view: View, paths: Sequence[str]) -> View:
        """With each path's id replaced by its object; `data.` leads into a list. Raises StripeError."""
        for path in paths:
            self._expand(view, path, path)
        return view

    def _expand(self, view: View, path: str, whole: str) -> None:
        head, _, rest = path.partition(".")
        if view.get("object") == "list" and head == "data":
            for entry in view["data"] if rest else ():
                self._expand(entry, rest, whole)
            return
        load = self._loader(str(view.get("object")), head, whole)
        if isinstance(view.get(head), str | None):
            view[head] = load(view)
        if rest and isinstance(view[head], dict):
            self._expand(view[head], rest, whole)

    def _loader(self, kind: str, head: str, whole: str) -> Callable[[View], View | None]:
        load = self._expandable.get(kind, {}).get(head)
        if load is None:
            raise StripeError(
                400, f"This property cannot be expanded ({whole}).", code="property_cannot_be_expanded", param="expand"
            )
        return load


def listing(params: Params, newest_first: Sequence[Any], url: str, view: Callable[[Any], View]) -> View:
    """A page by `limit`, `starting_after`, `ending_before`. Raises StripeError."""
    limit = params.integer("limit", least=1) or 10
    after, before = params.text("starting_after"), params.text("ending_before")
    if limit > 100:
        raise StripeError(
            400, "This value must be less than or equal to 100.", code="parameter_invalid_integer", param="limit"
        )
    places = {entry.id: place for place, entry in enumerate(newest_first)}
    for name, wanted in (("starting_after", after), ("ending_before", before)):
        if wanted is not None and wanted not in places:
            raise StripeError(400, f"No such object: '{wanted}'", code="resource_missing", param=name)
    if before is not None:
        upper = newest_first[: places[before]]
        return _listed([view(entry) for entry in upper[-limit:]], len(upper) > limit, url)
    lower = newest_first[places[after] + 1 :] if after is not None else newest_first
    return _listed([view(entry) for entry in lower[:limit]], len(lower) > limit, url)


def shown(views: Views, view: View, paths: Sequence[str]) -> Reply:
    return json_reply(200, views.expanded(view, paths))


def _lines_url(session: Session) -> str:
    return f"/v1/checkout/sessions/{session.id}/line_items"


def _listed(data: list[View], more: bool, url: str) -> View:
    return {"object": "list", "data": data, "has_more": more, "url": url}
