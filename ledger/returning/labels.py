"""What the ledger does around labels for the way back: rates, purchase, the file; giving one back."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from domain.ids import digest
from domain.parcels import ParcelState
from domain.policy import Policies
from domain.states import check
from domain.states_returns import ReturnState
from ledger import audit, queue
from ledger.cases import CaseDraft, open_cases
from ledger.effects import EffectDraft, EffectRow, Verdict
from ledger.label_effects import LABEL_POSTED, store_document
from ledger.orders import contacts
from ledger.returning.carrier_labels import MAKE
from ledger.returning.ending import case_key, void_drafts
from ledger.returning.requests import QUEUE, RequestRow, return_lines, return_parcels, set_values, wake
from ledger.rows import insert_missing, select_by, update_by
from ledger.shipments import tracking_url
from ledger.tables import Document, Order, ReturnParcel, ReturnRequest

QUOTE, LABEL, CODE = "carrier.return_quote", "carrier.return_label", "carrier.return_code"
Pairs = Sequence[tuple[EffectRow, Verdict]]


def quote_draft(request: RequestRow) -> EffectDraft:
    """The first step to a label."""
    again = len(request["plan"].get("labels_refused", []))
    return EffectDraft(
        kind=QUOTE,
        key=f"return_quote:{request['id']}:{again + 1}",
        target="labels",
        order_id=request["order_id"],
        subject_id=request["id"],
        request={"reference": request["rma"], "location": request["location_id"], "try": again + 1},
    )


def label_facts(session: Session, request_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """By request: `contact` whose address it comes from, `shipping_code`, `units` by SKU."""
    found: dict[str, dict[str, Any]] = {}
    for request in select_by(session, ReturnRequest, "id", request_ids):
        [order] = select_by(session, Order, "id", [request["order_id"]])
        goods = request["plan"].get("lines", {})
        sent = [
            line
            for line in return_lines(session, request["id"])
            if goods.get(line["id"], {}).get("goods") == "send_back"
        ]
        units: dict[str, int] = {}
        for line in sent:
            units[line["sku"]] = units.get(line["sku"], 0) + line["waiting"]
        contact = contacts(session, [order["contact_id"]])[order["contact_id"]]
        found[request["id"]] = {"contact": contact, "units": units}
    return found


def label_files(session: Session, request_ids: Sequence[str]) -> dict[str, list[tuple[str, bytes]]]:
    """By request: the number on each label that is good, and its file, as long as it is kept."""
    found: dict[str, list[tuple[str, bytes]]] = {}
    parcels = select_by(session, ReturnParcel, "request_id", request_ids, order_by="id")
    good = [row for row in parcels if row["state"] != ParcelState.CANCELLED]
    ids = {row["label_document_id"] for row in good}
    files = {row["id"]: row["content"] for row in select_by(session, Document, "id", ids)}
    for row in good:
        if content := files.get(row["label_document_id"]):
            found.setdefault(row["request_id"], []).append((row["tracking_number"], content))
    return found


def guard_labels(session: Session, effects: Sequence[EffectRow], now: datetime) -> dict[str, str]:
    """No label for what is not to be sent any more."""
    return _over(session, effects, ReturnState.APPROVED)


def guard_codes(session: Session, effects: Sequence[EffectRow], now: datetime) -> dict[str, str]:
    """No code for a label that is not to be used any more."""
    return _over(session, effects, ReturnState.LABEL_ISSUED)


def _over(session: Session, effects: Sequence[EffectRow], still: ReturnState) -> dict[str, str]:
    rows = {row["id"]: row for row in select_by(session, ReturnRequest, "id", [e["subject_id"] for e in effects])}
    return {e["id"]: "cancel:return_ended" for e in effects if rows[e["subject_id"]]["state"] != still}


def quoted(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_done` of carrier.return_quote: the chosen rate is bought next."""
    gone = guard_labels(session, [effect for effect, _ in pairs], now)
    return [
        EffectDraft(
            kind=LABEL,
            key=f"return_label:{effect['subject_id']}:{effect['request']['try']}",
            target="labels",
            order_id=effect["order_id"],
            subject_id=effect["subject_id"],
            request={"quote": verdict.external_id, **effect["request"], **verdict.data},
        )
        for effect, verdict in pairs
        if effect["id"] not in gone
    ]


