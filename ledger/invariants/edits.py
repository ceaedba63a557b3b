"""An edit that is under way is looked after, and one that has ended leaves nothing behind."""

import sqlalchemy as sa

from domain.states import BEGUN_EDIT, EditState
from domain.states_offers import TAKEN_OFFER
from domain.states_returns import ENDED_EXCHANGE
from ledger.invariants.base import (
    Broken,
    case,
    edit,
    exchange,
    fences,
    has_open_case,
    has_open_effect,
    is_open,
    order,
)
from ledger.tables import Offer, Reservation
from ledger.tables.base import table_of

promise = table_of(Reservation)


def no_promise_of_an_ended_edit() -> Broken:
    """What is promised without an order line is promised to an open edit request or exchange of the same order, or to
    an offer that its customer has taken."""
    request, swap, offer = edit.alias("holder"), exchange.alias("swap"), table_of(Offer)
    theirs = sa.or_(
        sa.exists().where(
            request.c.id == promise.c.fulfilment_order_id, request.c.order_id == promise.c.order_id, is_open(request)
        ),
        sa.exists().where(
            swap.c.id == promise.c.fulfilment_order_id, swap.c.order_id == promise.c.order_id,
            swap.c.state.not_in([str(state) for state in ENDED_EXCHANGE]),
        ),
        sa.exists().where(
            offer.c.id == promise.c.fulfilment_order_id, offer.c.order_id == promise.c.order_id,
            offer.c.state.in_([str(state) for state in TAKEN_OFFER]),
        ),
    )  # fmt: skip
    live = sa.text("reservation.holder IN ('ours', 'at_node')")  # in the words of its partial index
    return sa.select(promise.c.id).where(live, promise.c.order_line_id == "", ~theirs)


def no_fence_without_edit() -> Broken:
    """A fence names an open edit request of its order, or an exchange that joins it: nobody else would ever lift it."""
    return sa.select(order.c.id).where(order.c.fence_token != "", ~fences(order.c.fence_token, order.c.id))


def begun_edits_keep_their_fence() -> Broken:
    """Once a node or the shop may have been told, nothing else touches the order until the edit has ended."""
    return (
        sa.select(edit.c.id)
        .join(order, order.c.id == edit.c.order_id)
        .where(edit.c.state.in_([str(state) for state in BEGUN_EDIT]), order.c.fence_token != edit.c.id)
    )


def every_edit_has_a_next_step() -> Broken:
    """An edit that has not ended is tried again when it is due. One that waits for a person has a case; one that waits
    for a payment has an end, and a page or somebody who is making it."""
    told = sa.or_(edit.c.error == "again", edit.c.lease_until.is_not(None))  # somebody is on it, or will be at once
    asked = sa.exists().where(case.c.subject_id == edit.c.id, case.c.state != "resolved")
    page = sa.or_(edit.c.payment_external_id != "", has_open_effect(edit.c.order_id), has_open_case(edit.c.order_id))
    forgotten = sa.case(
        (edit.c.state.in_((EditState.AWAITING_REVIEW, EditState.PARKED)), ~sa.or_(asked, told)),
        (
            edit.c.state == EditState.AWAITING_PAYMENT,
            ~sa.or_(told, sa.and_(edit.c.expires_at.is_not(None), edit.c.due_at <= edit.c.expires_at, page)),
        ),
        else_=sa.false(),
    )
    return sa.select(edit.c.id).where(is_open(edit), forgotten)
