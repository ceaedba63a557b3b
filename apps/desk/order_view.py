"""One order as its page shows it: plain values, made from the rows that the ledger has of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from apps.desk.decision_words import decision_words
from apps.desk.photos import photo_path
from apps.desk.requests import contact_line, requests_shown
from apps.desk.return_cases import returns_shown
from apps.desk.timeline import Timeline
from apps.desk.words import (
    ANSWERED,
    ASKED,
    FULFILMENT,
    HOLDER,
    MESSAGE,
    ORDER,
    PARCEL,
    RISK,
    SEVERITY,
    actor_words,
    badge,
    owner_words,
)
from config.accounts import Accounts
from config.vendor_pages import order_in_shop
from domain.addresses import format_lines
from domain.case_words import kind_words
from domain.decisions import in_words
from domain.money import Money
from domain.policy import Policies
from domain.states import CaseState
from ledger.agents import names_of
from ledger.operator import account_of
from ledger.orders import EDIT_WINDOW, address_of
from ledger.photos import photo_ids
from ledger.rows import group_by, select_by
from ledger.stories import Story, story_of
from ledger.tables import Order, Product, ProductVariant

View = dict[str, Any]
_LIVE = ("ours", "at_node")


def order_view(
    session: Session,
    order_id: str,
    places: Mapping[str, str],
    accounts: Accounts,
    policies: Policies,
    now: datetime,
) -> View | None:
    """All that the page shows; none when there is no such order. `places`: names of nodes by id."""
    found = select_by(session, Order, "id", [order_id])
    if not found:
        return None
    story = story_of(session, found[0])
    names = names_of(session, actors_of(story))
    titles = titles_of(session, story)
    currency = story.order["currency"]
    returns = returns_shown(session, story, names, places, policies)
    with_returns = {path for one in returns for path in one.photos}
    photos = [photo_path(order_id, photo) for photo in photo_ids(session, order_id)]
    return {
        "order": story.order,
        "state": badge(ORDER, story.order["state"]),
        "facts": _facts(story),
        "contact": _contact(story),
        "lines": [_line(row, currency) for row in story.lines],
        "money": _money(story),
        "holds": [_hold(row, story, names, now) for row in story.holds if row["released_at"] is None],
        "past_holds": [_hold(row, story, names, now) for row in story.holds if row["released_at"] is not None],
        "promises": _promises(story, places, titles),
        "parts": _parts(story, places, titles),
        "cases": [case_row(row, names, now) for row in story.cases if row["state"] != CaseState.RESOLVED],
        "decisions": [decision_words(row, currency, places, titles) for row in reversed(story.decisions)],
        "messages": [_message(row) for row in reversed(story.messages)],
        "requests": requests_shown(story, names, titles, places, accounts),
        "photos": [path for path in photos if path not in with_returns],
        "returns": returns,
        "returnable": any(row["shipped"] > row["returned"] + row["written_off"] for row in story.lines),
        "shop_url": order_in_shop(accounts, story.order),
        "timeline": Timeline(story, places, names).lines(),
        "on_hold": any(row["released_at"] is None and row["name"] == "operator" for row in story.holds),
    }


def case_row(row: Mapping[str, Any], names: Mapping[str, str], now: datetime) -> View:
    """A case on one line."""
    title, what = kind_words(row["kind"])
    return {
        **row,
        "title": title,
        "what": what,
        "tone": badge(SEVERITY, row["severity"]),
        "owner_name": owner_words(row["owner"], names),
        "overdue": row["state"] != CaseState.RESOLVED and row["due_at"] < now,
        "turn": ASKED if row["state"] == CaseState.WAITING else ANSWERED if row.get("answered") else None,
    }


def actors_of(story: Story) -> set[str]:
    """Everybody who did anything about the order, as the audit trail names them."""
    said = [(story.events, "actor"), (story.events, "cause"), (story.holds, "owner"), (story.holds, "placed_by"),
            (story.holds, "released_by"), (story.cases, "owner"), (story.notes, "author"), (story.requests, "actor"),
            (story.requests, "approved_by"), (story.questions, "author"), (story.returns, "actor"),
            (story.returns, "approved_by")]  # fmt: skip
    found = {str(row[column]) for rows, column in said for row in rows}
    return found | {text.removeprefix("handed_over:") for text in found}


def titles_of(session: Session, story: Story) -> dict[str, str]:
    """Titles of all products that the order has, had or may get, by SKU."""
    skus = {row["sku"] for rows in (story.lines, story.actions, story.reservations) for row in rows if row["sku"]}
    return variant_titles(session, select_by(session, ProductVariant, "sku", sorted(skus))) | {
        row["sku"]: row["title"] for row in story.lines
    }


def variant_titles(session: Session, variants: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Product and variant as the shop's order lines write them, by SKU."""
    ids = sorted({row["product_id"] for row in variants})
    products = {row["id"]: row["title"] for row in select_by(session, Product, "id", ids)}
    return {
        row["sku"]: " - ".join(part for part in (products.get(row["product_id"], ""), row["title"]) if part)
        for row in variants
    }


def _facts(story: Story) -> list[tuple[str, Any]]:
    order = story.order
    cancelled = in_words(order["cancel_reason"]) or "yes"
    return [
        ("Shop", account_of(order)),
        ("Shop's number", order["external_id"].rpartition("/")[2]),
        ("Placed", order["placed_at"]),
        ("Changes until", order["release_at"]),
        ("Shipping", order["shipping_code"] or "–"),
        ("Risk", RISK.get(order["risk_level"], order["risk_level"])),
        ("Language", order["locale"]),
        *([("Cancelled", cancelled)] if order["cancelled_at"] else []),
        *([("Test order", "yes")] if order["test"] else []),
    ]


