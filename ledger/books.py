"""The order's own postings. Each fact is posted once: its key is unique in the journal."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain import journal
from domain.ids import new_id
from domain.journal import Entry
from domain.parcels import ParcelState
from domain.states import OrderState
from ledger.orders import OrderRow, lines_of
from ledger.rows import Row, group_by, insert_new, insert_rows, mappings, select_by
from ledger.tables import (
    JournalEntry,
    JournalLine,
    MoneyTransaction,
    Order,
    Payment,
    ReturnParcel,
    Shipment,
    ShipmentLine,
)
from ledger.tables.base import table_of

_entry, _line = table_of(JournalEntry), table_of(JournalLine)
_NOT_OWED = (OrderState.RECEIVED, OrderState.VALIDATING, OrderState.HELD, OrderState.CANCELLED)


def post_orders(session: Session, order_ids: Sequence[str], now: datetime) -> dict[str, int]:
    """Post what is not posted yet; returns the number of new entries per order. The caller need hold no lock:
    a second poster of the same fact writes nothing."""
    orders = select_by(session, Order, "id", order_ids)
    facts = _Facts(session, order_ids)
    wanted = [entry for order in orders for entry in facts.entries(order)]
    rows: list[Row] = [
        {
            "id": new_id("jrn"),
            "key": e.key,
            "order_id": e.order_id,
            "kind": e.kind,
            "currency": e.currency,
            "posted_at": now,
        }
        for e in wanted
    ]
    new = insert_new(session, JournalEntry, rows)
    insert_rows(
        session,
        JournalLine,
        [
            {"entry_id": row["id"], "account": account, "amount_minor": amount}
            for row, entry in zip(rows, wanted, strict=True)
            if row["id"] in new
            for account, amount in entry.lines
        ],
    )
    counts = dict.fromkeys(order_ids, 0)
    for row in rows:
        counts[row["order_id"]] += row["id"] in new
    return counts


class _Facts:
    """What is posted and what is to be posted for a chunk of orders, each table read once."""

    def __init__(self, session: Session, order_ids: Sequence[str]) -> None:
        posted = select_by(session, JournalEntry, "order_id", order_ids, order_by="id")
        lines = group_by(select_by(session, JournalLine, "entry_id", [row["id"] for row in posted]), "entry_id")
        self._posted: dict[str, list[Entry]] = {}
        for row in posted:
            content = tuple((line["account"], line["amount_minor"]) for line in lines.get(row["id"], []))
            self._posted.setdefault(row["order_id"], []).append(
                Entry(row["key"], row["order_id"], row["kind"], row["currency"], content)
            )
        self._money = group_by(select_by(session, MoneyTransaction, "order_id", order_ids), "order_id")
        self._payments = {row["id"]: row for row in select_by(session, Payment, "order_id", order_ids)}
        self._lines = lines_of(session, order_ids)
        parcels = [s for s in select_by(session, Shipment, "order_id", order_ids, order_by="id")]
        self._parcels = group_by(parcels, "order_id")
        back = select_by(session, ReturnParcel, "order_id", order_ids, order_by="id")
        self._labels = group_by([*parcels, *back], "order_id")
        shipped = [s["id"] for s in parcels if s["shipped_at"]]
        self._content = group_by(select_by(session, ShipmentLine, "shipment_id", shipped), "shipment_id")

    def entries(self, order: OrderRow) -> list[Entry]:
        known = {entry.key for entry in self._posted.get(order["id"], [])}
        found = [*self._placed(order), *self._transactions(order), *self._shipments(order)]
        return [entry for entry in found if entry.key not in known]

    def _placed(self, order: OrderRow) -> list[Entry]:
        """What the customer owes now; an earlier posting that no longer holds is reversed."""
        standing = [e for e in self._posted.get(order["id"], []) if e.kind in ("order_placed", "order_reversed")]
        placed = [e for e in standing if e.kind == "order_placed"]
        current = placed[-1] if placed and len(standing) % 2 else None
        wanted = None
        if order["state"] not in _NOT_OWED:
            wanted = journal.order_placed(
                order["id"],
                order["currency"],
                order["total_minor"],
                order["tax_minor"],
                f"order:{order['id']}:{len(placed) + 1}",
            )
        if current is not None and wanted is not None and dict(current.lines) == dict(wanted.lines):
            return []
        entries = []
        if current is not None:
            entries.append(journal.reversal(current, f"{current.key}:reversed", "order_reversed"))
        if wanted is not None:
            entries.append(wanted)
        return entries

    def _transactions(self, order: OrderRow) -> list[Entry]:
        entries = []
        for row in self._money.get(order["id"], []):
            if row["status"] != "success":
                continue
            gateway, key = self._payments[row["payment_id"]]["gateway"], f"{order['id']}:{row['external_id']}"
            if row["kind"] in ("sale", "capture"):
                entries.append(journal.money_in(order["id"], row["currency"], gateway, row["amount_minor"], key))
            elif row["kind"] == "refund":
                entries.append(journal.money_back(order["id"], row["currency"], gateway, row["amount_minor"], key))
        return entries

    def _shipments(self, order: OrderRow) -> list[Entry]:
        lines = self._lines[order["id"]]
        values = {line["id"]: line["unit_price_minor"] * line["ordered"] - line["discount_minor"] for line in lines}
        ordered = {line["id"]: line["ordered"] - line["cancelled"] for line in lines}
        shipped: dict[str, int] = {
            line["id"]: ordered[line["id"]]
            for line in lines
            if not line["requires_shipping"] and order["state"] not in _NOT_OWED
        }
        net = order["total_minor"] - order["tax_minor"]
        posted = self._posted.get(order["id"], [])
        before = -sum(
            amount for e in posted if e.kind == "revenue" for account, amount in e.lines if account == "revenue"
        )
        known = {entry.key for entry in posted}
        entries: list[Entry] = []
        parcels = [p for p in self._parcels.get(order["id"], []) if p["shipped_at"]]
        parcels.sort(key=lambda p: (f"shipment:{p['id']}" not in known, p["shipped_at"], p["id"]))
        for parcel in parcels:
            for part in self._content.get(parcel["id"], []):
                shipped[part["order_line_id"]] = shipped.get(part["order_line_id"], 0) + part["quantity"]
            if f"shipment:{parcel['id']}" in known:
                continue
            now_due = journal.recognised_minor(net, values, ordered, shipped)
            entries.append(journal.goods_sent(order["id"], order["currency"], now_due - before, parcel["id"]))
            before = now_due
        if not parcels and order["state"] == OrderState.COMPLETED:
            entries.append(journal.goods_sent(order["id"], order["currency"], net - before, f"digital:{order['id']}"))
        entries += [
            journal.label_bought(order["id"], p["label_currency"], p["label_cost_minor"], p["id"])
            for p in self._labels.get(order["id"], [])
            if p["label_cost_minor"]
        ]
        entries += [
            journal.reversal(
                journal.label_bought(order["id"], p["label_currency"], p["label_cost_minor"], p["id"]),
                f"label_void:{p['id']}",
                "label_void",
            )
            for p in self._labels.get(order["id"], [])
            if p["label_cost_minor"] and p["state"] == ParcelState.CANCELLED
        ]
        return entries


def unbalanced() -> sa.Select[tuple[str]]:
    """Asks for the keys of entries whose lines do not sum to zero."""
    return (
        sa.select(_entry.c.key)
        .join(_line, _line.c.entry_id == _entry.c.id)
        .group_by(_entry.c.key)
        .having(sa.func.sum(_line.c.amount_minor) != 0)
    )


def unbalanced_entries(session: Session) -> list[str]:
    """Keys of entries whose lines do not sum to zero."""
    return list(session.execute(unbalanced()).scalars())


def trial_balance(session: Session) -> list[Mapping[str, Any]]:
    """Sum per currency and account."""
    statement = (
        sa.select(_entry.c.currency, _line.c.account, sa.func.sum(_line.c.amount_minor).label("minor"))
        .join(_line, _line.c.entry_id == _entry.c.id)
        .group_by(_entry.c.currency, _line.c.account)
        .order_by(_entry.c.currency, _line.c.account)
    )
    return mappings(session, statement)
