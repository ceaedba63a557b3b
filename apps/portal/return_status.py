"""`GET /portal/orders/{order_id}/returns/{request_id}`: how far a return has come, its label, and how to send it."""

import re
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from apps.portal.doors import Opened, local_of
from apps.portal.forms import RETURNS, Form
from apps.portal.keeping import Kept, Later
from apps.portal.order_page import address_lines
from apps.portal.pages import HEADERS, Pages
from apps.portal.questions import ANSWER, NOTHING_TYPED, Answers, is_asked, questions_shown
from apps.portal.return_lines import Refusal
from apps.portal.threads import Threads
from apps.portal.words import Local
from config.wiring import Wiring
from domain.message_facts import is_web_url
from domain.returns.gifts import INTERNAL
from domain.states_returns import ENDED_RETURN, ReturnState
from ledger.editing.asking import LONGEST_ANSWER
from ledger.returning.intake import CANCELLED, cancellation
from ledger.returning.offering import may_see, waits_in_inbox
from ledger.returning.page import ReturnLineView, label_documents, read_return
from ledger.returning.requests import RequestRow, waits_for_a_person
from ledger.rows import select_by
from ledger.tables import ProductVariant, ReturnRequest
from tasks.sending.node import origin_of

_WORKING = (ReturnState.REQUESTED, ReturnState.APPROVED)
_WORKING_S, _WAITING_S = 3, 60
_TO_SEND = (ReturnState.APPROVED, ReturnState.LABEL_ISSUED)
_ENDINGS = {"application/pdf": "pdf", "image/png": "png"}
_NOTHING_YET: Mapping[str, Any] = {
    "view": None, "refusals": (), "labels": (), "wanted": {}, "address": (), "rma": "", "send_by": "", "track": "",
    "pay": "", "kept": False, "to_send": False, "bare": False, "may_cancel": False, "cancelled": False,
    "questions": (), "answer": "", **NOTHING_TYPED,
}  # fmt: skip
_UNSAFE = re.compile(r"[^A-Za-z0-9-]")


