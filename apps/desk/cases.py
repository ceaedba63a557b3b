"""The queue of cases, one case, and what an agent does about it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from apps.desk.decision_words import plain_facts
from apps.desk.edit_cases import asked_line, edit_case_view, past_of
from apps.desk.evidence import evidence_path
from apps.desk.of_case import request_shown, return_shown
from apps.desk.order_view import View, case_row
from apps.desk.pages import Pages, go
from apps.desk.sitting import Sitting
from apps.desk.words import NOTICES, actor_words, owner_words
from apps.nudge import nudge
from config.accounts import Accounts
from config.vendor_pages import order_in_shop
from config.wiring import Wiring
from domain.case_words import choice_words, kind_words, weight
from domain.decisions import in_words
from domain.policy import Policies
from domain.states import CaseState
from ledger import agents, carrier_claims, case_queue, disputes, operator
from ledger.case_queue import Counts, Filter
from ledger.editing.answering import KINDS as EDIT_CASES
from ledger.editing.asking import LONGEST_QUESTION, NotAsked, ask, may_ask
from ledger.returning.answering import KINDS as RETURN_CASES
from ledger.rows import select_by
from ledger.tables import AuditEvent, Order, ReviewCase
from tasks.effect_kinds import KINDS

PER_PAGE = 50
_WITH_PAPER = (disputes.KIND, carrier_claims.KIND)
TEAM = "ops"  # whoever takes what nobody else owns
# facts of a case that the request shows better
_TOLD_BY_REQUEST = ("quote", "plan", "reasons", "differences", "sides", "lines", "refunds")


class Cases:
    """Routes under `/desk/cases`."""

    def __init__(self, wiring: Wiring, pages: Pages) -> None:
        self._wiring, self._pages = wiring, pages

    async def queue(self, request: Request, sitting: Sitting) -> Response:
        asked = request.query_params
        owner = sitting.actor if "mine" in asked else asked.get("owner", "")
        wanted = Filter("resolved" in asked, owner, asked.get("kind", ""), "overdue" in asked)
        page = page_of(request)
        view = await asyncio.to_thread(self._wiring.read, _queue, wanted, sitting, page)
        chosen = {name: asked[name] for name in ("mine", "owner", "kind", "overdue", "resolved") if name in asked}
        return self._pages.show(
            "cases", sitting=sitting, now=sitting.now, wanted=wanted, page=page, per_page=PER_PAGE,
            query=urlencode(chosen), **view,
        )  # fmt: skip

    async def show(self, request: Request, sitting: Sitting) -> Response:
        return await self._case(request, sitting)

    async def _case(self, request: Request, sitting: Sitting, **context: Any) -> Response:
        case_id = request.path_params["case_id"]
        places, accounts, policies = self._places(), self._wiring.accounts, self._wiring.policies
        view = await asyncio.to_thread(
            self._wiring.read, _case, case_id, sitting, self._teams(), places, accounts, policies
        )
        if view is None:
            raise HTTPException(404)
        notice = NOTICES.get(request.query_params.get("done", ""), "")
        shown = {"notice": notice, "problem": "", "note": "", "question": "", "asking": None, "status": 200, **context}
        return self._pages.show("case", sitting=sitting, now=sitting.now, **view, **shown)

    async def hand_over(self, request: Request, sitting: Sitting) -> Response:
        case_id, owner = request.path_params["case_id"], sitting.form.get("owner", "")

        def act(session: Session) -> None:
            if owner not in {name for name, _ in _owners(session, sitting, self._teams())}:
                raise operator.Refused("choose one of the owners that the page offers")
            case_queue.hand_over(session, case_id, owner, sitting.now)

        await self._wiring.in_ledger(act)
        return go(f"/desk/cases/{case_id}?done=assigned")

    async def write_note(self, request: Request, sitting: Sitting) -> Response:
        case_id, text = request.path_params["case_id"], sitting.form.get("note", "")
        try:
            await self._wiring.in_ledger(case_queue.write_note, case_id, text, sitting.now)
        except operator.Refused as refused:
            return await self._case(request, sitting, problem=str(refused), note=text, status=422)
        return go(f"/desk/cases/{case_id}?done=noted")

    async def ask_customer(self, request: Request, sitting: Sitting) -> Response:
        """A question to the customer instead of a decision; the request goes on waiting."""
        case_id, text = request.path_params["case_id"], sitting.form.get("question", "")
        if not await asyncio.to_thread(self._wiring.read, select_by, ReviewCase, "id", [case_id]):
            raise HTTPException(404)
        try:
            await self._wiring.in_ledger(ask, case_id, text, sitting.now)
        except NotAsked as refused:
            return await self._case(request, sitting, problem=str(refused), question=text, status=409)
        return go(f"/desk/cases/{case_id}?done=question")

    async def decide(self, request: Request, sitting: Sitting) -> Response:
        """Carry a choice out; one that cannot be taken back is asked about first, on a page of its own."""
        case_id, form = request.path_params["case_id"], sitting.form
        choice, note = form.get("choice", ""), form.get("note", "")
        found = await asyncio.to_thread(self._wiring.read, select_by, ReviewCase, "id", [case_id])
        if not found:
            raise HTTPException(404)
        [case] = found
        words = choice_words(case["kind"], choice)
        if choice in case["choices"] and words.final and form.get("sure") != "yes":
            return await self._case(request, sitting, asking={"choice": choice, "words": words}, note=note)

        def act(session: Session) -> None:
            if note:
                case_queue.write_note(session, case_id, note, sitting.now)
            handlers = {name: kind.handlers for name, kind in KINDS.items()}
            operator.resolve_case(session, case_id, choice, sitting.now, handlers)

        try:
            await self._wiring.in_ledger(act)
        except operator.Refused as refused:
            return await self._case(request, sitting, problem=str(refused), note=note, status=409)
        if case["kind"] in (*EDIT_CASES, *RETURN_CASES):
            nudge(self._wiring.settings.requests_port)
        return go(f"/desk/cases/{case_id}?done=resolved")

    def _places(self) -> dict[str, str]:
        return {node.id: node.name for node in self._wiring.policies.nodes}

    def _teams(self) -> list[str]:
        return sorted({TEAM, *self._wiring.policies.validation.hold_owner.values()} - {"customer"})


def page_of(request: Request) -> int:
    """Which page is asked for, from 1."""
    text = request.query_params.get("page", "")
    return max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 6 else 1


def _queue(session: Session, wanted: Filter, sitting: Sitting, page: int) -> View:
    now = sitting.now
    found = case_queue.cases_listed(session, wanted, now, limit=PER_PAGE, offset=(page - 1) * PER_PAGE)
    totals = case_queue.counts(session, now)
    names = agents.names_of(session, {row["owner"] for row in found} | set(totals.by_owner) | {sitting.actor})
    return {
        "cases": [{**case_row(row, names, now), "asked": asked_line(row["facts"])} for row in found],
        "counts": totals,
        "many": case_queue.how_many(session, wanted, now),
        "owners": _by_owner(totals, names),
        "kinds": sorted((kind_words(kind)[0], kind, many) for kind, many in totals.by_kind.items()),
        "title": _title(wanted, sitting, names),
    }


def _by_owner(totals: Counts, names: Mapping[str, str]) -> list[tuple[str, str, int]]:
    return sorted((owner_words(owner, names), owner, many) for owner, many in totals.by_owner.items())


def _title(wanted: Filter, sitting: Sitting, names: Mapping[str, str]) -> str:
    if wanted.kind:
        return kind_words(wanted.kind)[0]
    if wanted.owner:
        return "Mine" if wanted.owner == sitting.actor else f"Cases of {owner_words(wanted.owner, names)}"
    return "Overdue" if wanted.overdue else "Decided cases" if wanted.resolved else "Open cases"


def _case(
    session: Session,
    case_id: str,
    sitting: Sitting,
    teams: list[str],
    places: Mapping[str, str],
    accounts: Accounts,
    policies: Policies,
) -> View | None:
    found = select_by(session, ReviewCase, "id", [case_id])
    if not found:
        return None
    [case] = found
    orders = select_by(session, Order, "id", [case["order_id"]]) if case["order_id"] else []
    asked = request_shown(session, orders[0], case["subject_id"], places, accounts) if orders else None
    back = return_shown(session, orders[0], case["subject_id"], places, policies) if orders else None
    told = _TOLD_BY_REQUEST if asked or back else ()
    paper = case["facts"].get("evidence", "") if case["kind"] in _WITH_PAPER else ""
    notes = case_queue.notes_of(session, [case_id])
    events = select_by(session, AuditEvent, "aggregate_id", [case_id], order_by="id")
    handed = {event["cause"].partition(":")[2] for event in events}
    actors = {case["owner"], *handed, *(event["actor"] for event in events), *(note["author"] for note in notes)}
    names = agents.names_of(session, actors)
    return {
        "case": case_row({**case, "answered": _answered(case, events)}, names, sitting.now),
        "order": orders[0] if orders else None,
        "shop_url": order_in_shop(accounts, orders[0]) if orders else "",
        "request": asked,
        "returned": back,
        "around": edit_case_view(session, orders[0], case, asked.id, places) if asked else None,
        "past": past_of(session, orders[0]["customer_id"], back.id) if back else [],
        "evidence": evidence_path(case["order_id"], paper),
        "facts": plain_facts(
            {
                name: value
                for name, value in case["facts"].items()
                if name not in told and not (paper and value == paper)
            },
            orders[0]["currency"] if orders else "",
        ),
        "choices": [
            {"choice": choice, "words": choice_words(case["kind"], choice), "weight": weight(choice)}
            for choice in case["choices"]
        ],
        "open": case["state"] != CaseState.RESOLVED,
        "may_ask": may_ask(case),
        "longest_question": LONGEST_QUESTION,
        "decided": choice_words(case["kind"], case["resolution"]).label if case["resolution"] else "",
        "history": [
            {"at": event["at"], "by": actor_words(event["actor"], names), "text": _told(case, event, names)}
            for event in reversed(events)
            if not event["cause"].startswith("note:")
        ],
        "notes": [{**note, "by": actor_words(note["author"], names)} for note in reversed(notes)],
        "owners": _owners(session, sitting, [*teams, case["owner"]]),
        "mine": case["owner"] == sitting.actor,
    }


def _answered(case: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the case waits for an agent again because a customer has answered."""
    return case["state"] == CaseState.OPEN and any(event["cause"] == "answered" for event in events)


def _told(case: Mapping[str, Any], event: Mapping[str, Any], names: Mapping[str, str]) -> str:
    if not event["from_state"]:
        return "Opened"
    if event["to_state"] == CaseState.RESOLVED:
        return f"Decided: {choice_words(case['kind'], event['cause']).label}"
    if event["cause"] in ("asked", "answered"):
        return "Asked the customer" if event["cause"] == "asked" else "The customer has answered"
    return f"Handed over to {owner_words(event['cause'].partition(':')[2], names)}"


def _owners(session: Session, sitting: Sitting, teams: list[str]) -> list[tuple[str, str]]:
    """Who may be given a case: oneself, colleagues, teams."""
    people = [row for row in agents.agents_listed(session) if row["active"]]
    people.sort(key=lambda row: (row["id"] != sitting.visit.agent_id, row["name"]))
    known = {*teams, *case_queue.counts(session, sitting.now).by_owner}
    named = [(team, in_words(team)) for team in sorted(known) if ":" not in team]
    return [(agents.actor_of(row["id"]), row["name"]) for row in people] + named
