"""An edit of the shop's own admin after nodes have been told: the shop shows it already, so the nodes follow.

It becomes a request of origin `shop` with nothing left to do in the shop. Whoever has the order is told like for any
other edit, and the ledger takes it over at the end. Where a node takes it no more, a person decides: see
`ledger.editing.late_edits`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.edit_capabilities import Capabilities, EditField, NodePart
from domain.edits import Added, EditAction, EditKind, Wanted, stock_change
from domain.ids import digest, new_id
from domain.order import Address, IncomingOrder
from domain.policy import Policies
from domain.states import ENDED_ORDER, EditState, OrderState
from ledger.editing import late_edits, promises
from ledger.editing.destination import NOT_SERVED, kept_is_served
from ledger.editing.ending import refuse
from ledger.editing.facts import placed_order
from ledger.editing.fencing import CannotPlan, set_fence
from ledger.editing.plan import BUSY, NODE, OWN, NodeStep, node_steps, parts_of
from ledger.editing.requests import RequestRow, locked_free, move_request, open_of, open_request, set_values
from ledger.editing.snapshots import edit_snapshot
from ledger.effects import EffectDraft
from ledger.orders import Fenced, OrderRow, lines_of, lock_orders, propose_contact
from ledger.shop_edits import ROUTED, ShopEdit, take_contact, take_over

ORIGIN = "shop"
AT_ONCE, BY_REQUEST = "at_once", "by_request"
Lines = Sequence[Mapping[str, Any]]


def follow_shop(
    session: Session, order: OrderRow, said: IncomingOrder, edit: ShopEdit, policies: Policies, now: datetime
) -> list[EffectDraft]:
    """Take over what was edited in the shop's admin, or have the nodes told first; the caller holds the order's lock,
    and no edit has fenced it. The same statement again changes nothing. Returns the effects wanted."""
    lines = lines_of(session, [order["id"]])[order["id"]]
    key = f"shop_edit:{order['id']}:{_identity(said)}"
    late_edits.set_aside(session, order["id"], "changed_again", now, but=key)
    at_nodes = order["state"] in (*ROUTED, OrderState.COMPLETED) and _of_parcels(edit, lines)
    if not at_nodes:
        return take_over(session, order, said, edit, policies, now)
    asked = late_edits.is_asked(session, order["id"], key)
    if edit.contact and (edit.address is None or asked):  # no parcel shows it
        take_contact(session, order, said, replace(edit, address=None), now)
        order, edit = lock_orders(session, [order["id"]])[order["id"]], replace(edit, contact=False)
    standing = open_of(session, [order["id"]]).get(order["id"])
    if asked or (standing and standing["plan"].get("case_key") == key):
        return []  # stated again: a person has it or has decided on it, or its request waits for a node
    request_id = new_id("edr")
    wanted = _wanted(session, order, said, edit, lines, now)
    country = edit.address.country if edit.address is not None else order["country"]
    way = _left(order, lines, wanted, edit) or _way(session, order, wanted, country, request_id, policies, now)
    if way == BY_REQUEST and not late_edits.in_shop(session, order):
        way = "source_cannot"  # its end would have nobody to ask what the order is
    if way == AT_ONCE:
        return take_over(session, order, said, edit, policies, now, request_id=request_id)
    plan = {
        "shop": [],
        "wanted": wanted.as_json(),
        "stated": {line.external_id: line.quantity for line in said.lines},
        "stated_shipping": said.shipping_code,
        "case_key": key,
        **late_edits.prepared(session, order, said, wanted, lines, policies),
    }
    if way != BY_REQUEST:
        promises.release_request(session, request_id, now)
        late_edits.report(session, order, plan, way, now)
        return []
    end_open(session, order, "order_changed", now)
    _open(session, order, request_id, wanted, plan, policies, now)
    return []


def _of_parcels(edit: ShopEdit, lines: Lines) -> bool:
    """Whether it is about anything that is shipped: address, method, or goods that are no service or gift card."""
    ships = {row["id"] for row in lines if row["requires_shipping"]}
    goods = any(line in ships for line in edit.lines or {}) or any(
        line.requires_shipping and not line.gift_card for line in edit.added
    )
    return edit.address is not None or edit.shipping or goods


def _identity(said: IncomingOrder) -> str:
    """Of what the shop wants sent where and how: every later statement repeats it under a newer time."""
    address = said.shipping_address or said.billing_address or Address()
    lines = sorted((line.external_id, line.quantity) for line in said.lines)
    return digest([asdict(address), lines, said.shipping_code])[:16]


def _wanted(
    session: Session, order: OrderRow, said: IncomingOrder, edit: ShopEdit, lines: Lines, now: datetime
) -> Wanted:
    changed = edit.lines or {}
    kinds = {EditKind.REMOVE if units == 0 else EditKind.QUANTITY for units in changed.values()}
    added = tuple(
        Added(line.sku, line.quantity) for line in edit.added if line.requires_shipping and not line.gift_card
    )
    kinds |= {EditKind.ADD} if edit.added else set()
    kinds |= {EditKind.SHIPPING} if edit.shipping else set()
    kinds |= {EditKind.ADDRESS} if edit.address is not None else set()
    return Wanted(
        lines={row["id"]: changed.get(row["id"], row["ordered"] - row["cancelled"]) for row in lines},
        added=added,
        contact_version=_propose(session, order, said, edit.address, now) if edit.address is not None else "",
        shipping_code=said.shipping_code if edit.shipping else "",
        kinds=frozenset(kinds),
    )


def _propose(session: Session, order: OrderRow, said: IncomingOrder, address: Address, now: datetime) -> str:
    """A contact version that is the order's only once the parcel has it."""
    row = propose_contact(session, order["id"], "shipping", address, email=said.email, origin="shop", now=now)
    return str(row["id"])


