"""An agent opens a return for a customer: one form for all lines, a look at what comes of it, then one request."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from apps.darkroom import Darkroom
from apps.desk.forms import BadForm
from apps.desk.pages import Pages, go
from apps.desk.photos import photo_path
from apps.desk.return_cases import RulingShown, ruling_shown
from apps.desk.return_money import refund_shown
from apps.desk.return_words import CONDITION, REASON, WANT, photo_words, rule_words
from apps.desk.sitting import Sitting
from apps.desk.times import day
from apps.nudge import nudge
from apps.portal.return_form import CONDITION as CONDITION_FIELD
from apps.portal.return_form import (
    EXCHANGE,
    PHOTOS,
    SEARCH,
    UNITS,
    Asking,
    photos_of,
    read_asking,
    typed,
    wanted_skus,
)  # fmt: skip
from apps.portal.return_form import REASON as REASON_FIELD
from apps.portal.return_form import WANT as WANT_FIELD
from apps.portal.return_lines import LineReturn, line_returns
from apps.portal.return_preview import keep_photos, seen_digest, sold_out
from apps.portal.words import Local
from config.languages import pick_locale
from config.wiring import Wiring
from domain.decisions import in_words
from domain.ids import new_id
from domain.money import Money
from domain.policy import Policies
from domain.returns.gifts import Viewer
from domain.returns.rulings import Verdict
from ledger.editing.choices import choices
from ledger.inbox import store
from ledger.order_page import read_order_page
from ledger.orders import OrderRow
from ledger.photos import photo_ids
from ledger.returning.intake import Asked
from ledger.returning.offering import ReturnPreview, line_offers, preview
from ledger.rows import select_by
from ledger.tables import Order, ReturnRequest

ORIGIN = "agent"
_REQUEST_ID = re.compile(r"ret_[0-9a-f]{32}")
_FAULTS: Mapping[str, str] = {
    "quantity": "enter a whole number of units",
    "too_many": "there are not so many left to return",
    "not_of_claims": "of a claim: the same once more, a repair, or money",
    "only_of_claims": "only of claims: choose money, store credit or another variant",
    "sold_out": "there is not enough of that variant left",
}
_FIELDS: Mapping[str, str] = {
    UNITS: "say how many", REASON_FIELD: "choose a reason", CONDITION_FIELD: "say in what state it is",
    WANT_FIELD: "choose what the customer gets",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line of the form: what the rules allow of it, or why not, with what was typed."""

    item: LineReturn
    rule: str
    refusal: str
    photos: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Open:
    order: OrderRow
    lines: list[LineReturn]
    photos: frozenset[str]


