"""One order's story, read from the ledger and told in words."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from apps.cli.output import console, moment, table
from domain.decisions import in_words
from domain.money import to_decimal_text
from domain.states import EffectState
from ledger import operator
from ledger.orders import OrderRow
from ledger.rows import select_by
from ledger.tables import (
    AuditEvent,
    Decision,
    Effect,
    FulfilmentOrder,
    Hold,
    Message,
    OrderContact,
    OrderLine,
    Payment,
    ReviewCase,
    Shipment,
)
from ledger.tables.base import table_of

Story = dict[str, Any]
_QUANTITIES = ("ordered", "reserved", "backordered", "released", "shipped", "delivered", "cancelled")
_TABLES = {
    "payments": "Money", "fulfilment_orders": "Fulfilment orders", "shipments": "Parcels", "messages": "Messages",
    "cases": "Cases", "waiting_effects": "Not done outside yet",
}  # fmt: skip
_MONEY = ("authorised", "captured", "refunded")
_OVER = (EffectState.DONE, EffectState.CANCELLED)


def read_story(session: Session, name: str, account: str, personal: bool) -> Story:
    """All about one order as plain values. Raises: Refused."""
    order = operator.find_order(session, name, account=account)

    def rows(model: type[SQLModel], *columns: str) -> list[dict[str, Any]]:
        order_by = "id" if model in (OrderLine, Decision) else None
        return [
            {c: row[c] for c in columns}
            for row in select_by(session, model, "order_id", [order["id"]], order_by=order_by)
        ]

    return {
        "order": _facts(order),
        "contact": _contact(session, order, personal),
        "lines": rows(OrderLine, "sku", "title", *_QUANTITIES),
        "holds": rows(Hold, "name", "reason", "owner", "placed_at", "due_at", "released_at", "released_by"),
        "payments": [
            {
                "gateway": row["gateway"], "declined_code": row["declined_code"],
                **{what: _amount(row[f"{what}_minor"], row["currency"]) for what in _MONEY},
            }
            for row in select_by(session, Payment, "order_id", [order["id"]])
        ],
        "fulfilment_orders": rows(FulfilmentOrder, "id", "location_id", "state", "request_state", "release_at"),
        "shipments": rows(
            Shipment, "id", "state", "carrier", "tracking_number", "shipped_at", "estimated_delivery", "delivered_at"),
        "messages": rows(Message, "kind", "channel", "state", "reason", "created_at", "sent_at"),
        "cases": rows(ReviewCase, "id", "kind", "state", "choices", "resolution"),
        "decisions": [
            {"workflow": row["workflow"], "decided_at": row["decided_at"], "choice": row["choice"],
             "reasons": [_reason(reason) for reason in row["explanation"]]}
            for row in select_by(session, Decision, "order_id", [order["id"]], order_by="decided_at")
        ],
        "waiting_effects": [
            row for row in rows(Effect, "kind", "target", "state", "attempts", "due_at", "error")
            if row["state"] not in _OVER
        ],
        "timeline": _timeline(session, order["id"]),
    }  # fmt: skip


def _facts(order: OrderRow) -> Mapping[str, Any]:
    return {
        "name": order["name"],
        "id": order["id"],
        "shop": operator.account_of(order),
        "state": order["state"],
        "placed": order["placed_at"],
        "total": _amount(order["total_minor"], order["currency"]),
        "goes to": " ".join(part for part in (order["region"], order["country"]) if part),
        "risk": order["risk_level"],
        "edit window ends": order["release_at"],
        "being edited": "yes" if order["fence_token"] else "no",
        "cancelled": order["cancel_reason"] or ("yes" if order["cancelled_at"] else "no"),
    }


def _contact(session: Session, order: OrderRow, personal: bool) -> Mapping[str, str]:
    found = select_by(session, OrderContact, "id", [order["contact_id"]])
    fields = ("name", "company", "line1", "line2", "postal_code", "city", "region", "country", "phone", "email")
    contact = {name: str(found[0][name]) for name in fields if found[0][name]} if found else {}
    shown = {"country", "region"}
    return {name: value if personal or name in shown else masked(value) for name, value in contact.items()}


def masked(value: str) -> str:
    """Enough to tell two values apart on the telephone, no more: the first letter."""
    local, at, host = value.partition("@")
    return f"{local[:1]}…@{host[:1]}…" if at else f"{value[:1]}…"


def _timeline(session: Session, order_id: str) -> list[dict[str, Any]]:
    event = table_of(AuditEvent)
    own = [order_id]
    for model in (FulfilmentOrder, Shipment, ReviewCase, Effect):
        own += [row["id"] for row in select_by(session, model, "order_id", [order_id])]
    found = session.execute(sa.select(event).where(event.c.aggregate_id.in_(own)).order_by(event.c.at, event.c.id))
    keys = ("at", "aggregate", "from_state", "to_state", "cause", "actor")
    return [{key: row[key] for key in keys} for row in found.mappings()]


def _amount(minor: int, currency: str) -> str:
    return f"{to_decimal_text(minor, currency)} {currency}"


def _reason(reason: Mapping[str, Any]) -> str:
    facts = ", ".join(f"{name} {value}" for name, value in reason.items() if name != "code")
    return in_words(str(reason["code"])) + (f" ({facts})" if facts else "")


def print_story(story: Story) -> None:
    """Tables for a person; empty ones are left out."""
    facts = [(name, moment(v) if hasattr(v, "strftime") else v) for name, v in story["order"].items()]
    table(f"Order {story['order']['name']}", ("", ""), facts)
    table("Contact (masked unless --personal)", ("", ""), list(story["contact"].items()))
    table("Lines", ("sku", "title", *_QUANTITIES), [list(row.values()) for row in story["lines"]], right=_QUANTITIES)
    holds = [
        (h["name"], in_words(h["reason"]), h["owner"], moment(h["due_at"]),
         f"released {moment(h['released_at'])} by {h['released_by']}" if h["released_at"] else "open")
        for h in story["holds"]
    ]  # fmt: skip
    _section("Holds", ("hold", "why", "owner", "due (UTC)", ""), holds)
    for key, title in _TABLES.items():
        rows = story[key]
        _section(
            title, tuple(name.replace("_", " ") for name in rows[0]) if rows else (), [_cells(row) for row in rows]
        )
    decisions = [(moment(d["decided_at"]), d["workflow"], "; ".join(d["reasons"])) for d in story["decisions"]]
    _section("Decisions", ("when (UTC)", "about", "because"), decisions)
    steps = [
        (moment(e["at"]), e["aggregate"].replace("_", " "), f"{e['from_state'] or '·'} → {e['to_state'] or '·'}",
         in_words(e["cause"]), e["actor"])
        for e in story["timeline"]
    ]  # fmt: skip
    _section("Timeline", ("when (UTC)", "what", "change", "cause", "by"), steps)


def _section(title: str, columns: tuple[str, ...], rows: list[Any]) -> None:
    if rows:
        console.print()
        table(title, columns, rows)


def _cells(row: Mapping[str, Any]) -> list[object]:
    return [moment(v) if hasattr(v, "strftime") else ", ".join(v) if isinstance(v, list) else v for v in row.values()]
