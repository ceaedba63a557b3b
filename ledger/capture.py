"""Write orders as their source states them: new ones whole, known ones by what has changed.

One transaction for a chunk of orders. A later `updated_at` wins; an equal or older statement changes nothing,
so deliveries may come twice and in any order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from domain.decisions import Reason
from domain.ids import new_id
from domain.order import Address, IncomingOrder
from domain.policy import Policies
from domain.validation import WantedHold
from ledger import audit, queue
from ledger.cancelling import cancel_here
from ledger.capture_changes import apply_changes
from ledger.capture_money import money_rows
from ledger.capture_rows import line_rows, order_row
from ledger.effects import EffectDraft
from ledger.offers.handing import link
from ledger.orders import EDIT_WINDOW, contact_row, hold_row, lock_orders
from ledger.prepared import Prepared, listed
from ledger.restored import hold_for
from ledger.rows import Row, insert_new, insert_rows
from ledger.shop_mirrors import hold_effect, shop_fulfilment_rows
from ledger.tables import (
    Customer,
    ExternalRef,
    Hold,
    MoneyTransaction,
    Order,
    OrderContact,
    OrderLine,
    Payment,
    ShopFulfilment,
    Work,
)
from ledger.tables.base import table_of

_ref, _customer = table_of(ExternalRef), table_of(Customer)
_REFS = Prepared(
    sa.select(_ref.c.external_id, _ref.c.our_id).where(
        _ref.c.system == sa.bindparam("source"),
        _ref.c.account == sa.bindparam("account"),
        _ref.c.kind == "order",
        listed(_ref.c.external_id, "ids"),
    )
)
# named again for SQLite, which uses the partial index only then
_CUSTOMERS = Prepared(
    sa.select(_customer.c.email, _customer.c.id).where(
        listed(_customer.c.email, "emails"), sa.text("customer.email <> ''")
    )
)


@dataclass
class Captured:
    """What became of each order (external id -> created, updated, cancelled, stale), and the effects wanted."""

    outcomes: dict[str, str] = field(default_factory=dict)
    order_ids: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, Reason] = field(default_factory=dict)
    effects: list[EffectDraft] = field(default_factory=list)


def capture_orders(
    session: Session,
    orders: Sequence[IncomingOrder],
    *,
    source: str,
    account: str,
    policies: Policies,
    now: datetime,
    shop_can_hold: bool = True,
) -> Captured:
    """Store a chunk of orders of one source. The effects returned are still to be planned by the caller."""
    result = Captured()
    newest = _newest(orders)
    ids = _known(session, source, account, list(newest))
    new_ids = {external_id: new_id("ord") for external_id in sorted(newest) if external_id not in ids}
    refs = {"system": source, "account": account, "kind": "order"}
    made = insert_new(
        session, ExternalRef, [{**refs, "external_id": e, "our_id": o} for e, o in new_ids.items()], key="our_id"
    )
    fresh = {external_id for external_id, our_id in new_ids.items() if our_id in made}
    if fresh:
        created = [newest[external_id] for external_id in newest if external_id in fresh]
        _create(session, created, new_ids, result, source, account, policies, now, shop_can_hold)
    known = [external_id for external_id in newest if external_id not in fresh]
    if known:
        ids |= _known(session, source, account, [external_id for external_id in known if external_id not in ids])
        rows = lock_orders(session, [ids[external_id] for external_id in known])
        said = [(rows[ids[external_id]], newest[external_id]) for external_id in known]
        for external_id, (outcome, effects) in zip(known, apply_changes(session, said, policies, now), strict=True):
            result.order_ids[external_id] = ids[external_id]
            result.outcomes[external_id] = outcome
            result.effects += effects
    return result


def _known(session: Session, source: str, account: str, external_ids: Sequence[str]) -> dict[str, str]:
    """Our ids of a source's orders that have been captured."""
    rows = _REFS.rows(session, source=source, account=account, ids=external_ids) if external_ids else []
    return {row["external_id"]: row["our_id"] for row in rows}


def _newest(orders: Sequence[IncomingOrder]) -> dict[str, IncomingOrder]:
    newest: dict[str, IncomingOrder] = {}
    for order in orders:
        held = newest.get(order.external_id)
        if held is None or held.updated_at < order.updated_at:
            newest[order.external_id] = order
    return newest


