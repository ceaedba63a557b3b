"""Texts to phones: rendered at the moment of sending, as mails are."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from config import wiring
from config.accounts import ConfigError
from config.links import hook_url, is_ready, offer_link, track_link
from connectors.errors import ConnectorError
from connectors.messaging.base import Text, Texter
from domain.messages import ClaimKind
from domain.states import EffectState
from domain.texts import TooLong, phone_number
from domain.zones import zone_of
from ledger import messages
from ledger.arbitrating import guard_messages
from ledger.effects import EffectRow, Handlers, Verdict
from ledger.order_access import mailbox_versions
from ledger.rows import select_by
from ledger.tables import Message, Order, OrderContact
from ledger.texting import texts_refused
from tasks.effects import EffectKind, attempt
from tasks.runtime import each, in_ledger, place_of
from tasks.text_rendering import RenderedText, render_text

TEXTS_AT_ONCE = 4
_CLOCKS_APART = timedelta(minutes=5)  # ours and the vendor's
logger = logging.getLogger(__name__)
# No key: looked up in the vendor's list after doubt, and what is not found there is asked about, never sent again.
TEXT = Handlers(messages.mails_sent, texts_refused, guard_messages, can_look_up=True)


def _texter() -> Texter:
    """Raises: ConfigError when the account is gone."""
    found = wiring.current().texter()
    if found is None:
        raise ConfigError("the accounts file has no [[sms]] entry; add the account that texts were planned for")
    return found


async def send_texts(rows: Sequence[EffectRow]) -> list[Verdict]:
    """Render and hand over. A text that is too long goes by mail: refused here, before any call."""
    found = await in_ledger(_written, [row["subject_id"] for row in rows])

    async def send_one(row: EffectRow) -> Verdict:
        letter = found[row["subject_id"]]
        try:
            rendered = _render(letter)
        except TooLong as error:
            return Verdict("rejected", code="too_long", detail=f"{error.size.segments} segments")
        except Exception as failure:  # a text of the batch that cannot be written was surely not sent: ends in its row
            logger.error("text not written", extra={"effect_id": row["id"], "place": place_of(failure)})
            return Verdict("retry", code=type(failure).__name__)
        outcome = await attempt(_texter().send(_text(letter, rendered)), TEXT)
        told = {"segments": rendered.size.segments, "encoding": str(rendered.size.encoding)}
        return replace(outcome, data={**outcome.data, **told})

    return await each(send_one, rows, at_once=TEXTS_AT_ONCE)


async def find_texts(rows: Sequence[EffectRow]) -> list[Verdict]:
    """Whether texts of doubtful outcome are in the vendor's list. One that is not, of which somebody may have lost the
    answer, is given to a person: the list is no proof that nothing is on its way. What surely was not sent is sent."""
    found = await in_ledger(_written, [row["subject_id"] for row in rows])

    async def find_one(row: EffectRow) -> Verdict:
        letter = found[row["subject_id"]]
        try:
            text = _text(letter, _render(letter))
            sid = await _texter().find(text, row["created_at"] - _CLOCKS_APART)
        except TooLong:
            return Verdict("absent", code="too_long")
        except ConnectorError as error:
            return Verdict("retry", code=error.code, detail=error.detail)
        if sid:
            return Verdict("done", external_id=sid)
        if row["state"] == EffectState.SENDING:  # all tries before this one are known not to have happened
            return Verdict("absent", code="looked_up")
        return Verdict("doubt", code="not_listed")

    return await each(find_one, rows, at_once=TEXTS_AT_ONCE)


def _render(letter: Mapping[str, Any]) -> RenderedText:
    wired = wiring.current()
    message, order = letter["message"], letter["order"]
    return render_text(
        ClaimKind(message["kind"]),
        message["facts"],
        link=_link(letter),
        locale=message["locale"],
        brand=wired.brand,
        tz=zone_of(order["country"], order["region"]),
        most=wired.policies.messages.text_segments,
    )


def _link(letter: Mapping[str, Any]) -> str:
    """Where the parcels are, without a word of what is in them: texts are read over shoulders. Of an offer its page,
    where its mailbox may open it. The link's life begins with the claim and not now: the look-up after a lost answer
    has to write the same text again."""
    wired, message = wiring.current(), letter["message"]
    if not letter["mailbox"] or not is_ready(wired.settings):
        return ""
    ends = message["created_at"] + wired.policies.portal.mail_link_lives
    about = {"order_id": message["order_id"], "version": letter["mailbox"], "expires_at": ends}
    if message["kind"] == ClaimKind.PARCEL_OFFER:
        return offer_link(wired.settings, shipment_id=message["subject_id"], **about)
    return track_link(wired.settings, **about)


def _text(letter: Mapping[str, Any], rendered: RenderedText) -> Text:
    wired = wiring.current()
    account = wired.accounts.texting[0]
    return Text(phone_number(letter["contact"]["phone"]), rendered.body, hook_url(wired.settings, account))


def _written(session: Session, message_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    rows = select_by(session, Message, "id", message_ids)
    versions = select_by(session, OrderContact, "order_id", {row["order_id"] for row in rows})
    orders = {row["id"]: row for row in select_by(session, Order, "id", {row["order_id"] for row in rows})}
    people, mailboxes = {row["id"]: row for row in versions}, mailbox_versions(versions)
    return {
        row["id"]: {
            "message": dict(row),
            "contact": people[row["contact_id"]],
            "mailbox": mailboxes.get(row["contact_id"], 0),
            "order": orders[row["order_id"]],
        }
        for row in rows
    }


KINDS = {messages.TEXT: EffectKind(TEXT, send_texts, find_texts)}
