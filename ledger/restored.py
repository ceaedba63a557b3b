"""What a restored ledger does not know: everything between its backup and the loss of the one that it replaces.

Whatever may have been done in that gap is asked about before it is done again: planned effects are looked up before
they are sent, mails that nobody can look up are parked with a case, and orders that may have been released to a node
are held until a shop's standing hold, or a person, says that they were not.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.messages import ClaimKind
from domain.states import ENDED_ORDER, CaseState, EffectState, FulfilmentOrderState
from domain.validation import WantedHold
from ledger import audit
from ledger.cases import DUE, CaseDraft, open_cases
from ledger.cursors import move_cursor, read_cursor
from ledger.effects import move_effects
from ledger.gap import LOST, TAKEN, Gap, doubted, gap_of, set_gap
from ledger.orders import OrderRow, hold_row, place_holds
from ledger.rows import Row, mappings, select_by, update_by
from ledger.session import is_sqlite
from ledger.tables import (
    Claimable,
    ClaimCounter,
    Effect,
    FulfilmentOrder,
    Heartbeat,
    Hold,
    Location,
    Order,
    OrderLine,
    ReviewCase,
    Shipment,
    ShopFulfilment,
    SyncCursor,
    TrackingEventRow,
)
from ledger.tables.base import table_of

HOLD = "restored"
MARGIN = timedelta(hours=1)  # sweeps go back so far behind the backup
FIRST_LOOK = timedelta(days=2)
TOKEN_JUMP = 1_000_000_000  # past every token that the lost ledger can have given out
_order, _effect, _fo = table_of(Order), table_of(Effect), table_of(FulfilmentOrder)
_place, _line, _mirror = table_of(Location), table_of(OrderLine), table_of(ShopFulfilment)
_hold, _event, _cursor = table_of(Hold), table_of(TrackingEventRow), table_of(SyncCursor)
_IN_DOUBT = sa.select(_hold.c.order_id).where(_hold.c.name == HOLD, _hold.c.released_at.is_(None))


@dataclass(frozen=True, slots=True)
class Safety:
    """What was done to a restored ledger, in numbers."""

    looked_up_first: int
    parked: int
    held: int


def make_safe(
    session: Session, gap: Gap, *, now: datetime, certain: Collection[str], accounts: Sequence[str]
) -> Safety:
    """Prepare a restored ledger for work. `certain`: kinds of effects whose vendor honours our key or can be asked;
    `accounts`: targets whose sweeps must begin before the backup even when none had run by then."""
    set_gap(session, gap)
    _move_sweeps_back(session, gap, accounts)
    _end_leases(session)
    asked, parked = _doubt_effects(session, gap, now, certain)
    held = _hold_orders(session, gap, now)
    _tell(session, gap, now, {"looked_up_first": asked, "parked": parked, "held": held})
    return Safety(asked, parked, held)


def _move_sweeps_back(session: Session, gap: Gap, accounts: Sequence[str]) -> None:
    since = gap.taken - MARGIN
    session.execute(
        sa.update(_cursor).where(_cursor.c.since > since, _cursor.c.id.not_in((TAKEN, LOST))).values(since=since)
    )
    for name in accounts:
        if read_cursor(session, name) is None:
            move_cursor(session, name, gap.taken - FIRST_LOOK)


def _end_leases(session: Session) -> None:
    """Nobody holds anything: no row has a token that a survivor may have, and none of those is given out again."""
    for model in Claimable.__subclasses__():
        table = table_of(model)
        session.execute(sa.update(table).where(table.c.lease_token != 0).values(lease_until=None, lease_token=0))
    counter = table_of(ClaimCounter)
    session.execute(sa.update(counter).values(value=counter.c.value + TOKEN_JUMP))
    if not is_sqlite(session):
        session.execute(sa.text(f"SELECT setval('claim_token', nextval('claim_token') + {TOKEN_JUMP})"))
    beats = table_of(Heartbeat)
    session.execute(sa.delete(beats))


def _doubt_effects(session: Session, gap: Gap, now: datetime, certain: Collection[str]) -> tuple[int, int]:
    """What was wanted when the backup was taken may have been done since. What was not due before the loss was not."""
    due = sa.and_(_effect.c.state == EffectState.PLANNED, _effect.c.due_at <= gap.lost)
    doubtful = mappings(
        session,
        sa.select(_effect).where(sa.or_(due, _effect.c.state.in_((EffectState.SENDING, EffectState.UNKNOWN)))),
    )
    # A second attempt looks before it repeats, see tasks.effects.
    ask = [row for row in doubtful if row["kind"] in certain]
    update_by(session, Effect, [{"id": row["id"], "attempts": max(row["attempts"], 1)} for row in ask])
    sending = [row for row in ask if row["state"] == EffectState.SENDING]
    move_effects(session, sending, EffectState.UNKNOWN, "restored", now, due_at=now)
    lost = [row for row in doubtful if row["kind"] not in certain]
    park(session, gap, lost, now)
    return len(ask), len(lost)


def park(session: Session, gap: Gap, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Neither keyed nor to be looked up: a person decides whether it goes (again)."""
    sending = [row for row in rows if row["state"] == EffectState.SENDING]
    move_effects(session, sending, EffectState.UNKNOWN, "restored", now)
    known = [{**row, "state": EffectState.UNKNOWN} if row["state"] == EffectState.SENDING else row for row in rows]
    move_effects(session, known, EffectState.PARKED, "restored", now)
    open_cases(
        session,
        [
            CaseDraft(
                key=f"effect_parked:{row['key']}",
                kind="effect_parked",
                severity="high",
                order_id=row["order_id"],
                subject_id=row["id"],
                facts={
                    "effect": row["kind"],
                    "target": row["target"],
                    "code": "restored",
                    "detail": f"restored from a backup of {gap.taken:%Y-%m-%d %H:%M} UTC: may have been sent",
                },
                choices=["retry", "mark_done", "drop"],
            )
            for row in rows
        ],
        now,
    )


