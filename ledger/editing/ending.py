"""Other ends of a request: refused, withdrawn, expired before anything was changed; undone; parked for a person."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.states import EditState
from ledger.cases import CaseDraft, open_cases, resolve_by_key
from ledger.editing import promises
from ledger.editing.paying import give_back
from ledger.editing.requests import RequestRow, move_request, set_values
from ledger.editing.sides import ReadBack, sides_of
from ledger.editing.stages import order_and_request
from ledger.editing.telling import tell
from ledger.effects import EffectDraft, plan
from ledger.fencing import lift_fence
from ledger.orders import OrderRow
from ledger.rows import update_by
from ledger.tables import Order

Reasons = Sequence[Mapping[str, Any]]


def refuse(
    session: Session,
    order: OrderRow,
    request: RequestRow,
    reasons: Reasons,
    now: datetime,
    *,
    to: EditState = EditState.REFUSED,
) -> RequestRow:
    """End a request before anything outside was changed: promises, money and the fence are given back. `to`: refused,
    expired or withdrawn. The caller holds both locks."""
    promises.release_request(session, request["id"], now)
    codes = [dict(reason) for reason in reasons] or request["reasons"]
    ended = move_request(session, request, to, str(codes[0]["code"]) if codes else str(to), now, reasons=codes)
    resolve_by_key(session, case_key(request["id"]), cause=str(to), now=now)
    tell(session, order, ended, str(to), now)
    effects: list[EffectDraft] = give_back(session, order, ended, now)
    if order["fence_token"] == request["id"]:
        effects += lift_fence(session, order["id"], token=request["id"], now=now)
    plan(session, effects, now)
    return ended


def refuse_held(session: Session, request_id: str, token: int, reasons: Reasons, now: datetime) -> RequestRow:
    """`refuse` for the holder of the request's lease. Raises: TakenOver."""
    order, request = order_and_request(session, request_id, token)
    return refuse(session, order, request, reasons, now)


def expire(session: Session, request_id: str, token: int, code: str, now: datetime) -> RequestRow:
    """Nobody paid, or nobody looked, in time. Raises: TakenOver."""
    order, request = order_and_request(session, request_id, token)
    return refuse(session, order, request, [{"code": code}], now, to=EditState.EXPIRED)


def undo(session: Session, request_id: str, token: int, code: str, now: datetime) -> RequestRow:
    """Somebody has refused a part: what was done so far is put back. Raises: TakenOver."""
    _, request = order_and_request(session, request_id, token)
    return move_request(session, request, EditState.UNDOING, code, now, reasons=[{"code": code}])


def cancelled_meanwhile(session: Session, request_id: str, token: int, cancelled_at: datetime, now: datetime) -> bool:
    """The shop says that the order was cancelled while it was edited: nodes get back what they had, so that the ledger
    knows what they have, and the end of the edit is the end of the order. False when that was known. Raises: TakenOver.
    """
    order, request = order_and_request(session, request_id, token)
    news = order["cancelled_at"] is None
    if news:  # the shop's own message may come later
        values = {"cancelled_at": cancelled_at, "cancel_reason": "cancelled_in_shop"}
        update_by(session, Order, [{"id": order["id"], **values}])
    if request["state"] != EditState.UNDOING:
        reasons = [{"code": "order_cancelled"}]
        move_request(session, request, EditState.UNDOING, "order_cancelled", now, reasons=reasons)
    return news


def park(
    session: Session,
    request_id: str,
    token: int,
    differences: Sequence[str],
    now: datetime,
    *,
    found: ReadBack | None = None,
) -> RequestRow:
    """Neither forward nor back: the fence stays, and a person is told which side has what (`found`, where it could be
    read). Raises: TakenOver."""
    order, request = order_and_request(session, request_id, token)
    if request["state"] != EditState.UNDOING:  # the table leads there from undoing only
        request = move_request(session, request, EditState.UNDOING, "differs", now)
    parked = move_request(session, request, EditState.PARKED, "differs", now, reasons=[{"code": "parked"}])
    _ask_about(session, order, parked, differences, found, now)
    tell(session, order, parked, "parked", now)
    return parked


def ask_again(
    session: Session,
    request_id: str,
    token: int,
    differences: Sequence[str],
    now: datetime,
    *,
    found: ReadBack | None = None,
) -> None:
    """A person wanted shop and nodes read again, and they still differ. Raises: TakenOver."""
    order, request = order_and_request(session, request_id, token)
    plan_without = {name: value for name, value in request["plan"].items() if name != "verdict"}
    _ask_about(session, order, set_values(session, request, plan=plan_without), differences, found, now)


def _ask_about(
    session: Session,
    order: OrderRow,
    request: RequestRow,
    differences: Sequence[str],
    found: ReadBack | None,
    now: datetime,
) -> None:
    sides = {"sides": sides_of(session, order, request, found, now)} if found is not None else {}
    draft = CaseDraft(
        key=case_key(request["id"]),
        kind="edit_parked",
        severity="high",
        order_id=order["id"],
        subject_id=request["id"],
        facts={"differences": list(differences), "plan": request["plan"], "quote": request["quote"], **sides},
        choices=["look_again", "applied", "undone"],
    )
    open_cases(session, [draft], now)


def case_key(request_id: str) -> str:
    """The one case about a request, whatever the question."""
    return f"edit:{request_id}"
