"""What was offered for a parcel is given once, and what was taken is carried out."""

import sqlalchemy as sa

from domain.remedies import OF_PARCEL, Remedy
from domain.states_offers import OPEN_OFFER, TAKEN_OFFER, ClaimState, OfferState
from ledger.invariants.base import OPEN_EFFECT, Broken, case, effect
from ledger.tables import CarrierClaim, Deadline, Offer, OfferLine, Refund, Reservation
from ledger.tables.base import table_of

offer, part, refund = table_of(Offer), table_of(OfferLine), table_of(Refund)
promise, deadline, claim = table_of(Reservation), table_of(Deadline), table_of(CarrierClaim)
_TAKEN = [str(state) for state in TAKEN_OFFER]
_OF_PARCEL = [str(kind) for kind in OF_PARCEL]


def one_remedy_for_a_parcel() -> Broken:
    """Nobody has taken goods and money, or either twice, for the same parcel."""
    return (
        sa.select(offer.c.shipment_id)
        .where(offer.c.state.in_(_TAKEN), offer.c.kind.in_(_OF_PARCEL))
        .group_by(offer.c.shipment_id)
        .having(sa.func.count() > 1)
    )


def taken_offers_settle_their_units() -> Broken:
    """Units of a parcel for which something was taken are nobody's to return, and those of all others are."""
    settled = sa.and_(offer.c.state.in_(_TAKEN), offer.c.kind.in_(_OF_PARCEL))
    wanted = sa.case((settled, part.c.quantity), else_=0)
    return sa.select(offer.c.id).join(part, part.c.offer_id == offer.c.id).where(part.c.settled != wanted)


def money_of_offers_is_granted() -> Broken:
    """Whoever has taken money has it granted, all of it, or finance knows what is missing."""
    granted = (
        sa.select(sa.func.coalesce(sa.func.sum(refund.c.amount_minor), 0))
        .where(refund.c.subject_id == offer.c.id)
        .scalar_subquery()
    )
    known = sa.exists().where(case.c.order_id == offer.c.order_id, case.c.owner == "finance")
    return sa.select(offer.c.id).where(
        offer.c.state == str(OfferState.EXECUTED),
        offer.c.kind.in_((str(Remedy.CREDIT), str(Remedy.REFUND))),
        sa.or_(granted > offer.c.amount_minor, sa.and_(granted < offer.c.amount_minor, ~known)),
    )


def accepted_replacements_are_made() -> Broken:
    """The shop is being told of a replacement that was taken, and its units are promised, or a person has it."""
    told = sa.exists().where(effect.c.key == offer.c.led_to, effect.c.state.in_((*OPEN_EFFECT, "parked")))
    kept = sa.exists().where(promise.c.fulfilment_order_id == offer.c.id, promise.c.holder == "ours")
    return sa.select(offer.c.id).where(
        offer.c.state == str(OfferState.ACCEPTED), offer.c.kind == str(Remedy.REPLACEMENT), ~sa.and_(told, kept)
    )


def open_offers_end() -> Broken:
    """An offer that can be taken has a clock, and one that waits for a person has a case."""
    clock = sa.exists().where(
        deadline.c.kind == "offer_expiry", deadline.c.subject_id == offer.c.id, deadline.c.state == "pending"
    )
    return sa.select(offer.c.id).where(offer.c.state.in_([str(state) for state in OPEN_OFFER]), ~clock)


def ready_claims_have_a_person() -> Broken:
    """A claim whose packet is made, or that was filed, is somebody's case."""
    asked = sa.exists().where(case.c.subject_id == claim.c.id, case.c.state != "resolved")
    return sa.select(claim.c.id).where(claim.c.state.in_((str(ClaimState.READY), str(ClaimState.FILED))), ~asked)
