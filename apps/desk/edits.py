"""An agent changes an order for its customer: one form for all kinds, a look at what it costs, then one request."""

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from apps.desk.decision_words import reason_words
from apps.desk.edit_form import as_it_stands, faults, read, typed
from apps.desk.forms import BadForm
from apps.desk.order_view import View, titles_of, variant_titles
from apps.desk.pages import Pages, go
from apps.desk.requests import address_line, proposed_shown
from apps.desk.sitting import Sitting
from apps.desk.words import REQUEST, badge
from apps.edit_asking import Asking
from apps.nudge import nudge
from config.wiring import Wiring
from connectors.errors import ConnectorError
from domain.decisions import in_words
from domain.edit_windows import Window
from domain.ids import new_id
from domain.money import Money
from domain.policy import Policies
from ledger.editing.intake import Asked
from ledger.editing.previewing import Preview, offers
from ledger.inbox import store
from ledger.orders import OrderRow
from ledger.rows import group_by, select_by
from ledger.stories import Story, story_of
from ledger.tables import Order, ProductVariant
from tasks.editing.preview import preview

ORIGIN = "agent"
_REQUEST_ID = re.compile(r"edr_[0-9a-f]{32}")
_AMOUNT = re.compile(r"-?[0-9]{1,15}")


class Edits:
    """Routes `GET` and `POST /desk/orders/{order_id}/edit`."""

    def __init__(self, wiring: Wiring, pages: Pages) -> None:
        self._wiring, self._pages = wiring, pages

    async def show(self, request: Request, sitting: Sitting) -> Response:
        story, view = await self._view(request, sitting)
        return self._form(sitting, view, as_it_stands(story))

    async def ask(self, request: Request, sitting: Sitting) -> Response:
        """Show what the fields would cost; with `sure` ask for it."""
        story, view = await self._view(request, sitting)
        fields = typed(sitting.form)
        asking = read(fields, story)
        if "back" in sitting.form or asking.wrong:
            return self._form(sitting, view, fields, wrong=faults(asking, story))
        if sitting.form.get("sure") == "yes":
            return await self._store(story.order, asking, sitting)
        try:
            found = await preview(story.order["id"], asking.actions, contact=asking.contact, agent=True)
        except ConnectorError:
            away = ("The shop does not answer, so nobody knows what it would cost. Try again in a moment.",)
            return self._form(sitting, view, fields, wrong=away, status=503)
        currency = story.order["currency"]
        if found.reasons:
            wrong = tuple(f"{_sentence(reason_words(reason, currency))}." for reason in found.reasons)
            return self._form(sitting, view, fields, wrong=wrong, status=409)
        return self._pages.show(
            "edit", sitting=sitting, now=sitting.now, **view, fields=fields, wrong=(),
            preview=_preview(story, asking, found, view["titles"]), request_id=new_id("edr"),
        )  # fmt: skip

    async def _store(self, order: OrderRow, asking: Asking, sitting: Sitting) -> Response:
        """The request as it was shown: with its id, so that a second click is the same request, and its price."""
        request_id, agreed = sitting.form.get("request_id", ""), sitting.form.get("agreed_minor", "")
        if not _REQUEST_ID.fullmatch(request_id) or not _AMOUNT.fullmatch(agreed):
            raise BadForm
        asked = Asked(
            request_id=request_id,
            order_id=order["id"],
            origin=ORIGIN,
            actor=f"{ORIGIN}:{sitting.visit.agent_id}",
            actions=[*asking.actions],
            contact=dict(asking.contact) if asking.contact is not None else None,
            agreed_minor=int(agreed),
            received_at=self._wiring.real_now(),
        )
        await self._wiring.in_ledger(store, [asked.delivery()], sitting.now)
        nudge(self._wiring.settings.requests_port)
        return go(f"/desk/orders/{order['id']}?done=asked")

    async def _view(self, request: Request, sitting: Sitting) -> tuple[Story, View]:
        policies, order_id = self._wiring.policies, request.path_params["order_id"]
        found = await asyncio.to_thread(self._wiring.read, _view, order_id, policies, sitting.now)
        if found is None:
            raise HTTPException(404)
        return found

    def _form(
        self, sitting: Sitting, view: View, fields: Mapping[str, str], *, wrong: tuple[str, ...] = (), status: int = 0
    ) -> Response:
        return self._pages.show(
            "edit", sitting=sitting, now=sitting.now, status=status or (422 if wrong else 200), **view, fields=fields,
            wrong=wrong, preview=None,
        )  # fmt: skip