def _left(order: OrderRow, lines: Lines, wanted: Wanted, edit: ShopEdit) -> str:
    """Why it comes too late whatever the nodes say; "" when it does not."""
    if order["state"] in ENDED_ORDER:
        return "order_completed"
    if any(wanted.lines[row["id"]] < row["shipped"] for row in lines):
        return "already_shipped"
    unshipped = any(row["requires_shipping"] and wanted.lines[row["id"]] > row["shipped"] for row in lines)
    return "already_shipped" if edit.address is not None and not (unshipped or wanted.added) else ""


def _way(
    session: Session,
    order: OrderRow,
    wanted: Wanted,
    country: str,
    request_id: str,
    policies: Policies,
    now: datetime,
) -> str:
    """AT_ONCE when no node has to be told, BY_REQUEST, or why nodes take it no more. More units join a parcel that is
    being packed where its node has them free, else they go on their own."""
    parts = parts_of(session, order)
    if country != order["country"] and not kept_is_served(parts, country, policies):
        return NOT_SERVED
    if any(part.how == BUSY for part in parts):
        return BY_REQUEST
    told = [part for part in parts if part.how in (NODE, OWN)]
    if told and wanted.shipping_code:
        return "node_told"
    snapshot = {part.id: part for part in edit_snapshot(session, order).parts}
    if told:
        _promise(session, order, wanted, request_id, policies, now)
    refusal = ""
    for _ in range(2):  # again without the units, which then go on their own
        try:
            steps = node_steps(session, order, request_id, wanted, parts, ())
        except CannotPlan as cannot:
            return cannot.code
        refusals = (_refuses(step, snapshot, policies.capabilities) for step in steps)
        refusal = next(filter(None, refusals), "")
        if not refusal:
            return BY_REQUEST if steps else AT_ONCE
        promises.release_request(session, request_id, now)
    return refusal


def _promise(
    session: Session, order: OrderRow, wanted: Wanted, request_id: str, policies: Policies, now: datetime
) -> None:
    """Units for what the shop has added. None where they are short: the shop has sold them, and the order is planned
    with what there is. A SKU that was added twice goes on its own: a node could not tell the lines apart."""
    twice = {sku for sku, times in Counter(added.sku for added in wanted.added).items() if times > 1}
    change = stock_change(placed_order(session, order), wanted)
    needed = {sku: units for sku, units in change.items() if units > 0 and sku and sku not in twice}
    if needed:
        promises.reserve_for_request(session, order, request_id, needed, policies, now)


