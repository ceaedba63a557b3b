"""Offers are made for a parcel in trouble: reckoned, written down with their reckoning, put before the customer or, by
a rule, before a person first."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from domain.ids import digest
from domain.parcels import ParcelState
from domain.policy import Policies
from domain.remedies import GONE, OF_PARCEL, Candidate, Choice, Outlook, Remedy, Situation, choose, explain
from domain.states_offers import OfferState
from ledger import audit
from ledger.cases import CaseDraft, open_cases
from ledger.deadlines import DeadlineDraft, set_deadlines
from ledger.decisions import record_decisions
from ledger.offers.ending import withdraw_all
from ledger.offers.facts import Content, ParcelRow, Worth, situation_of
from ledger.offers.rows import EXPIRY, OfferRow, move_offer, offers_of, open_among, taken_among
from ledger.offers.telling import tell
from ledger.orders import OrderRow, lock_orders
from ledger.rows import Row, insert_rows, select_by
from ledger.tables import Decision, Offer, OfferLine, Shipment

REVIEW = "offer_review"  # kind of the case
WORKFLOW = "remedy"  # of the decision
_OUR_DOING = ("superseded", "sold_out", "no_money_left")  # something else may be offered at once


def propose(
    session: Session,
    shipment_id: str,
    outlook: Outlook,
    policies: Policies,
    now: datetime,
    *,
    began: datetime | None = None,
) -> list[OfferRow]:
    """Offer what is best for a parcel now, and return the open offers about it, the best first. Asked again it changes
    nothing; what was offered is replaced only by what is better for the customer, not by every turn of the sums. That
    waiting is best is written down once, until something is offered.

    Nothing is offered about a parcel whose customer has taken goods or money for it, nor so soon after an offer about
    it has ended, unless it has become sure that it will not come. What the customer let go is not offered again for
    the same trouble (`began`: when the newest one did). Raises: KeyError for a parcel that there is not.
    """
    known = select_by(session, Shipment, "id", [shipment_id])
    if not known:
        raise KeyError(shipment_id)
    order = lock_orders(session, [known[0]["order_id"]])[known[0]["order_id"]]
    [parcel] = select_by(session, Shipment, "id", [shipment_id])
    before = offers_of(session, shipment_id, lock=True)
    standing = open_among(before)
    if parcel["shipped_at"] is None or parcel["state"] in (ParcelState.DELIVERED, ParcelState.CANCELLED):
        return standing
    if order["cancelled_at"] is not None or _is_settled(before) or _is_quiet(before, parcel, policies, now):
        return standing
    situation, worth, content = situation_of(session, order, parcel, outlook, policies, now)
    choice = choose(situation, policies.offers)
    this = _Round(session, order, parcel, before, situation, worth, content, policies, now)
    if not choice.offered and not standing:
        this.wait(choice)
    if not choice.offered or (standing and not _is_better(choice, standing, situation)):
        return sorted(standing, key=lambda row: _rank(row, choice))
    if _was_let_go(before, choice, began):
        return []
    withdraw_all(session, standing, "superseded", now)
    return this.write(choice)


def _is_settled(before: Sequence[OfferRow]) -> bool:
    """Whether the customer has taken goods or money in the parcel's place."""
    taken = taken_among([row for row in before if row["kind"] in OF_PARCEL])
    return taken is not None


def _is_quiet(before: Sequence[OfferRow], parcel: ParcelRow, policies: Policies, now: datetime) -> bool:
    """Whether the customer was asked only just now. That the parcel will surely not come is news, once."""
    ended = [row for row in before if row["ended_at"] is not None and row["reason"] not in _OUR_DOING]
    if parcel["state"] in GONE:
        return any(row["kind"] in OF_PARCEL and row["reason"] in ("expired", "declined") for row in ended)
    return any(row["ended_at"] + policies.offers.quiet_after > now for row in ended)


def _was_let_go(before: Sequence[OfferRow], choice: Choice, began: datetime | None) -> bool:
    """Whether the best was on offer in this very trouble, and the customer did not take it."""
    return began is not None and any(
        row["kind"] == choice.best and row["created_at"] >= began and row["reason"] in ("expired", "declined")
        for row in before
    )


def _is_better(choice: Choice, standing: Sequence[OfferRow], situation: Situation) -> bool:
    """Goods or money in the place of an apology; or what stands speaks of waiting for a parcel that will not come."""
    kinds = {row["kind"] for row in standing}
    if situation.state in GONE:
        return bool(kinds - {str(each.kind) for each in choice.offered})
    return choice.best in OF_PARCEL and not kinds & {str(kind) for kind in OF_PARCEL}


def _rank(row: OfferRow, choice: Choice) -> int:
    kinds = [str(each.kind) for each in choice.offered]
    return kinds.index(row["kind"]) if row["kind"] in kinds else len(kinds)


