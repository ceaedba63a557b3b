"""The customer's answer to "is this address right?": a signed link, one button (VAL-3).

Opening the link changes nothing, because mail scanners open links too; the button posts. The answer goes
through the inbox like every other request, so a second tap is the same answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse

from apps.portal.pages import page
from apps.receiver.writer import GroupWriter
from config.links import ADDRESS_ANSWERS, BadLink, check_link
from config.wiring import Wiring
from domain.addresses import format_lines
from ledger.inbox import Delivery
from ledger.orders import address_of, open_holds
from ledger.rows import select_by
from ledger.tables import Order, OrderContact

SOURCE = "portal"


@dataclass(frozen=True, slots=True)
class _Question:
    order_name: str
    locale: str
    lines: tuple[str, ...]
    still_open: bool


class AddressAnswers:
    """Routes `GET` and `POST /answers/{purpose}/{subject}/{version}/{expires}/{signature}`."""

    def __init__(self, wiring: Wiring, writer: GroupWriter) -> None:
        self._wiring, self._writer = wiring, writer

    async def show(self, request: Request) -> HTMLResponse:
        return await self._answer(request, given=False)

    async def give(self, request: Request) -> HTMLResponse:
        return await self._answer(request, given=True)

    async def _answer(self, request: Request, *, given: bool) -> HTMLResponse:
        path, brand = request.path_params, self._wiring.brand
        question = await run_in_threadpool(self._wiring.read, _read, path) if self._genuine(path) else None
        if question is None:
            return page("answer_gone", brand=brand, locale="en", status=404)
        if not question.still_open:
            return page("answer_done", brand=brand, locale=question.locale, order_name=question.order_name)
        if not given:
            return page(
                "address_answer",
                brand=brand,
                locale=question.locale,
                order_name=question.order_name,
                lines=question.lines,
                suggested=path["purpose"] == "accept_suggestion",
            )
        await self._writer.keep(
            Delivery(
                source=SOURCE,
                account="answers",
                topic=path["purpose"],
                delivery_id=path["signature"],
                subject=path["subject"],
                body=path["version"].encode(),
            ),
            customer=True,
        )
        return page("answer_done", brand=brand, locale=question.locale, order_name=question.order_name)

    def _genuine(self, path: Mapping[str, Any]) -> bool:
        if path["purpose"] not in ADDRESS_ANSWERS or not path["expires"].isdigit():
            return False
        try:
            check_link(
                self._wiring.settings,
                purpose=path["purpose"],
                subject=path["subject"],
                version=path["version"],
                expires=int(path["expires"]),
                signature=path["signature"],
                now=self._wiring.now(),
            )
        except BadLink:
            return False
        return True


def _read(session: Session, path: Mapping[str, Any]) -> _Question | None:
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
