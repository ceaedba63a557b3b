"""The steps of a return in the ledger, one function for each state: what is due is granted and planned in the
transaction that moves the request on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from domain.parcels import ParcelState
from domain.policy import Policies
from domain.returns.policy import When
from domain.returns.rulings import Goods
from domain.states import EffectState, RefundState
from domain.states_returns import ReturnLineState, ReturnState
from ledger.effects import EffectRow, plan_and_claim
from ledger.orders import OrderRow
from ledger.returning.carrier_labels import MAKE, make_draft
from ledger.returning.inspecting import due_after_inspection
from ledger.returning.labels import LABEL, QUOTE, code_drafts, quote_draft
from ledger.returning.requests import (
    LineRow,
    RequestRow,
    move_lines,
    move_request,
    orders_and_request,
    return_lines,
    return_parcels,
    set_values,
)
from ledger.returning.settling import Due, due_of, settle
from ledger.returning.telling import tell
from ledger.rows import select_by
from ledger.tables import Effect, Refund

SETTLED_WITHIN = timedelta(days=14)  # what the law gives a seller, Directive 2011/83/EU, Article 13(1)
_HOME = (str(Goods.KEEP), str(Goods.NOTHING))


@dataclass(frozen=True, slots=True)
class Next:
    """`name`: moved (to another state), waits, or send; `rows` are claimed for the caller, who sends them."""

    name: str
    rows: Sequence[EffectRow] = ()


def approved(
    session: Session, request_id: str, token: int, policies: Policies, *, now: datetime, real_now: datetime
) -> Next:
    """Money that goes out at once, what stays with the customer, and the label. Raises: TakenOver."""
    orders, request = orders_and_request(session, request_id, token)
    request, drafts = settle(
        session, orders, request, due_of(session, request, [When.AT_ONCE]), "at_once", policies, now
    )
    _resolve_at_home(session, request, now)
    if request["keep"]:
        request = _resolved(session, request, "kept", now)
        tell(session, orders, request, "kept", now)
        return Next("moved", plan_and_claim(session, drafts, now=now, real_now=real_now))
    parcels = [p for p in return_parcels(session, request_id) if p["state"] != ParcelState.CANCELLED]
    bare = bool(request["plan"].get("without_label"))
    if parcels or (bare and request["expires_at"] is None):
        until = _send_by(request, policies, now)
        if parcels:
            request = move_request(session, request, ReturnState.LABEL_ISSUED, "label", now, expires_at=until)
            drafts += code_drafts(parcels)
        else:
            request = set_values(session, request, expires_at=until)
        tell(session, orders, request, "approved", now)
        return Next("moved" if parcels else "waits", plan_and_claim(session, drafts, now=now, real_now=real_now))
    if not bare and not _label_under_way(session, request):
        account = policies.way_back.label_from
        drafts.append(make_draft(request, account) if account else quote_draft(request))
    rows = plan_and_claim(session, drafts, now=now, real_now=real_now)
    return Next("send" if rows else "waits", rows)


def _resolve_at_home(session: Session, request: RequestRow, now: datetime) -> None:
    """Lines whose goods stay where they are."""
    goods = request["plan"].get("lines", {})
    home = [
        line
        for line in return_lines(session, request["id"])
        if line["state"] == ReturnLineState.APPROVED and goods.get(line["id"], {}).get("goods") in _HOME
    ]
    gone = {line["id"]: line["waiting"] for line in home}
    move_lines(session, home, ReturnLineState.RESOLVED, "kept", now, written_off=gone)


def _label_under_way(session: Session, request: RequestRow) -> bool:
    """A label is being bought, or was refused and a person has the word."""
    number = len(request["plan"].get("labels_refused", [])) + 1
    keys = [f"{name}:{request['id']}:{number}" for name in ("return_quote", "return_label", "return_ship")]
    rows = select_by(session, Effect, "key", keys)
    return any(row["kind"] in (QUOTE, LABEL, MAKE) and row["state"] != EffectState.CANCELLED for row in rows)


def _send_by(request: RequestRow, policies: Policies, now: datetime) -> datetime:
    """The policy's time, or the earliest that a ruling names."""
    named = [
        datetime.fromisoformat(ruling[name])
        for ruling in request["plan"].get("lines", {}).values()
        for name in ("claw_back_at", "send_by")
        if name in ruling
    ]
    return min([now + policies.way_back.send_within, *named])


