"""The arbiter at work: in the transaction that claims the sending of messages, each is judged against all that was
said about the same subject, what waits, and the ways to its person."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.arbiter import Ruling, Spoken, arbitrate, needs_order
from domain.channels import MessageRules
from domain.messages import ClaimKind
from domain.states import EffectState, MessageState
from domain.zones import zone_of
from ledger.effects import EffectRow, PutOff
from ledger.messages import by_mail_instead, move_messages, silence
from ledger.orders import OrderRow, contacts
from ledger.prepared import Prepared, listed
from ledger.rows import group_by, select_by
from ledger.session import is_sqlite
from ledger.tables import Effect, Message, Order
from ledger.tables.base import table_of
from ledger.truths import still_true
from ledger.ways import Reach, messaging_of, reaches

PATIENCE = timedelta(minutes=30)  # a claim that waits is asked about again: it may stop being true meanwhile
_message, _effect = table_of(Message), table_of(Effect)
_ABOUT = Prepared(
    sa.select(_message, _effect.c.state.label("sending"))
    .select_from(_message.outerjoin(_effect, _effect.c.key == _message.c.dedupe_key))
    .where(listed(_message.c.subject_id, "subjects"), listed(_message.c.state, "states"))
)
_LOCK = Prepared(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(sa.bindparam("subject", type_=sa.Text())))))
_IN_FLIGHT = (EffectState.SENDING, EffectState.UNKNOWN)
Refusals = dict[str, str | PutOff]
MessageRow = Mapping[str, Any]


def guard_messages(session: Session, effects: Sequence[EffectRow], now: datetime) -> Refusals:
    """Which of the claimed messages must not go now: id -> why, or until when."""
    desk = _Desk(session, effects, now)
    for effect in effects:
        desk.judge(effect)
    return desk.refused


class _Desk:
    """What is known of the subjects of one batch, kept up to date while its messages are judged one by one."""

    def __init__(self, session: Session, effects: Sequence[EffectRow], now: datetime) -> None:
        self._session, self._now = session, now
        self._rows = {row["id"]: row for row in select_by(session, Message, "id", [e["subject_id"] for e in effects])}
        rows = list(self._rows.values())
        self._orders: Mapping[str, OrderRow] = {
            row["id"]: row for row in select_by(session, Order, "id", {row["order_id"] for row in rows})
        }
        subjects = sorted({row["subject_id"] for row in rows})
        _alone(session, subjects)
        about = _ABOUT.rows(
            session,
            subjects=subjects,
            states=[str(MessageState.SENT), str(MessageState.PLANNED)],
        )
        waiting = [row for row in about if row["state"] == MessageState.PLANNED]
        self._true = still_true(session, [*rows, *(row for row in waiting if row["id"] not in self._rows)])
        # of a text or mail whose sender has died nobody knows whether it was read: it counts as said
        self._said = group_by(
            [row for row in about if row["state"] == MessageState.SENT or row["sending"] == EffectState.PARKED],
            "subject_id",
        )
        self._waiting = group_by([row for row in waiting if row["sending"] != EffectState.PARKED], "subject_id")
        self._leaving: dict[str, list[Spoken]] = {}
        people = contacts(session, [row["contact_id"] for row in rows])
        wanted = [(ClaimKind(row["kind"]), people.get(row["contact_id"])) for row in rows]
        self._reaches: Mapping[str, Reach] = dict(
            zip([row["id"] for row in rows], reaches(session, wanted, now), strict=True)
        )
        self._rules: MessageRules = messaging_of(session).rules
        self.refused: Refusals = {}
        self._silenced: set[str] = set()

    def judge(self, effect: EffectRow) -> None:
        row = self._rows[effect["subject_id"]]
        subject = row["subject_id"]
        claim = _spoken(row, row["created_at"])
        if row["id"] in self._silenced:  # by one that was judged before it, in this very batch
            self._suppress(effect, row, "superseded")
            return
        if any(needs_order(claim, other) for other in self._under_way(row)):
            self.refused[effect["id"]] = "wait:another_is_leaving"
            return
        others = [
            other for other in self._waiting.get(subject, []) if other["id"] in self._true and self._is_open(other)
        ]
        order = self._orders[row["order_id"]]
        said = [
            _spoken(other, other["sent_at"] or other["created_at"])
            for other in self._said.get(subject, [])
            if other["id"] != row["id"]
        ]
        ruling = arbitrate(
            claim,
            said=[*said, *self._leaving.get(subject, [])],
            waiting=[_spoken(other, other["created_at"]) for other in others],
            still_true=row["id"] in self._true,
            ways=self._reaches[row["id"]].onwards(row["channel"]),
            zone=zone_of(order["country"], order["region"]),
            now=self._now,
            rules=self._rules,
        )
        self._follow(effect, row, ruling, others)

    def _follow(self, effect: EffectRow, row: MessageRow, ruling: Ruling, others: Sequence[MessageRow]) -> None:
        if ruling.reason:
            self._suppress(effect, row, ruling.reason)
            return
        if ruling.later is not None:
            self.refused[effect["id"]] = PutOff(f"wait:{ruling.why}", min(ruling.later, self._now + PATIENCE))
            return
        replaced = [other for other in others if other["id"] in ruling.supersedes]
        elsewhere = [other for other in replaced if other["id"] not in self._rows]
        self._silenced |= {other["id"] for other in replaced}
        silence(self._session, elsewhere, "superseded", self._now)
        if ruling.channel is not None and ruling.channel != row["channel"]:
            self._suppress(effect, row, f"by_{ruling.channel}")
            by_mail_instead(self._session, [row], self._now, ruling.channel)
            return
        self._leaving.setdefault(row["subject_id"], []).append(_spoken(row, self._now))

    def _suppress(self, effect: EffectRow, row: MessageRow, reason: str) -> None:
        move_messages(self._session, [row], MessageState.SUPPRESSED, str(reason), self._now)
        self._silenced.add(row["id"])
        self.refused[effect["id"]] = f"cancel:{reason}"

    def _is_open(self, other: MessageRow) -> bool:
        """Whether it is still to be judged: not silenced in this batch, and not on its way."""
        if other["id"] in self._silenced:
            return False
        leaving = self._leaving.get(other["subject_id"], [])
        return all(spoken.id != other["id"] for spoken in leaving) and (
            other["id"] in self._rows or other["sending"] not in _IN_FLIGHT
        )

    def _under_way(self, row: MessageRow) -> list[Spoken]:
        """Claims about the same subject of which it is not known yet whether they were said."""
        in_flight = [
            _spoken(other, other["created_at"])
            for other in self._waiting.get(row["subject_id"], [])
            if other["id"] not in self._rows and other["sending"] in _IN_FLIGHT
        ]
        return [*in_flight, *self._leaving.get(row["subject_id"], [])]


def _alone(session: Session, subjects: Sequence[str]) -> None:
    """Until this transaction ends nobody else judges messages about these subjects. Two senders that each claimed one
    claim about a parcel would not see each other's; SQLite has one writer anyway."""
    if not is_sqlite(session):
        for subject in subjects:  # in a fixed order
            _LOCK.run(session, subject=subject)


def _spoken(row: MessageRow, at: datetime) -> Spoken:
    return Spoken(row["id"], ClaimKind(row["kind"]), row["facts"], at)
