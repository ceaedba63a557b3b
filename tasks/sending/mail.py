"""Mails: rendered at the moment of sending, from facts that name nobody and a contact version."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from config import wiring
from config.links import ADDRESS_ANSWERS, answer_link
from connectors.messaging.base import Mail
from domain.messages import ClaimKind
from domain.order import Address
from ledger import messages
from ledger.effects import EffectRow, Handlers, Verdict
from ledger.orders import address_of
from ledger.rows import select_by
from ledger.tables import Message, OrderContact
from tasks.effects import EffectKind, attempt
from tasks.mail_templates import template_version
from tasks.rendering import Recipient, render
from tasks.runtime import each, in_ledger, place_of

MAILS_AT_ONCE = 4
logger = logging.getLogger(__name__)
# SMTP has neither key nor look-up: at most once, and a case on doubt.
MAIL = Handlers(messages.mails_sent, messages.mail_refused, messages.guard_messages)


async def send_mails(rows: Sequence[EffectRow]) -> list[Verdict]:
    """Render and hand over. The Message-ID is made from our key, so that a mailbox can count repeats."""
    found = await in_ledger(_letters, [row["subject_id"] for row in rows])
    return await each(lambda row: _send(row, found[row["subject_id"]]), rows, at_once=MAILS_AT_ONCE)


async def _send(row: EffectRow, letter: dict[str, Any]) -> Verdict:
    try:
        mail = _compose(row, letter)
    except Exception as failure:  # a letter of the batch that cannot be written was surely not sent: ends in its row
        logger.error("mail not written", extra={"effect_id": row["id"], "place": place_of(failure)})
        return Verdict("retry", code=type(failure).__name__)
    outcome = await attempt(wiring.current().mailer().send(mail), MAIL)
    return replace(outcome, data={**outcome.data, "template": template_version(letter["message"]["kind"])})


def _compose(row: EffectRow, letter: dict[str, Any]) -> Mail:
    brand = wiring.current().brand
    message, contact = letter["message"], letter["contact"]
    kind = ClaimKind(message["kind"])
    recipient = Recipient(
        first_name=contact["name"].partition(" ")[0],
        address=address_of(contact),
        suggestion=letter["suggestion"],
        links=_links(kind, message),
    )
    rendered = render(kind, message["facts"], recipient, locale=message["locale"], brand=brand, tz=ZoneInfo("UTC"))
    return Mail(
        message_id=f"<{row['id']}@{brand.support_email.partition('@')[2]}>",
        to=contact["email"],
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        reply_to=brand.support_email,
        headers={"X-Entity-Ref-ID": row["id"], "Content-Language": rendered.locale},
    )


def _links(kind: ClaimKind, message: dict[str, Any]) -> dict[str, str]:
    """Signed links of the mail. The address question is answered with one tap on them."""
    if kind is not ClaimKind.ADDRESS_QUESTION:
        return {}
    # a format problem cannot be kept as it is: only a person can mend it
    offered = {"corrected": ADDRESS_ANSWERS, "invalid": ()}.get(message["facts"]["problem"], ("keep_address",))
    settings = wiring.current().settings
    return {
        name: answer_link(
            settings,
            purpose=name,
            subject=message["order_id"],
            version=message["contact_id"],
            now=wiring.current().now(),
        )
        for name in offered
    }


def _letters(session: Session, message_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    rows = select_by(session, Message, "id", message_ids)
    people = {row["id"]: row for row in select_by(session, OrderContact, "id", {row["contact_id"] for row in rows})}
    suggestions: dict[str, Address] = {}
    if any(row["kind"] == ClaimKind.ADDRESS_QUESTION for row in rows):
        wanted = {row["contact_id"].replace(":shipping:", ":suggestion:") for row in rows}
        suggestions = {row["id"]: address_of(row) for row in select_by(session, OrderContact, "id", wanted)}
    return {
        row["id"]: {
            "message": dict(row),
            "contact": people[row["contact_id"]],
            "suggestion": suggestions.get(row["contact_id"].replace(":shipping:", ":suggestion:")),
        }
        for row in rows
    }


KINDS = {"mail.send": EffectKind(MAIL, send_mails)}
