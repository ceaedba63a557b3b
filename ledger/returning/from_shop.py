"""Returns that somebody has started, answered or ended in the shop itself.

One that we do not know becomes a request of origin `shop` and takes the same way: what its customer asked for there is
judged and answered in the shop too; what the shop's people have opened is approved by them. What they do to a return of
ours is taken over as far as our request can follow, and is a person's case where it cannot.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.ids import digest
from domain.returns.words import OF_CLAIMS, Resolution, ReturnKind, ReturnReason
from domain.states_returns import ENDED_RETURN, ReturnLineState, ReturnState
from ledger.cases import CaseDraft, open_cases, resolve_by_key
from ledger.orders import OrderRow, lines_of
from ledger.returning.ending import CANCELLABLE, cancel, case_key
from ledger.returning.intake import Asked, open_asked
from ledger.returning.requests import (
    OPEN,
    QUEUE,
    RequestRow,
    move_lines,
    move_request,
    orders_and_request,
    return_lines,
    set_values,
    wake,
)
from ledger.returning.shop_effects import REF, note
from ledger.rows import select_by
from ledger.tables import ExternalRef, Order, ReturnRequest, ReviewCase
from ledger.tables.base import table_of

_ref, _request = table_of(ExternalRef), table_of(ReturnRequest)
ORIGIN = "shop"
DIFFERS = "return_shop_differs"
_OVER = (ReturnState.RESOLVED, ReturnState.EXPIRED, *ENDED_RETURN)


@dataclass(frozen=True, slots=True)
class StatedLine:
    """`line`: the shop's id of the order's line. `processed`: units that have left the order for good."""

    line: str
    units: int
    processed: int
    reason: ReturnReason


@dataclass(frozen=True, slots=True)
class StatedReturn:
    """A return as a shop states it. `state`: requested, open, closed, declined or cancelled. `reference`: our request's
    id, where it was made for one."""

    external_id: str
    order: str
    state: str
    lines: tuple[StatedLine, ...]
    reference: str = ""

    @property
    def processed(self) -> int:
        return sum(line.processed for line in self.lines)

    @property
    def is_settled(self) -> bool:
        """The shop's people have done everything themselves."""
        return bool(self.processed) and (
            self.state == "closed" or all(line.processed >= line.units for line in self.lines)
        )


def take_stated(session: Session, target: str, said: StatedReturn, now: datetime) -> str:
    """What a shop states of one return. The same statement again changes nothing. Returns opened, approved, cancelled,
    settled, differs, known, ended (of one that was over before we heard of it), not_ours or gone (an order that we do
    not have)."""
    system, _, account = target.partition("/")
    request_id = _our_id(session, system, account, REF, said.external_id)
    if request_id:
        return _follow(session, request_id, said, now)
    if said.reference and select_by(session, ReturnRequest, "id", [said.reference]):
        return "known"  # its own effect has not recorded it yet
    order = order_of(session, target, said.order)
    if order is None:
        return "gone"
    if said.state in ("declined", "cancelled") or (said.state == "closed" and not said.processed):
        return "ended"
    return _begin(session, order, target, said, now)


def _our_id(session: Session, system: str, account: str, kind: str, external_id: str) -> str:
    found = session.execute(
        sa.select(_ref.c.our_id).where(
            _ref.c.system == system,
            _ref.c.account == account,
            _ref.c.kind == kind,
            _ref.c.external_id == external_id,
        )
    ).scalar_one_or_none()
    return str(found or "")


def order_of(session: Session, target: str, external_id: str) -> Mapping[str, Any] | None:
    """Our order by its shop's id of it."""
    system, _, account = target.partition("/")
    order_id = _our_id(session, system, account, "order", external_id)
    return next(iter(select_by(session, Order, "id", [order_id])), None) if order_id else None


def open_in_shop(session: Session, target: str) -> list[str]:
    """The shop's ids of returns that still go on here, for a sweep to look at."""
    system, _, account = target.partition("/")
    return [
        str(found)
        for found in session.execute(
            sa.select(_ref.c.external_id)
            .join(_request, _request.c.id == _ref.c.our_id)
            .where(_ref.c.system == system, _ref.c.account == account, _ref.c.kind == REF)
            .where(OPEN)
            .order_by(_ref.c.external_id)
        ).scalars()
    ]


