"""Until when an order can still be edited, why not any more, and what can be done instead.

A window is the earliest of three ends: the policy's for the kind of edit, the node's as far as a time is known, and
the authorisation's. It is open before its end, not at it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.edit_capabilities import (
    FIELD_OF,
    PARTLY_SHIPPED,
    SHIPPED,
    Capabilities,
    EditField,
    NodePart,
    Stage,
)
from domain.edits import EditKind
from domain.policy import EditPolicy, NextStepPolicy, Phase
from domain.states import FulfilmentOrderState, OrderState, RequestState


@dataclass(frozen=True, slots=True)
class EditSnapshot:
    """What windows look at; nothing personal. `holds`: names of the open ones, without the edit window's own.

    `unshipped`: order line -> units that have not left. `authorisation_expires_at`: the earliest of those that are
    not captured yet, None where all is captured. `fenced`: another edit is being made.
    """

    order_id: str
    source: str
    state: str
    currency: str
    placed_at: datetime
    release_at: datetime
    parts: tuple[NodePart, ...]
    unshipped: Mapping[str, int]
    holds: tuple[str, ...] = ()
    fenced: bool = False
    authorisation_expires_at: datetime | None = None


class Limit(StrEnum):
    """What ends a window, or has closed it."""

    ORDER = "order"
    NODE = "node"
    POLICY = "policy"
    AUTHORISATION = "authorisation"


ASK_US = "ask_us"  # a person may still be able to do it


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do instead, and its price in the order's currency (0: free)."""

    code: str
    price_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Window:
    """`until` None while open: no time is known, the node says when. `limit`: what ends it, None when nothing does.
    `reason` is a stable code, empty while open."""

    kind: EditKind
    open: bool
    until: datetime | None = None
    limit: Limit | None = None
    reason: str = ""
    next_step: NextStep | None = None


_End = tuple[datetime, Limit, str]  # when, by what, and the reason from then on
_Closed = tuple[Limit, str]
_UNROUTED = (OrderState.RECEIVED, OrderState.VALIDATING, OrderState.HELD)
_ENDED_REASON = {
    OrderState.COMPLETED: "order_completed",
    OrderState.CANCELLED: "order_cancelled",
    SHIPPED: "already_shipped",
    PARTLY_SHIPPED: "partly_shipped",
}
_WITHOUT_MONEY = (EditKind.CONTACT, EditKind.CANCEL)  # neither needs the authorisation to be good afterwards
_NO_STEP = ("order_cancelled", "edit_in_progress", "being_cancelled")  # nothing to do, or just wait
_TOO_LATE = ("already_shipped", "partly_shipped", "order_completed")  # or `node_{stage}`


def window(
    kind: EditKind,
    order: EditSnapshot,
    policy: EditPolicy,
    capabilities: Capabilities,
    now: datetime,
    *,
    line_id: str = "",
    agent: bool = False,
    asked_at: datetime | None = None,
) -> Window:
    """Whether this kind of edit can be asked for now. With `line_id` only nodes that ship of that line count; an
    agent may come after the policy's end where the policy allows that. `asked_at`: of a request that was in time by
    the policy and has waited since, for a person or its payment; node and authorisation are judged by `now`.

    Reasons: order_cancelled, order_completed, already_shipped, partly_shipped, edit_in_progress, on_hold,
    source_cannot, being_cancelled, node_{stage}, window_closed, authorisation_expired.
    """
    field = FIELD_OF[kind]
    parts = _concerned(order, capabilities, line_id)
    closed = _closed_by_order(field, order, capabilities, line_id) or _closed_by_node(field, parts, capabilities)
    ends: list[_End] = []
    if closed is None:
        ends += _node_ends(field, order, parts, capabilities, now)
        ends += _policy_ends(kind, order, policy, agent)
        ends += _authorisation_ends(kind, order)
        by_policy = asked_at or now
        closed = next(
            (
                (limit, reason)
                for until, limit, reason in ends
                if until <= (by_policy if limit is Limit.POLICY else now)
            ),
            None,
        )
    if closed is not None:
        limit, reason = closed
        return Window(kind, False, None, limit, reason, next_step(kind, order, policy, reason))
    if not ends:
        return Window(kind, True)
    until, limit, _ = min(ends, key=lambda end: end[0])
    return Window(kind, True, until, limit)


def windows(
    order: EditSnapshot, policy: EditPolicy, capabilities: Capabilities, now: datetime, *, agent: bool = False
) -> tuple[Window, ...]:
    """A window of every kind."""
    return tuple(window(kind, order, policy, capabilities, now, agent=agent) for kind in EditKind)


