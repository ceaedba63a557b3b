"""The look-up by order number and e-mail: "if they fit together, a link is on its way to that mailbox" (TRU-3).

What is asked goes into the inbox, and a worker looks it up. So the answer and its time are the same whether the order
exists, the e-mail is right, or neither.
"""

import re
from datetime import datetime

import orjson
from starlette.requests import Request
from starlette.responses import Response

from apps.portal.forms import Form, is_token_of_visit, keep_visit, new_random, random_or_new, read_form, visit_of
from apps.portal.gate import Gate, network_of
from apps.portal.pages import PORTAL, Pages, locale_of
from apps.portal.threads import Threads
from apps.receiver.writer import GroupWriter
from config.links import fingerprint, form_token
from config.wiring import Wiring
from ledger.inbox import Delivery
from ledger.order_access import normal_email, normal_name
from ledger.throttles import Limit
from tasks.lookups import SOURCE

LONGEST = 254  # of an e-mail, RFC 5321
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class LookUp:
    """Routes `GET` and `POST /portal`, `GET /portal/sent`."""

    def __init__(self, wiring: Wiring, writer: GroupWriter, threads: Threads, pages: Pages) -> None:
        self._wiring, self._writer, self._threads, self._pages = wiring, writer, threads, pages
        self._gate = Gate(wiring, threads)

    async def ask(self, request: Request) -> Response:
        return await self._threads.call(lambda: self._form(request, {}, {}))

    async def sent(self, request: Request) -> Response:
        minutes = int(self._wiring.policies.portal.lookup_link_lives.total_seconds() // 60)
        return await self._threads.call(
            lambda: self._pages.show("look_up_sent", locale=locale_of(request), hours=minutes // 60, minutes=minutes)
        )

    async def take(self, request: Request) -> Response:
        form = await read_form(request)
        if not is_token_of_visit(self._wiring.settings, request, form):
            return await self._threads.call(lambda: self._form(request, form, {"token": "old"}, 403))
        wrong = wrong_fields(form)
        if wrong:
            return await self._threads.call(lambda: self._form(request, form, wrong, 422))
        policy, settings = self._wiring.policies.portal, self._wiring.settings
        order, email = normal_name(form["order"]), normal_email(form["email"])
        network = fingerprint(settings, "look_up_network", network_of(request))
        asked = fingerprint(settings, "look_up_order", f"{order} {email}")
        over = await self._gate.over({
            network: Limit(policy.lookups_per_network, policy.lookup_window),
            asked: Limit(policy.lookups_per_order, policy.lookup_window),
        })  # fmt: skip
        if network in over:
            return await self._threads.call(lambda: self._too_often(request, over[network]))
        if asked not in over:
            body = orjson.dumps({"order": form["order"].strip(), "email": email})
            delivery = Delivery(SOURCE, "portal", "order_link", random_or_new(form.get("request", "")), "", body)
            await self._writer.keep(delivery, customer=True)
        return self._pages.redirect(f"{PORTAL}/sent")

    def _form(self, request: Request, form: Form, wrong: dict[str, str], status: int = 200) -> Response:
        visit = visit_of(request)
        shown = self._pages.show(
            "look_up", locale=locale_of(request), status=status, wrong=wrong,
            order=form.get("order", "")[:LONGEST], email=form.get("email", "")[:LONGEST],
            token=form_token(self._wiring.settings, visit), request=new_random(),
        )  # fmt: skip
        return keep_visit(self._wiring.settings, shown, visit)

    def _too_often(self, request: Request, ends: datetime) -> Response:
        left_s = max(int((ends - self._wiring.now()).total_seconds()), 1)
        minutes = -(-left_s // 60)
        shown = self._pages.show("look_up_too_often", locale=locale_of(request), status=429, minutes=minutes)
        shown.headers["Retry-After"] = str(left_s)
        return shown


def wrong_fields(form: Form) -> dict[str, str]:
    """What cannot be looked up at all: field -> code. It says nothing of any order."""
    order, email = form.get("order", "").strip(), form.get("email", "").strip()
    wrong = {}
    if not normal_name(order):
        wrong["order"] = "missing"
    elif len(order) > LONGEST or not order.isprintable():
        wrong["order"] = "unreadable"
    if not email:
        wrong["email"] = "missing"
    elif len(email) > LONGEST or not _EMAIL.fullmatch(email) or not email.isprintable():
        wrong["email"] = "unreadable"
    return wrong
