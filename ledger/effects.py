"""The effect machine: what must happen outside is a row in the transaction that wants it, then a call.

States are in domain.states.EFFECT. The ordinary way planned -> sending -> done is kept in the row itself
(created_at, attempts, done_at); every other change is also an audit event. Settling refuses a late writer: a
row whose lease token has moved on is left alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.ids import new_id
from domain.states import EffectState, check
from ledger import audit, failpoints
from ledger.claims import Claimed, Claims, Lease, new_lease
from ledger.gap import doubted
from ledger.prepared import listed
from ledger.queue import OPEN
from ledger.rows import Row, insert_new, mappings, update_by
from ledger.tables import Effect
from ledger.tables.base import table_of

GUARD_WAIT = timedelta(seconds=30)  # until a guard that said "wait" is asked again
_effect = table_of(Effect)
_OF_KINDS = listed(_effect.c.kind, "kinds")
_PLANNED = Claims(
    Effect,
    *(OPEN, _effect.c.state == EffectState.PLANNED, _OF_KINDS),
    values={"state": EffectState.SENDING},
    free_only=False,
)
_UNKNOWN = Claims(Effect, OPEN, _effect.c.state == EffectState.UNKNOWN, _OF_KINDS)
EffectRow = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EffectDraft:
    """`key` is business identity: the same key is the same effect for ever. `request` names ids, no persons."""

    kind: str
    key: str
    target: str
    order_id: str = ""
    subject_id: str = ""
    request: dict[str, Any] = field(default_factory=dict)
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a send or a look-up came to.

    `name`: done, rejected; retry (surely not done, or the look-up could not be made), absent (looked up: not
    there; or withdrawn), unknown (look it up), pending (taken, and it has not ended: asked again after
    `after_s`), doubt (neither keyed nor to be looked up), auth (our credentials)."""

    name: str
    external_id: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    code: str = ""
    detail: str = ""
    after_s: float | None = None
    private: dict[str, Any] = field(default_factory=dict)  # for `on_done` only (a label's bytes), never in the row


OnDone = Callable[[Session, Sequence[tuple[EffectRow, Verdict]], datetime], list[EffectDraft]]


@dataclass(frozen=True, slots=True)
class PutOff:
    """A guard's word on an effect that may be sent, though not before `until`. `why`: "wait:{why}"."""

    why: str
    until: datetime


Guard = Callable[[Session, Sequence[EffectRow], datetime], Mapping[str, str | PutOff]]


@dataclass(frozen=True, slots=True)
class Handlers:
    """What the ledger does around one kind of effect.

    `guard` names the effects that must not be sent now: id -> "cancel:{why}", "wait:{why}" or a PutOff. `on_done` and
    `on_rejected` may want further effects: they are written in the same transaction.
    """

    on_done: OnDone
    on_rejected: OnDone | None = None
    guard: Guard | None = None
    keyed: bool = False  # the vendor honours our key: a doubtful call may be repeated under it
    can_look_up: bool = False


def plan(session: Session, drafts: Sequence[EffectDraft], now: datetime) -> None:
    """Write effects to be sent; keys that stand already are left as they are."""
    insert_new(session, Effect, _rows(session, drafts, now))
    if failpoints.ARMED:
        failpoints.reached(failpoints.BEFORE_INTENT, [draft.kind for draft in drafts])


def plan_and_claim(
    session: Session, drafts: Sequence[EffectDraft], *, now: datetime, real_now: datetime
) -> list[EffectRow]:
    """Write effects already claimed by the caller, who checked their guards in this transaction and sends them
    next. Returns the new ones; a key that stands already belongs to whoever wrote it."""
    due = [draft for draft in drafts if draft.due_at is None or draft.due_at <= now]
    plan(session, [draft for draft in drafts if draft.due_at is not None and draft.due_at > now], now)
    if not due:
        return []
    lease = new_lease(session, real_now=real_now)
    rows = _rows(session, due, now, lease)
    new = insert_new(session, Effect, rows)
    if failpoints.ARMED:
        failpoints.reached(failpoints.BEFORE_INTENT, [draft.kind for draft in due])
    return [row for row in rows if row["id"] in new]


def _rows(session: Session, drafts: Sequence[EffectDraft], now: datetime, lease: Lease | None = None) -> list[Row]:
    """After a restore the effects of older orders count as tried: they are looked up before they are sent."""
    tried = doubted(session, {draft.order_id for draft in drafts})
    rows = [_row(draft, now, lease) for draft in drafts]
    return [{**row, "attempts": row["attempts"] + 1} if row["order_id"] in tried else row for row in rows]


