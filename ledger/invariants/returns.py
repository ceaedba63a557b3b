"""Units come back once, and a return that is under way is looked after."""

import sqlalchemy as sa

from domain.states_returns import ENDED_EXCHANGE, ENDED_RETURN, ExchangeState, ReturnState
from ledger.invariants.base import Broken, case, exchange, has_open_effect
from ledger.tables import (
    Deadline,
    Location,
    OfferLine,
    OrderLine,
    Reservation,
    ReturnLine,
    ReturnParcel,
    ReturnRequest,
    ReturnUnit,
    ShopFulfilment,
    StockMovement,
)
from ledger.tables.base import table_of

line, part, unit = table_of(OrderLine), table_of(ReturnLine), table_of(ReturnUnit)
request, parcel = table_of(ReturnRequest), table_of(ReturnParcel)
movement, deadline, place = table_of(StockMovement), table_of(Deadline), table_of(Location)
promise, mirror, made_good = table_of(Reservation), table_of(ShopFulfilment), table_of(OfferLine)
_ENDED = [str(state) for state in ENDED_RETURN]
_LIVE = [str(state) for state in ExchangeState if state not in ENDED_EXCHANGE]


def no_unit_is_returned_twice() -> Broken:
    """What is asked back, has come back or was settled without was sent before."""
    counters = (line.c.return_requested, line.c.returned, line.c.written_off)
    gone = line.c.return_requested + line.c.returned + line.c.written_off
    return sa.select(line.c.id).where(sa.or_(gone > line.c.shipped, *(counter < 0 for counter in counters)))


def lines_match_their_returns() -> Broken:
    """A line's counters are the sums of its returns', and of what was given for parcels that never came."""
    sums = (
        sa.select(
            part.c.order_line_id,
            *(sa.func.sum(part.c[name]).label(name) for name in ("waiting", "returned", "written_off")),
        )
        .group_by(part.c.order_line_id)
        .subquery()
    )
    good = (
        sa.select(sa.func.coalesce(sa.func.sum(made_good.c.settled), 0))
        .where(made_good.c.order_line_id == line.c.id)
        .scalar_subquery()
    )
    pairs = (
        (line.c.return_requested, sums.c.waiting),
        (line.c.returned, sums.c.returned),
        (line.c.written_off - good, sums.c.written_off),
    )
    differs = sa.or_(*(counter != sa.func.coalesce(counted, 0) for counter, counted in pairs))
    return sa.select(line.c.id).select_from(line.outerjoin(sums, sums.c.order_line_id == line.c.id)).where(differs)


def ended_returns_wait_for_nothing() -> Broken:
    """No unit waits in a request that has ended, nor more than were asked for in any."""
    return (
        sa.select(part.c.id)
        .join(request, request.c.id == part.c.request_id)
        .where(
            sa.or_(
                sa.and_(request.c.state.in_(_ENDED), part.c.waiting != 0),
                part.c.waiting + part.c.returned + part.c.written_off > part.c.asked,
            )
        )
    )


def fees_within_their_refunds() -> Broken:
    """Nobody pays for a return more than they get for it."""
    return sa.select(part.c.id).where(sa.or_(part.c.fee_minor > part.c.gross_minor, part.c.fee_minor < 0))


def restocked_units_moved_once() -> Broken:
    """A unit is stock again by one movement, and only if it goes back onto the shelf. A node that counts its own stock
    says so in its next reading."""
    shared = (
        sa.select(unit.c.movement_id)
        .where(unit.c.movement_id != "")
        .group_by(unit.c.movement_id)
        .having(sa.func.count() > 1)
    )
    moved = sa.exists().where(
        movement.c.id == unit.c.movement_id,
        movement.c.location_id == unit.c.location_id,
        movement.c.sku == unit.c.sku,
        movement.c.delta == 1,
    )
    counts_itself = sa.exists().where(place.c.id == unit.c.location_id, place.c.ships_itself)
    return sa.select(unit.c.id).where(
        sa.or_(
            sa.and_(unit.c.disposition == "restock", ~moved, ~counts_itself),
            sa.and_(unit.c.disposition != "restock", unit.c.movement_id != ""),
            unit.c.movement_id.in_(shared),
        )
    )


def every_return_has_a_next_step() -> Broken:
    """A return that has not ended is tried again when it is due; one that waits has an end, a person's case or a
    deadline that the warehouse owns."""
    told = sa.or_(request.c.error == "again", request.c.lease_until.is_not(None))
    asked = sa.exists().where(case.c.subject_id == request.c.id, case.c.state != "resolved")
    due = sa.exists().where(deadline.c.subject_id == request.c.id, sa.text("deadline.state = 'pending'"))
    ends = sa.and_(request.c.expires_at.is_not(None), request.c.due_at <= request.c.expires_at)
    sending = has_open_effect(request.c.order_id)
    kept = sa.or_(exchange.c.state == ExchangeState.AWAITING_PAYMENT, request.c.due_at <= exchange.c.reserved_until)
    swap = sa.exists().where(exchange.c.request_id == request.c.id, exchange.c.state.in_(_LIVE), kept)
    return sa.select(request.c.id).where(
        request.c.state.not_in([*_ENDED, ReturnState.EXPIRED]), ~sa.or_(told, asked, due, ends, sending, swap)
    )


def exchanges_keep_their_units() -> Broken:
    """Goods that are meant to be sent are promised until they are a line of the order, and ended requests send none.
    What waits for a person may have lapsed."""
    promised = sa.exists().where(promise.c.fulfilment_order_id == exchange.c.id, promise.c.holder == "ours")
    waits = sa.and_(exchange.c.state == ExchangeState.RESERVED, exchange.c.reserved_until.is_(None))
    return (
        sa.select(exchange.c.id)
        .join(request, request.c.id == exchange.c.request_id)
        .where(
            exchange.c.state.in_(_LIVE),
            sa.or_(request.c.state.in_([*_ENDED, ReturnState.EXPIRED]), ~sa.or_(promised, waits)),
        )
    )


def exchanged_or_refunded() -> Broken:
    """A line whose customer is to get goods has them promised or sent, or it is worth money. What a person has allowed
    they see to; an order without a shop is theirs altogether."""
    sent = sa.exists().where(
        exchange.c.request_id == part.c.request_id,
        exchange.c.order_id == part.c.order_id,
        exchange.c.state != ExchangeState.GIVEN_UP,
    )
    in_shop = sa.exists().where(mirror.c.order_id == part.c.order_id)
    return (
        sa.select(part.c.id)
        .join(request, request.c.id == part.c.request_id)
        .where(
            part.c.resolution.in_(("exchange", "replacement")),
            part.c.state.not_in(("requested", "declined", "cancelled", "expired")),
            request.c.approved_by == "",
            in_shop,
            ~sent,
        )
    )


def every_way_back_is_watched() -> Broken:
    """A parcel that a carrier has on its way back is looked at until it has arrived, or a person knows."""
    known = sa.exists().where(case.c.order_id == parcel.c.order_id, case.c.subject_id == parcel.c.id)
    under_way = parcel.c.state.in_(("accepted", "in_transit", "arrived_local", "customs", "out_for_delivery"))
    watched = sa.and_(parcel.c.polling.is_(True), parcel.c.tracker_external_id != "")
    return sa.select(parcel.c.id).where(under_way, ~watched, ~known)
