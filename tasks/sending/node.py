"""Effects at nodes: hand an order over, take it back; labels for the own warehouse; trackers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from config import wiring
from config.tracking_sources import follower
from connectors.errors import ConnectorError, OutcomeUnknown, VendorRejected
from connectors.outcomes import Outcome, Sent
from connectors.warehouses.base import Warehouse
from domain.nodes import NodeLine, NodeOrderRequest, NodeState
from domain.order import Address
from domain.parcels import Label, Parcel, cheapest_in_time
from domain.policy import NodePolicy
from ledger import label_effects, node_effects, tracking
from ledger.effects import EffectDraft, EffectRow, Handlers, Verdict
from ledger.node_effects import requests_for
from ledger.orders import address_of
from ledger.rows import select_by
from ledger.tables import ProductVariant, Shipment
from tasks.effects import EffectKind, attempt, verdict
from tasks.runtime import each, in_ledger


def _label_bought(session: Session, pairs: Sequence[tuple[EffectRow, Verdict]], now: datetime) -> list[EffectDraft]:
    policies = wiring.current().policies
    return label_effects.label_bought(session, pairs, now, keep=policies.retention.documents, policies=policies)


CREATE = Handlers(node_effects.accepted, node_effects.refused, node_effects.guard_submit, keyed=True, can_look_up=True)
CANCEL = Handlers(
    node_effects.cancelled, node_effects.cancel_refused, node_effects.guard_cancel, keyed=True, can_look_up=True
)
QUOTE = Handlers(label_effects.quoted, node_effects.refused, node_effects.guard_submit, keyed=True)  # buys nothing
BUY = Handlers(_label_bought, node_effects.refused, node_effects.guard_submit, can_look_up=True)
VOID = Handlers(label_effects.voided, None, keyed=True)  # asking again changes nothing
TRACK = Handlers(tracking.tracker_made, None, keyed=True)  # the same number gives the same tracker


def _warehouse(row: EffectRow) -> Warehouse:
    return wiring.current().warehouses()[row["target"]]


def _at_once() -> int:
    return wiring.current().settings.vendor_concurrency


async def send_orders(rows: Sequence[EffectRow]) -> list[Verdict]:
    facts = await in_ledger(requests_for, [row["subject_id"] for row in rows])
    return await each(lambda row: attempt(_create(row, facts[row["subject_id"]]), CREATE), rows, at_once=_at_once())


async def _create(row: EffectRow, facts: dict[str, Any]) -> Outcome:
    order = await _warehouse(row).create_order(_request(row["request"]["reference"], facts))
    return Sent(external_id=order.external_id)


def _request(reference: str, facts: dict[str, Any]) -> NodeOrderRequest:
    policies, order, contact = wiring.current().policies, facts["order"], facts["contact"]
    methods = policies.shipping.node_method
    units: dict[str, int] = {}
    for line in facts["lines"]:
        units[line["sku"]] = units.get(line["sku"], 0) + line["quantity"]
    return NodeOrderRequest(
        reference=reference,
        order_name=order["name"],
        ship_to=address_of(contact),
        email=contact["email"],
        lines=tuple(NodeLine(sku, count) for sku, count in units.items()),
        shipping_method=methods.get(order["shipping_code"], methods["default"]),
        ordered_at=order["placed_at"],
        node_location=policies.node(facts["fulfilment_order"]["location_id"]).node_location,
        currency=order["currency"],
    )


async def find_orders(rows: Sequence[EffectRow]) -> list[Verdict]:
    return await each(lambda row: _find(row), rows, at_once=_at_once())


async def _find(row: EffectRow) -> Verdict:
    try:
        found = await _warehouse(row).find_order(row["request"]["reference"])
    except ConnectorError as error:
        return Verdict("retry", code=error.code, detail=error.detail)
    if found is None:
        return Verdict("absent", code="looked_up")
    if found.state is NodeState.CANCELLED:
        return Verdict("rejected", code="reference_cancelled")
    return Verdict("done", external_id=found.external_id)


async def send_cancels(rows: Sequence[EffectRow]) -> list[Verdict]:
    """Look first: what was never there, or is cancelled already, needs no call. Hence safe to repeat."""
    return await each(lambda row: attempt(_cancel(row), CANCEL), rows, at_once=_at_once())


async def _cancel(row: EffectRow) -> Outcome:
    if row["target"] not in wiring.current().warehouses():
        return await _recall(row)
    warehouse = _warehouse(row)
    found = await warehouse.find_order(row["request"]["reference"])
    if found is None or found.state is NodeState.CANCELLED:
        return Sent()
    if found.state in (NodeState.SHIPPED, NodeState.DELIVERED):
        return VendorRejected(row["target"], "cancel_order", reason="too_late")
    await warehouse.cancel_order(found.external_id)
    return Sent(external_id=found.external_id)


async def _recall(row: EffectRow) -> Outcome:
    """The own warehouse: the sheet is ours, so the recall is a row. Refused once the parcel has left."""
    from tasks.picking import recall

    return await recall(row["subject_id"])


async def send_quotes(rows: Sequence[EffectRow]) -> list[Verdict]:
    facts = await in_ledger(requests_for, [row["subject_id"] for row in rows])
    weights = await in_ledger(weights_of, {line["sku"] for fact in facts.values() for line in fact["lines"]})
    return await each(
        lambda row: attempt(_quote(row, facts[row["subject_id"]], weights), QUOTE), rows, at_once=_at_once()
    )


async def _quote(row: EffectRow, facts: dict[str, Any], weights: dict[str, int]) -> Outcome:
    policies = wiring.current().policies
    grams = sum(
        (weights.get(line["sku"]) or policies.shipping.default_weight_g) * line["quantity"] for line in facts["lines"]
    )
    length, width, height = policies.shipping.parcel_mm
    quote = (
        await wiring.current()
        .parcels()
        .quote(
            ship_from=origin_of(policies.node(facts["fulfilment_order"]["location_id"])),
            ship_to=address_of(facts["contact"]),
            parcel=Parcel(max(grams, 1), length, width, height),
            reference=row["request"]["reference"],
        )
    )
    days = policies.shipping.max_days.get(facts["order"]["shipping_code"], policies.shipping.default_max_days)
    rate = cheapest_in_time(quote.rates, max_days=days)
    if rate is None:
        return VendorRejected("labels", "quote", reason="no_rate")
    return Sent(external_id=quote.external_id, data={"rate": rate.external_id, "service": rate.service})


def origin_of(node: NodePolicy) -> Address:
    return Address(
        name=node.name,
        line1=node.line1,
        city=node.city,
        region=node.region,
        postal_code=node.postal_code,
        country=node.country,
        phone=node.phone,
    )


def weights_of(session: Session, skus: set[str]) -> dict[str, int]:
    return {row["sku"]: row["weight_g"] for row in select_by(session, ProductVariant, "sku", skus)}


async def send_labels(rows: Sequence[EffectRow]) -> list[Verdict]:
    """The vendor has no key: a second sending looks first (see `tasks.effects`)."""
    return await each(lambda row: _buy(row), rows, at_once=_at_once())


async def _buy(row: EffectRow) -> Verdict:
    parcels = wiring.current().parcels()
    try:
        label = await parcels.buy(row["request"]["quote"], row["request"]["rate"])
    except ConnectorError as error:
        return verdict(error, BUY)
    return await with_file(label)


async def with_file(label: Label) -> Verdict:
    """The label is bought; without its file the outcome stays open until the file is there."""
    try:
        pdf = await wiring.current().parcels().fetch_label(label.label_url)
    except ConnectorError as error:
        return verdict(OutcomeUnknown(error.vendor, "fetch_label", error.detail), BUY)
    return Verdict(
        "done",
        external_id=label.quote_external_id,
        data={"tracking_number": label.tracking_number},
        private={"label": label, "pdf": pdf},
    )


async def find_labels(rows: Sequence[EffectRow]) -> list[Verdict]:
    return await each(lambda row: _find_label(row), rows, at_once=_at_once())


async def _find_label(row: EffectRow) -> Verdict:
    try:
        label = await wiring.current().parcels().find_label(row["request"]["quote"])
    except ConnectorError as error:
        return Verdict("retry", code=error.code, detail=error.detail)
    return Verdict("absent", code="looked_up") if label is None else await with_file(label)


async def send_voids(rows: Sequence[EffectRow]) -> list[Verdict]:
    async def void(row: EffectRow) -> Outcome:
        await wiring.current().parcels().void(row["request"]["quote"])
        return Sent()

    return await each(lambda row: attempt(void(row), VOID), rows, at_once=_at_once())


async def send_trackers(rows: Sequence[EffectRow]) -> list[Verdict]:
    shipments = {s["id"]: s for s in await in_ledger(_shipments, [row["subject_id"] for row in rows])}

    async def create(row: EffectRow) -> Outcome:
        parcel = shipments[row["subject_id"]]
        sources = wiring.current().tracking_sources()
        target = follower(sources, parcel["carrier"])
        tracker = await sources[target].follow(parcel["tracking_number"], parcel["carrier"])
        return Sent(external_id=tracker.external_id, data={"followed_by": target})

    return await each(lambda row: attempt(create(row), TRACK), rows, at_once=_at_once())


def _shipments(session: Session, ids: Sequence[str]) -> list[dict[str, Any]]:
    return [dict(row) for row in select_by(session, Shipment, "id", ids)]


KINDS = {
    "node.create_order": EffectKind(CREATE, send_orders, find_orders),
    "node.cancel": EffectKind(CANCEL, send_cancels),
    "label.quote": EffectKind(QUOTE, send_quotes),
    "label.buy": EffectKind(BUY, send_labels, find_labels),
    "label.void": EffectKind(VOID, send_voids),
    "tracker.create": EffectKind(TRACK, send_trackers),
}
