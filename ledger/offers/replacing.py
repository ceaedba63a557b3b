"""The same once more for a parcel that does not come: units are promised as it is taken, then the shop makes an order
of them that costs nothing, which is captured and ships like any other.

Until that order is routed its units stay promised to the offer, as those of an exchange do (`ledger.editing.promises`);
see `ledger.offers.handing`.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from domain.parcels import ParcelState
from domain.policy import Policies
from domain.states_offers import OfferState
from ledger.anomalies.due import wake
from ledger.cases import CaseDraft, open_cases, resolve_by_key
from ledger.editing.facts import UnknownSku, variants_of
from ledger.editing.promises import release_request, reserve_for_request
from ledger.effects import EffectDraft, EffectRow, Verdict
from ledger.offers.ending import CAME_ANYWAY, execute
from ledger.offers.rows import OfferRow, lines_of_offer, move_offer, set_offer, unsettle_units
from ledger.orders import OrderRow, lock_orders
from ledger.rows import select_by
from ledger.tables import ExternalRef, Offer, Shipment

KIND = "shop.replacement"
REFUSED = "replacement_refused"  # kind of the case
Pairs = Sequence[tuple[EffectRow, Verdict]]


def begin(
    session: Session, order: OrderRow, row: OfferRow, policies: Policies, now: datetime
) -> tuple[str, list[EffectDraft]]:
    """Promise the units and say what the shop is to make of them; why not, where they are gone. The caller holds the
    locks of order and offer."""
    wanted = Counter[str]()
    for line in lines_of_offer(session, row["id"]):
        wanted[line["sku"]] += line["quantity"]
    try:
        variants = variants_of(session, order, sorted(wanted))
    except UnknownSku:
        return "sold_out", []
    if reserve_for_request(session, order, row["id"], wanted, policies, now):
        return "sold_out", []
    draft = EffectDraft(
        kind=KIND,
        key=f"replacement:{row['id']}",
        target=f"{order['source']}/{order['account']}",
        order_id=order["id"],
        subject_id=row["id"],
        request={
            "contact": order["contact_id"],  # the version; its text joins when the call is made
            "shipping_code": order["shipping_code"],
            "lines": [
                {"variant": str(variants[sku]["external_id"]), "quantity": units}
                for sku, units in sorted(wanted.items())
            ],
        },
    )
    return "", [draft]


# around the effect


def guard_replacements(session: Session, effects: Sequence[EffectRow], now: datetime) -> dict[str, str]:
    """What has come meanwhile is not sent once more."""
    lock_orders(session, sorted({effect["order_id"] for effect in effects}))
    rows = {row["id"]: row for row in select_by(session, Offer, "id", [e["subject_id"] for e in effects], lock=True)}
    came = {
        parcel["id"]
        for parcel in select_by(session, Shipment, "id", {row["shipment_id"] for row in rows.values()})
        if parcel["state"] == ParcelState.DELIVERED
    }
    refused: dict[str, str] = {}
    for effect in effects:
        row = rows[effect["subject_id"]]
        if row["state"] != OfferState.ACCEPTED:
            refused[effect["id"]] = "cancel:offer_ended"
        elif row["shipment_id"] in came and effect["attempts"] <= 1:  # later ones may be there already
            _give_up(session, row, "arrived", now)
            refused[effect["id"]] = "cancel:arrived"
    return refused


def replaced(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_done`: the shop has the order."""
    orders = lock_orders(session, sorted({effect["order_id"] for effect, _ in pairs}))
    for effect, verdict in pairs:
        [row] = select_by(session, Offer, "id", [effect["subject_id"]], lock=True)
        if row["state"] != OfferState.ACCEPTED:
            continue
        order = orders[effect["order_id"]]
        row = execute(session, order, row, now, replacement_external_id=verdict.external_id)
        for known in _captured(session, order, verdict.external_id):
            set_offer(session, row, replacement_order_id=known)
    return []


def _captured(session: Session, order: OrderRow, external_id: str) -> list[str]:
    """Our order of that id of the same shop's, where it has been captured before the answer."""
    return [
        str(row["our_id"])
        for row in select_by(session, ExternalRef, "external_id", [external_id] if external_id else [])
        if (row["system"], row["account"], row["kind"]) == (order["source"], order["account"], "order")
    ]


def refused(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_rejected`: the customer was promised it, so a person makes it good."""
    lock_orders(session, sorted({effect["order_id"] for effect, _ in pairs}))
    for effect, verdict in pairs:
        [row] = select_by(session, Offer, "id", [effect["subject_id"]], lock=True)
        if row["state"] != OfferState.ACCEPTED:
            continue
        _give_up(session, row, "not_possible", now)
        draft = CaseDraft(
            key=f"{REFUSED}:{row['id']}",
            kind=REFUSED,
            severity="high",
            order_id=row["order_id"],
            subject_id=row["id"],
            owner="service",
            facts={"code": verdict.code, "detail": verdict.detail},
            choices=["replaced", "refunded"],
        )
        open_cases(session, [draft], now)
    return []


def _give_up(session: Session, row: OfferRow, cause: str, now: datetime) -> None:
    release_request(session, row["id"], now)
    unsettle_units(session, row["id"])
    resolve_by_key(session, f"{CAME_ANYWAY}:{row['id']}", cause=cause, now=now)  # nothing was had twice
    move_offer(session, row, OfferState.WITHDRAWN, cause, now)
    wake(session, [row["shipment_id"]], now)  # what was wrong with it still is