class _Round:
    """The offers that are made at one time, which are alternatives."""

    def __init__(
        self,
        session: Session,
        order: OrderRow,
        parcel: ParcelRow,
        before: Sequence[OfferRow],
        situation: Situation,
        worth: Worth,
        content: Sequence[Content],
        policies: Policies,
        now: datetime,
    ) -> None:
        self._session, self._order, self._parcel, self._policies, self._now = session, order, parcel, policies, now
        self._situation, self._worth, self._content = situation, worth, content
        # made of what it is for: a ledger that was restored makes the same offer again, and the same refund of it
        self._number = 1 + max((row["round"] for row in before), default=0)
        self._decision = f"dec_{digest(['offer', parcel['id'], self._number])}"

    def write(self, choice: Choice) -> list[OfferRow]:
        session, now = self._session, self._now
        rows = [self._row(each) for each in choice.offered]
        insert_rows(session, Offer, rows)
        insert_rows(session, OfferLine, [self._line(row, part) for row in rows for part in self._content])
        audit.append(
            session,
            [audit.entry("offer", str(row["id"]), "", OfferState.PROPOSED, str(row["kind"]), now) for row in rows],
        )
        self._decide(choice, self._decision)
        drafts = [
            DeadlineDraft(EXPIRY, str(row["id"]), self._order["id"], row["expires_at"], "service", "expire_offer")
            for row in rows
        ]
        set_deadlines(session, drafts, now)
        if choice.review:
            open_cases(session, [self._case(rows, choice)], now)
            return list(rows)
        return send(session, self._order, self._parcel, rows, "offered", now)

    def _row(self, each: Candidate) -> Row:
        refund = each.kind is Remedy.REFUND
        return {
            "id": f"ofr_{digest([self._parcel['id'], self._number, str(each.kind)])}",
            "order_id": self._order["id"], "shipment_id": self._parcel["id"],
            "customer_id": self._order["customer_id"], "round": self._number, "kind": str(each.kind),
            "state": OfferState.PROPOSED, "reason": "", "amount_minor": each.amount_minor,
            "shipping_minor": self._worth.shipping_minor if refund else 0, "currency": self._order["currency"],
            "expires_at": self._now + self._policies.offers.lives, "decision_id": self._decision, "led_to": "",
            "replacement_external_id": "", "replacement_order_id": "", "created_at": self._now, "accepted_at": None,
            "ended_at": None,
        }  # fmt: skip

    def _line(self, row: Row, part: Content) -> Row:
        return {
            "offer_id": row["id"], "order_line_id": part.line_id, "sku": part.sku, "quantity": part.quantity,
            "settled": 0,
        }  # fmt: skip

    def wait(self, choice: Choice) -> None:
        """Nothing is offered, and the reckoning says why; the same answer is not written down again."""
        decision_id = f"dec_{digest(['waiting', self._parcel['id'], self._number])}"
        if not select_by(self._session, Decision, "id", [decision_id]):
            self._decide(choice, decision_id)

    def _decide(self, choice: Choice, decision_id: str) -> None:
        situation = self._situation
        draft: Row = {
            "id": decision_id,
            "workflow": WORKFLOW,
            "order_id": self._order["id"],
            "inputs": {
                "shipment": self._parcel["id"], "state": str(situation.state), "value_minor": situation.value_minor,
                "room_minor": situation.room_minor, "send_minor": situation.send_minor,
                "silent_days": situation.outlook.silent_days, "late": situation.outlook.late,
                "lost": choice.lost, "in_stock": situation.in_stock, "orders": situation.history.orders,
                "remedies": situation.history.remedies, "claims": situation.history.claims,
            },
            "candidates": [each.as_json() for each in choice.candidates],
            "choice": {
                "kind": str(choice.best),
                "offered": [str(each.kind) for each in choice.offered],
                "words": list(explain(choice, situation.currency)),
            },
            "explanation": [reason.as_json() for reason in (*choice.reasons, *choice.review)],
        }  # fmt: skip
        record_decisions(self._session, [draft], self._policies.version, self._now)

    def _case(self, rows: Sequence[Row], choice: Choice) -> CaseDraft:
        return CaseDraft(
            key=case_key(self._parcel["id"]),
            kind=REVIEW,
            order_id=self._order["id"],
            subject_id=self._parcel["id"],
            owner="service",
            facts={
                "offers": [row["id"] for row in rows],
                "kinds": [row["kind"] for row in rows],
                "amount_minor": rows[0]["amount_minor"],
                "currency": self._order["currency"],
                "reasons": [reason.as_json() for reason in choice.review],
                "words": list(explain(choice, self._order["currency"])),
            },
            choices=["offer", "decline"],
        )


def case_key(shipment_id: str) -> str:
    """The one case about offers for a parcel."""
    return f"{REVIEW}:{shipment_id}"


def send(
    session: Session, order: OrderRow, parcel: ParcelRow, rows: Sequence[OfferRow], cause: str, now: datetime
) -> list[OfferRow]:
    """The customer may take them, and hears of it."""
    sent = [move_offer(session, row, OfferState.SENT, cause, now) for row in rows]
    tell(session, order, parcel, sent, now)
    return sent


__all__ = ["REVIEW", "case_key", "propose", "send"]
