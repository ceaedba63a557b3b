"""Questions of agents about a request, on the request's page: what was asked, and the customer's answer."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from starlette.responses import Response

from apps.portal.doors import Opened
from apps.portal.forms import Form
from apps.portal.gate import Gate
from apps.portal.keeping import Kept, Later
from apps.portal.threads import Threads
from config.wiring import Wiring
from domain.free_text import tidy
from ledger.editing.asking import LONGEST_ANSWER, open_question, questions_of
from ledger.editing.intake import ANSWERED, answer_delivery, waits_in_inbox
from ledger.throttles import Limit

QUESTION, ANSWER = "question", "answer"  # fields of the form
NOTHING_TYPED: Mapping[str, Any] = {"wrong": "", "minutes": 0, "status": 200}
Show = Callable[..., Response]


def questions_shown(opened: Opened, request_id: str, *, waits: bool) -> list[dict[str, Any]]:
    """What was asked and answered, the oldest first; what was purged by age is left out. `waits`: the request still
    does, so that an answer counts."""
    order_id = opened.order["id"]
    return [
        {
            **row,
            "waits": (said := waits_in_inbox(opened.session, row["id"], order_id, ANSWERED)),
            "may_answer": waits and row["answered_at"] is None and not said,
        }
        for row in questions_of(opened.session, [request_id])
        if row["order_id"] == order_id and row["question"]
    ]


def is_asked(questions: list[dict[str, Any]]) -> bool:
    """Whether the page waits for an answer."""
    return any(question["may_answer"] for question in questions)


class Answers:
    """Takes an answer, from whichever page the question stands on."""

    def __init__(self, wiring: Wiring, threads: Threads) -> None:
        self._wiring, self._threads = wiring, threads
        self._gate = Gate(wiring, threads)

    def take(self, opened: Opened, request_id: str, then: Response, show: Show, *, waits: bool) -> Response | Later:
        """What the customer says. Too late, and a second time, is told by the page that follows (`then`). `show`: the
        page with what was typed, called with `wrong`, `minutes` and `status`."""
        form = opened.form
        question = open_question(opened.session, request_id)
        if question is None or question["id"] != form.get(QUESTION) or not waits:
            return then
        text = tidy(form.get(ANSWER, ""))
        if not text or len(text) > LONGEST_ANSWER:
            return show(opened, form, wrong="too_long" if text else "missing", status=422)
        delivery = answer_delivery(question["id"], opened.order["id"], text)

        async def work() -> Response | Kept:
            policy = self._wiring.policies.portal
            limit = Limit(policy.edit_requests, policy.edit_window)
            if ends := await self._gate.too_often("edit_answer", opened.order["id"], limit):
                return await self._threads.read(
                    lambda session: self._over(replace(opened, session=session), form, ends, show)
                )
            return Kept(delivery, then, self._wiring.settings.requests_port)

        return Later(work)

    def _over(self, opened: Opened, form: Form, ends: datetime, show: Show) -> Response:
        left_s = max(int((ends - self._wiring.now()).total_seconds()), 1)
        shown = show(opened, form, wrong="too_often", minutes=-(-left_s // 60), status=429)
        shown.headers["Retry-After"] = str(left_s)
        return shown
