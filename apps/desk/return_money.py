"""The money of a return, tender by tender: what was granted, what has become of it, what would go back."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session

from apps.desk.decision_words import Table
from apps.desk.return_words import DESTINATION
from domain.decisions import in_words
from domain.money import Money
from domain.policy import Policies
from domain.returns.money import ReturnRefund
from domain.states_returns import ReturnState
from ledger.returning.proposing import proposed
from ledger.returning.requests import RequestRow, waits_for_a_person
from ledger.rows import select_by
from ledger.tables import Payment, Refund

Row = Mapping[str, Any]


def money_shown(session: Session, row: RequestRow, policies: Policies) -> list[Table]:
    """Per tender: what was granted on each occasion and, while a person is asked, what a yes would give."""
    found: list[Table] = []
    granted: Mapping[str, Sequence[Row]] = row["plan"].get("money", {})
    refunds = [
        r for r in select_by(session, Refund, "order_id", list(granted)) if r["subject_id"].startswith(row["id"])
    ]
    for parts in granted.values():
        for part in parts:
            title = f"Granted: {in_words(part['occasion'])}"
            found.append(_tenders(title, part, part["currency"]))
    if refunds:
        payments = {p["id"]: p["gateway"] for p in select_by(session, Payment, "order_id", list(granted))}
        rows = [
            (in_words(payments.get(r["payment_id"], "")), Money(r["amount_minor"], r["currency"]).display(),
             in_words(r["state"]))
            for r in refunds
        ]  # fmt: skip
        found.append(Table("What has become of it", ("tender", "amount", ""), rows))
    inspected = row["state"] == ReturnState.MANUAL_REVIEW
    if waits_for_a_person(row) or row["state"] == ReturnState.LOST:
        title = "As proposed" if inspected else "If you agree"
        would = [refund_shown(title, each) for _, each in proposed(session, row, policies)]
        nothing = Table("As proposed: nothing goes back", ("",), [("What was found would keep all of it here.",)])
        found += would or ([nothing] if inspected else [])
    if inspected:
        found += [refund_shown("In full", each) for _, each in proposed(session, row, policies, in_full=True)]
    return found


def refund_shown(title: str, refund: ReturnRefund) -> Table:
    """Money that would go back, tender by tender."""
    return _tenders(f"{title}: {Money(refund.back.amount_minor, refund.currency).display()}", refund.as_json(),
                    refund.currency)  # fmt: skip


def _tenders(title: str, part: Row, currency: str) -> Table:
    """`part` as `ReturnRefund.as_json`."""

    def amount(minor: int) -> str:
        return Money(minor, currency).display()

    back = part["back"]
    units = sum(line["quantity"] for line in part["lines"])
    paid = amount(sum(line["paid_minor"] for line in part["lines"]))
    rows = [(f"paid for {units} {'unit' if units == 1 else 'units'}", paid, "")]
    less = [("kept for its state", "kept_minor"), ("fees", "fee_minor")]
    rows += [(word, amount(-total), "") for word, name in less if (total := sum(line[name] for line in part["lines"]))]
    rows += [("shipping", amount(part["shipping_minor"]), "")] if part["shipping_minor"] else []
    rows += [("duties, tips", amount(part["other_minor"]), "")] if part["other_minor"] else []
    rows += [
        (share["gateway"].replace("_", " "), amount(share["amount_minor"]), DESTINATION[share["to"]])
        for share in back["shares"]
    ]
    rows += [("bonus", amount(back["bonus_minor"]), DESTINATION["store_credit"])] if back["bonus_minor"] else []
    rows += [("given back already otherwise", amount(back["short_minor"]), "")] if back["short_minor"] else []
    return Table(title, ("", "amount", "goes"), rows)