def remind(session: Session, request_id: str, token: int, now: datetime) -> None:
    """It has not been sent yet. Raises: TakenOver."""
    orders, request = orders_and_request(session, request_id, token)
    request = set_values(session, request, reminders=request["reminders"] + 1)
    tell(session, orders, request, "reminder", now)


def scanned(
    session: Session, request_id: str, token: int, policies: Policies, *, now: datetime, real_now: datetime
) -> Next:
    """A carrier has it. Raises: TakenOver."""
    orders, request = orders_and_request(session, request_id, token)
    until = now + policies.way_back.missing_after
    request = move_request(session, request, ReturnState.IN_TRANSIT, "scanned", now, expires_at=until)
    due = due_of(session, request, [When.FIRST_SCAN])
    return _pay(session, orders, request, due, "first_scan", policies, now=now, real_now=real_now)


def received(
    session: Session, request_id: str, token: int, policies: Policies, *, now: datetime, real_now: datetime
) -> Next:
    """The warehouse has it: say so once, and pay what is due on receipt. Raises: TakenOver."""
    orders, request = orders_and_request(session, request_id, token)
    if request["plan"].get("told_received"):
        return Next("waits")
    request = set_values(session, request, plan={**request["plan"], "told_received": True})
    tell(session, orders, request, "received", now)
    due = due_of(session, request, [When.RECEIPT])
    return _pay(session, orders, request, due, "receipt", policies, now=now, real_now=real_now)


def _pay(
    session: Session,
    orders: Mapping[str, OrderRow],
    request: RequestRow,
    due: Sequence[Due],
    occasion: str,
    policies: Policies,
    *,
    now: datetime,
    real_now: datetime,
) -> Next:
    request, drafts = settle(session, orders, request, due, occasion, policies, now)
    if due and request["plan"].get("settled"):
        tell(session, orders, request, "refunded", now)
    return Next("moved", plan_and_claim(session, drafts, now=now, real_now=real_now))


def inspected(
    session: Session,
    request_id: str,
    token: int,
    policies: Policies,
    *,
    in_full: bool = False,
    now: datetime,
    real_now: datetime,
) -> Next:
    """Grant what the units are worth and end the request's own part. Raises: TakenOver."""
    orders, request = orders_and_request(session, request_id, token)
    request, drafts = settle(
        session, orders, request, due_after_inspection(session, request, in_full=in_full), "inspection", policies, now
    )
    _resolve_lines(session, request, now, in_full=in_full)
    request = _resolved(session, request, "inspected", now)
    tell(session, orders, request, "refunded", now)
    return Next("moved", plan_and_claim(session, drafts, now=now, real_now=real_now))


def lost(
    session: Session, request_id: str, token: int, policies: Policies, *, now: datetime, real_now: datetime
) -> Next:
    """A person says that it will not come: the customer gets everything. Raises: TakenOver."""
    orders, request = orders_and_request(session, request_id, token)
    due = due_of(session, request, [str(when) for when in When])
    request, drafts = settle(session, orders, request, due, "lost", policies, now)
    waiting = [line for line in return_lines(session, request_id) if line["state"] == ReturnLineState.APPROVED]
    gone = {line["id"]: line["waiting"] for line in waiting}
    move_lines(session, waiting, ReturnLineState.RESOLVED, "lost", now, written_off=gone)
    request = _resolved(session, request, "lost", now)
    tell(session, orders, request, "refunded", now)
    return Next("moved", plan_and_claim(session, drafts, now=now, real_now=real_now))


def _resolve_lines(session: Session, request: RequestRow, now: datetime, *, in_full: bool) -> None:
    """Units that were paid for without coming back are written off; what is not there and not paid is nobody's."""
    open_lines: list[LineRow] = [
        line
        for line in return_lines(session, request["id"])
        if line["state"] in (ReturnLineState.INSPECTED, ReturnLineState.MISSING)
    ]
    gone = {line["id"]: line["waiting"] for line in open_lines} if in_full else {}
    move_lines(session, open_lines, ReturnLineState.RESOLVED, "settled", now, written_off=gone)


def _resolved(session: Session, request: RequestRow, cause: str, now: datetime) -> RequestRow:
    return move_request(session, request, ReturnState.RESOLVED, cause, now, expires_at=now + SETTLED_WITHIN)


def all_paid(session: Session, request: RequestRow) -> bool:
    """Whether everything that was granted has gone back."""
    orders = request["plan"].get("money", {})
    mine = f"{request['id']}:"
    rows = [row for row in select_by(session, Refund, "order_id", list(orders)) if row["subject_id"].startswith(mine)]
    return all(row["state"] == RefundState.SUCCEEDED for row in rows)