def label_bought(
    session: Session, pairs: Pairs, now: datetime, *, keep: timedelta, policies: Policies
) -> list[EffectDraft]:
    """`on_done` of carrier.return_label and carrier.return_ship: the parcel exists, its label is stored, its request
    goes on. The label of a request that was cancelled meanwhile is given back at once."""
    voids: list[EffectDraft] = []
    for effect, verdict in pairs:
        request = QUEUE.locked_free(session, effect["subject_id"])
        label = verdict.private["label"]
        if effect["kind"] == MAKE:
            request = set_values(session, request, plan={**request["plan"], "label_from": effect["target"]})
        document = store_document(
            session, "return_label", "application/pdf", verdict.private["pdf"],
            order_id=request["order_id"], subject_id=request["id"], now=now, keep=keep,
        )  # fmt: skip
        parcel = {
            "id": f"rpc_{digest([request['id'], label.quote_external_id or label.tracking_number])}",
            "request_id": request["id"],
            "order_id": request["order_id"],
            "location_id": request["location_id"],
            "state": ParcelState.LABEL_CREATED,
            "tracking_number": label.tracking_number,
            "tracking_url": tracking_url(policies, label.carrier, label.tracking_number),
            "carrier": label.carrier,
            "service": label.service,
            "label_document_id": document,
            "quote_external_id": label.quote_external_id,
            "label_cost_minor": label.cost_minor,
            "label_currency": label.currency,
            "tracker_external_id": label.tracker_external_id,
            "followed_by": label.followed_by,
            "polling": bool(label.tracker_external_id),
            "created_at": now,
            "due_at": now + timedelta(days=1),
            "attempts": 0,
            "lease_token": 0,
            "error": "",
        }
        insert_missing(session, ReturnParcel, [parcel])
        audit.append(session, [audit.entry("return_parcel", str(parcel["id"]), "", parcel["state"], "label", now)])
        if request["state"] != ReturnState.APPROVED:
            voids += void_drafts(request, return_parcels(session, request["id"]))
        wake(session, request["id"], now)
    ids = sorted({effect["order_id"] for effect, _ in pairs})
    queue.enqueue(session, [queue.work_row("reconcile", i, now + LABEL_POSTED) for i in ids])
    return voids


def code_drafts(parcels: Sequence[Mapping[str, Any]]) -> list[EffectDraft]:
    """What a customer without a printer shows at the counter; the label is there already and waits for nothing."""
    return [
        EffectDraft(
            kind=CODE,
            key=f"return_code:{parcel['id']}",
            target="labels",
            order_id=parcel["order_id"],
            subject_id=parcel["request_id"],
            request={"quote": parcel["quote_external_id"]},
        )
        for parcel in parcels
        if parcel["quote_external_id"]
    ]


def code_made(session: Session, pairs: Pairs, now: datetime, *, keep: timedelta) -> list[EffectDraft]:
    """`on_done` of carrier.return_code: a picture from which a counter prints the label, where its carrier does so."""
    for effect, verdict in pairs:
        if code := verdict.private.get("code"):
            store_document(
                session, "return_code", code.content_type, code.content,
                order_id=effect["order_id"], subject_id=effect["subject_id"], now=now, keep=keep,
            )  # fmt: skip
    return []


def code_refused(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_rejected` of carrier.return_code: nobody is asked, because the label is there; of one that was given back
    meanwhile no carrier makes a code."""
    return []


def label_refused(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_rejected` of quote, purchase and the carrier's own label: a person finds another way for the parcel."""
    for effect, verdict in pairs:
        draft = CaseDraft(
            key=case_key(effect["subject_id"]),
            kind="return_label_refused",
            severity="high",
            order_id=effect["order_id"],
            subject_id=effect["subject_id"],
            owner="service",
            facts={"code": verdict.code, "detail": verdict.detail, "try": effect["request"]["try"]},
            choices=["retry", "without_label"],
        )
        open_cases(session, [draft], now)
        wake(session, effect["subject_id"], now)
    return []


def voided(session: Session, pairs: Pairs, now: datetime) -> list[EffectDraft]:
    """`on_done` of carrier.return_void and carrier.return_recall."""
    for row in select_by(session, ReturnParcel, "id", [effect["subject_id"] for effect, _ in pairs], lock=True):
        if row["state"] == ParcelState.CANCELLED:
            continue
        check("shipment", row["state"], ParcelState.CANCELLED)
        update_by(session, ReturnParcel, [{"id": row["id"], "state": ParcelState.CANCELLED, "polling": False}])
        entry = audit.entry("return_parcel", row["id"], row["state"], ParcelState.CANCELLED, "label_voided", now)
        audit.append(session, [entry])
    queue.enqueue(session, [queue.work_row("reconcile", effect["order_id"], now) for effect, _ in pairs])
    return []