def _contact(story: Story) -> View | None:
    found = story.contact
    if found is None:
        return None
    address = address_of(found)
    return {
        "lines": [*format_lines(address), address.country],
        "reached": contact_line(found),
        "email": found["email"],
        "verdict": in_words(found["verdict"]),
        "versions": sum(row["kind"] == "shipping" for row in story.contacts.values()),
    }


def _line(row: Mapping[str, Any], currency: str) -> View:
    wanted = row["ordered"] - row["cancelled"]
    shown = {name: row[name] for name in ("backordered", "released", "shipped", "delivered", "cancelled") if row[name]}
    total = row["unit_price_minor"] * row["ordered"] - row["discount_minor"]
    return {
        "title": row["title"],
        "sku": row["sku"],
        "wanted": wanted,
        "promised": row["reserved"],
        "short": row["requires_shipping"] and wanted > row["reserved"],
        "steps": ", ".join(f"{count} {name}" for name, count in shown.items()),
        "unit": Money(row["unit_price_minor"], currency).display(),
        "discount": Money(-row["discount_minor"], currency).display() if row["discount_minor"] else "",
        "total": Money(total, currency).display(),
    }


def _money(story: Story) -> View:
    order, currency = story.order, story.order["currency"]
    sums = [
        ("Discounts", -order["discount_minor"]),
        ("Shipping", order["shipping_minor"]),
        ("Tax included" if order["taxes_included"] else "Tax", order["tax_minor"]),
    ]
    return {
        "total": Money(order["total_minor"], currency).display(),
        "sums": [(name, Money(minor, currency).display()) for name, minor in sums if minor],
        "tenders": [
            {
                "gateway": row["gateway"].replace("_", " "),
                "declined": in_words(row["declined_code"]) if row["declined_code"] else "",
                "lapses_at": row["authorisation_expires_at"] if row["authorised_minor"] else None,
                **{
                    name: Money(row[f"{name}_minor"], row["currency"]).display()
                    for name in ("authorised", "captured", "refunded")
                },
            }
            for row in story.payments
        ],
        "refunds": [
            {
                "amount": Money(row["amount_minor"], row["currency"]).display(),
                "why": in_words(row["reason"]),
                "state": in_words(row["state"]),
            }
            for row in story.refunds
        ],
    }


def _hold(row: Mapping[str, Any], story: Story, names: Mapping[str, str], now: datetime) -> View:
    window = row["name"] == EDIT_WINDOW
    return {
        "name": row["name"],
        "title": "Open for changes" if window else in_words(row["name"]).capitalize(),
        "why": "" if window else in_words(row["reason"]),
        "owner": owner_words(row["owner"], names),
        "placed_by": actor_words(row["placed_by"], names),
        "placed_at": row["placed_at"],
        "due_at": row["due_at"],
        "overdue": row["due_at"] < now and not window,
        "released_at": row["released_at"],
        "released_by": actor_words(row["released_by"], names),
        "may_release": not window and not story.order["fence_token"],
    }


def _promises(story: Story, places: Mapping[str, str], titles: Mapping[str, str]) -> list[View]:
    return [
        {
            "title": titles.get(row["sku"], row["sku"]),
            "sku": row["sku"],
            "units": row["quantity"],
            "place": places.get(row["location_id"], row["location_id"]),
            "holder": HOLDER.get(row["holder"], in_words(row["holder"])),
        }
        for row in story.reservations
        if row["holder"] in _LIVE
    ]


def _parts(story: Story, places: Mapping[str, str], titles: Mapping[str, str]) -> list[View]:
    lines = group_by(story.fulfilment_lines, "fulfilment_order_id")
    parcels = group_by(story.shipments, "fulfilment_order_id")
    return [
        {
            "id": row["id"],
            "place": places.get(row["location_id"], row["location_id"]),
            "state": badge(FULFILMENT, row["state"]),
            "asked": in_words(row["request_state"]),
            "release_at": row["release_at"],
            "waits": row["state"] == "scheduled",
            "node_id": row["node_external_id"],
            "lines": [
                {"title": titles.get(line["sku"], line["sku"]), "units": line["quantity"], "shipped": line["shipped"]}
                for line in lines.get(row["id"], [])
            ],
            "parcels": [_parcel(parcel, story) for parcel in parcels.get(row["id"], [])],
        }
        for row in story.fulfilment_orders
    ]


def _parcel(row: Mapping[str, Any], story: Story) -> View:
    scans = [scan for scan in story.scans if scan["shipment_id"] == row["id"]]
    url = row["tracking_url"]
    return {
        "state": badge(PARCEL, row["state"]),
        "carrier": row["carrier"],
        "number": row["tracking_number"],
        "url": url if url.startswith(("https://", "http://")) else "",  # a vendor's text: nothing but a page
        "shipped_at": row["shipped_at"],
        "estimated_delivery": row["estimated_delivery"],
        "delivered_at": row["delivered_at"],
        "last": {
            "where": ", ".join(part for part in (scans[-1]["city"], scans[-1]["country"]) if part),
            "at": scans[-1]["occurred_at"],
        }
        if scans
        else None,
    }


def _message(row: Mapping[str, Any]) -> View:
    return {
        "kind": in_words(row["kind"]).capitalize(),
        "channel": row["channel"],
        "state": badge(MESSAGE, row["state"]),
        "why": in_words(row["reason"]) if row["reason"] else "",
        "at": row["sent_at"] or row["created_at"],
    }