class ReturnStatus:
    def __init__(self, wiring: Wiring, threads: Threads, pages: Pages) -> None:
        self._wiring, self._pages = wiring, pages
        self._answers = Answers(wiring, threads)

    def show(self, opened: Opened) -> Response:
        return self._show(opened, {})

    def _show(self, opened: Opened, typed: Form, **answered: Any) -> Response:
        """A return of this order; whatever else it may be called is not there. `typed`: an answer that was not taken,
        and why, see `Answers.take`."""
        order, request_id = opened.order, opened.path["request_id"]
        here = f"{opened.url}{RETURNS}/{request_id}"
        row = self._request(opened)
        if row is None:
            if not waits_in_inbox(opened.session, request_id, order["id"], "portal"):
                return self._pages.gone(order["locale"])
            return self._page(opened, here, ReturnState.REQUESTED, again=_WORKING_S)
        state = ReturnState(row["state"])
        view, local = read_return(opened.session, row), local_of(opened)
        cancelled = state not in ENDED_RETURN and waits_in_inbox(
            opened.session, row["id"], order["id"], "portal", CANCELLED
        )
        asked = state is ReturnState.REQUESTED and bool(row["plan"].get("asked"))
        questions = questions_shown(opened, row["id"], waits=waits_for_a_person(row))
        question = is_asked(questions)
        shown = "asked" if asked else "to_pay" if view.to_pay_minor and not cancelled else str(state)
        waiting = asked or bool(view.pay_url)
        expires = row["expires_at"]
        to_send = view.sends_back and state in _TO_SEND and not cancelled
        return self._page(
            opened,
            here,
            state,
            shown="question" if question else shown,
            # a page that looks anew drops an answer that is being typed
            again=0 if question else _again(state, waiting=waiting, cancelled=cancelled, labelled=bool(view.labels)),
            questions=questions,
            answer=typed.get(ANSWER, ""),
            rma=row["rma"],
            view=view,
            wanted=_variants(opened, view.lines),
            kept=bool(row["keep"] and view.money.amount_minor) and state in (ReturnState.RESOLVED, ReturnState.CLOSED),
            to_send=to_send,
            address=self._address(row, local) if to_send else (),
            labels=view.labels if to_send else (),
            bare=bool(row["plan"].get("without_label")),
            send_by=local.short_day(expires) if expires and to_send else "",
            pay=view.pay_url if is_web_url(view.pay_url) else "",
            track=view.tracking_url if is_web_url(view.tracking_url) else "",
            refusals=[_refusal(reason, local) for reason in row["reasons"] if _is_told(reason, state)],
            may_cancel=view.may_cancel and not cancelled,
            cancelled=cancelled,
            **answered,
        )

    def _page(self, opened: Opened, here: str, state: ReturnState, *, again: int, **more: Any) -> Response:
        order, local = opened.order, local_of(opened)
        shown = {**_NOTHING_YET} | {"shown": str(state)} | more
        return self._pages.show(
            "return_status",
            locale=order["locale"],
            url=opened.url,
            here=here,
            token=opened.token,
            order_name=order["name"],
            state=str(state),
            ended=state in ENDED_RETURN,
            again=again,
            gift=bool(opened.gift_path),
            local=local,
            money=local.money(order["currency"]),
            longest=LONGEST_ANSWER,
            **shown,
        )

    def _address(self, row: RequestRow, local: Local) -> tuple[str, ...]:
        """Where it goes: as the label has it, or to be written on the parcel."""
        node = self._wiring.policies.node(row["location_id"]) if row["location_id"] else None
        return tuple(address_lines(origin_of(node), local.locale)) if node else ()

    def label(self, opened: Opened) -> Response:
        """`GET …/label/{number}`: the file to print, or the code to show. Only to this order's session, and only while
        it is to be sent."""
        row = self._request(opened)
        files = label_documents(opened.session, row) if row else []
        number = opened.path["number"]
        if row is None or not number.isascii() or not number.isdigit() or not 0 < int(number[:4]) <= len(files):
            return self._pages.gone(opened.order["locale"])
        file = files[int(number) - 1]
        ending = _ENDINGS.get(file["content_type"], "bin")
        media = file["content_type"] if ending != "bin" else "application/octet-stream"
        name = f"{_UNSAFE.sub('', row['rma'])}-{number}.{ending}"
        headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
        return Response(file["content"], 200, headers, media)

    def cancel(self, opened: Opened) -> Response | Kept:
        """`POST …/cancel`: the customer keeps the goods. Too late is told by the page that follows."""
        row = self._request(opened)
        if row is None:
            return self._pages.gone(opened.order["locale"])
        then = self._pages.redirect(f"{opened.url}{RETURNS}/{row['id']}")
        if not read_return(opened.session, row).may_cancel:
            return then
        return Kept(cancellation(row["id"], opened.order["id"], "portal"), then, self._wiring.settings.requests_port)

    def answer(self, opened: Opened) -> Response | Later:
        """`POST …/answer`: what the customer says to an agent's question."""
        row = self._request(opened)
        if row is None:
            return self._pages.gone(opened.order["locale"])
        then = self._pages.redirect(f"{opened.url}{RETURNS}/{row['id']}")
        return self._answers.take(opened, row["id"], then, self._show, waits=waits_for_a_person(row))

    def _request(self, opened: Opened) -> RequestRow | None:
        """This order's return of that id, where whoever asks may see it."""
        rows = select_by(opened.session, ReturnRequest, "id", [opened.path["request_id"]])
        mine = [row for row in rows if row["order_id"] == opened.order["id"]]
        return next((row for row in mine if may_see(row, self._wiring.policies, opened.viewer)), None)


def _again(state: ReturnState, *, waiting: bool, cancelled: bool, labelled: bool) -> int:
    """Seconds until the page looks again: soon while programs work, not at all while it waits for the customer.
    `waiting`: for a person or a payment."""
    if cancelled or (state in _WORKING and not waiting and not labelled):
        return _WORKING_S
    return _WAITING_S if waiting or state in (ReturnState.RECEIVED, ReturnState.INSPECTED) else 0


def _is_told(reason: Mapping[str, Any], state: ReturnState) -> bool:
    """Why a person looks at it is not the customer's to know."""
    return state is not ReturnState.REQUESTED and reason["code"] not in INTERNAL and "next_step" in reason


def _refusal(reason: Mapping[str, Any], local: Local) -> Refusal:
    return Refusal(({"code": reason["code"]},), str(reason.get("next_step", "")))


def _variants(opened: Opened, lines: tuple[ReturnLineView, ...]) -> dict[str, str]:
    """By SKU, what is wanted in an exchange, in words."""
    skus = {line.wanted_sku for line in lines if line.wanted_sku}
    rows = select_by(opened.session, ProductVariant, "sku", skus) if skus else []
    return {
        row["sku"]: ", ".join(str(value) for value in (row["options"] or {}).values()) or row["title"] for row in rows
    }
