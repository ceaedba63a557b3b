"""The decision on a request: each line judged by the policy, with a record of its own; a person where the policy says
so."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.decisions import Reason
from domain.ids import new_id
from domain.policy import Policies
from domain.returns.asks import ReturnAsk
from domain.returns.judge import judge_request
from domain.returns.policy import When
from domain.returns.rulings import Goods, LineRuling, Verdict
from domain.returns.words import Condition, Resolution, ReturnKind, ReturnReason
from domain.states_returns import ReturnLineState, ReturnState
from ledger.decisions import record_decisions
from ledger.orders import OrderRow
from ledger.returning import clocks
from ledger.returning.ending import ask_person, decline
from ledger.returning.exchanges import lapse, promise
from ledger.returning.facts import Facts, return_facts
from ledger.returning.requests import (
    LineRow,
    RequestRow,
    move_lines,
    move_request,
    orders_and_request,
    return_lines,
    set_values,
)
from ledger.returning.telling import tell
from ledger.rows import select_by, update_by
from ledger.tables import FulfilmentOrder, ReturnLine, Shipment, ShipmentLine

BY_SHOP = "shop"  # in `approved_by`: opened in the shop's admin
Ruled = Sequence[tuple[LineRow, LineRuling]]


def decide(
    session: Session, request_id: str, token: int, policies: Policies, now: datetime, *, payment_page: str = ""
) -> str:
    """Judge the request and send it on its way: approved, to a person, or to its end. Returns what was decided.
    `payment_page`: where the difference of an exchange can be paid, empty when nowhere.

    Raises: TakenOver.
    """
    orders, request = orders_and_request(session, request_id, token)
    lines = return_lines(session, request_id)
    facts = return_facts(session, list(orders.values()), policies, now, without=request_id)
    ruled = judged(lines, facts, policies, now, gift=bool(request["plan"].get("gift")))
    if request["approved_by"] == BY_SHOP:
        ruled = [(line, _as_opened(ruling)) for line, ruling in ruled]
    if request["plan"].get("asked") and not request["approved_by"]:
        lapse(session, request, now)
        return "waits_for_a_person"
    promised = promise(session, orders, request, ruled, policies, now, payment_page=payment_page)
    ruled = promised.ruled
    refused = [(line, ruling) for line, ruling in ruled if ruling.verdict is Verdict.REFUSED]
    ids = _record(session, request, ruled, facts, policies, now)
    update_by(session, ReturnLine, [{"id": line["id"], "decision_id": ids[line["id"]]} for line in lines])
    plan = {**request["plan"], **({"tell_buyer": True} if policies.returns.gifts.tell_buyer else {})}
    request = set_values(session, request, policy_version=policies.version, plan=plan)
    if len(refused) == len(ruled):
        decline(session, orders, request, [_refusal(line, ruling) for line, ruling in refused], now)
        return "declined"
    doubts = [*_doubts(ruled, policies.way_back.send_to), *promised.doubts]
    if doubts and not request["approved_by"]:
        return _ask_person(session, request, doubts, now)
    _approve(session, orders, request, ruled, policies, now)
    return "approved"


def _as_opened(ruling: LineRuling) -> LineRuling:
    """The shop's own people may take back what its rules would refuse: goods first, then the money."""
    if ruling.verdict is not Verdict.REFUSED:
        return ruling
    resolutions = ruling.resolutions or (ruling.ask.resolution,)
    return replace(
        ruling, verdict=Verdict.ALLOWED, rule="shop:opened", resolutions=resolutions, next_step=None, next_at=None
    )


def asks_of(lines: Sequence[LineRow]) -> list[ReturnAsk]:
    return [
        ReturnAsk(
            kind=ReturnKind(line["kind"]),
            order_id=line["order_id"],
            line_id=line["order_line_id"],
            quantity=line["asked"],
            reason=ReturnReason(line["reason"]) if line["reason"] else None,
            condition=Condition(line["condition"]) if line["condition"] else None,
            resolution=Resolution(line["resolution"]),
            sku=line["wanted_sku"],
            photos=tuple(line["photos"]),
        )
        for line in lines
    ]


def judged(lines: Sequence[LineRow], facts: Facts, policies: Policies, now: datetime, *, gift: bool) -> Ruled:
    """Each line with its ruling."""
    rulings = judge_request(asks_of(lines), facts.lines, facts.orders, facts.customer, policies.returns, now, gift=gift)
    return list(zip(lines, rulings, strict=True))


def _refusal(line: LineRow, ruling: LineRuling) -> dict[str, Any]:
    """A refusal as it is kept: its reason, and what to do next."""
    reason = ruling.reasons[0].as_json() if ruling.reasons else {"code": "excluded"}
    after = {"next_step": str(ruling.next_step)} if ruling.next_step else {}
    at = {"next_at": ruling.next_at.isoformat()} if ruling.next_at else {}
    return {**reason, "line": line["id"], **after, **at}


