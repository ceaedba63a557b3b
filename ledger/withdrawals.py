"""Withdrawals from a contract, as consumers declare them online (Directive 2011/83/EU, Article 11a, see
`domain.returns.law`): received at once with a receipt, then carried out as a return, a cancel, or by a person.

The declaration is valid when it is sent. Whether the right exists the rules say afterwards, in the return's decision.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlmodel import Session

from domain.edits import EditKind
from domain.ids import digest
from domain.message_catalogue import ClaimKind
from domain.returns.asks import ReturnAsk
from domain.returns.words import ReturnKind
from domain.states import OrderState
from ledger.case_queue import write_note
from ledger.cases import CaseDraft, open_cases
from ledger.editing import intake as editing
from ledger.inbox import Delivery, store
from ledger.messages import Claim, say
from ledger.order_access import find_orders
from ledger.orders import OrderRow, lines_of
from ledger.returning import intake as returning

SOURCE = "withdrawal"  # of the inbox
DECLARED = "withdrawal.declared"
BY_HAND = "withdrawal_by_hand"  # a case
LineRow = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Declared:
    """All that the law lets a shop ask for: who, which contract, and where the receipt goes."""

    name: str
    order: str
    email: str

    def delivery(self, form: str) -> Delivery:
        """For the inbox; `form` is the form's own name, so that it counts once."""
        return Delivery(SOURCE, "portal", DECLARED, form, "", orjson.dumps(asdict(self), option=orjson.OPT_SORT_KEYS))


def take(session: Session, event: Mapping[str, Any], now: datetime) -> str:
    """One declaration: declared (the receipt is on its way) or by_hand (no one order of that number has that mailbox:
    a person reads it, and answers)."""
    said = Declared(**orjson.loads(event["body"] or b"{}"))
    found = find_orders(session, said.order, said.email)
    if len(found) != 1:
        _ask_person(session, event["delivery_id"], None, said, {"orders_found": len(found)}, now)
        return "by_hand"
    [order] = found
    lines = lines_of(session, [order["id"]])[order["id"]]
    _carry_out(session, order, lines, event["delivery_id"], said, now)
    return "declared"


def _carry_out(
    session: Session, order: OrderRow, lines: Sequence[LineRow], form: str, said: Declared, now: datetime
) -> None:
    request = digest([SOURCE, order["id"], form])
    sent = {line["id"]: units for line in lines if (units := _sent(line)) > 0}
    unsent = {line["id"]: units for line in lines if (units := _unsent(line)) > 0}
    if order["state"] == OrderState.CANCELLED:
        unsent = {}
    _confirm(session, order, lines, {**unsent, **_sum(sent, unsent)}, f"ret_{request}", now)
    if sent:
        asks = [
            ReturnAsk(ReturnKind.WITHDRAWAL, order["id"], line_id, units).as_json() for line_id, units in sent.items()
        ]
        asked = returning.Asked(f"ret_{request}", order["id"], "portal", "customer", asks, now)
        store(session, [asked.delivery()], now)
    if not unsent:
        return
    if not any(line["shipped"] for line in lines):
        cancel = editing.Asked(
            f"edr_{request}", order["id"], "portal", "customer", [{"kind": str(EditKind.CANCEL)}], None, None, now
        )
        store(session, [cancel.delivery()], now)
    _ask_person(session, form, order, said, {"units_not_sent": sum(unsent.values())}, now)


def _sent(line: LineRow) -> int:
    """Units that have left and are in no return."""
    return int(line["shipped"] - line["return_requested"] - line["returned"] - line["written_off"])


def _unsent(line: LineRow) -> int:
    return int(line["ordered"] - line["cancelled"] - line["shipped"])


def _sum(sent: Mapping[str, int], unsent: Mapping[str, int]) -> dict[str, int]:
    return {line_id: units + unsent.get(line_id, 0) for line_id, units in sent.items()}


def _confirm(
    session: Session, order: OrderRow, lines: Sequence[LineRow], units: Mapping[str, int], subject: str, now: datetime
) -> None:
    """The receipt on a durable medium, with what was declared and when; without undue delay (Article 11a(4))."""
    facts: dict[str, Any] = {"order_name": order["name"] or order["id"], "declared_at": now.isoformat()}
    listed = [
        {"title": line["title"] or line["sku"], "sku": line["sku"], "quantity": units[line["id"]]}
        for line in lines
        if line["id"] in units
    ]
    if listed:
        facts["lines"] = listed
    say(session, [Claim(ClaimKind.WITHDRAWAL_RECEIVED, subject, order, facts)], now)


def _ask_person(
    session: Session, form: str, order: OrderRow | None, said: Declared, facts: dict[str, Any], now: datetime
) -> None:
    """What was declared stands in a note, which is forgotten by age: it names a person."""
    draft = CaseDraft(
        key=f"{SOURCE}:{order['id'] if order else form}",
        kind=BY_HAND,
        severity="high",
        order_id=order["id"] if order else "",
        subject_id=form,
        owner="service",
        facts={"declared_at": now.isoformat(), **facts},
        choices=["stopped", "gone", "answered"] if order else ["answered"],
    )
    for case_id in open_cases(session, [draft], now):
        write_note(session, case_id, f"Declared by {said.name}\nOrder: {said.order}\nReceipt to: {said.email}", now)
