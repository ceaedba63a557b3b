"""What a change would come to, and the confirmation of it.

The price is the shop's, so the shop is asked before the page is made: outside of any transaction, for so long at most,
and so often at most.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from starlette.responses import Response

from apps.edit_asking import ADDRESS, CANCEL, Asking, read_asking
from apps.portal.doors import Opened, local_of
from apps.portal.edit_form import instead, typed
from apps.portal.edit_page import STATUS, EditPage
from apps.portal.forms import Form, new_random, request_name
from apps.portal.gate import Gate
from apps.portal.keeping import Kept, Later
from apps.portal.order_page import address_lines
from apps.portal.pages import Pages
from apps.portal.threads import Threads
from apps.portal.words import Local
from config.wiring import Wiring
from connectors.errors import ConnectorError
from domain.edit_quote import Quote
from domain.money import Money
from ledger.editing.choices import choices
from ledger.editing.intake import Asked
from ledger.editing.wishes import Reasons
from ledger.order_page import LineView, OrderView, read_order_page
from ledger.orders import address_of
from ledger.rows import select_by
from ledger.tables import EditRequest
from ledger.throttles import Limit
from tasks.editing.preview import Preview, preview

ANSWER_WITHIN_S = 8.0  # a page that takes longer is a page that people leave
INSTEAD = "instead"


class EditPreview:
    def __init__(self, wiring: Wiring, threads: Threads, pages: Pages, page: EditPage) -> None:
        self._wiring, self._threads, self._pages, self._page = wiring, threads, pages, page
        self._gate = Gate(wiring, threads)

    def take(self, opened: Opened) -> Response | Later:
        """`POST …/change`. The button says what for: the price (also with an alternative), a search, or the form."""
        form = typed(opened.form)
        view = read_order_page(opened.session, opened.order)
        if swap := opened.form.get(INSTEAD, ""):
            sku, _, other = swap.partition("|")
            form = instead(form, sku, other, view.lines)
        elif opened.form.get("do") in ("search", "edit"):
            return self._page.form(opened, form, {})
        return self._priced(opened, form, view)

    def ask_cancel(self, opened: Opened) -> Response | Later:
        """`GET …/cancel`: what a cancelled order gives back."""
        return self._priced(opened, {CANCEL: "1"}, read_order_page(opened.session, opened.order))

    def _priced(self, opened: Opened, form: Form, view: OrderView) -> Response | Later:
        if away := self._page.under_way(opened):
            return away
        asking = _read(opened, form, view)
        if asking.wrong:
            return self._page.form(opened, form, asking.wrong, status=422)
        policy = self._wiring.policies.portal

        async def work() -> Response:
            if ends := await self._over(opened, "edit_preview", policy.edit_previews):
                return await self._threads.call(lambda: self._wait(opened, form, ends))
            try:
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    found = await preview(opened.order["id"], asking.actions, contact=asking.contact)
            except (TimeoutError, ConnectorError):
                return await self._threads.call(lambda: self._wait(opened, form))
            return await self._threads.read(
                lambda session: self._show(replace(opened, session=session), form, view, asking, found)
            )

        return Later(work)

    async def _over(self, opened: Opened, what: str, most: int) -> datetime | None:
        """The end of the window when that was too often, counted for all sessions of one order together."""
        limit = Limit(most, self._wiring.policies.portal.edit_window)
        return await self._gate.too_often(what, opened.order["id"], limit)

    def _wait(self, opened: Opened, form: Form, ends: datetime | None = None) -> Response:
        """The shop does not answer, or too often was asked: nothing that was typed is lost."""
        left_s = max(int((ends - self._wiring.now()).total_seconds()), 1) if ends else 0
        shown = self._pages.show(
            "change_wait", locale=opened.order["locale"], status=429 if ends else 503, url=opened.url,
            token=opened.token, form=form, minutes=-(-left_s // 60), order_name=opened.order["name"],
        )  # fmt: skip
        shown.headers["Retry-After"] = str(left_s or 30)
        return shown

    def _show(self, opened: Opened, form: Form, view: OrderView, asking: Asking, found: Preview) -> Response:
        order, local = opened.order, local_of(opened)
        quote = found.quote
        added = {str(action["sku"]) for action in asking.actions if "sku" in action}
        missing = {str(reason["sku"]) for reason in found.reasons if "sku" in reason}
        shop = choices(opened.session, order, added | missing, self._wiring.policies)
        titles = {sku: choice.name for sku, choice in shop.by_sku.items()}
        return self._pages.show(
            "change_preview",
            locale=order["locale"],
            status=200 if quote else 409,
            url=opened.url,
            token=opened.token,
            request=new_random(),
            order_name=order["name"],
            form=form,
            cancels=CANCEL in form,
            reasons=[_reason(reason, local, order["currency"]) for reason in found.reasons],
            titles=titles | {line.sku: line.title for line in view.lines if line.sku not in titles},
            review=found.review,
            quote=quote,
            lines=_lines(quote, view.lines, titles) if quote else [],
            agreed=found.difference_minor,
            contact=_contact(asking, opened),
            method=self._method(form),
            taxes_included=view.totals.taxes_included,
            money=local.money(order["currency"]),
        )

    def _method(self, form: Form) -> str:
        method = self._wiring.policies.edits.shipping.get(form.get("shipping", ""))
        return method.title if method else ""

    def confirm(self, opened: Opened) -> Response | Later:
        """`POST …/change/confirm`. The form's own random name is the request's: sent twice it is one request."""
        request_id = request_name("edr", opened.order["id"], opened.form)
        then = self._pages.redirect(f"{opened.url}{STATUS}/{request_id}")
        if select_by(opened.session, EditRequest, "id", [request_id]):
            return then
        form = typed(opened.form)
        asking = _read(opened, form, read_order_page(opened.session, opened.order))
        agreed = _agreed(opened.form.get("agreed", ""))
        if asking.wrong:
            return self._page.form(opened, form, asking.wrong, status=422)
        if agreed is None:
            return self._page.form(opened, form, {"form": "unseen"}, status=422)
        asked = Asked(
            request_id=request_id,
            order_id=opened.order["id"],
            origin="portal",
            actor="customer",
            actions=[dict(action) for action in asking.actions],
            contact=dict(asking.contact) if asking.contact else None,
            agreed_minor=agreed,
            received_at=opened.now,
        )
        settings, policy = self._wiring.settings, self._wiring.policies.portal

        async def work() -> Response | Kept:
            if ends := await self._over(opened, "edit_request", policy.edit_requests):
                return await self._threads.call(lambda: self._wait(opened, form, ends))
            return Kept(asked.delivery(), then, settings.requests_port)

        return Later(work)


def _read(opened: Opened, form: Form, view: OrderView) -> Asking:
    code = opened.order["shipping_code"]
    return read_asking(form, view.lines, opened.contact, shipping_code=code, reach_is_shown=False)


def _agreed(text: str) -> int | None:
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 16 else None


def _reason(reason: Mapping[str, Any], local: Local, currency: str) -> dict[str, Any]:
    """With amounts as they are written."""
    step = reason.get("next_step") or {}
    price = step.get("price_minor", 0)
    return {
        "alternatives": [],
        **reason,
        "step": step.get("code", ""),
        "price": Money(price, step.get("currency", currency)).display(local.locale) if price else "",
    }


def reasons_of(reasons: Reasons, local: Local, currency: str) -> list[dict[str, Any]]:
    """A refused request's, as a preview's."""
    return [_reason(reason, local, currency) for reason in reasons]


def _lines(quote: Quote, views: tuple[LineView, ...], titles: Mapping[str, str]) -> list[dict[str, Any]]:
    """Before and after; what is not part of the order any more either way is left out."""
    by_id = {line.id: line for line in views}
    return [
        {
            "title": by_id[line.line_id].title if line.line_id else titles.get(line.sku, line.sku),
            "options": by_id[line.line_id].options if line.line_id else "",
            "before": line.old_quantity,
            "after": line.new_quantity,
            "unit_minor": line.unit_price_minor,
            "changed": line.old_quantity != line.new_quantity,
        }
        for line in quote.lines
        if line.old_quantity or line.new_quantity
    ]


def _contact(asking: Asking, opened: Opened) -> dict[str, Any]:
    """The new address in full beside the old one; of the old mailbox and number nothing is shown."""
    new = dict(asking.contact or {})
    if not new:
        return {"after": (), "email": "", "phone": ""}
    locale, before = local_of(opened).locale, address_of(opened.contact)
    after = replace(before, **{name: value for name, value in new.items() if name in ADDRESS})
    moved = after != before
    return {
        "before": address_lines(before, locale) if moved else (),
        "after": address_lines(after, locale) if moved else (),
        "email": new.get("email", ""),
        "phone": new.get("phone", ""),
    }
