"""All returns, by what they wait for."""

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from apps.desk.cases import page_of
from apps.desk.order_view import View
from apps.desk.pages import Pages
from apps.desk.return_words import KIND, REASON, RETURN, WANT
from apps.desk.sitting import Sitting
from apps.desk.words import badge
from config.wiring import Wiring
from domain.states_returns import ENDED_RETURN
from ledger.returning.listing import GROUPS, Listed, returns_listed, waiting
from ledger.returning.requests import waits_for_a_person

PER_PAGE = 50
_GROUP_WORDS: Mapping[str, str] = {
    "person": "Wait for an agent",
    "to_send": "Wait to be sent",
    "on_its_way": "On their way back",
    "here": "At the warehouse",
    "money": "Money is going back",
    "ended": "Ended",
}


class ReturnList:
    """Route `GET /desk/returns`."""

    def __init__(self, wiring: Wiring, pages: Pages) -> None:
        self._wiring, self._pages = wiring, pages

    async def show(self, request: Request, sitting: Sitting) -> Response:
        asked, page = request.query_params.get("in", ""), page_of(request)
        group = asked if asked in GROUPS else ""
        read, offset = self._wiring.read, (page - 1) * PER_PAGE
        found = await asyncio.to_thread(read, returns_listed, group, limit=PER_PAGE + 1, offset=offset)
        counts = await asyncio.to_thread(read, waiting)
        return self._pages.show(
            "return_list", sitting=sitting, now=sitting.now, group=group,
            groups=[(name, _GROUP_WORDS[name], counts.get(name)) for name in GROUPS],
            returns=[_row(each) for each in found[:PER_PAGE]], page=page, more=len(found) > PER_PAGE,
            query=f"in={group}" if group else "",
        )  # fmt: skip


def _row(listed: Listed) -> View:
    request = listed.request
    return {
        "rma": request["rma"],
        "id": request["id"],
        "order_id": request["order_id"],
        "order": listed.order["name"],
        "at": request["created_at"],
        "state": RETURN["manual_review"] if waits_for_a_person(request) else badge(RETURN, request["state"]),
        "until": None if request["state"] in ENDED_RETURN else request["expires_at"],
        "what": [f"{line['asked']} × {sold['title'] or line['sku']}" for line, sold in listed.lines],
        "why": "; ".join(dict.fromkeys(_why(line) for line, _ in listed.lines)),
    }


def _why(line: Mapping[str, Any]) -> str:
    reason = REASON.get(line["reason"], KIND[line["kind"]].lower())
    return f"{reason}, wants {WANT[line['resolution']]}"
