"""What a return would come to, line by line, and the confirmation of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from starlette.responses import Response

from apps.darkroom import Darkroom, photo_name
from apps.portal.doors import Opened, local_of
from apps.portal.forms import RETURNS, Form, new_random, request_name
from apps.portal.gate import Gate
from apps.portal.keeping import Kept, Later
from apps.portal.pages import Pages
from apps.portal.photos import PHOTOS as PHOTO_PAGES
from apps.portal.return_form import PHOTOS, Asking, read_asking, typed, with_photos
from apps.portal.return_lines import LineReturn, refusal_of, rule_of
from apps.portal.return_page import ReturnPage
from apps.portal.threads import Threads
from apps.portal.words import Local
from config.wiring import Wiring
from domain.ids import digest
from domain.photos import BadPhoto
from domain.returns.gifts import shown_ruling
from domain.returns.money import ReturnRefund
from domain.returns.rulings import LineRuling, Verdict
from ledger.editing.choices import Choice
from ledger.photos import photo_ids
from ledger.returning.intake import Asked
from ledger.returning.offering import ReturnPreview, preview
from ledger.rows import select_by
from ledger.tables import ReturnRequest
from ledger.throttles import Limit


class ReturnPreviews:
    def __init__(self, wiring: Wiring, threads: Threads, pages: Pages, page: ReturnPage) -> None:
        self._wiring, self._threads, self._pages, self._page = wiring, threads, pages, page
        self._gate = Gate(wiring, threads)

    def take(self, opened: Opened) -> Response | Later:
        """`POST …/return`: what would be decided, or the form again; photos that came with it are kept first."""
        form = typed(opened.form)
        sent = {name: files for name, files in opened.files.items() if name.startswith(PHOTOS) and files}
        if not sent:
            return self._taken(opened, form)

        async def work() -> Response:
            if ends := await self._over(opened, "return_photos"):
                return await self._threads.call(lambda: self._wait(opened, form, ends))
            kept, wrong = await keep_photos(opened.darkroom, opened.order["id"], form, sent)
            return await self._threads.read(lambda s: self._taken(replace(opened, session=s), kept, wrong))

        return Later(work)

    def _taken(self, opened: Opened, form: Form, wrong: Mapping[str, str] | None = None) -> Response:
        if wrong or opened.form.get("do") in ("search", "edit"):
            return self._page.form(opened, form, wrong or {}, status=422 if wrong else 200)
        lines = self._page.lines(opened, form)
        asking = _read(opened, form, lines)
        if missed := asking.wrong or sold_out(asking, lines):
            return self._page.form(opened, form, missed, status=422)
        return self._show(opened, form, lines, self._found(opened, asking))

    def _found(self, opened: Opened, asking: Asking) -> ReturnPreview:
        gift = bool(opened.gift_path)
        return preview(opened.session, opened.order, asking.asks, self._wiring.policies, opened.now, gift=gift)

    def _show(
        self, opened: Opened, form: Form, lines: Sequence[LineReturn], found: ReturnPreview, *, changed: bool = False
    ) -> Response:
        order, local, gift = opened.order, local_of(opened), bool(opened.gift_path)
        changes = {} if gift else found.changes
        lines_shown = [self._line(opened, ruling, lines, local) for ruling in found.rulings]
        return self._pages.show(
            "return_preview",
            locale=order["locale"],
            images=["'self'"] if any(ruling.ask.photos for ruling in found.rulings) else (),
            status=409 if changed or not found.taken else 200,
            url=opened.url,
            token=opened.token,
            request=new_random(),
            order_name=order["name"],
            form=form,
            seen=seen_digest(found),
            changed=changed,
            lines=lines_shown,
            even=not any(changes.values()),
            changes=changes,
            payable=bool(self._wiring.payment_page),
            gift=gift,
            taken=bool(found.taken),
            review=any(ruling.verdict is Verdict.REVIEW for ruling in found.taken),
            refunds=[] if gift else [_refund(refund) for refund in found.refunds],
            fees={} if gift else _fees(found.taken),
            send_by=local.short_day(found.send_by) if found.send_by else "",
            refund_by="" if gift else _latest(found.taken, local),
            money=local.money(order["currency"]),
        )

    def _line(self, opened: Opened, ruling: LineRuling, lines: Sequence[LineReturn], local: Local) -> dict[str, Any]:
        item = next(line for line in lines if line.line.id == ruling.ask.line_id)
        shown, policy = shown_ruling(ruling, opened.viewer), self._wiring.policies.returns
        refused = ruling.verdict is Verdict.REFUSED
        wanted = item.choice(ruling.ask.sku)
        return {
            "id": item.line.id,
            "title": item.line.title,
            "options": item.line.options,
            "quantity": ruling.ask.quantity,
            "wanted": _named(wanted, item) if wanted else "",
            "resolution": str(ruling.ask.resolution),
            "refused": refused,
            "review": ruling.verdict is Verdict.REVIEW,
            "refusal": refusal_of(ruling, local, opened.viewer) if refused else None,
            "rule": None if refused else rule_of(ruling, policy, opened.viewer),
            "goods": shown["goods"],
            "photos": [f"{opened.url}{PHOTO_PAGES}/{photo_name(each)}" for each in ruling.ask.photos],
            "when": shown["when"],
        }

    def confirm(self, opened: Opened) -> Response | Later:
        """`POST …/return/confirm`. The form's own random name is the request's: sent twice it is one request. What was
        refused on the page that was confirmed is left out."""
        request_id = request_name("ret", opened.order["id"], opened.form)
        then = self._pages.redirect(f"{opened.url}{RETURNS}/{request_id}")
        if select_by(opened.session, ReturnRequest, "id", [request_id]):
            return then
        form = typed(opened.form)
        lines = self._page.lines(opened, form)
        asking = _read(opened, form, lines)
        if wrong := asking.wrong or sold_out(asking, lines):
            return self._page.form(opened, form, wrong, status=422)
        found = self._found(opened, asking)
        if not found.taken or opened.form.get("seen") != seen_digest(found):
            return self._show(opened, form, lines, found, changed=bool(found.taken))
        asked = Asked(
            request_id=request_id,
            order_id=opened.order["id"],
            origin="portal",
            actor="recipient" if opened.gift_path else "customer",
            lines=[ruling.ask.as_json() for ruling in found.taken],
            received_at=opened.now,
            gift=bool(opened.gift_path),
        )
        settings = self._wiring.settings

        async def work() -> Response | Kept:
            if ends := await self._over(opened, "return_request"):
                return await self._threads.call(lambda: self._wait(opened, form, ends))
            return Kept(asked.delivery(), then, settings.requests_port)

        return Later(work)

    async def _over(self, opened: Opened, what: str) -> datetime | None:
        """The end of the window when that was too often, counted for all sessions of one order together."""
        policy = self._wiring.policies.portal
        limit = Limit(policy.return_requests, policy.return_window)
        return await self._gate.too_often(what, opened.order["id"], limit)

    def _wait(self, opened: Opened, form: Form, ends: datetime) -> Response:
        """Too often: nothing that was typed is lost."""
        left_s = max(int((ends - self._wiring.now()).total_seconds()), 1)
        shown = self._pages.show(
            "return_wait", locale=opened.order["locale"], status=429, url=opened.url, token=opened.token, form=form,
            minutes=-(-left_s // 60), order_name=opened.order["name"], gift=bool(opened.gift_path),
        )  # fmt: skip
        shown.headers["Retry-After"] = str(left_s)
        return shown


def _read(opened: Opened, form: Form, lines: Sequence[LineReturn]) -> Asking:
    return read_asking(form, opened.order["id"], lines, photo_ids(opened.session, opened.order["id"]))


async def keep_photos(
    darkroom: Darkroom, order_id: str, form: Form, sent: Mapping[str, tuple[bytes, ...]]
) -> tuple[dict[str, str], dict[str, str]]:
    """Keep photos by the field that they came in; returns the form with their names, and what is wrong with others."""
    kept, wrong = dict(form), dict[str, str]()
    for name, files in sent.items():
        try:
            ids = await darkroom.take_photos(files, order_id=order_id, subject_id=order_id)
        except BadPhoto as bad:
            wrong[name] = bad.code
        else:
            kept = with_photos(kept, name.removeprefix(PHOTOS), ids)
    return kept, wrong


def _named(wanted: Choice, item: LineReturn) -> str:
    """Of the same product its options say enough."""
    return wanted.options or wanted.title if wanted in item.variants else wanted.name


def sold_out(asking: Asking, lines: Sequence[LineReturn]) -> dict[str, str]:
    """An exchange is for what is on the shelf in that number, for all lines that want it together."""
    items, left = {line.line.id: line for line in lines}, dict[str, int]()
    wrong: dict[str, str] = {}
    for ask in asking.asks:
        if not ask.sku:
            continue
        choice = items[ask.line_id].choice(ask.sku)
        free = left.setdefault(ask.sku, choice.free if choice else 0)
        if choice is None or free < ask.quantity:
            wrong[f"want:{ask.line_id}"] = "sold_out"
        else:
            left[ask.sku] = free - ask.quantity
    return wrong


def seen_digest(found: ReturnPreview) -> str:
    """Of everything that was shown and could be another thing by the time it is confirmed."""
    said = [
        [str(r.verdict), r.ask.as_json(), str(r.goods), str(r.when), r.fee_minor, [str(each) for each in r.resolutions]]
        for r in found.rulings
    ]
    return digest([said, found.changes, [refund.as_json() for refund in found.refunds]])


def _refund(refund: ReturnRefund) -> Mapping[str, Any]:
    """What goes where, as a page lists it."""
    back = refund.back
    return {
        "amount_minor": back.amount_minor,
        "bonus_minor": back.bonus_minor,
        "shipping_minor": refund.shipping_minor + refund.other_minor,
        "goods_minor": sum(line.paid_minor for line in refund.lines),
        "fee_minor": sum(line.fee_minor for line in refund.lines),
        "shares": [asdict(share) | {"to": str(share.to)} for share in back.shares],
        "credit": any(share.to == "store_credit" for share in back.shares),
    }


def _fees(taken: Sequence[LineRuling]) -> dict[str, int]:
    """By code, over all lines."""
    found: dict[str, int] = {}
    for ruling in taken:
        for fee in ruling.fees:
            found[str(fee.code)] = found.get(str(fee.code), 0) + fee.amount_minor
    return {code: amount for code, amount in found.items() if amount}


def _latest(taken: Sequence[LineRuling], local: Local) -> str:
    """The law's last day for the money; empty where it sets none."""
    named = [ruling.refund_by for ruling in taken if ruling.refund_by is not None]
    return local.short_day(min(named)) if named else ""
