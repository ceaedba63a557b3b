"""What an agent looks at before deciding a change: prices that differ, promised stock, the decision, the customer's
past, and of a change that stopped half-way which side has what."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session

from apps.desk.decision_words import Table, decision_words, reason_words
from apps.desk.order_view import View, titles_of
from apps.desk.return_words import RETURN
from apps.desk.sides import sides_shown
from apps.desk.words import REQUEST, badge
from domain.decisions import in_words
from domain.money import Money
from ledger.orders import OrderRow
from ledger.rows import select_by
from ledger.stories import Story, story_of
from ledger.tables import Interaction, Order

_PAST = 10  # lines of the customer's history
_OUTCOMES = {"received": "Came in", "asked": "Was asked a question", "answered": "Answered a question"}
_READ = ("shop:", "node:")  # codes of what was read back otherwise
_LIVE = ("ours", "at_node")
_SHOP = {"lines": "products and shipping", "address": "address", "contact": "e-mail and phone", "cancel": "cancelled"}


def edit_case_view(
    session: Session, order: OrderRow, case: Mapping[str, Any], request_id: str, places: Mapping[str, str]
) -> View:
    """`sides` of a parked change and `tables` to show beneath the request, its latest `decision`, and `past`: what the
    customer asked for before. `places`: names of nodes by id."""
    story = story_of(session, order)
    [request] = [row for row in story.requests if row["id"] == request_id]
    titles, currency = titles_of(session, story), order["currency"]
    decided = [
        row for row in story.decisions if row["workflow"] == "edit" and row["inputs"].get("request") == request_id
    ]
    rows = sides_shown(case["facts"].get("sides") or {}, story, places, titles)
    tables = [
        *([] if rows else [_sides(case["facts"], story, places, titles)]),
        _stops(case["facts"].get("differences", []), story),
        _differences(request["quote"], currency),
        _promised(story, request_id, places, titles),
    ]
    return {
        "sides": rows,
        "tables": [table for table in tables if table.rows],
        "decision": decision_words(decided[-1], currency, places, titles) if decided else None,
        "past": past_of(session, order["customer_id"], request_id),
    }


def asked_line(facts: Mapping[str, Any]) -> str:
    """For the queue: what is asked, what it comes to and why a person looks; empty for a case about something else."""
    quote = facts.get("quote") or {}
    if "kinds" not in quote:
        return ""
    currency = quote["currency"]
    parts = [", ".join(in_words(kind) for kind in quote["kinds"]).capitalize()]
    for name, what in (("to_pay_minor", "to pay"), ("to_refund_minor", "goes back")):
        parts += [f"{Money(quote[name], currency).display()} {what}"] if quote.get(name) else []
    parts += [reason_words(reason, currency) for reason in facts.get("reasons", [])[:1]]
    return " · ".join(parts)


def _differences(quote: Mapping[str, Any], currency: str) -> Table:
    rows = [
        (
            in_words(row["name"]).capitalize(),
            *(Money(row[side], currency).display() for side in ("own_minor", "shop_minor")),
        )
        for row in quote.get("differences", [])
    ]
    return Table("Where the shop calculates otherwise (its word counts)", ("", "we", "the shop"), rows)


def _promised(story: Story, request_id: str, places: Mapping[str, str], titles: Mapping[str, str]) -> Table:
    rows = [
        (titles.get(row["sku"], row["sku"]), str(row["quantity"]), places.get(row["location_id"], row["location_id"]))
        for row in story.reservations
        if row["fulfilment_order_id"] == request_id and row["holder"] in _LIVE
    ]
    return Table("Stock that is promised to this change", ("product", "units", "at"), rows)


def _sides(facts: Mapping[str, Any], story: Story, places: Mapping[str, str], titles: Mapping[str, str]) -> Table:
    """Of a parked change whose sides could not be read, or of one parked before they were kept: what each side was to
    have, and where it was found otherwise."""
    unlike: Sequence[str] = facts.get("differences", [])
    plan = facts.get("plan", {})
    homes = {row["id"]: places.get(row["location_id"], row["location_id"]) for row in story.fulfilment_orders}
    rows: list[tuple[str, ...]] = []
    if any(code.startswith(_READ) for code in unlike):  # otherwise a call went wrong before that
        rows += [
            ("the shop", _SHOP.get(what, in_words(what)), _read_back({f"shop:{what}", "shop:gone"}, unlike))
            for what in plan.get("shop", [])
        ]
        rows += [
            (homes.get(step["fulfilment_order"], "a warehouse"), _wanted(step, titles),
             _read_back({f"node:{step['fulfilment_order']}"}, unlike))
            for step in plan.get("nodes", [])
        ]  # fmt: skip
    return Table("Which side has what", ("side", "is to have", "was found"), rows)


def _stops(unlike: Sequence[str], story: Story) -> Table:
    """What keeps a parked change from going on, besides sides that differ."""
    lines = {row["id"]: row["title"] for row in story.lines}
    rows = []
    for code in unlike:
        what, _, rest = code.partition(":")
        if code.startswith(_READ):
            continue
        if what == "promised":
            rows.append((f"A warehouse has more units of {lines.get(rest, rest)} than the order wants now.",))
        elif what == "undo":
            rows.append((f"It could not be put back: {in_words(rest or 'unknown')}.",))
        else:
            rows.append((f"{in_words(code.replace(':', ' ')).capitalize()}.",))
    return Table("What stopped it", ("",), rows)


def _wanted(step: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    if step["cancel"]:
        return "cancelled"
    units = "; ".join(f"{count} × {titles.get(sku, sku)}" for sku, count in step["after"].items())
    return f"{units} (new address)" if step["address"] else units


def _read_back(codes: set[str], unlike: Sequence[str]) -> str:
    return "something else" if codes & set(unlike) else "as wanted"


def past_of(session: Session, customer_id: str, request_id: str) -> list[View]:
    """What a customer asked for before, the newest first, without the request itself."""
    if not customer_id:
        return []
    rows = select_by(session, Interaction, "customer_id", [customer_id], order_by="at")
    rows = [row for row in reversed(rows) if row["subject_id"] != request_id][:_PAST]
    orders = {
        row["id"]: row["name"] for row in select_by(session, Order, "id", sorted({row["order_id"] for row in rows}))
    }
    return [
        {
            "order_id": row["order_id"],
            "order": orders.get(row["order_id"], ""),
            "text": _outcome(row),
            "channel": in_words(row["channel"]),
            "at": row["at"],
        }
        for row in rows
    ]


def _outcome(row: Mapping[str, Any]) -> str:
    of_return = row["kind"] == "return_request"
    told = _OUTCOMES.get(row["outcome"]) or badge(RETURN if of_return else REQUEST, row["outcome"])[0]
    return f"Return: {told[:1].lower()}{told[1:]}" if of_return else told
