"""What every part of the reckoning needs: how a comparison is told, and both sides of it, read."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from apps.demo import reckoning
from apps.demo.stage import Stage
from apps.demo.story import SHOPS
from domain.claims import Channel
from domain.states import CaseState
from ledger.tables import Effect, Message, ReviewCase
from ledger.tables.base import table_of

SHOWN = 3  # sentences of one comparison
_effect, _message, _case = table_of(Effect), table_of(Message), table_of(ReviewCase)
MailRows = tuple[list[reckoning.Row], list[reckoning.Row], set[str]]


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison; `detail` says what was compared or what is wrong."""

    name: str
    ok: bool
    detail: str


def compared(name: str, sentences: Iterable[str], fine: str) -> Check:
    """Empty sentences are comparisons that came out well."""
    wrong = [sentence for sentence in sentences if sentence]
    more = f" … and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
    return Check(name, not wrong, "; ".join(wrong[:SHOWN]) + more if wrong else fine)


class Sides:
    """The vendors by their own counters, and our ledger."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.controls, self.wiring = stage, stage.controls, stage.wiring

    async def shop_orders(self) -> list[reckoning.ShopOrder]:
        return [(shop, order) for shop in SHOPS for order in await self.controls.orders(shop)]

    async def mailed(self) -> list[tuple[str, str]]:
        """Kind and subject of each mail in the mailbox."""
        box = (await self.controls.get("/mail/api/messages", limit=100_000))["messages"]
        effects, messages, _ = self.wiring.read(mail_rows)
        message_of = {effect["id"]: effect["subject_id"] for effect in effects}
        by_id = {message["id"]: message for message in messages}
        sent = (mail["message_id"].strip("<>").partition("@")[0] for mail in box)
        found = [by_id[message_of[effect_id]] for effect_id in sent if effect_id in message_of]
        return [(message["kind"], message["subject_id"]) for message in found]


def mail_rows(session: Session) -> MailRows:
    """Effects of mails, messages by mail, and the effects that a person looks after."""
    effects = sa.select(_effect.c.id, _effect.c.subject_id, _effect.c.state).where(_effect.c.kind == "mail.send")
    mailed = _message.c.channel == Channel.EMAIL
    messages = sa.select(_message.c.id, _message.c.kind, _message.c.subject_id, _message.c.state).where(mailed)
    owned = sa.select(_case.c.subject_id).where(_case.c.kind.startswith("effect_"), _case.c.state != CaseState.RESOLVED)
    return rows(session, effects), rows(session, messages), set(session.execute(owned).scalars())


def rows(session: Session, statement: sa.Select[Any]) -> list[reckoning.Row]:
    return [dict(row) for row in session.execute(statement).mappings()]
