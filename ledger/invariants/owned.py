"""Every open promise is owned: a queue, an effect, a node, a carrier or a person has the next step."""

import sqlalchemy as sa

from domain.parcels import TERMINAL, ParcelState
from domain.states import ENDED_ORDER, OrderState
from ledger.heartbeats import of_a_process
from ledger.invariants.base import (
    OPEN_EFFECT,
    Broken,
    case,
    effect,
    has_hold,
    has_open_case,
    has_open_effect,
    has_work,
    hold,
    is_edited,
    moment,
    order,
)
from ledger.tables import Deadline, FulfilmentOrder, Heartbeat, Location, OrderLine, Shipment
from ledger.tables.base import table_of

line, request, parcel = table_of(OrderLine), table_of(FulfilmentOrder), table_of(Shipment)
deadline, beat, place = table_of(Deadline), table_of(Heartbeat), table_of(Location)
STAGES = ("validate", "route", "fulfil")
_LIVE = [str(state) for state in OrderState if state not in ENDED_ORDER]
_GONE = [str(state) for state in (TERMINAL | {ParcelState.RETURNING}) - {ParcelState.DELIVERED, ParcelState.CANCELLED}]
_ENDED = [str(state) for state in TERMINAL]


def every_order_has_a_next_step() -> Broken:
    """An order that has not ended waits in a queue, under a hold, at a node, with an effect or a carrier, for its edit,
    or as a case."""
    under_way = sa.exists().where(
        parcel.c.order_id == order.c.id, parcel.c.shipped_at.is_not(None), parcel.c.state != ParcelState.DELIVERED
    )
    at_node = sa.exists().where(request.c.order_id == order.c.id, request.c.state.in_(("open", "in_progress")))
    waits_for_stock = sa.exists().where(line.c.order_id == order.c.id, line.c.backordered > 0)
    anything = sa.or_(
        has_work(order.c.id, STAGES),
        has_hold(order.c.id),
        at_node,
        under_way,
        has_open_effect(order.c.id),
        has_open_case(order.c.id),
        waits_for_stock,
        is_edited(order.c.id),
    )
    return sa.select(order.c.id).where(order.c.state.in_(_LIVE), ~anything)


def every_unit_is_promised_or_owned() -> Broken:
    """A unit that is wanted and not promised waits for routing, for stock, for a hold's owner, for a person or for
    the edit that has fenced its order."""
    missing = line.c.ordered - line.c.cancelled - line.c.reserved
    return (
        sa.select(line.c.id)
        .join(order, order.c.id == line.c.order_id)
        .where(
            order.c.state.in_((OrderState.ROUTING, OrderState.IN_FULFILMENT)),
            line.c.requires_shipping.is_(True),
            missing > line.c.backordered,
            ~has_work(order.c.id, ("route",)),
            ~has_hold(order.c.id),
            ~has_open_effect(order.c.id),
            ~has_open_case(order.c.id),
            ~is_edited(order.c.id),
        )
    )


def every_request_has_a_next_step() -> Broken:
    """What a node is to ship waits to be released, is being told, is labelled, or lies at the node: in our own
    warehouse on a sheet. A withdrawal that was asked for is being told, or a person knows. Whatever an edit has taken
    back is its business as long as its fence stands."""
    telling = sa.exists().where(
        effect.c.order_id == request.c.order_id,
        effect.c.subject_id == request.c.id,
        effect.c.state.in_(OPEN_EFFECT),
    )
    labelled = sa.exists().where(
        parcel.c.fulfilment_order_id == request.c.id,
        parcel.c.shipped_at.is_(None),
        parcel.c.state != ParcelState.CANCELLED,
    )
    ours = sa.exists().where(place.c.id == request.c.location_id, place.c.ships_itself.is_(False))
    waits = sa.or_(has_work(request.c.order_id, ("fulfil",)), has_open_effect(request.c.order_id))
    nobody = sa.case(
        (request.c.state == "scheduled", ~waits),
        (request.c.state == "open", ~sa.or_(telling, labelled)),
        (request.c.request_state == "cancellation_requested", ~telling),
        else_=sa.and_(request.c.pick_list_id == "", ours),
    )
    return sa.select(request.c.id).where(
        request.c.state.in_(("scheduled", "open", "in_progress")),
        nobody,
        ~has_hold(request.c.order_id),
        ~has_open_case(request.c.order_id),
        ~is_edited(request.c.order_id),
    )


def every_parcel_has_a_next_step() -> Broken:
    """A parcel that has left is looked at until it has arrived; one that never will is or was a person's case."""
    told = sa.exists().where(
        effect.c.order_id == parcel.c.order_id, effect.c.subject_id == parcel.c.id, effect.c.state.in_(OPEN_EFFECT)
    )
    known = sa.exists().where(case.c.order_id == parcel.c.order_id, case.c.subject_id == parcel.c.id)
    watched = sa.and_(parcel.c.polling.is_(True), parcel.c.tracker_external_id != "")
    forgotten = sa.case(
        (parcel.c.state.in_(_GONE), ~known),
        else_=sa.and_(parcel.c.state.not_in(_ENDED), ~watched, ~told, ~known),
    )
    return sa.select(parcel.c.id).where(
        parcel.c.shipped_at.is_not(None),
        parcel.c.state != ParcelState.DELIVERED,
        forgotten,
        ~has_open_case(parcel.c.order_id),
    )


def everything_open_has_an_owner() -> Broken:
    """Holds, cases and deadlines that are open name who has to act."""
    return (
        sa.union_all(
            sa.select(hold.c.id).where(hold.c.released_at.is_(None), hold.c.owner == ""),
            sa.select(case.c.id).where(case.c.state != "resolved", case.c.owner == ""),
            sa.select(deadline.c.id).where(sa.text("deadline.state = 'pending'"), deadline.c.owner == ""),
        )
        .subquery()
        .select()
    )


def doubtful_effects_are_owned() -> Broken:
    """Whether a parked effect was done, or is to be done again, is asked in an open case."""
    asked = sa.exists().where(case.c.subject_id == effect.c.id, case.c.state != "resolved")
    return sa.select(effect.c.id).where(effect.c.state == "parked", ~asked)


def no_orphan_lease() -> Broken:
    """Nobody is sending without renewing the lease: a living worker takes it over within seconds."""
    alive = sa.exists().where(beat.c.at > moment("alive"), of_a_process())
    return sa.select(effect.c.id).where(
        sa.text("effect.state IN ('planned', 'sending', 'unknown')"),  # in the words of its partial index
        effect.c.state == "sending",
        sa.or_(
            effect.c.lease_until < moment("never_so_long"),
            sa.and_(effect.c.lease_until < moment("taken_over"), alive),
        ),
    )