class Returns:
    """Routes `GET` and `POST /desk/orders/{order_id}/return`."""

    def __init__(self, wiring: Wiring, pages: Pages, darkroom: Darkroom) -> None:
        self._wiring, self._pages, self._darkroom = wiring, pages, darkroom

    async def show(self, request: Request, sitting: Sitting) -> Response:
        return self._form(sitting, await self._opened(request, sitting), {})

    async def ask(self, request: Request, sitting: Sitting) -> Response:
        """Show what would be decided; with `sure` ask for it, unless that is another thing by now."""
        opened = await self._opened(request, sitting)
        known = await asyncio.to_thread(
            self._wiring.read, select_by, ReturnRequest, "id", [sitting.form.get("request_id", "")]
        )
        if known and known[0]["order_id"] == opened.order["id"]:  # a second click, after the first was taken up
            return go(f"/desk/orders/{opened.order['id']}?done=returning")
        sent = {name: files for name, files in sitting.files.items() if name.startswith(PHOTOS)}
        fields, unkept = await keep_photos(self._darkroom, opened.order["id"], typed(sitting.form), sent)
        if sent:
            opened = await self._opened(request, sitting)
        if "back" in sitting.form or sitting.form.get("do") == "search":
            return self._form(sitting, opened, fields)
        asking = read_asking(fields, opened.order["id"], opened.lines, opened.photos)
        if wrong := {**unkept, **(asking.wrong or sold_out(asking, opened.lines))}:
            return self._form(sitting, opened, fields, wrong=_faults(wrong, opened.lines))
        found = await asyncio.to_thread(self._wiring.read, self._preview, opened.order, asking, sitting)
        if sitting.form.get("sure") == "yes" and found.taken and sitting.form.get("seen") == seen_digest(found):
            return await self._store(opened.order, found, sitting)
        return self._shown(sitting, opened, fields, found)

    def _preview(self, session: Session, order: OrderRow, asking: Asking, sitting: Sitting) -> ReturnPreview:
        return preview(session, order, asking.asks, self._wiring.policies, sitting.now)

    async def _store(self, order: OrderRow, found: ReturnPreview, sitting: Sitting) -> Response:
        """The request as it was shown, with its id, so that a second click is the same request. What was refused is
        left out."""
        request_id = sitting.form.get("request_id", "")
        if not _REQUEST_ID.fullmatch(request_id):
            raise BadForm
        asked = Asked(
            request_id=request_id,
            order_id=order["id"],
            origin=ORIGIN,
            actor=f"{ORIGIN}:{sitting.visit.agent_id}",
            lines=[ruling.ask.as_json() for ruling in found.taken],
            received_at=self._wiring.real_now(),
        )
        await self._wiring.in_ledger(store, [asked.delivery()], sitting.now)
        nudge(self._wiring.settings.requests_port)
        return go(f"/desk/orders/{order['id']}?done=returning")

    async def _opened(self, request: Request, sitting: Sitting) -> _Open:
        policies, order_id = self._wiring.policies, request.path_params["order_id"]
        found = await asyncio.to_thread(self._wiring.read, _read, order_id, policies, sitting)
        if found is None:
            raise HTTPException(404)
        return found

    def _form(
        self, sitting: Sitting, opened: _Open, fields: Mapping[str, str], *, wrong: Sequence[str] = ()
    ) -> Response:
        return self._pages.show(
            "return", sitting=sitting, now=sitting.now, status=422 if wrong else 200, order=opened.order,
            entries=[self._entry(opened, item, fields) for item in opened.lines], fields=fields, wrong=wrong,
            conditions=list(CONDITION.items()), reasons=REASON, wants=WANT, exchange=EXCHANGE, preview=None,
            changed=False, others=len({choice.sku for item in opened.lines for choice in item.others}),
            money=lambda minor: Money(minor, opened.order["currency"]).display(),
        )  # fmt: skip

    def _entry(self, opened: _Open, item: LineReturn, fields: Mapping[str, str]) -> _Entry:
        rule, refusal = "", ""
        if item.rule is not None:
            name = {"window": "window:", "law": "law:withdrawal"}.get(item.rule.code, item.rule.code)
            said = f"{item.rule.days} days after delivery" if item.rule.days else rule_words(
                name, item.rule.overridden, self._wiring.policies.returns)  # fmt: skip
            rule = f"{said}, until {day(datetime.fromisoformat(item.clock.iso))}" if item.clock else said
        if item.refusal is not None:
            refusal = "; ".join(in_words(str(reason["code"])) for reason in item.refusal.reasons)
            refusal += f". What helps: {in_words(item.refusal.step)}" if item.refusal.step else ""
        kept = [each for each in photos_of(fields, item.line.id) if each in opened.photos]
        return _Entry(item, rule, refusal, tuple(photo_path(opened.order["id"], each) for each in kept))

    def _shown(self, sitting: Sitting, opened: _Open, fields: Mapping[str, str], found: ReturnPreview) -> Response:
        policies = self._wiring.policies
        titles = {item.line.id: item.line.title for item in opened.lines}
        shown: list[tuple[str, RulingShown, str]] = [
            (
                f"{ruling.ask.quantity} × {titles[ruling.ask.line_id]}",
                ruling_shown(ruling.as_json(), policies),
                self._change(found, ruling.ask.line_id, opened.order["currency"]),
            )
            for ruling in found.rulings
        ]
        return self._pages.show(
            "return", sitting=sitting, now=sitting.now, status=200 if found.taken else 409, order=opened.order,
            fields=fields, wrong=(), changed="sure" in sitting.form and bool(found.taken), request_id=new_id("ret"),
            preview={
                "lines": shown,
                "money": [refund_shown("Goes back, if the goods are as announced", each) for each in found.refunds],
                "taken": bool(found.taken),
                "review": any(ruling.verdict is Verdict.REVIEW for ruling in found.taken),
                "seen": seen_digest(found),
                "send_by": found.send_by,
            },
        )  # fmt: skip

    def _change(self, found: ReturnPreview, line_id: str, currency: str) -> str:
        """What an exchange of the line costs; "" for other lines."""
        if line_id not in found.changes:
            return ""
        change = found.changes[line_id]
        amount = Money(abs(change), currency).display()
        if change > 0 and not self._wiring.payment_page:
            return f"The other one costs {amount} more: a person settles that with the customer."
        if change > 0:
            return f"The other one costs {amount} more, which the customer pays first, on a page."
        return f"The other one costs less: {amount} goes back." if change else "The other one costs nothing more."


def _read(session: Session, order_id: str, policies: Policies, sitting: Sitting) -> _Open | None:
    found = select_by(session, Order, "id", [order_id])
    if not found:
        return None
    [order] = found
    offers = line_offers(session, order, policies, sitting.now)
    views = read_order_page(session, order).lines
    wanted = wanted_skus(sitting.form)
    skus = {view.sku for view in views} | set(wanted)
    shop = choices(session, order, skus, policies, search=sitting.form.get(SEARCH, ""))
    local = Local(pick_locale("en").format, ZoneInfo("UTC"), sitting.now)
    lines = line_returns(views, offers, policies, local, Viewer.AGENT, shop, wanted)
    return _Open(order, lines, frozenset(photo_ids(session, order_id)))


def _faults(wrong: Mapping[str, str], lines: Sequence[LineReturn]) -> list[str]:
    """What to mend, as sentences."""
    titles = {item.line.id: item.line.title for item in lines}
    told: list[str] = []
    for name, code in wrong.items():
        field, colon, line_id = name.partition(":")
        if f"{field}:" == PHOTOS:
            told.append(photo_words(code))
            continue
        said = _FAULTS.get(code) or _FIELDS.get(f"{field}:", in_words(code))
        told.append(f"{titles.get(line_id, line_id)}: {said}." if colon else "Say of at least one product how many.")
    return told