def _begin(session: Session, order: OrderRow, target: str, said: StatedReturn, now: datetime) -> str:
    ids = {row["external_id"]: row["id"] for row in lines_of(session, [order["id"]])[order["id"]]}
    if not said.lines or any(line.line not in ids for line in said.lines):
        return "not_ours"
    by_people = said.state != "requested"
    asked = Asked(
        request_id=f"ret_{digest([ORIGIN, target, said.external_id])}",
        order_id=order["id"],
        origin=ORIGIN,
        actor="shop" if by_people else "customer",
        lines=[
            {
                "kind": str(ReturnKind.CLAIM if reason in OF_CLAIMS else ReturnKind.RETURN),
                "reason": str(reason),
                "resolution": str(Resolution.REFUND),
                "quantity": units,
                "order_id": order["id"],
                "line_id": ids[line],
            }
            for (line, reason), units in _by_reason(said).items()
        ],
        received_at=now,
    )

    def before(request: RequestRow) -> None:
        state = "requested" if said.state == "requested" else "processed" if said.is_settled else "open"
        request = note(session, request, order, said.external_id, state)
        if by_people:
            set_values(session, request, approved_by="shop")

    outcome = open_asked(session, asked, "", now, before=before, even_unfit=not by_people)
    if outcome == "unfit":
        return _differs(session, {"id": asked.request_id, "state": "none"}, order["id"], said, now)
    if outcome != "opened":
        return outcome
    return _settle(session, asked.request_id, said, now) if said.is_settled else "opened"


def _by_reason(said: StatedReturn) -> Counter[tuple[str, ReturnReason]]:
    """Units that went out in several parcels are one line here."""
    found = Counter[tuple[str, ReturnReason]]()
    for line in said.lines:
        found[line.line, line.reason] += line.units
    return found


def _follow(session: Session, request_id: str, said: StatedReturn, now: datetime) -> str:
    orders, request = orders_and_request(session, request_id, None)
    found = {known["id"]: (order, known) for order, known in request["plan"]["shop"].items()}
    if said.external_id not in found:
        return "known"  # another one has taken its place, see `tasks.sending.exchanges`
    order_id, there = found[said.external_id]
    state = request["state"]
    if there["state"] == "requested" and said.state == "open":
        note(session, request, orders[order_id], said.external_id, "open")
        if state == ReturnState.REQUESTED:
            set_values(session, QUEUE.locked_free(session, request_id), approved_by="shop")
            resolve_by_key(session, case_key(request_id), cause="approved_in_shop", now=now)
            wake(session, request_id, now)
        return "approved"
    if said.state in ("cancelled", "declined"):
        if state in ENDED_RETURN or there["state"] == said.state:
            return "known"
        request = note(session, request, orders[order_id], said.external_id, said.state)
        if state in CANCELLABLE and cancel(session, orders, request, now) == "cancelled":
            return "cancelled"
        return _differs(session, request, order_id, said, now)
    if said.is_settled and state in (ReturnState.REQUESTED, ReturnState.APPROVED) and _only(request):
        note(session, request, orders[order_id], said.external_id, "processed")
        return _settle(session, request_id, said, now)
    ours = there["state"] in ("processed", "closed")
    if not ours and state not in _OVER and (said.state == "closed" or said.is_settled):
        return _differs(session, request, order_id, said, now)
    return "known"


def _only(request: RequestRow) -> bool:
    return len(request["plan"]["shop"]) == 1 and not request["plan"].get("settled")


def _settle(session: Session, request_id: str, said: StatedReturn, now: datetime) -> str:
    """The shop's people have taken the goods and seen to the money: units are counted, and nothing is given again."""
    orders, request = orders_and_request(session, request_id, None)
    lines = return_lines(session, request_id)
    ids = {row["id"]: row["external_id"] for rows in lines_of(session, list(orders)).values() for row in rows}
    left: dict[str, int] = {}
    for each in said.lines:
        left[each.line] = left.get(each.line, 0) + each.processed
    back: dict[str, int] = {}
    for line in lines:
        external_id = ids[line["order_line_id"]]
        back[line["id"]] = min(left.get(external_id, 0), line["waiting"])
        left[external_id] = left.get(external_id, 0) - back[line["id"]]
    if request["state"] == ReturnState.REQUESTED:
        lines = move_lines(session, lines, ReturnLineState.APPROVED, ORIGIN, now)
        plan = {**request["plan"], "lines": {}, "settled": {}}
        request = move_request(session, request, ReturnState.APPROVED, ORIGIN, now, plan=plan)
    waiting = [line for line in lines if line["state"] == ReturnLineState.APPROVED]
    move_lines(session, waiting, ReturnLineState.RESOLVED, "settled_in_shop", now, returned=back)
    move_request(session, request, ReturnState.RESOLVED, "settled_in_shop", now, expires_at=now)
    resolve_by_key(session, case_key(request_id), cause="settled_in_shop", now=now)
    wake(session, request_id, now)
    return "settled"


def _differs(session: Session, request: RequestRow, order_id: str, said: StatedReturn, now: datetime) -> str:
    """The shop's people have ended what still goes on here, or opened what does not fit. Asked once: each sweep sees
    it again."""
    key = f"{DIFFERS}:{request['id']}"
    if select_by(session, ReviewCase, "key", [key]):
        return "known"
    draft = CaseDraft(
        key=key,
        kind=DIFFERS,
        severity="high",
        order_id=order_id,
        subject_id=request["id"],
        owner="service",
        facts={"ours": request["state"], "shop": said.state, "processed": said.processed},
        choices=["return_goes_on"],
    )
    open_cases(session, [draft], now)
    return "differs"