def _refuses(step: NodeStep, parts: Mapping[str, NodePart], capabilities: Capabilities) -> str:
    part = parts[step.fulfilment_order]
    node = capabilities.node(part.system)
    stage = node.stage_of(part)
    fields = [EditField.ADDRESS] if step.address else []
    fields += [EditField.CANCEL if step.cancel else EditField.LINES] if step.cancel or step.changes_lines else []
    return "" if all(node.takes(field, stage) for field in fields) else f"node_{stage}"


def end_open(session: Session, order: OrderRow, code: str, now: datetime) -> None:
    """End a request that has changed nothing yet, because the shop has changed or cancelled its order: what was paid
    goes back, and its runner finds that somebody else has ended it. The caller holds the order's lock; no fence."""
    standing = open_of(session, [order["id"]]).get(order["id"])
    if standing is None:
        return
    request = set_values(session, locked_free(session, standing["id"]), lease_token=0, lease_until=None)
    paying = request["state"] == EditState.AWAITING_PAYMENT
    refuse(session, order, request, [{"code": code}], now, to=EditState.EXPIRED if paying else EditState.REFUSED)


def _open(
    session: Session,
    order: OrderRow,
    request_id: str,
    wanted: Wanted,
    plan: Mapping[str, Any],
    policies: Policies,
    now: datetime,
) -> None:
    open_prepared(
        session, order, request_id, _actions(wanted, order, session), sorted(wanted.kinds), plan, actor="shop", now=now
    )
    fence_prepared(session, order, locked_free(session, request_id), policies, now)


def _actions(wanted: Wanted, order: OrderRow, session: Session) -> list[EditAction]:
    """As the history shows them."""
    rows = lines_of(session, [order["id"]])[order["id"]]
    changed = [(row["id"], wanted.lines[row["id"]]) for row in rows if wanted.lines[row["id"]] != row["ordered"]]
    actions = [
        EditAction(EditKind.QUANTITY, line_id=line, quantity=units)
        if units
        else EditAction(EditKind.REMOVE, line_id=line)
        for line, units in changed
    ]
    actions += [EditAction(EditKind.ADD, sku=added.sku, quantity=added.quantity) for added in wanted.added]
    if wanted.contact_version:
        actions.append(EditAction(EditKind.ADDRESS, contact_version=wanted.contact_version))
    if wanted.shipping_code:
        actions.append(EditAction(EditKind.SHIPPING, shipping_code=wanted.shipping_code))
    return actions


def open_prepared(
    session: Session,
    order: OrderRow,
    request_id: str,
    actions: Sequence[EditAction],
    kinds: Sequence[str],
    plan: Mapping[str, Any],
    *,
    actor: str,
    now: datetime,
) -> None:
    """Write a request that needs no quote and no decision: it waits for its fence. The caller holds the order's
    lock and knows that no other is open."""
    open_request(
        session, order, actions, request_id=request_id, origin=ORIGIN, actor=actor, inbox_id="", agreed_minor=None,
        received_at=now, now=now,
    )  # fmt: skip
    quote = {"currency": order["currency"], "kinds": list(kinds), "to_pay_minor": 0, "to_refund_minor": 0}
    request = locked_free(session, request_id)
    request = move_request(session, request, EditState.QUOTED, "from_shop", now, quote=quote, plan=dict(plan))
    move_request(session, request, EditState.FENCING, "from_shop", now)


def is_prepared(request: RequestRow) -> bool:
    return "wanted" in request["plan"]


def fence_prepared(session: Session, order: OrderRow, request: RequestRow, policies: Policies, now: datetime) -> str:
    """Fence the order for a prepared request: fenced, busy (a node is being told just now), or why it is too late.
    The caller holds both locks."""
    plan = request["plan"]
    said = dict(plan["wanted"])
    wanted = Wanted(
        **{
            **said,
            "added": tuple(Added(**added) for added in said["added"]),
            "kinds": frozenset(EditKind(kind) for kind in said["kinds"]),
        }
    )
    snapshot = edit_snapshot(session, order, fence=request["id"])
    try:
        set_fence(session, order, request, wanted, snapshot, policies.capabilities, plan, now)
    except Fenced:
        return "busy"
    except CannotPlan as cannot:
        if cannot.code == "busy":  # the shop has it already: there is nothing to give up
            return "busy"
        refuse(session, order, request, [{"code": cannot.code}], now)
        late_edits.report(session, order, plan, cannot.code, now, request_id=request["id"])
        return cannot.code
    return "fenced"
