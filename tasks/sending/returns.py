"""Effects of returns at the carrier: labels for the way back, and their money for those that nobody used."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from config import wiring
from connectors.errors import ConnectorError, VendorRejected
from connectors.outcomes import Outcome, Sent
from domain.parcels import Parcel, cheapest_in_time
from ledger.effects import EffectDraft, EffectRow, Handlers, Verdict
from ledger.orders import address_of
from ledger.returning import labels
from ledger.returning.ending import VOID as VOID_KIND
from tasks.effects import EffectKind, attempt, verdict
from tasks.runtime import each, in_ledger
from tasks.sending.node import find_labels, origin_of, send_voids, weights_of, with_file


def label_bought(session: Session, pairs: Sequence[tuple[EffectRow, Verdict]], now: datetime) -> list[EffectDraft]:
    policies = wiring.current().policies
    return labels.label_bought(session, pairs, now, keep=policies.retention.documents, policies=policies)


def _code_made(session: Session, pairs: Sequence[tuple[EffectRow, Verdict]], now: datetime) -> list[EffectDraft]:
    return labels.code_made(session, pairs, now, keep=wiring.current().policies.retention.documents)


QUOTE = Handlers(labels.quoted, labels.label_refused, labels.guard_labels, keyed=True)  # buys nothing
BUY = Handlers(label_bought, labels.label_refused, labels.guard_labels, can_look_up=True)
CODE = Handlers(_code_made, labels.code_refused, labels.guard_codes, keyed=True)  # one that is there is found
VOID = Handlers(labels.voided, None, keyed=True)  # asking again changes nothing


async def send_quotes(rows: Sequence[EffectRow]) -> list[Verdict]:
    facts = await in_ledger(labels.label_facts, [row["subject_id"] for row in rows])
    weights = await in_ledger(weights_of, {sku for fact in facts.values() for sku in fact["units"]})
    at_once = wiring.current().settings.vendor_concurrency
    return await each(lambda row: attempt(_quote(row, facts[row["subject_id"]], weights), QUOTE), rows, at_once=at_once)


async def _quote(row: EffectRow, facts: dict[str, Any], weights: dict[str, int]) -> Outcome:
    """The cheapest rate: nobody is in a hurry on the way back."""
    policies = wiring.current().policies
    quote = (
        await wiring.current()
        .parcels()
        .quote(
            ship_from=origin_of(policies.node(row["request"]["location"])),
            ship_to=address_of(facts["contact"]),
            parcel=parcel_of(facts["units"], weights),
            reference=row["request"]["reference"],
            back=True,
        )
    )
    rate = cheapest_in_time(quote.rates, max_days=None)
    if rate is None:
        return VendorRejected("labels", "quote", reason="no_rate")
    return Sent(external_id=quote.external_id, data={"rate": rate.external_id, "service": rate.service})


def parcel_of(units: Mapping[str, int], weights: Mapping[str, int]) -> Parcel:
    """What goods travel back in. `weights`: grams by SKU, as far as they are known."""
    shipping = wiring.current().policies.shipping
    grams = sum((weights.get(sku) or shipping.default_weight_g) * count for sku, count in units.items())
    return Parcel(max(grams, 1), *shipping.parcel_mm)


async def send_labels(rows: Sequence[EffectRow]) -> list[Verdict]:
    """The vendor has no key: a second sending looks first (see `tasks.effects`)."""
    return await each(_buy, rows, at_once=wiring.current().settings.vendor_concurrency)


async def _buy(row: EffectRow) -> Verdict:
    try:
        label = await wiring.current().parcels().buy(row["request"]["quote"], row["request"]["rate"])
    except ConnectorError as error:
        return verdict(error, BUY)
    return await with_file(label)


async def send_codes(rows: Sequence[EffectRow]) -> list[Verdict]:
    return await each(_code, rows, at_once=wiring.current().settings.vendor_concurrency)


async def _code(row: EffectRow) -> Verdict:
    """A carrier that prints from none is no trouble: the label is there."""
    try:
        code = await wiring.current().parcels().paperless_code(row["request"]["quote"])
    except ConnectorError as error:
        if isinstance(error, VendorRejected) and error.reason == "no_code":
            return Verdict("done", code=error.reason)
        return verdict(error, CODE)
    return Verdict("done", private={"code": code})


KINDS = {
    labels.QUOTE: EffectKind(QUOTE, send_quotes),
    labels.LABEL: EffectKind(BUY, send_labels, find_labels),
    labels.CODE: EffectKind(CODE, send_codes),
    VOID_KIND: EffectKind(VOID, send_voids),
}
