"""`GET /portal/orders/{order_id}/changes/{request_id}`: how far a request has come, in plain words, and what an agent
wants to know before it goes on."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from apps.portal.doors import Opened, local_of
from apps.portal.edit_page import STATUS
from apps.portal.edit_preview import reasons_of
from apps.portal.forms import Form
from apps.portal.keeping import Kept, Later
from apps.portal.offers import Offers
from apps.portal.pages import Pages
from apps.portal.questions import ANSWER, Answers, is_asked, questions_shown
from apps.portal.threads import Threads
from config.wiring import Wiring
from domain.message_facts import is_web_url
from domain.states import ENDED_EDIT, EditState
from ledger.editing.asking import LONGEST_ANSWER
from ledger.editing.choices import choices
from ledger.editing.intake import waits_in_inbox, withdrawal
from ledger.editing.requests import RequestRow
from ledger.editing.wishes import Reasons
from ledger.editing.wording import changes_of
from ledger.rows import select_by
from ledger.tables import EditRequest

# Seconds until the page looks again: soon while programs work, seldom while people do.
_LOOK_AGAIN = {EditState.AWAITING_REVIEW: 60, EditState.AWAITING_PAYMENT: 10, EditState.PARKED: 60}
_WORKING_S = 3
_MAY_WITHDRAW = (EditState.QUOTED, EditState.AWAITING_PAYMENT)


class EditStatus:
    def __init__(self, wiring: Wiring, threads: Threads, pages: Pages, offers: Offers) -> None:
        self._wiring, self._pages, self._offers = wiring, pages, offers
        self._answers = Answers(wiring, threads)

    def show(self, opened: Opened) -> Response:
        return self._show(opened, {})

    def _show(self, opened: Opened, typed: Form, *, wrong: str = "", minutes: int = 0, status: int = 200) -> Response:
        """A request of this order; whatever else it may be called is not there. `typed`: an answer that was not taken,
        because it is `wrong` or for so many `minutes`."""
        order, request_id = opened.order, opened.path["request_id"]
        row = _request(opened)
        if row is None and not waits_in_inbox(opened.session, request_id, order["id"]):
            return self._pages.gone(order["locale"])
        facts: Mapping[str, Any] = row or {"state": EditState.REQUESTED, "quote": {}, "reasons": []}
        state = EditState(facts["state"])
        local = local_of(opened)
        ended = state in ENDED_EDIT
        url = str(facts.get("payment_url", ""))
        expires = facts.get("expires_at")
        withdrawn = "withdrawn" in opened.query and state in _MAY_WITHDRAW
        questions = questions_shown(opened, request_id, waits=state is EditState.AWAITING_REVIEW)
        asked = is_asked(questions)
        return self._pages.show(
            "change_status",
            locale=order["locale"],
            status=status,
            url=opened.url,
            here=f"{opened.url}{STATUS}/{request_id}",
            token=opened.token,
            order_name=order["name"],
            state="asked" if asked else str(state),
            ended=ended,
            # a page that looks anew drops an answer that is being typed
            again=0 if ended or asked else _WORKING_S if withdrawn else _LOOK_AGAIN.get(state, _WORKING_S),
            questions=questions,
            answer=typed.get(ANSWER, ""),
            wrong=wrong,
            minutes=minutes,
            longest=LONGEST_ANSWER,
            unanswered=state is EditState.EXPIRED and any(r["code"] == "question_unanswered" for r in facts["reasons"]),
            pay=url if state is EditState.AWAITING_PAYMENT and is_web_url(url) else "",
            ends=local.clock(expires) if expires and not ended else None,
            zone=local.zone_name,
            may_withdraw=state in _MAY_WITHDRAW and not withdrawn,
            withdrawn=withdrawn,
            reasons=reasons_of(facts["reasons"], local, order["currency"]) if ended else [],
            titles=self._titles(opened, facts["reasons"]),
            quote=facts["quote"],
            paid_minor=facts.get("paid_minor", 0),
            wishes=changes_of(opened.session, order, row) if row else [],
            may_change=ended and any(window.open for window in self._offers(opened.session, order, opened.now)),
            money=local.money(order["currency"]),
        )

    def _titles(self, opened: Opened, reasons: Reasons) -> dict[str, str]:
        skus = {str(reason["sku"]) for reason in reasons if "sku" in reason}
        if not skus:
            return {}
        shop = choices(opened.session, opened.order, skus, self._wiring.policies)
        return {sku: choice.name for sku, choice in shop.by_sku.items()}

    def withdraw(self, opened: Opened) -> Response | Kept:
        """`POST …/withdraw`: the customer does not want it any more. Too late is told by the page that follows."""
        row = _request(opened)
        if row is None:
            return self._pages.gone(opened.order["locale"])
        then = self._pages.redirect(f"{opened.url}{STATUS}/{row['id']}?withdrawn=1")
        if row["state"] not in _MAY_WITHDRAW:
            return then
        delivery = withdrawal(row["id"], opened.order["id"], "portal")
        return Kept(delivery, then, self._wiring.settings.requests_port)

    def answer(self, opened: Opened) -> Response | Later:
        """`POST …/answer`: what the customer says to an agent's question."""
        row = _request(opened)
        if row is None:
            return self._pages.gone(opened.order["locale"])
        then = self._pages.redirect(f"{opened.url}{STATUS}/{row['id']}")
        return self._answers.take(opened, row["id"], then, self._show, waits=row["state"] == EditState.AWAITING_REVIEW)


def _request(opened: Opened) -> RequestRow | None:
    """This order's request of that id."""
    rows = select_by(opened.session, EditRequest, "id", [opened.path["request_id"]])
    return next((row for row in rows if row["order_id"] == opened.order["id"]), None)
