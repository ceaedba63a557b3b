"""What the ledger does when a shop has done (or refused) what an effect asked for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.states import OrderState
from ledger import queue
from ledger.capture_money import record_capture
from ledger.cases import CaseDraft, open_cases
from ledger.effects import EffectDraft, EffectRow, Verdict
from ledger.fulfilment import after_shop_release
from ledger.orders import open_holds
from ledger.rows import select_by, update_by, update_listed
from ledger.shop_mirrors import lines_in_shop
from ledger.tables import Order, Payment, Shipment, ShopFulfilment
from ledger.tables.base import table_of

Pairs = Sequence[tuple[EffectRow, Verdict]]
_mirror, _shipment = table_of(ShopFulfilment), table_of(Shipment)


def guard_hold(session: Session, effects: Sequence[EffectRow], now: datetime) -> dict[str, str]:
    """A hold that nobody wants any more is not set: a restore takes a standing one for proof that nothing was
    released, and no release would come for it."""
    mirrors = select_by(session, ShopFulfilment, "id", [effect["subject_id"] for effect in effects])
    wanted = {row["id"] for row in mirrors if row["hold_state"] == "wanted"}
    return {effect["id"]: "cancel:not_wanted" for effect in effects if effect["subject_id"] not in wanted}


def held(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """The shop keeps the fulfilment order back under our hold. One whose release was wanted meanwhile stays
    `wanted`, so that the release finds it."""
    statement = (
        sa.update(_mirror)
        .where(_mirror.c.id == sa.bindparam("b_id"), _mirror.c.hold_state == "wanted")
        .values(hold_state="held", hold_external_id=sa.bindparam("b_hold"))
    )
    held_there = [{"b_id": effect["subject_id"], "b_hold": verdict.external_id} for effect, verdict in pairs]
    session.connection().execute(statement, held_there)
    return []


def hold_refused(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """The shop cannot hold it any more (shipped or cancelled there): there is nothing to release either."""
    for effect, verdict in pairs:
        session.execute(sa.update(_mirror).where(_mirror.c.id == effect["subject_id"]).values(hold_state="none"))
        open_cases(
            session,
            [
                CaseDraft(
                    key=f"hold_refused:{effect['subject_id']}",
                    kind="shop_refused_hold",
                    order_id=effect["order_id"],
                    subject_id=effect["subject_id"],
                    facts={"code": verdict.code, "detail": verdict.detail},
                    choices=["ignore", "cancel"],
                )
            ],
            now,
        )
    return []


def released(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """Our hold in the shop is gone; orders without a further one go to their nodes."""
    update_listed(session, ShopFulfilment, [effect["subject_id"] for effect, _ in pairs], hold_state="released")
    return after_shop_release(session, [effect["order_id"] for effect, _ in pairs], now)


def release_refused(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """The shop does not let go: most likely the order was cancelled there. Nothing is sent to a node."""
    open_cases(
        session,
        [
            CaseDraft(
                key=f"release_refused:{effect['subject_id']}",
                kind="shop_refused_release",
                severity="high",
                order_id=effect["order_id"],
                subject_id=effect["subject_id"],
                facts={"code": verdict.code, "detail": verdict.detail},
                choices=["retry", "cancel"],
            )
            for effect, verdict in pairs
        ],
        now,
    )
    return []


def guard_release(session: Session, effects: Sequence[EffectRow], now: datetime) -> dict[str, str]:
    """No release past a fence, an open hold or a cancellation; nor before our own hold's fate is known."""
    orders = {row["id"]: row for row in select_by(session, Order, "id", {e["order_id"] for e in effects}, lock=True)}
    holds = open_holds(session, list(orders))
    mirrors = {row["id"]: row for row in select_by(session, ShopFulfilment, "id", [e["subject_id"] for e in effects])}
    refused = {}
    for effect in effects:
        order = orders[effect["order_id"]]
        if order["state"] == OrderState.CANCELLED or order["cancelled_at"] is not None:
            refused[effect["id"]] = "cancel:order_ended"
        elif order["fence_token"]:
            refused[effect["id"]] = "wait:fenced"
        elif holds.get(order["id"]):
            refused[effect["id"]] = "wait:held"
        elif mirrors[effect["subject_id"]]["hold_state"] == "wanted":
            refused[effect["id"]] = "wait:hold_under_way"
    return refused


def fulfilled(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """The shop knows the parcel."""
    known = [{"id": e["subject_id"], "shop_fulfilment_external_id": verdict.external_id} for e, verdict in pairs]
    update_by(session, Shipment, known)
    return []


def fulfil_refused(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """The shop does not take the parcel. Where its order was cancelled too late a case says so already."""
    orders = {row["id"]: row for row in select_by(session, Order, "id", {effect["order_id"] for effect, _ in pairs})}
    open_cases(
        session,
        [
            CaseDraft(
                key=f"effect_rejected:{effect['key']}",
                kind="effect_rejected",
                severity="high",
                order_id=effect["order_id"],
                subject_id=effect["id"],
                facts={"effect": effect["kind"], "code": verdict.code, "detail": verdict.detail},
                choices=["retry", "ignore"],
            )
            for effect, verdict in pairs
            if orders[effect["order_id"]]["cancelled_at"] is None
        ],
        now,
    )
    return []


def captured(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """Authorised money was taken."""
    payments = {row["id"]: row for row in select_by(session, Payment, "id", [e["subject_id"] for e, _ in pairs])}
    for effect, verdict in pairs:
        payment = payments[effect["subject_id"]]
        record_capture(
            session,
            effect["order_id"],
            payment["gateway"],
            external_id=verdict.external_id,
            parent=effect["request"]["authorization"],
            amount_minor=effect["request"]["amount_minor"],
            currency=effect["request"]["currency"],
            now=now,
        )
    queue.enqueue(session, [queue.work_row("reconcile", effect["order_id"], now) for effect, _ in pairs])
    return []


def capture_refused(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """Not retried: a refused capture of shipped goods is a matter for dunning, not for a loop."""
    open_cases(
        session,
        [
            CaseDraft(
                key=f"capture_refused:{effect['subject_id']}",
                kind="payment_not_captured",
                severity="high",
                order_id=effect["order_id"],
                subject_id=effect["subject_id"],
                facts={
                    "code": verdict.code,
                    "detail": verdict.detail,
                    "amount_minor": effect["request"]["amount_minor"],
                    "currency": effect["request"]["currency"],
                },
                choices=["retry", "ask_customer", "write_off"],
            )
            for effect, verdict in pairs
        ],
        now,
    )
    return []


def nothing_follows(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    return []


def parcels_for_shop(session: Session, shipment_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What the shop is told of parcels: its own line ids with quantities, allocated over its fulfilment orders."""
    shipments = {row["id"]: row for row in select_by(session, Shipment, "id", shipment_ids)}
    order_ids = sorted({row["order_id"] for row in shipments.values()})
    orders = {row["id"]: row for row in select_by(session, Order, "id", order_ids)}
    found: dict[str, dict[str, Any]] = {}
    for order_id, parcels in lines_in_shop(session, order_ids).items():
        for parcel, lines in parcels:
            if parcel["id"] in shipments:
                found[parcel["id"]] = {
                    "order": orders[order_id]["external_id"],
                    "lines": lines,
                    "tracking_number": parcel["tracking_number"],
                    "carrier": parcel["carrier"],
                    "tracking_url": parcel["tracking_url"],
                }
    return found
