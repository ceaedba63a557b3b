"""The customer's answer to "is this address right?": a signed link, one button (VAL-3).

Opening the link changes nothing, because mail scanners open links too; the button posts, with the token of the browser
that was shown it. The answer goes through the inbox like every other request, so a second tap is the same answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from apps.portal.forms import Form, is_token_of_visit, keep_visit, signed, visit_of
from apps.portal.keeping import Kept
from apps.portal.link_page import LinkPage
from apps.portal.pages import locale_of
from config.links import ADDRESS_ANSWERS, Grant, form_token
from domain.addresses import format_lines
from ledger.inbox import Delivery
from ledger.orders import address_of, open_holds
from ledger.rows import select_by
from ledger.tables import Order, OrderContact

SOURCE = "portal"
ANSWERS = "/answers"


@dataclass(frozen=True, slots=True)
class _Question:
    order_name: str
    locale: str
    lines: tuple[str, ...]
    still_open: bool


class AddressAnswers(LinkPage):
    """Routes `GET` and `POST /answers/{purpose}/{subject}/{version}/{expires}/{signature}`."""

    def _read(self, session: Session, request: Request, form: Form | None) -> Response | Kept:
        """`form`: what was posted; None when the page is only looked at."""
        path = request.path_params
        question = _question(session, path) if self._genuine(path) else None
        if question is None:
            return self._pages.gone(locale_of(request))
        thanks = self._pages.show("answer_done", locale=question.locale, order_name=question.order_name)
        if not question.still_open:
            return thanks
        settings = self._wiring.settings
        if form is None:
            visit = visit_of(request)
            shown = self._pages.show(
                "address_answer",
                locale=question.locale,
                order_name=question.order_name,
                lines=question.lines,
                suggested=path["purpose"] == "accept_suggestion",
                token=form_token(settings, visit),
            )
            return keep_visit(settings, shown, visit, path=ANSWERS)
        if not is_token_of_visit(settings, request, form):
            back = request.url.path.removeprefix(self._pages.root)
            return self._pages.show("form_old", locale=question.locale, status=403, back=back)
        delivery = Delivery(
            source=SOURCE,
            account="answers",
            topic=path["purpose"],
            delivery_id=path["signature"],
            subject=path["subject"],
            body=path["version"].encode(),
        )
        return Kept(delivery, thanks)

    def _genuine(self, path: Mapping[str, Any]) -> bool:
        wanted = partial(Grant, path["purpose"], path["subject"], path["version"])
        return path["purpose"] in ADDRESS_ANSWERS and signed(self._wiring, path, wanted) is not None


def _question(session: Session, path: Mapping[str, Any]) -> _Question | None:
    orders = select_by(session, Order, "id", [path["subject"]])
    version = path["version"]
    if path["purpose"] == "accept_suggestion":
        version = version.replace(":shipping:", ":suggestion:")
    contacts = select_by(session, OrderContact, "id", [version])
    if not orders or not contacts:
        return None
    [order], [contact] = orders, contacts
    holds = {hold["name"] for hold in open_holds(session, [order["id"]]).get(order["id"], [])}
    address = address_of(contact)
    return _Question(
        order_name=order["name"],
        locale=order["locale"],
        lines=(*format_lines(address), address.country),
        still_open="address" in holds and order["contact_id"] == path["version"],
    )