def next_step(kind: EditKind, order: EditSnapshot, policy: EditPolicy, reason: str) -> NextStep | None:
    """The cheapest thing that still helps; None when nothing can be done or waiting helps."""
    if reason in _NO_STEP:
        return None
    ask = NextStep(ASK_US, 0, order.currency)
    if reason not in _TOO_LATE and not reason.startswith("node_"):
        return ask
    phase = Phase.AFTER_DELIVERY if order.state == OrderState.COMPLETED else Phase.BEFORE_DELIVERY
    steps = [
        NextStep(step.code, step.price_minor.get(order.currency, 0), order.currency)
        for step in policy.next_steps
        if _helps(step, kind, phase, order.currency)
    ]
    return min(steps, key=lambda step: step.price_minor, default=ask)


def _helps(step: NextStepPolicy, kind: EditKind, phase: Phase, currency: str) -> bool:
    priced = not step.price_minor or currency in step.price_minor
    return kind in step.kinds and step.phase in (phase, Phase.ALWAYS) and priced


def _closed_by_order(field: EditField, order: EditSnapshot, capabilities: Capabilities, line_id: str) -> _Closed | None:
    standing = _standing(order, capabilities)
    if field not in capabilities.orders[standing]:
        return Limit.ORDER, _ENDED_REASON.get(standing, f"order_{standing}")
    if order.fenced:
        return Limit.ORDER, "edit_in_progress"
    if any(field not in capabilities.during(hold) for hold in order.holds):
        return Limit.ORDER, "on_hold"
    if field not in capabilities.sources.get(order.source, frozenset()):
        return Limit.ORDER, "source_cannot"
    if line_id and not order.unshipped.get(line_id):
        return Limit.ORDER, "already_shipped"
    return None


def _standing(order: EditSnapshot, capabilities: Capabilities) -> str:
    """The order's state, more finely once something has left."""
    gone = any(_stage(part, capabilities) is Stage.SHIPPED for part in _alive(order.parts))
    if order.state != OrderState.IN_FULFILMENT or not gone:
        return order.state
    return PARTLY_SHIPPED if any(order.unshipped.values()) else SHIPPED


def _alive(parts: Sequence[NodePart]) -> list[NodePart]:
    return [part for part in parts if part.state != FulfilmentOrderState.CANCELLED]


def _stage(part: NodePart, capabilities: Capabilities) -> Stage:
    return capabilities.node(part.system).stage_of(part)


def _concerned(order: EditSnapshot, capabilities: Capabilities, line_id: str) -> list[NodePart]:
    """Fulfilment orders that an edit would change: what has left stays as it is."""
    return [
        part
        for part in _alive(order.parts)
        if _stage(part, capabilities) is not Stage.SHIPPED and (not line_id or part.lines.get(line_id))
    ]


def _closed_by_node(field: EditField, parts: Sequence[NodePart], capabilities: Capabilities) -> _Closed | None:
    for part in parts:
        if part.request_state == RequestState.CANCELLATION_REQUESTED:
            return Limit.NODE, "being_cancelled"
        stage = _stage(part, capabilities)
        if field not in capabilities.beyond_node and not capabilities.node(part.system).takes(field, stage):
            return Limit.NODE, f"node_{stage}"
    return None


def _node_ends(
    field: EditField, order: EditSnapshot, parts: Sequence[NodePart], capabilities: Capabilities, now: datetime
) -> Iterator[_End]:
    """Times from which a node is told and takes no more. What is held is not told, whatever the time."""
    if order.holds or order.state in _UNROUTED or field in capabilities.beyond_node:
        return
    for part in parts:
        if capabilities.node(part.system).until[field] is Stage.TOLD:
            yield part.release_at, Limit.NODE, "node_told"
    some = any(node.until[field] is Stage.TOLD for node in capabilities.nodes.values())
    if not order.parts and some and now < order.release_at:  # which node it will be is not decided yet
        yield order.release_at, Limit.NODE, "node_told"


def _policy_ends(kind: EditKind, order: EditSnapshot, policy: EditPolicy, agent: bool) -> Iterator[_End]:
    held = bool(order.holds) or order.state == OrderState.HELD
    if (agent and policy.agents_past_window) or (held and kind in policy.open_while_held):
        return
    yield order.placed_at + policy.window[kind], Limit.POLICY, "window_closed"


def _authorisation_ends(kind: EditKind, order: EditSnapshot) -> Iterator[_End]:
    if order.authorisation_expires_at is not None and kind not in _WITHOUT_MONEY:
        yield order.authorisation_expires_at, Limit.AUTHORISATION, "authorisation_expired"
