"""Disputes that shops and payment vendors tell of: the evidence is gathered, then everything is written at once."""

from sqlmodel import Session

from config import wiring
from domain.disputes import StatedDispute
from ledger import disputes
from ledger.dispute_facts import EVIDENCE, evidence_of
from ledger.label_effects import store_document
from ledger.orders import lock_orders
from ledger.returning.from_shop import order_of
from tasks import printing
from tasks.runtime import in_ledger, read_ledger


async def take(target: str, said: StatedDispute) -> str:
    """Write down what was said of a dispute; the same again changes nothing. Returns what it came to: opened, moved,
    ended, known, or gone for an order that is not ours."""
    order_id, payment_id = await read_ledger(_about, target, said)
    if not order_id:
        return "gone"
    paper = b""
    if said.state.is_open:
        paper = await printing.evidence(await read_ledger(evidence_of, order_id, said, wiring.current().now()))
    return await in_ledger(_write, target, said, order_id, payment_id, paper)


def _about(session: Session, target: str, said: StatedDispute) -> tuple[str, str]:
    """Our order, and its tender where the vendor names the payment."""
    if said.payment:
        return disputes.order_of_payment(session, said.payment)
    order = order_of(session, target, said.order) if said.order else None
    return (str(order["id"]), "") if order else ("", "")


def _write(session: Session, target: str, said: StatedDispute, order_id: str, payment_id: str, paper: bytes) -> str:
    wired = wiring.current()
    now = wired.now()
    lock_orders(session, [order_id])
    subject = disputes.dispute_id(target, said.external_id)
    document = ""
    if said.state.is_open and not disputes.is_known(session, subject):
        document = store_document(
            session, EVIDENCE, "application/pdf", paper,
            order_id=order_id, subject_id=subject, now=now, keep=wired.policies.retention.documents,
        )  # fmt: skip
    return disputes.take(session, target, said, order_id, payment_id, document, now)