def _row(draft: EffectDraft, now: datetime, lease: Lease | None = None) -> Row:
    return {
        "id": new_id("eff"),
        "key": draft.key,
        "kind": draft.kind,
        "target": draft.target,
        "order_id": draft.order_id,
        "subject_id": draft.subject_id,
        "request": draft.request,
        "state": EffectState.SENDING if lease else EffectState.PLANNED,
        "response": {},
        "external_id": "",
        "created_at": now,
        "due_at": draft.due_at or now,
        "attempts": 1 if lease else 0,
        "lease_token": lease.token if lease else 0,
        "lease_until": lease.until if lease else None,
        "error": "",
    }


def claim_planned(
    session: Session,
    kinds: Sequence[str],
    handlers: Mapping[str, Handlers],
    *,
    limit: int,
    now: datetime,
    real_now: datetime,
) -> list[EffectRow]:
    """Take planned effects that are due, and check their guards once more in this transaction."""
    claimed = _PLANNED.take(session, limit=limit, now=now, real_now=real_now, kinds=kinds)
    refused: dict[str, str | PutOff] = {}
    for kind in {row["kind"] for row in claimed.rows}:
        guard = handlers[kind].guard
        if guard is not None:
            refused |= guard(session, [row for row in claimed.rows if row["kind"] == kind], now)
    held_back = [{**row, "state": EffectState.PLANNED} for row in claimed.rows if row["id"] in refused]
    why = {row_id: word.why if isinstance(word, PutOff) else word for row_id, word in refused.items()}
    until = {row_id: word.until for row_id, word in refused.items() if isinstance(word, PutOff)}
    _put_back(session, held_back, why, until, now + GUARD_WAIT)
    for row in held_back:
        if why[row["id"]].startswith("cancel:"):
            move_effects(session, [row], EffectState.CANCELLED, why[row["id"]], now)
    return [row for row in claimed.rows if row["id"] not in refused]


def _put_back(
    session: Session,
    rows: Sequence[EffectRow],
    why: Mapping[str, str],
    until: Mapping[str, datetime],
    else_at: datetime,
) -> None:
    """As if never claimed, but due later: nothing was sent, so it neither counts as an attempt nor is audited."""
    values = {"state": EffectState.PLANNED, "lease_until": None}
    back = [
        {
            "id": row["id"],
            "attempts": row["attempts"] - 1,
            "error": why[row["id"]],
            "due_at": until.get(row["id"], else_at),
            **values,
        }
        for row in rows
    ]
    update_by(session, Effect, back)


def claim_unknown(session: Session, kinds: Sequence[str], *, limit: int, now: datetime, real_now: datetime) -> Claimed:
    """Take effects whose outcome nobody knows, to look them up."""
    return _UNKNOWN.take(session, limit=limit, now=now, real_now=real_now, kinds=kinds)


def expire_leases(session: Session, *, now: datetime, real_now: datetime) -> int:
    """A sender that let its lease run out is taken for dead: what it was sending is unknown, never planned."""
    rows = mappings(
        session,
        sa.select(_effect)
        .where(OPEN, _effect.c.state == EffectState.SENDING, _effect.c.lease_until < real_now)
        .with_for_update(),
    )
    move_effects(session, rows, EffectState.UNKNOWN, "lease_expired", now, due_at=now)
    return len(rows)


def move_effects(
    session: Session,
    rows: Sequence[EffectRow],
    to: EffectState,
    cause: str,
    now: datetime,
    *,
    due_at: datetime | None = None,
) -> None:
    """The one writer of an effect's state beside claim (to sending) and settle (to done)."""
    if not rows:
        return
    for row in rows:
        check("effect", row["state"], to)
    update_by(
        session,
        Effect,
        [
            {"id": row["id"], "state": to, "due_at": due_at or row["due_at"], "lease_until": None, "error": cause}
            for row in rows
        ],
    )
    audit.append(session, [audit.entry("effect", row["id"], row["state"], to, cause, now) for row in rows])


def cancel_planned(session: Session, order_id: str, cause: str, now: datetime, *, keep: Sequence[str] = ()) -> None:
    """Give up an order's effects that were never sent, except kinds to keep."""
    rows = mappings(
        session,
        sa.select(_effect)
        .where(_effect.c.order_id == order_id, _effect.c.state == EffectState.PLANNED, _effect.c.kind.not_in(keep))
        .with_for_update(),
    )
    move_effects(session, rows, EffectState.CANCELLED, cause, now)