def _create(
    session: Session,
    orders: Sequence[IncomingOrder],
    ids: Mapping[str, str],
    result: Captured,
    source: str,
    account: str,
    policies: Policies,
    now: datetime,
    shop_can_hold: bool,
) -> None:
    customers = _customers(session, orders, now)
    tables: dict[type, list[Row]] = {
        model: [] for model in (Order, OrderLine, OrderContact, Hold, Payment, MoneyTransaction, ShopFulfilment, Work)
    }
    entries: list[Row] = []
    for order in orders:
        order_id = ids[order.external_id]
        result.outcomes[order.external_id] = "created"
        result.order_ids[order.external_id] = order_id
        window_end = order.created_at + policies.capture.edit_window
        release_at = max(now, window_end)
        contact = order.shipping_address or order.billing_address or Address()
        shipping = contact_row(order_id, "shipping", 1, "shop", contact, order.email, now)
        tables[OrderContact].append(shipping)
        if order.billing_address is not None:
            tables[OrderContact].append(
                contact_row(order_id, "billing", 1, "shop", order.billing_address, order.email, now)
            )
        tables[Order].append(
            order_row(order, order_id, customers[order.external_id], shipping, release_at, source, account, now)
        )
        lines, line_ids = line_rows(order, order_id)
        tables[OrderLine] += lines
        window = WantedHold(EDIT_WINDOW, "system", EDIT_WINDOW, release_at)
        tables[Hold].append(hold_row(order_id, window, placed_by="capture", now=now))
        payments, transactions = money_rows(order, order_id)
        tables[Payment] += payments
        tables[MoneyTransaction] += transactions
        mirrors = shop_fulfilment_rows(order, order_id, line_ids)
        kept = _kept_back(order, mirrors, window_end)
        doubt = hold_for(session, order_id, window_end, shop_holds_it=kept, now=now)
        tables[Hold] += doubt
        for mirror in mirrors:
            if doubt and mirror["hold_state"] == "wanted":  # set only now it would look as if it had stood all along
                mirror["hold_state"] = "none"
            tables[ShopFulfilment].append(mirror)
            if shop_can_hold and mirror["hold_state"] == "wanted":
                result.effects.append(hold_effect(mirror, order_id, f"{source}/{account}"))
        tables[Work].append(queue.work_row("validate", order_id, now))
        tables[Work].append(queue.work_row("reconcile", order_id, now))
        entries.append(audit.entry("order", order_id, "", "received", f"capture:{source}", now))
    for model, rows in tables.items():
        insert_rows(session, model, rows)
    audit.append(session, entries)
    link(session, source, account, {order.external_id: ids[order.external_id] for order in orders})
    _end_cancelled(session, orders, result, now)


def _kept_back(order: IncomingOrder, mirrors: Sequence[Row], window_end: datetime) -> bool:
    """Whether the shop itself shows that no node was told of any of it."""
    if order.cancelled_at is not None:
        return order.cancelled_at <= window_end
    return bool(mirrors) and all(mirror["hold_state"] != "wanted" for mirror in mirrors)


def _end_cancelled(session: Session, orders: Sequence[IncomingOrder], result: Captured, now: datetime) -> None:
    """Orders that were cancelled before we heard of them: nothing of them is ever judged or shipped."""
    ended = [result.order_ids[order.external_id] for order in orders if order.cancelled_at is not None]
    for row in lock_orders(session, ended).values():
        result.effects += cancel_here(session, row, "cancelled_in_shop", now)
        result.outcomes[row["external_id"]] = "cancelled"


def _customers(session: Session, orders: Sequence[IncomingOrder], now: datetime) -> dict[str, str]:
    """Our customer for each order, linked across shops by e-mail. Whoever inserts an e-mail first has it."""
    emails = {order.external_id: order.email.strip().lower() for order in orders}
    known = _known_customers(session, set(emails.values()))
    rows: dict[str, Row] = {}
    for order in orders:
        email = emails[order.external_id]
        if email in known:
            continue
        address = order.shipping_address or order.billing_address or Address()
        rows[email or order.external_id] = {
            "id": new_id("cus"),
            "email": email,
            "phone": order.phone or address.phone,
            "name": address.name,
            "locale": order.locale or "en",
            "created_at": now,
        }
    # in a fixed order: two captures of the same new customers wait for each other instead of locking each other out
    inserted = insert_new(session, Customer, [rows[key] for key in sorted(rows)])
    if any(row["id"] not in inserted for row in rows.values()):
        known = _known_customers(session, set(emails.values()))
    return {
        external_id: known[email] if email in known else rows[email or external_id]["id"]
        for external_id, email in emails.items()
    }


def _known_customers(session: Session, emails: set[str]) -> dict[str, str]:
    wanted = emails - {""}
    rows = _CUSTOMERS.rows(session, emails=wanted) if wanted else []
    return {row["email"]: row["id"] for row in rows}