def _view(session: Session, order_id: str, policies: Policies, now: datetime) -> tuple[Story, View] | None:
    found = select_by(session, Order, "id", [order_id])
    if not found:
        return None
    story, order = story_of(session, found[0]), found[0]
    offered = offers(session, order_id, policies, now, agent=True)
    customers = {window.kind: window for window in offers(session, order_id, policies, now).windows}
    under_way = offered.under_way
    variants = _variants(session, order, story)
    return story, {
        "order": order,
        "windows": {str(w.kind): _window(w, customers[w.kind], order["currency"]) for w in offered.windows},
        "under_way": badge(REQUEST, under_way["state"]) if under_way else None,
        "lines": [
            {
                "id": line["id"],
                "title": line["title"],
                "sku": line["sku"],
                "has": line["ordered"] - line["cancelled"],
                "shipped": line["shipped"],
                "variants": variants.get(line["sku"], []),
            }
            for line in story.lines
            if line["ordered"] > line["cancelled"]
        ],
        "methods": [
            (code, f"{method.title}, {Money(method.price_minor[order['currency']], order['currency']).display()}")
            for code, method in policies.edits.shipping.items()
            if order["currency"] in method.price_minor
        ],
        "address": address_line(story.contact),
        "titles": titles_of(session, story) | {row["sku"]: row["title"] for rows in variants.values() for row in rows},
    }


def _window(found: Window, customers: Window, currency: str) -> View:
    """`past`: the customer could not do it any more."""
    step = found.next_step
    instead = ""
    if step is not None:
        price = f" ({Money(step.price_minor, step.currency or currency).display()})" if step.price_minor else ""
        instead = "" if step.code == "ask_us" else f"{in_words(step.code)}{price}"
    return {
        "open": found.open,
        "until": found.until,
        "why": in_words(found.reason),
        "instead": instead,
        "past": found.open and not customers.open,
    }


def _variants(session: Session, order: OrderRow, story: Story) -> dict[str, list[View]]:
    """What a line can be swapped for, by its SKU: the other variants of its product in the order's shop."""

    def here(column: str, wanted: list[str]) -> list[Mapping[str, Any]]:
        rows = select_by(session, ProductVariant, column, wanted, order_by="sku")
        return [row for row in rows if (row["system"], row["account"]) == (order["source"], order["account"])]

    products = {row["sku"]: row["product_id"] for row in here("sku", sorted({line["sku"] for line in story.lines}))}
    found = here("product_id", sorted(set(products.values())))
    siblings, titles = group_by(found, "product_id"), variant_titles(session, found)
    return {
        sku: [
            {
                "sku": row["sku"],
                "title": titles[row["sku"]],
                "price": Money(row["price_minor"], row["currency"]).display(),
            }
            for row in siblings[product]
            if row["sku"] != sku
        ]
        for sku, product in products.items()
    }


def _preview(story: Story, asking: Asking, found: Preview, titles: Mapping[str, str]) -> View:
    assert found.quote is not None, "without reasons there is a quote"
    shown = proposed_shown(story, asking.actions, asking.contact or {}, found.quote.as_json(), titles)
    review = [_sentence(reason_words(reason, story.order["currency"])) for reason in found.review]
    return {**shown, "review": review, "agreed_minor": found.difference_minor}


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
