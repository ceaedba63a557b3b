"""Money is neither made nor lost."""

import sqlalchemy as sa

from ledger import books
from ledger.invariants.base import Broken
from ledger.tables import MoneyTransaction, Payment
from ledger.tables.base import table_of

pay, txn = table_of(Payment), table_of(MoneyTransaction)


def refunds_within_captures() -> Broken:
    """No tender gives back more than it took."""
    return sa.select(pay.c.id).where(pay.c.refunded_minor > pay.c.captured_minor)


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
