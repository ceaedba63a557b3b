"""Customers ask for changes, pay for them, and an agent looks at what nobody else may decide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import sqlalchemy as sa
from sqlmodel import Session

from apps.cli.output import as_person
from apps.demo.changes import Change
from apps.demo.purchases import Purchase
from apps.demo.stage import Stage
from apps.demo.visiting import Visit
from apps.nudge import nudge
from domain.ids import new_id
from domain.money import Money
from ledger import operator
from ledger.editing.intake import Asked
from ledger.inbox import store
from ledger.rows import select_by
from ledger.tables import EditRequest, Order, OrderLine, ReviewCase
from ledger.tables.base import table_of

_order, _line, _case = table_of(Order), table_of(OrderLine), table_of(ReviewCase)


@dataclass(frozen=True, slots=True)
class Asking:
    """One request as it stands; `row` is empty when it has not become one."""

    purchase: Purchase
    row: Mapping[str, Any]

    @property
    def code(self) -> str:
        """Why it ended as it did."""
        return str(self.row["reasons"][0]["code"]) if self.row.get("reasons") else ""


class Customers:
    """Those of the purchases that want a change."""

    def __init__(self, stage: Stage, purchases: Sequence[Purchase]) -> None:
        self.stage = stage
        self.purchases = [purchase for purchase in purchases if purchase.change is not None]
        self.through_portal = 0

    def at(self, when: str) -> list[Purchase]:
        return [purchase for purchase in self.purchases if purchase.change and purchase.change.when == when]

    async def ask(self, when: str) -> None:
        """Send off all requests of this time, wait until they have come to rest, pay what is to be paid, wait again."""
        wanted = self.at(when)
        for purchase in wanted:
            await self._ask(purchase)
        await self.stage.settle()
        await self._pay(wanted)
        await self.stage.settle()

    async def _ask(self, purchase: Purchase) -> None:
        """On the order's page. What it does not offer is asked all the same, as from a page that was opened before."""
        change, wired = purchase.change, self.stage.wiring
        assert change is not None
        order_id, lines = wired.read(known_lines, purchase)
        async with httpx.AsyncClient(base_url=wired.settings.public_url, timeout=60) as client:
            visit = await Visit.begin(self.stage.controls, client, purchase.mailbox)
            change.request_id = await visit.ask(fields(change, lines))
        self.through_portal += bool(change.request_id)
        if not change.request_id:
            asked = self._asked(change, order_id, lines)
            wired.ledger(store, [asked.delivery()], wired.now())
            nudge(wired.settings.requests_port)

    def _asked(self, change: Change, order_id: str, line_of: Mapping[str, str]) -> Asked:
        change.request_id = new_id("edr")
        return Asked(
            request_id=change.request_id,
            order_id=order_id,
            origin="portal",
            actor="customer",
            actions=[
                {name: value for name, value in action.items() if name != "line"}
                | ({"line_id": line_of[action["line"]]} if "line" in action else {})
                for action in change.actions
            ],
            contact=change.contact,
            agreed_minor=None,
            received_at=self.stage.wiring.real_now(),
        )

    async def _pay(self, purchases: Sequence[Purchase]) -> None:
        """Those who were sent a payment page and want to pay do so."""
        for purchase in purchases:
            if purchase.change and purchase.change.pays:
                query = {"client_reference_id": purchase.change.request_id}
                for page in await self.stage.controls.look("stripe/sessions", **query):
                    await self.stage.controls.turn(f"stripe/sessions/{page['id']}/pay", {})

    def approve(self) -> int:
        """An agent agrees to what waits for one, as at the desk; returns to how many."""
        as_person()
        wiring = self.stage.wiring

        def act(session: Session) -> int:
            waiting = sa.select(_case.c.id).where(_case.c.kind == "edit_review", _case.c.state != "resolved")
            ids = list(session.execute(waiting).scalars())
            for case_id in ids:
                operator.resolve_case(session, case_id, "approve", wiring.now())
            return len(ids)

        return wiring.ledger(act)

    def askings(self) -> list[Asking]:
        """All requests that have been made."""
        ids = [p.change.request_id for p in self.purchases if p.change and p.change.request_id]
        rows = {row["id"]: row for row in self.stage.wiring.read(select_by, EditRequest, "id", ids)}
        return [
            Asking(purchase, rows.get(purchase.change.request_id, {}))
            for purchase in self.purchases
            if purchase.change and purchase.change.request_id
        ]

    def notes(self) -> list[str]:
        """What became of the unusual ones, a line each."""
        asked = [asking for asking in self.askings() if asking.row]
        paid = [asking for asking in asked if asking.row["paid_minor"]]
        names = ", ".join(asking.purchase.name for asking in paid)
        return [
            f"{self.through_portal} of {len(self.purchases)} changes were asked for on the order's page, "
            "the others past it: the page no longer offered them",
            *([f"{names}: paid for what was added on the payment page, before anything was changed"] if paid else []),
            *(words for asking in asked if (words := _note(asking.purchase.story, asking))),
        ]


def fields(change: Change, line_of: Mapping[str, str]) -> dict[str, str]:
    """What the customer fills in on the page."""
    filled = dict(change.contact or {})
    for action in change.actions:
        line_id = line_of.get(action.get("line", ""), "")
        match action["kind"]:
            case "quantity":
                filled[f"quantity:{line_id}"] = str(action["quantity"])
            case "swap":
                filled[f"swap:{line_id}"] = action["sku"]
            case "remove":
                filled[f"remove:{line_id}"] = "1"
            case "add":
                filled[f"add:{action['sku']}"] = str(action["quantity"])
            case "shipping":
                filled["shipping"] = action["shipping_code"]
            case "cancel":
                filled["cancel"] = "1"
    return filled


def known_lines(session: Session, purchase: Purchase) -> tuple[str, dict[str, str]]:
    """Our order of the purchase, and its lines by SKU."""
    order_id: str = session.execute(
        sa.select(_order.c.id).where(_order.c.account == purchase.shop, _order.c.external_id == purchase.order_id)
    ).scalar_one()
    lines = session.execute(sa.select(_line.c.sku, _line.c.id).where(_line.c.order_id == order_id)).all()
    return order_id, {sku: line_id for sku, line_id in lines}


def _note(story: str, asking: Asking) -> str:
    row, name = asking.row, asking.purchase.name
    reason = row["reasons"][0] if row["reasons"] else {}
    if reason.get("code") == "out_of_stock":
        return f"{name}: the other sleeping bag is sold out; refused, with {len(reason['alternatives'])} alternatives"
    if reason.get("next_step") and story == "edit: too late":
        step = reason["next_step"]
        price = Money(step["price_minor"], step["currency"]).display("en") if step["price_minor"] else "free"
        return f"{name}: too late for another address; offered instead: {step['code'].replace('_', ' ')}, {price}"
    if row["state"] == "expired":
        return f"{name}: two more mugs, never paid for; the request expired, the order went as it was"
    if row["approved_by"]:
        return f"{name}: a promotion did not apply any more; an agent agreed to the change"
    return ""
