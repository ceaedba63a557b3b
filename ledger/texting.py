"""What comes back from phones: refused texts, texts that never arrived, and answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.channels import Standing
from domain.claims import Channel
from domain.states import MessageState
from domain.texts import Answer, answer_of, phone_number
from ledger.case_queue import LONGEST_NOTE, write_note
from ledger.cases import CaseDraft, open_cases
from ledger.effects import EffectDraft, EffectRow, Verdict
from ledger.messages import by_mail_instead, move_messages
from ledger.prepared import Prepared, listed
from ledger.rows import select_by
from ledger.tables import Effect, Message
from ledger.tables.base import table_of
from ledger.ways import messaging_of, record_consent, set_standing

REPLY = "text_reply"  # a case
_ANSWERABLE = timedelta(days=30)  # an answer is about the last order that we wrote of within it
# Refusals that are about the phone and not about one text. A queue that is full is none.
_NO_PHONE = frozenset({"bad_recipient", "unroutable", "region_not_enabled"})
_effect, _message = table_of(Effect), table_of(Message)
_SENT_TEXTS = Prepared(
    sa.select(_effect.c.external_id, _effect.c.subject_id).where(
        # as text: SQLite uses the partial index only where it sees its condition
        sa.text("effect.kind = 'sms.send'"),
        listed(_effect.c.external_id, "ids"),
    )
)
_LAST_TO = Prepared(
    sa.select(_message.c.order_id, _message.c.sent_at)
    .where(_message.c.address_key == sa.bindparam("key", required=True), _message.c.sent_at > sa.bindparam("since"))
    .order_by(_message.c.sent_at.desc())
)


def texts_refused(session: Session, pairs: Sequence[tuple[EffectRow, Verdict]], now: datetime) -> list[EffectDraft]:
    """`on_rejected` of sms.send: said by mail instead. A phone that answered STOP or takes no texts gets none."""
    rows = {row["id"]: row for row in select_by(session, Message, "id", [effect["subject_id"] for effect, _ in pairs])}
    for effect, verdict in pairs:
        row = rows[effect["subject_id"]]
        if verdict.code == "stopped":
            set_standing(session, Channel.SMS, row["address_key"], Standing.STOPPED, "stopped_at_vendor", now)
        elif verdict.code in _NO_PHONE:
            set_standing(session, Channel.SMS, row["address_key"], Standing.FAILING, verdict.code, now)
        move_messages(session, [row], MessageState.FAILED, verdict.code or "rejected", now)
    by_mail_instead(session, list(rows.values()), now)
    return []


def text_ended(session: Session, external_id: str, came_to: str, now: datetime) -> str:
    """What a vendor tells of a text of ours: delivered or undelivered; what never arrived is said by mail.

    Returns done, unknown_text (not recorded yet, or not ours) or ignored."""
    found = [row["subject_id"] for row in _SENT_TEXTS.rows(session, ids=[external_id])]
    rows = select_by(session, Message, "id", found, lock=True)
    if not rows:
        return "unknown_text"
    [row] = rows
    if came_to == "delivered" or row["state"] != MessageState.SENT:
        return "ignored"
    move_messages(session, [row], MessageState.BOUNCED, came_to, now)
    by_mail_instead(session, [row], now)
    return "done"


def take_answer(session: Session, event: Mapping[str, Any], number: str, words: str, now: datetime) -> str:
    """An answer to a text. STOP and START are obeyed, HELP the vendor answers; other words a person reads."""
    key = messaging_of(session).key(Channel.SMS, phone_number(number))
    order_id = _last_order(session, key, now)
    answer = answer_of(words)
    if answer in (Answer.STOP, Answer.START):
        record_consent(
            session, Channel.SMS, key, given=answer is Answer.START, source="answer", proof=event["delivery_id"],
            order_id=order_id, now=now,
        )  # fmt: skip
        return str(answer)
    if answer is Answer.HELP:
        return str(answer)
    draft = CaseDraft(
        key=f"{REPLY}:{event['delivery_id']}",
        kind=REPLY,
        order_id=order_id,
        subject_id=order_id,
        facts={"known_order": bool(order_id)},
        choices=["answered"],
    )
    for case_id in open_cases(session, [draft], now):
        if words.strip():
            write_note(session, case_id, words.strip()[:LONGEST_NOTE], now)
    return "replied"


def _last_order(session: Session, key: str, now: datetime) -> str:
    found = _LAST_TO.rows(session, key=key, since=now - _ANSWERABLE) if key else []
    return str(found[0]["order_id"]) if found else ""
