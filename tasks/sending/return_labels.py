"""Effects of returns at a carrier that makes labels for the way back itself, and recalls those that nobody used."""

from collections.abc import Sequence
from typing import Any

from config import wiring
from config.tracking_sources import follower
from connectors.carriers.returning import ReturnLabel, ReturnLabelRequest, ReturnLabels
from connectors.errors import ConnectorError, OutcomeUnknown, VendorRejected
from connectors.outcomes import Outcome, Sent
from domain.parcels import Label
from ledger.effects import EffectRow, Handlers, Verdict
from ledger.orders import address_of
from ledger.returning import labels
from ledger.returning.carrier_labels import MAKE, RECALL
from tasks.effects import EffectKind, attempt, verdict
from tasks.runtime import each, in_ledger
from tasks.sending.node import origin_of, weights_of
from tasks.sending.returns import label_bought, parcel_of

MADE = Handlers(label_bought, labels.label_refused, labels.guard_labels, can_look_up=True)
RECALLED = Handlers(labels.voided, None, keyed=True)  # one that is void already is so


def _carrier(row: EffectRow) -> ReturnLabels:
    """Raises: VendorRejected no_account."""
    found = wiring.current().return_labels().get(row["target"])
    if found is None:
        said = f"way_back.label_from: {row['target']} is no account of [[return_labels]]"
        raise VendorRejected(row["target"], "return_label", said, "no_account")
    return found


async def send_labels(rows: Sequence[EffectRow]) -> list[Verdict]:
    facts = await in_ledger(labels.label_facts, [row["subject_id"] for row in rows])
    weights = await in_ledger(weights_of, {sku for fact in facts.values() for sku in fact["units"]})
    at_once = wiring.current().settings.vendor_concurrency
    return await each(lambda row: _make(row, facts[row["subject_id"]], weights), rows, at_once=at_once)


async def _make(row: EffectRow, facts: dict[str, Any], weights: dict[str, int]) -> Verdict:
    request = ReturnLabelRequest(
        reference=row["request"]["reference"],
        sender=address_of(facts["contact"]),
        receiver=origin_of(wiring.current().policies.node(row["request"]["location"])),
        parcel=parcel_of(facts["units"], weights),
    )
    try:
        label = await _carrier(row).buy_return(request)
    except ConnectorError as error:
        return verdict(error, MADE)
    return await _followed(label)


async def _followed(label: ReturnLabel) -> Verdict:
    """The label is there; until somebody follows its parcel the outcome stays open."""
    sources = wiring.current().tracking_sources()
    source = sources[follower(sources, label.carrier)]
    try:
        tracker = await source.follow(label.tracking_number, label.carrier)
    except ConnectorError as error:
        return verdict(OutcomeUnknown(error.vendor, "follow", error.detail), MADE)
    ours = Label(
        quote_external_id="",
        tracking_number=label.tracking_number,
        carrier=label.carrier,
        service=label.service,
        cost_minor=label.cost_minor or 0,
        currency=label.currency,
        label_url="",
        tracker_external_id=tracker.external_id,
        followed_by=f"{source.code}/{source.account}",
    )
    return Verdict(
        "done",
        external_id=label.external_id,
        data={"tracking_number": label.tracking_number},
        private={"label": ours, "pdf": label.pdf},
    )


async def find_labels(rows: Sequence[EffectRow]) -> list[Verdict]:
    return await each(_find, rows, at_once=wiring.current().settings.vendor_concurrency)


async def _find(row: EffectRow) -> Verdict:
    try:
        label = await _carrier(row).find_return(row["request"]["reference"])
    except ConnectorError as error:
        return Verdict("retry", code=error.code, detail=error.detail)
    return Verdict("absent", code="looked_up") if label is None else await _followed(label)


async def send_recalls(rows: Sequence[EffectRow]) -> list[Verdict]:
    async def recall(row: EffectRow) -> Outcome:
        await _carrier(row).void_return(row["request"]["number"])
        return Sent()

    return await each(
        lambda row: attempt(recall(row), RECALLED), rows, at_once=wiring.current().settings.vendor_concurrency
    )


KINDS = {
    MAKE: EffectKind(MADE, send_labels, find_labels),
    RECALL: EffectKind(RECALLED, send_recalls),
}