def _doubts(ruled: Ruled, send_to: str) -> list[dict[str, Any]]:
    found = [
        {**reason.as_json(), "line": line["id"]}
        for line, ruling in ruled
        if ruling.verdict is Verdict.REVIEW
        for reason in ruling.reasons
    ]
    for line, ruling in ruled:
        if ruling.verdict is Verdict.ALLOWED and ruling.ask.resolution is Resolution.REPAIR:
            found.append(
                {**Reason("goods_owed", {"resolution": str(ruling.ask.resolution)}).as_json(), "line": line["id"]}
            )
        if ruling.verdict is Verdict.ALLOWED and ruling.goods is Goods.SEND_BACK and not send_to:
            found.append({"code": "no_place_for_goods", "line": line["id"]})
    return found


def _record(
    session: Session, request: RequestRow, ruled: Ruled, facts: Facts, policies: Policies, now: datetime
) -> dict[str, str]:
    """A decision for each line; returns their ids by line."""
    ids = {line["id"]: new_id("dec") for line, _ in ruled}
    drafts = [
        {
            "id": ids[line["id"]],
            "workflow": "return",
            "order_id": line["order_id"],
            "inputs": {"request": request["id"], "line": line["id"], **_inputs(facts, line)},
            "candidates": [str(each) for each in ruling.resolutions],
            "choice": ruling.as_json(),
            "explanation": [reason.as_json() for reason in ruling.reasons] or [{"code": "return_allowed"}],
        }
        for line, ruling in ruled
    ]
    record_decisions(session, drafts, policies.version, now)
    return ids


def _inputs(facts: Facts, line: LineRow) -> dict[str, Any]:
    about = facts.lines[line["order_id"], line["order_line_id"]]
    order, customer = facts.orders[line["order_id"]], facts.customer
    return {
        "units": {"sold": about.sold, "shipped": about.shipped, "delivered": about.delivered, "used_up": about.used_up},
        "paid_minor": about.paid_minor,
        "delivered_at": about.delivered_at.isoformat() if about.delivered_at else None,
        "country": order.country,
        "customer": {"orders": customer.orders, "returns": customer.returns, "claims": customer.claims},
    }


def _ask_person(session: Session, request: RequestRow, doubts: Sequence[Mapping[str, Any]], now: datetime) -> str:
    set_values(session, request, reasons=list(doubts), plan={**request["plan"], "asked": True})
    ask_person(session, request, "return_review", {"reasons": list(doubts)}, ["approve", "decline"], now)
    return "waits_for_a_person"


def _approve(
    session: Session,
    orders: Mapping[str, OrderRow],
    request: RequestRow,
    ruled: Ruled,
    policies: Policies,
    now: datetime,
) -> None:
    refused = [line for line, ruling in ruled if ruling.verdict is Verdict.REFUSED]
    granted = [(line, ruling) for line, ruling in ruled if ruling.verdict is not Verdict.REFUSED]
    move_lines(session, refused, ReturnLineState.DECLINED, "policy", now)
    move_lines(session, [line for line, _ in granted], ReturnLineState.APPROVED, "policy", now)
    plan = {
        **request["plan"],
        "lines": {line["id"]: _kept(ruling) for line, ruling in granted},
        "settled": {},
    }
    request = move_request(
        session,
        request,
        ReturnState.APPROVED,
        request["approved_by"] or "policy",
        now,
        reasons=[_refusal(line, ruling) for line, ruling in ruled if ruling.verdict is Verdict.REFUSED],
        plan=plan,
        keep=all(ruling.goods in (Goods.KEEP, Goods.NOTHING) for _, ruling in granted),
        instant=any(r.when is When.AT_ONCE and r.goods is Goods.SEND_BACK for _, r in granted),
        location_id=policies.way_back.destination(_shippers(session, [line for line, _ in granted])),
    )
    legal = [ruling.refund_by for _, ruling in granted if ruling.refund_by is not None]
    if legal:
        clocks.start(session, request, clocks.REFUND_DUE, min(legal), now)
    if refused:
        tell(session, orders, request, "declined", now)


def _shippers(session: Session, lines: Sequence[LineRow]) -> set[str]:
    """Nodes whose parcels the units went out in; none where a part of a kit was among them, which is no unit of a
    line."""
    sold = {line["order_line_id"]: line["sku"] for line in lines}
    parcels = {row["id"]: row for row in select_by(session, Shipment, "order_id", {line["order_id"] for line in lines})}
    parts = {row["id"]: row for row in select_by(session, FulfilmentOrder, "order_id", {p["order_id"] for p in lines})}
    content = select_by(session, ShipmentLine, "shipment_id", list(parcels))
    mine = [part for part in content if part["order_line_id"] in sold]
    if any(part["sku"] != sold[part["order_line_id"]] for part in mine):
        return set()
    carried = [parcels[part["shipment_id"]] for part in mine]
    return {
        parts[parcel["fulfilment_order_id"]]["location_id"]
        for parcel in carried
        if parcel["shipped_at"] is not None and parcel["fulfilment_order_id"] in parts
    }


def _kept(ruling: LineRuling) -> dict[str, Any]:
    """What later steps need of a ruling."""
    times = {
        name: moment.isoformat()
        for name in ("claw_back_at", "send_by", "refund_by")
        if (moment := getattr(ruling, name)) is not None
    }
    return {"goods": str(ruling.goods), "when": str(ruling.when), "fee_minor": ruling.fee_minor, **times}