def _hold_orders(session: Session, gap: Gap, now: datetime) -> int:
    """Orders of which a release was due before the loss, is not known to have happened, and cannot be looked up: with
    units that nobody has promised yet, so that they would get a new reference, or about to buy a label, which a new
    quote would buy again. What is promised to a 3PL goes there again under its old reference."""
    unpromised = sa.exists().where(
        _line.c.order_id == _order.c.id,
        _line.c.requires_shipping.is_(True),
        _line.c.ordered - _line.c.cancelled > _line.c.reserved,
    )
    own = sa.exists().where(
        _fo.c.order_id == _order.c.id,
        _fo.c.state == FulfilmentOrderState.SCHEDULED,
        _fo.c.location_id == _place.c.id,
        _place.c.ships_itself.is_(False),
    )
    quoting = sa.exists().where(
        _effect.c.order_id == _order.c.id,
        _effect.c.kind == "label.quote",
        _effect.c.state.in_((EffectState.PLANNED, EffectState.SENDING, EffectState.UNKNOWN)),
    )
    late = sa.select(_order.c.id).where(
        _order.c.release_at <= gap.lost, _order.c.state.not_in(ENDED_ORDER), sa.or_(unpromised, own, quoting)
    )
    ids = list(session.execute(late).scalars())
    # a hold that the shop got only now would look as if it had stood all along, see ledger.shop_effects.guard_hold
    wanted = sa.update(_mirror).where(_mirror.c.order_id.in_(late), _mirror.c.hold_state == "wanted")
    session.execute(wanted.values(hold_state="none"))
    return len(place_holds(session, [(i, _doubt(now)) for i in ids], placed_by="restore", now=now))


def _doubt(now: datetime) -> WantedHold:
    return WantedHold(HOLD, "ops", "may_have_been_released", now + DUE["high"])


def hold_for(session: Session, order_id: str, window_end: datetime, *, shop_holds_it: bool, now: datetime) -> list[Row]:
    """The hold of an order that a restored ledger hears of for the first time: none when its shop still keeps it
    back for us, or when its edit window was open at the loss, because then no node was told."""
    gap = gap_of(session)
    if gap is None or window_end > gap.lost or shop_holds_it:
        return []
    return [hold_row(order_id, _doubt(now), placed_by="restore", now=now)]


