"""Claims against carriers: begun for what was lost or damaged, and their packets made when the carrier takes them."""

from collections.abc import Sequence

import orjson
from prefect import task
from sqlmodel import Session

from config import wiring
from ledger import carrier_claims
from ledger.carrier_claims import Packet
from ledger.label_effects import store_document
from ledger.rows import select_by
from ledger.tables import CarrierClaim
from tasks import printing
from tasks.runtime import Report, in_ledger, is_retryable, read_ledger
from tasks.stage import log_failure, one_by_one

STAGE = "carrier claims"


@task(name="prepare carrier claims", retries=2, retry_delay_seconds=[1, 5], retry_condition_fn=is_retryable)
async def prepare_claims(limit: int) -> Report:
    """Safe to repeat: a parcel has one claim, and a claim one packet."""
    wired = wiring.current()
    report = Report(STAGE)

    async def begin(parcels: Sequence[str]) -> None:
        for shipment_id in parcels:
            report.add(
                shipment_id, "", await in_ledger(carrier_claims.begin, shipment_id, wired.policies, wired.now())
            )  # fmt: skip

    async def make(claims: Sequence[str]) -> None:
        for claim_id in claims:
            packet = await read_ledger(carrier_claims.packet_of, claim_id, wired.policies, wired.now())
            paper = await printing.evidence(packet.paper)
            report.add(claim_id, "", await in_ledger(_ready, claim_id, packet, paper))

    async def failed(subject_id: str, failure: Exception) -> None:
        log_failure(STAGE, subject_id, failure)
        report.add(subject_id, "", "postponed", type(failure).__name__)

    for shipment_id in await read_ledger(carrier_claims.unclaimed, limit):
        await one_by_one([shipment_id], begin, failed)
    for claim_id in await read_ledger(carrier_claims.openable, wired.now(), limit):
        await one_by_one([claim_id], make, failed)
    return report


def _ready(session: Session, claim_id: str, packet: Packet, paper: bytes) -> str:
    wired = wiring.current()
    now, keep = wired.now(), wired.policies.retention.documents
    [claim] = select_by(session, CarrierClaim, "id", [claim_id])
    body = orjson.dumps(packet.facts, option=orjson.OPT_SORT_KEYS)
    document, for_programs = (
        store_document(
            session, kind, media, content, order_id=claim["order_id"], subject_id=claim_id, now=now, keep=keep
        )
        for kind, media, content in (
            (carrier_claims.KIND, "application/pdf", paper),
            (carrier_claims.PACKET, "application/json", body),
        )
    )
    return carrier_claims.ready(session, claim_id, packet.facts, document, for_programs, now)
