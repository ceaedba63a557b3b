"""An edit of the shop's own admin that came too late: the parcel has one thing, the shop shows another, and a person
decides which of them is to be true."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.edits import Wanted
from domain.order import IncomingOrder
from domain.policy import EditPolicy, Policies
from domain.states import CaseState
from ledger.cases import CaseDraft, move_case, open_cases
from ledger.orders import OrderRow
from ledger.rows import select_by
from ledger.tables import ReviewCase, ShopFulfilment

CASE = "shop_edited_late"
SET_BACK, RECALL, ACCEPT = "set_shop_back", "recall_parcel", "accept"
Facts = dict[str, Any]


def prepared(
    session: Session,
    order: OrderRow,
    said: IncomingOrder,
    wanted: Wanted,
    lines: Sequence[Mapping[str, Any]],
    policies: Policies,
) -> Facts:
    """For the plan of a request: what its case would say (`late`). Sides by name; addresses by contact version, no
    text of them."""
    present = {row["external_id"]: row for row in lines}
    names = {line.external_id: line.sku for line in said.lines}
    stated = {line.external_id: line.quantity for line in said.lines}
    units = [
        {
            "line": present[external_id]["id"] if external_id in present else "",
            "sku": names.get(external_id) or present[external_id]["sku"],
            "shop": stated.get(external_id, 0),
            "parcel": present[external_id]["ordered"] if external_id in present else 0,
        }
        for external_id in dict.fromkeys([*present, *stated])
        if stated.get(external_id, 0) != (present[external_id]["ordered"] if external_id in present else 0)
    ]
    late: Facts = {"stated": stated}
    if units:
        late["lines"] = units
    if wanted.contact_version:
        late["address"] = {"shop": wanted.contact_version, "parcel": order["contact_id"]}
    if wanted.shipping_code:
        late["shipping"] = {"shop": wanted.shipping_code, "parcel": order["shipping_code"]}
        late["shipping_back"] = _shipping_back(order, policies.edits)
    can = in_shop(session, order) and bool(units or wanted.contact_version or late["shipping_back"])
    return {"late": late, "choices": [*([SET_BACK] if can else []), RECALL, ACCEPT]}


def in_shop(session: Session, order: OrderRow) -> bool:
    """Whether there is a shop that can be asked about it; an order from a file has none."""
    return bool(select_by(session, ShopFulfilment, "order_id", [order["id"]]))


def _shipping_back(order: OrderRow, policy: EditPolicy) -> Facts | None:
    """The method that the parcel has, as the shop is told of one; None when no price of it is known."""
    method = policy.shipping.get(order["shipping_code"])
    if method is None or order["currency"] not in method.price_minor:
        return None
    price = method.price_minor[order["currency"]]
    return {"title": method.title, "price_minor": price, "currency": order["currency"]}


def is_asked(session: Session, order_id: str, key: str) -> bool:
    """Whether a person has the question of this key, or has left shop and parcel as they are. One whose shop was set
    back is no answer to the same edit made once more."""
    about = [row for row in _of(session, [order_id]) if first_key(row) == key]
    return any(row["state"] != CaseState.RESOLVED or row["resolution"] in (RECALL, ACCEPT) for row in about)


def still_asked(session: Session, order_ids: Sequence[str]) -> set[str]:
    """Which of these orders have an open case of a late edit."""
    return {row["order_id"] for row in _of(session, order_ids) if row["state"] != CaseState.RESOLVED}


def set_aside(session: Session, order_id: str, cause: str, now: datetime, *, but: str = "") -> None:
    """End the open cases of what the shop does not state any more; `but`: the key of what it does."""
    for row in _of(session, [order_id]):
        if row["state"] != CaseState.RESOLVED and first_key(row) != but:
            move_case(session, row["id"], CaseState.RESOLVED, cause=cause, now=now)


def first_key(case: Mapping[str, Any]) -> str:
    """The key without the number of a case that was asked again."""
    return str(case["key"]).partition("#")[0]


def _of(session: Session, order_ids: Sequence[str]) -> list[Mapping[str, Any]]:
    return [row for row in select_by(session, ReviewCase, "order_id", order_ids) if row["kind"] == CASE]


def report(
    session: Session, order: OrderRow, plan: Mapping[str, Any], code: str, now: datetime, *, request_id: str = ""
) -> None:
    """Ask a person. One case for each thing that the shop states, however often it states it."""
    draft = CaseDraft(
        key=plan["case_key"],
        kind=CASE,
        severity="high",
        order_id=order["id"],
        subject_id=order["id"],
        facts={**plan["late"], "code": code, "request": request_id},
        choices=list(plan["choices"]),
    )
    open_cases(session, [draft], now)