def doubtful_messages(session: Session, messages: Sequence[Mapping[str, Any]]) -> set[str]:
    """Ids of those that may have been sent in the gap: what they tell had happened before the loss."""
    gap = gap_of(session)
    if gap is None:
        return set()
    old = doubted(session, {row["order_id"] for row in messages})
    subjects = [row["subject_id"] for row in messages if row["order_id"] in old]
    shipped = {row["id"]: row["shipped_at"] for row in select_by(session, Shipment, "id", subjects)}
    newest = sa.select(_event.c.shipment_id, sa.func.max(_event.c.occurred_at)).where(
        _event.c.shipment_id.in_(subjects)
    )
    seen = {row[0]: row[1] for row in session.execute(newest.group_by(_event.c.shipment_id))}
    found = set()
    for row in messages:
        told = seen.get(row["subject_id"])
        if row["kind"] == ClaimKind.PARCEL_SHIPPED:
            told = shipped.get(row["subject_id"])
        elif row["kind"] == ClaimKind.ORDER_LINK:  # asked for by somebody who is waiting for it
            told = row["created_at"]
        if row["order_id"] in old and (told is None or told <= gap.lost):
            found.add(row["id"])
    return found


def _tell(session: Session, gap: Gap, now: datetime, counts: Mapping[str, int]) -> None:
    facts = {"taken": gap.taken.isoformat(), "lost": gap.lost.isoformat(), **counts}
    open_cases(
        session,
        [
            CaseDraft(
                key=f"restored:{gap.taken.isoformat()}:{now.isoformat()}",
                kind="restored",
                severity="high",
                facts=facts,
                choices=["checked"],
            )
        ],
        now,
    )
    entry = audit.entry("ledger", "restored", "", "restored", f"backup of {gap.taken:%Y-%m-%d %H:%M:%S} UTC", now)
    audit.append(session, [entry])


def in_doubt(session: Session) -> list[Mapping[str, Any]]:
    """Orders under our hold, with their source and account."""
    return mappings(session, sa.select(_order).where(_order.c.id.in_(_IN_DOUBT)).order_by(_order.c.id))


def learn_holds(session: Session, standing: Mapping[str, str]) -> None:
    """Holds of ours that the shop has and this ledger never heard of, by mirror: they are for the release to end."""
    rows = [{"b_id": mirror_id, "b_hold": hold_id} for mirror_id, hold_id in standing.items()]
    unheard = (_mirror.c.id == sa.bindparam("b_id"), _mirror.c.hold_state == "none", _mirror.c.order_id.in_(_IN_DOUBT))
    learnt = sa.update(_mirror).where(*unheard).values(hold_state="held", hold_external_id=sa.bindparam("b_hold"))
    if rows:
        session.connection().execute(learnt, rows)


def ask_person(session: Session, orders: Sequence[OrderRow], now: datetime) -> None:
    """Nobody can be asked whether these were released: a person looks at the nodes, once after each restore."""
    keys = {_case_key(session, order): order for order in orders}
    for known in select_by(session, ReviewCase, "key", list(keys)):
        del keys[known["key"]]
    choices = ["not_sent", "at_node", "cancel"]
    open_cases(session, [_in_doubt(key, order, choices) for key, order in keys.items()], now)


def ask_about_cancelled(session: Session, order: OrderRow, cause: str, now: datetime) -> None:
    """An order in doubt was cancelled: whoever may have it ships it unless a person stops that there. Whoever is asked
    already looks there anyway, and whoever chose to cancel it has looked."""
    key = _case_key(session, order)
    for asked in select_by(session, ReviewCase, "key", [key]):
        if asked["state"] != CaseState.RESOLVED or asked["resolution"] == "cancel":
            return
    draft = _in_doubt(f"{key}:cancelled", order, ["not_sent", "at_node"], cancelled=cause)
    open_cases(session, [draft], now)


def _case_key(session: Session, order: OrderRow) -> str:
    gap = gap_of(session)
    return f"restored:{order['id']}:{gap.lost.isoformat() if gap else ''}"


def _in_doubt(key: str, order: OrderRow, choices: list[str], **facts: str) -> CaseDraft:
    return CaseDraft(
        key=key,
        kind="restored_in_doubt",
        severity="high",
        order_id=order["id"],
        subject_id=order["id"],
        facts={"order": order["name"], **facts},
        choices=choices,
    )
