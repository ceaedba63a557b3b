"""Orders at the desk: look them up, see one on one page, hold it, let it go, try it again."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from apps.desk.cases import page_of
from apps.desk.order_view import View, order_view
from apps.desk.pages import Pages, go
from apps.desk.returns import ORIGIN
from apps.desk.sitting import Sitting
from apps.desk.words import NOTICES, ORDER, badge
from apps.nudge import nudge
from config.wiring import Wiring
from domain.money import Money
from domain.states import OrderState
from ledger import operator
from ledger.inbox import store
from ledger.operator import account_of
from ledger.order_search import OrderFilter, orders_listed, search
from ledger.orders import OrderRow
from ledger.returning.intake import cancellation
from ledger.returning.page import read_return
from ledger.returning.requests import requests_of_order
from ledger.rows import select_by
from ledger.tables import Order

Act = Callable[[Session, OrderRow], None]
PER_PAGE = 50
LONGEST_REASON = 200


class Orders:
    """Routes under `/desk/orders`."""

    def __init__(self, wiring: Wiring, pages: Pages) -> None:
        self._wiring, self._pages = wiring, pages

    async def list(self, request: Request, sitting: Sitting) -> Response:
        asked = request.query_params
        state = asked.get("state", "")
        wanted = OrderFilter(
            state=state if state in set(OrderState) else "", name=asked.get("name", ""),
            customer_id=asked.get("customer", ""),
        )  # fmt: skip
        return await self._listed(sitting, wanted, page_of(request))

    async def search(self, _request: Request, sitting: Sitting) -> Response:
        """Posted, so that an e-mail address stands in no address bar and no log."""
        found = await asyncio.to_thread(self._wiring.read, search, sitting.form.get("q", ""))
        if found.order_id:
            return go(f"/desk/orders/{found.order_id}")
        if found.several is not None:
            chosen = {"name": found.several.name, "customer": found.several.customer_id}
            return go(f"/desk/orders?{urlencode({name: value for name, value in chosen.items() if value})}")
        return self._pages.show(
            "orders", sitting=sitting, now=sitting.now, wanted=OrderFilter(), orders=[], states=ORDER, page=1,
            more=False, query="", searched=sitting.form.get("q", ""),
        )  # fmt: skip

    async def show(self, request: Request, sitting: Sitting) -> Response:
        return await self._order(request, sitting)

    async def _order(self, request: Request, sitting: Sitting, *, problem: str = "", status: int = 200) -> Response:
        places = {node.id: node.name for node in self._wiring.policies.nodes}
        order_id = request.path_params["order_id"]
        accounts, policies = self._wiring.accounts, self._wiring.policies
        view = await asyncio.to_thread(self._wiring.read, order_view, order_id, places, accounts, policies, sitting.now)
        if view is None:
            raise HTTPException(404)
        notice = NOTICES.get(request.query_params.get("done", ""), "")
        return self._pages.show(
            "order", sitting=sitting, now=sitting.now, status=status, notice=notice, problem=problem,
            every_step="steps" in request.query_params, **view,
        )  # fmt: skip

    async def hold(self, request: Request, sitting: Sitting) -> Response:
        reason = sitting.form.get("reason", "")
        if not reason or len(reason) > LONGEST_REASON:
            problem = f"Say in 1 to {LONGEST_REASON} characters why the order is held. Name no person there."
            return await self._order(request, sitting, problem=problem, status=422)

        def act(session: Session, order: OrderRow) -> None:
            operator.hold(session, order, reason, sitting.now)

        return await self._act(request, sitting, act, "held")

    async def release(self, request: Request, sitting: Sitting) -> Response:
        def act(session: Session, order: OrderRow) -> None:
            operator.release(session, order, sitting.form.get("hold", ""), sitting.now)

        return await self._act(request, sitting, act, "released")

    async def retry(self, request: Request, sitting: Sitting) -> Response:
        def act(session: Session, order: OrderRow) -> None:
            operator.retry(session, order, sitting.now)

        return await self._act(request, sitting, act, "retried")

    async def end_return(self, request: Request, sitting: Sitting) -> Response:
        """The customer keeps the goods."""
        request_id = request.path_params["request_id"]

        def act(session: Session, order: OrderRow) -> None:
            found = [row for row in requests_of_order(session, order["id"]) if row["id"] == request_id]
            if not found:
                raise HTTPException(404)
            if not read_return(session, found[0]).may_cancel:
                raise operator.Refused("This return is on its way, or its money is: it goes on to its end.")
            by = f"{ORIGIN}:{sitting.visit.agent_id}"
            store(session, [cancellation(request_id, order["id"], ORIGIN, by)], sitting.now)

        answer = await self._act(request, sitting, act, "keeping")
        nudge(self._wiring.settings.requests_port)
        return answer

    async def _act(self, request: Request, sitting: Sitting, act: Act, done: str) -> Response:
        order_id = request.path_params["order_id"]

        def whole(session: Session) -> None:
            found = select_by(session, Order, "id", [order_id])
            if not found:
                raise HTTPException(404)
            act(session, found[0])

        try:
            await self._wiring.in_ledger(whole)
        except operator.Refused as refused:
            return await self._order(request, sitting, problem=str(refused), status=409)
        return go(f"/desk/orders/{order_id}?done={done}")

    async def _listed(self, sitting: Sitting, wanted: OrderFilter, page: int) -> Response:
        offset = (page - 1) * PER_PAGE
        rows = await asyncio.to_thread(self._wiring.read, orders_listed, wanted, limit=PER_PAGE + 1, offset=offset)
        chosen = {"state": wanted.state, "name": wanted.name, "customer": wanted.customer_id}
        return self._pages.show(
            "orders", sitting=sitting, now=sitting.now, wanted=wanted, orders=[_row(row) for row in rows[:PER_PAGE]],
            states=ORDER, page=page, more=len(rows) > PER_PAGE, searched="",
            query=urlencode({name: value for name, value in chosen.items() if value}),
        )  # fmt: skip


def _row(row: Mapping[str, Any]) -> View:
    return {
        **row,
        "shop": account_of(row),
        "badge": badge(ORDER, row["state"]),
        "total": Money(row["total_minor"], row["currency"]).display(),
    }
