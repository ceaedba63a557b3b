"""The withdrawal function of EU law: two steps, no log-in, a name, a contract and a mailbox (Directive 2011/83/EU,
Article 11a; see `domain.returns.law`).

What is declared goes into the inbox as a look-up does, so the answer and its time are the same whatever was typed.
"""

from collections.abc import Mapping
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from apps.portal.forms import Form, is_token_of_visit, keep_visit, new_random, random_or_new, read_form, visit_of
from apps.portal.gate import Gate, network_of
from apps.portal.look_up import LONGEST, wrong_fields
from apps.portal.pages import WITHDRAW, Pages, locale_of
from apps.portal.threads import Threads
from apps.receiver.writer import GroupWriter
from config.links import fingerprint, form_token
from config.wiring import Wiring
from ledger.order_access import normal_email, normal_name
from ledger.throttles import Limit
from ledger.withdrawals import Declared

FIELDS = ("name", "order", "email")


class Withdrawals:
    """Routes `GET` and `POST /portal/withdraw`, `POST …/confirm`, `GET …/sent`; none where no law gives the right."""

    def __init__(self, wiring: Wiring, writer: GroupWriter, threads: Threads, pages: Pages) -> None:
        self._wiring, self._writer, self._threads, self._pages = wiring, writer, threads, pages
        self._gate = Gate(wiring, threads)

    async def ask(self, request: Request) -> Response:
        return await self._threads.call(lambda: self._show(request, "withdraw", {}, {}))

    async def sent(self, request: Request) -> Response:
        return await self._threads.call(lambda: self._pages.show("withdraw_sent", locale=locale_of(request)))

    async def look(self, request: Request) -> Response:
        """The first step is filled in: what will be declared, and the button that declares it."""
        form = await read_form(request)
        wrong = self._wrong(request, form)
        if wrong or form.get("do") == "edit":
            return await self._threads.call(lambda: self._show(request, "withdraw", form, wrong))
        return await self._threads.call(lambda: self._show(request, "withdraw_confirm", form, {}))

    async def confirm(self, request: Request) -> Response:
        """It is declared. One and the same declaration over and over is kept a few times only."""
        form = await read_form(request)
        if (wrong := self._wrong(request, form)) or not self._pages.withdraws:
            return await self._threads.call(lambda: self._show(request, "withdraw", form, wrong))
        policy, settings = self._wiring.policies.portal, self._wiring.settings
        order, email = form["order"].strip(), normal_email(form["email"])
        network = fingerprint(settings, "withdraw_network", network_of(request))
        same = fingerprint(settings, "withdraw_order", f"{normal_name(order)} {email}")
        over = await self._gate.over({
            network: Limit(policy.withdrawals_per_network, policy.return_window),
            same: Limit(policy.withdrawals_per_order, policy.return_window),
        })  # fmt: skip
        if network in over:
            return await self._threads.call(lambda: self._too_often(request, over[network]))
        if same not in over:
            declared = Declared(form["name"].strip(), order, email)
            delivery = declared.delivery(random_or_new(form.get("request", "")))
            await self._writer.keep(delivery, customer=True)
        return self._pages.redirect(f"{WITHDRAW}/sent")

    def _wrong(self, request: Request, form: Form) -> dict[str, str]:
        if not is_token_of_visit(self._wiring.settings, request, form):
            return {"token": "old"}
        name = form.get("name", "").strip()
        wrong = {} if name else {"name": "missing"}
        if len(name) > LONGEST or not name.isprintable():
            wrong["name"] = "unreadable"
        return wrong | wrong_fields(form)

    def _show(self, request: Request, page: str, form: Form, wrong: Mapping[str, str]) -> Response:
        if not self._pages.withdraws:
            return self._pages.gone(locale_of(request))
        visit = visit_of(request)
        status = 403 if "token" in wrong else 422 if wrong else 200
        shown = self._pages.show(
            page, locale=locale_of(request), status=status, wrong=wrong, request=new_random(),
            typed={name: form.get(name, "")[:LONGEST] for name in FIELDS},
            token=form_token(self._wiring.settings, visit),
        )  # fmt: skip
        return keep_visit(self._wiring.settings, shown, visit)

    def _too_often(self, request: Request, ends: datetime) -> Response:
        left_s = max(int((ends - self._wiring.now()).total_seconds()), 1)
        minutes = -(-left_s // 60)
        shown = self._pages.show("withdraw_too_often", locale=locale_of(request), status=429, minutes=minutes)
        shown.headers["Retry-After"] = str(left_s)
        return shown
