"""One order's story, read from the ledger and told in words."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from apps.cli.output import console, moment, table
from domain.decisions import in_words
from domain.money import to_decimal_text
from domain.states import EffectState
from ledger import operator
from ledger import stories as ledger_stories
from ledger.orders import OrderRow
from ledger.stories import Rows, story_of

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
    told = story_of(session, order)

    def of(rows: Rows, *columns: str) -> list[dict[str, Any]]:
        return [{c: row[c] for c in columns} for row in rows]

    return {
        "order": _facts(order),
        "contact": _contact(told, personal),
        "lines": of(told.lines, "sku", "title", *_QUANTITIES),
        "holds": of(told.holds, "name", "reason", "owner", "placed_at", "due_at", "released_at", "released_by"),
        "payments": [
            {
                "gateway": row["gateway"], "declined_code": row["declined_code"],
                **{what: _amount(row[f"{what}_minor"], row["currency"]) for what in _MONEY},
            }
            for row in told.payments
        ],
        "fulfilment_orders": of(
            told.fulfilment_orders, "id", "location_id", "state", "request_state", "release_at"),
        "shipments": of(
            told.shipments, "id", "state", "carrier", "tracking_number", "shipped_at", "estimated_delivery",
            "delivered_at"),
        "messages": of(told.messages, "kind", "channel", "state", "reason", "created_at", "sent_at"),
        "cases": of(told.cases, "id", "kind", "state", "choices", "resolution"),
        "decisions": [
            {"workflow": row["workflow"], "decided_at": row["decided_at"], "choice": row["choice"],
             "reasons": [_reason(reason) for reason in row["explanation"]]}
            for row in told.decisions
        ],
        "waiting_effects": of(
            [row for row in told.effects if row["state"] not in _OVER],
            "kind", "target", "state", "attempts", "due_at", "error"),
        "timeline": of(told.events, "at", "aggregate", "from_state", "to_state", "cause", "actor"),
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


def _contact(told: ledger_stories.Story, personal: bool) -> Mapping[str, str]:
    found = told.contact
    fields = ("name", "company", "line1", "line2", "postal_code", "city", "region", "country", "phone", "email")
    contact = {name: str(found[name]) for name in fields if found[name]} if found else {}
    shown = {"country", "region"}
    return {name: value if personal or name in shown else masked(value) for name, value in contact.items()}


def masked(value: str) -> str:
    """Enough to tell two values apart on the telephone, no more: the first letter."""
    local, at, host = value.partition("@")
    return f"{local[:1]}…@{host[:1]}…" if at else f"{value[:1]}…"


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
