"""What an inspection decides: where each unit goes at once, and what it does to the money, with a person where the
rules are not sure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.policy import Policies
from domain.returns.disposition import Inspected, consequence, place
from domain.returns.scope import Subject
from domain.returns.windows import local_day
from domain.returns.words import Grade, Reception, Resolution, ReturnKind, ReturnReason
from domain.states_returns import ReturnLineState, ReturnState
from domain.zones import zone_of
from ledger.decisions import record_decisions
from ledger.orders import OrderRow
from ledger.returning import clocks
from ledger.returning.ending import ask_person
from ledger.returning.exchange_rows import live_lines
from ledger.returning.facts import Facts, return_facts
from ledger.returning.receiving import all_graded, count_back, put_away
from ledger.returning.requests import (
    LineRow,
    RequestRow,
    UnitRow,
    move_lines,
    move_request,
    orders_and_request,
    return_lines,
    return_units,
)
from ledger.returning.settling import Due


@dataclass(frozen=True, slots=True)
class _Found:
    """What one unit, or one that is not there, means."""

    unit_id: str
    line_id: str
    kept_percent: int
    review: bool
    why: dict[str, Any]


def wait_for_inspection(session: Session, request: RequestRow, policies: Policies, now: datetime) -> None:
    """The warehouse has it from now on; the caller holds the locks."""
    clocks.start(session, request, clocks.INSPECTION, now + policies.way_back.inspect_within, now)


def inspect(session: Session, request_id: str, token: int, policies: Policies, now: datetime) -> str:
    """When everything that came is graded: put it away, and judge the money. Returns waits, inspected or
    waits_for_a_person. Raises: TakenOver."""
    orders, request = orders_and_request(session, request_id, token)
    units = return_units(session, request_id)
    if not units or not all_graded(units):
        wait_for_inspection(session, request, policies, now)
        return "waits_for_inspection"
    facts = return_facts(session, list(orders.values()), policies, now, without=request_id)
    lines = {line["id"]: line for line in return_lines(session, request_id)}
    seen = {unit["id"]: _inspected(request, unit, lines, orders, facts) for unit in units}
    put = {unit["id"] for unit in units if unit["disposition"]}  # a node has put them away itself
    places = {i: place(about, policies.returns) for i, about in seen.items() if i not in put}
    put_away(session, request, {i: placed.to for i, placed in places.items() if placed.to is not None}, now)
    found = [_judged(unit, seen[unit["id"]], policies) for unit in units]
    found += _absent(request, lines, units, orders, facts, policies)
    # what is to be kept of what has gone out a person has to get, and goods are not sent in parts
    ahead = {*request["plan"].get("settled", {}), *live_lines(session, request_id)}
    found = [replace(each, review=each.review or (each.kept_percent > 0 and each.line_id in ahead)) for each in found]
    count_back(session, request, now)
    _record(session, request, units, places, found, policies, now)
    gone = [line for line in lines.values() if line["state"] == ReturnLineState.APPROVED]
    move_lines(session, gone, ReturnLineState.MISSING, "not_in_the_parcel", now)
    plan = {**request["plan"], "kept": _kept(found)}
    doubts = [{**each.why, "unit": each.unit_id, "percent": each.kept_percent} for each in found if each.review]
    if request["origin"] == "warehouse":
        doubts.append({"code": "not_announced", "unit": "", "percent": 0})
    if not doubts:
        move_request(session, request, ReturnState.INSPECTED, "graded", now, plan=plan)
        return "inspected"
    move_request(session, request, ReturnState.MANUAL_REVIEW, str(doubts[0]["code"]), now, plan=plan, reasons=doubts)
    _ask(session, request, doubts, now)
    return "waits_for_a_person"


def _inspected(
    request: RequestRow,
    unit: UnitRow,
    lines: Mapping[str, LineRow],
    orders: Mapping[str, OrderRow],
    facts: Facts,
) -> Inspected:
    line = lines.get(unit["line_id"])
    order = orders[line["order_id"] if line else request["order_id"]]
    about = facts.lines[line["order_id"], line["order_line_id"]] if line else None
    ruling = request["plan"].get("lines", {}).get(unit["line_id"], {})
    subject = Subject(
        sku=unit["sku"],
        category=about.category if about else "",
        tags=about.tags if about else frozenset(),
        country=order["country"],
        tier=facts.customer.tier,
        kind=ReturnKind(line["kind"]) if line else ReturnKind.RETURN,
        reason=ReturnReason(line["reason"]) if line and line["reason"] else None,
        resolution=Resolution(line["resolution"]) if line else Resolution.REFUND,
        placed_on=local_day(order["placed_at"], zone_of(order["country"], order["region"])),
        discount_percent=about.discount_percent if about else 0,
    )
    return Inspected(
        subject=subject,
        currency=order["currency"],
        value_minor=about.value_minor(1) if about else 0,
        grade=Grade(unit["grade"]) if unit["grade"] else None,
        reception=Reception(unit["reception"]),
        by_withdrawal="refund_by" in ruling,
    )


def _judged(unit: UnitRow, about: Inspected, policies: Policies) -> _Found:
    means = consequence(about, policies.returns)
    why = means.reason.as_json() if means.reason else {"code": "graded"}
    return _Found(unit["id"], unit["line_id"], means.kept_percent, means.review, why)


def _absent(
    request: RequestRow,
    lines: Mapping[str, LineRow],
    units: Sequence[UnitRow],
    orders: Mapping[str, OrderRow],
    facts: Facts,
    policies: Policies,
) -> list[_Found]:
    """Units that were to come back and that nobody has entered, neither as there nor as missing."""
    entered = Counter(unit["line_id"] for unit in units)
    goods = request["plan"].get("lines", {})
    found: list[_Found] = []
    for line in lines.values():
        awaited = goods.get(line["id"], {}).get("goods", "send_back") == "send_back"
        if not awaited or line["state"] not in (ReturnLineState.APPROVED, ReturnLineState.RECEIVED):
            continue
        for number in range(entered[line["id"]] + 1, line["asked"] + 1):
            unit = {"id": f"{line['id']}:{number}", "line_id": line["id"], "sku": line["sku"], "grade": ""}
            gone = {**unit, "reception": Reception.MISSING}
            found.append(_judged(gone, _inspected(request, gone, lines, orders, facts), policies))
    return found


def _kept(found: Sequence[_Found]) -> dict[str, list[int]]:
    """Per cent that stay with the shop, for each unit of a line."""
    kept: dict[str, list[int]] = {}
    for each in found:
        if each.line_id:
            kept.setdefault(each.line_id, []).append(each.kept_percent)
    return kept


def _record(
    session: Session,
    request: RequestRow,
    units: Sequence[UnitRow],
    places: Mapping[str, Any],
    found: Sequence[_Found],
    policies: Policies,
    now: datetime,
) -> None:
    draft = {
        "workflow": "return_inspection",
        "order_id": request["order_id"],
        "inputs": {
            "request": request["id"],
            "units": [[unit["id"], unit["reception"], unit["grade"]] for unit in units],
        },
        "candidates": [],
        "choice": {
            "places": {i: placed.as_json() for i, placed in places.items()},
            "kept_percent": {each.unit_id: each.kept_percent for each in found},
        },
        "explanation": [each.why for each in found],
    }
    record_decisions(session, [draft], policies.version, now)


def _ask(session: Session, request: RequestRow, doubts: Sequence[Mapping[str, Any]], now: datetime) -> None:
    choices = ["refund_as_proposed", "refund_in_full", "decline"]
    ask_person(session, request, "return_inspection", {"reasons": list(doubts)}, choices, now)


def due_after_inspection(session: Session, request: RequestRow, *, in_full: bool) -> list[Due]:
    """What the inspected lines are worth; `in_full`: a person says so, whatever was found."""
    rulings: Mapping[str, Mapping[str, Any]] = request["plan"].get("lines", {})
    kept: Mapping[str, Sequence[int]] = request["plan"].get("kept", {})
    due: list[Due] = []
    for line in return_lines(session, request["id"]):
        if line["state"] not in (ReturnLineState.INSPECTED, ReturnLineState.MISSING) or line["id"] not in kept:
            continue
        parts = [0 if in_full else percent for percent in kept[line["id"]]]
        paid = [percent for percent in parts if percent < 100]
        each = Due(line, len(paid), fee_minor=rulings.get(line["id"], {}).get("fee_minor", 0))
        due.append(replace(each, kept_percent=sum(paid) // len(paid) if paid else 0))
    return due
