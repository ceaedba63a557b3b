"""Money is neither made nor lost."""

import sqlalchemy as sa

from domain.states import RefundState
from ledger import books
from ledger.invariants.base import OPEN_EFFECT, Broken, case, effect
from ledger.tables import MoneyTransaction, Payment, Refund
from ledger.tables.base import table_of

pay, txn, refund = table_of(Payment), table_of(MoneyTransaction), table_of(Refund)


def refunds_within_captures() -> Broken:
    """No tender gives back more than it took, and no order more than it was paid with. Credit that a shop gives in the
    place of money is a refund without a charge: it counts for the order alone."""
    of_order = pay.alias("of_order")
    in_all = (
        sa.select(sa.func.sum(of_order.c.refunded_minor - of_order.c.captured_minor))
        .where(of_order.c.order_id == pay.c.order_id)
        .scalar_subquery()
    )
    charge = txn.c.parent_external_id != ""
    of_charges = (
        sa.select(sa.func.coalesce(sa.func.sum(txn.c.amount_minor), 0))
        .where(txn.c.payment_id == pay.c.id, txn.c.kind == "refund", txn.c.status == "success", charge)
        .scalar_subquery()
    )
    return sa.select(pay.c.id).where(pay.c.refunded_minor > 0, sa.or_(of_charges > pay.c.captured_minor, in_all > 0))


def grants_within_captures() -> Broken:
    """No tender is promised to give back more than it has left, unless the shop's own people gave money back since."""
    promised = refund.c.state.in_((RefundState.GRANTED, RefundState.EXECUTING, RefundState.UNKNOWN))
    ours = sa.exists().where(refund.c.order_id == txn.c.order_id, refund.c.external_id == txn.c.external_id)
    booked = ours.where(txn.c.kind == "refund", txn.c.status == "success")  # for a payment page, whose vendor owes it
    by_others = sa.exists().where(txn.c.payment_id == pay.c.id, txn.c.kind == "refund", ~ours)
    return (
        sa.select(pay.c.id)
        .join(refund, refund.c.payment_id == pay.c.id)
        .where(promised, ~by_others, ~booked, sa.func.substr(refund.c.id, 1, 4) != "rfc_")  # credit took nothing
        .group_by(pay.c.id, pay.c.refunded_minor, pay.c.captured_minor)
        .having(sa.func.sum(refund.c.amount_minor) + pay.c.refunded_minor > pay.c.captured_minor)
    )


def refunds_have_their_transactions() -> Broken:
    """A refund that succeeded is a transaction of its tender, over its amount."""
    there = sa.exists().where(
        txn.c.order_id == refund.c.order_id,
        txn.c.external_id == refund.c.external_id,
        txn.c.payment_id == refund.c.payment_id,
        txn.c.amount_minor == refund.c.amount_minor,
        txn.c.kind == "refund",
        txn.c.status == "success",
    )
    return sa.select(refund.c.id).where(refund.c.state == RefundState.SUCCEEDED, ~there)


def every_refund_has_a_next_step() -> Broken:
    """Money that is promised is being asked for, or a person has it; what a gateway has taken its shop tells of. A
    refused one is or was a person's case."""
    asked = sa.exists().where(
        effect.c.order_id == refund.c.order_id,
        effect.c.subject_id == refund.c.id,
        effect.c.state.in_((*OPEN_EFFECT, "parked")),
    )
    about = sa.or_(case.c.subject_id == refund.c.id, case.c.kind == "payment_refund_failed")
    decided = sa.exists().where(case.c.order_id == refund.c.order_id, about)
    known = decided.where(case.c.state != "resolved")
    forgotten = sa.case(
        (refund.c.state == RefundState.FAILED, ~sa.or_(asked, decided)),
        else_=sa.and_(refund.c.state.in_((RefundState.GRANTED, RefundState.EXECUTING)), ~sa.or_(asked, known)),
    )
    return sa.select(refund.c.id).where(refund.c.state != RefundState.SUCCEEDED, forgotten)


def captures_within_authorisations() -> Broken:
    """Nothing is taken twice: the captures of an authorisation do not exceed it."""
    granted, taken = txn.alias("granted"), txn.alias("taken")
    return (
        sa.select(granted.c.id)
        .join(
            taken,
            sa.and_(taken.c.order_id == granted.c.order_id, taken.c.parent_external_id == granted.c.external_id),
        )
        .where(granted.c.kind == "authorization", taken.c.kind == "capture", taken.c.status == "success")
        .group_by(granted.c.id, granted.c.amount_minor)
        .having(sa.func.sum(taken.c.amount_minor) > granted.c.amount_minor)
    )


def payments_match_transactions() -> Broken:
    """A tender's sums are those of its transactions, to the last unit."""

    def total(*kinds: str) -> sa.ColumnElement[int]:
        return sa.func.coalesce(sa.func.sum(sa.case((txn.c.kind.in_(kinds), txn.c.amount_minor), else_=0)), 0)

    good = sa.and_(txn.c.payment_id == pay.c.id, txn.c.order_id == pay.c.order_id, txn.c.status == "success")
    return (
        sa.select(pay.c.id)
        .select_from(pay.outerjoin(txn, good))
        .group_by(pay.c.id, pay.c.captured_minor, pay.c.refunded_minor)
        .having(
            sa.or_(total("sale", "capture") != pay.c.captured_minor, total("refund") != pay.c.refunded_minor),
        )
    )


def books_balance() -> Broken:
    """Every entry of the journal sums to zero."""
    return books.unbalanced()
