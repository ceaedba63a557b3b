"""Mails: rendered at the moment of sending, from facts that name nobody and a contact version."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from config import wiring
from config.links import ADDRESS_ANSWERS, answer_link, is_ready, offer_link, order_link, request_link, unsubscribe_link
from connectors.messaging.base import Attached, Mail
from domain.channels import SPARED
from domain.claims import QUESTIONS, Channel
from domain.masking import masked_email
from domain.messages import CATALOGUE, ClaimKind
from domain.order import Address
from ledger import messages
from ledger.arbitrating import guard_messages
from ledger.editing.asking import questions_of
from ledger.effects import EffectRow, Handlers, Verdict
from ledger.order_access import mailbox_versions
from ledger.orders import address_of
from ledger.returning.labels import label_files
from ledger.rows import select_by
from ledger.tables import EditRequest, Exchange, Message, OrderContact
from tasks.effects import EffectKind, attempt
from tasks.mail_templates import template_version
from tasks.rendering import Recipient, render
from tasks.runtime import each, in_ledger, place_of

MAILS_AT_ONCE = 4
_PAYABLE = (ClaimKind.EDIT_PAYMENT, ClaimKind.RETURN_PAYMENT)
_OF_REQUESTS = (*_PAYABLE, ClaimKind.MAILBOX_CHANGED)  # which say what only the request knows
logger = logging.getLogger(__name__)
# SMTP has neither key nor look-up: at most once, and a case on doubt.
MAIL = Handlers(messages.mails_sent, messages.mail_refused, guard_messages)


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
        links=_links(kind, message, letter["mailbox"]) | letter["links"],
        question=letter["question"],
        mailbox=masked_email(letter["moved_to"]),
    )
    rendered = render(kind, message["facts"], recipient, locale=message["locale"], brand=brand, tz=ZoneInfo("UTC"))
    return Mail(
        message_id=f"<{row['id']}@{brand.support_email.partition('@')[2]}>",
        to=contact["email"],
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        reply_to=brand.support_email,
        headers={
            "X-Entity-Ref-ID": row["id"],
            "Content-Language": rendered.locale,
            **_unsubscribing(kind, message, letter["mailbox"]),
        },
        files=tuple(Attached(f"label-{number}.pdf", "application/pdf", label) for number, label in letter["labels"]),
    )


def _links(kind: ClaimKind, message: dict[str, Any], mailbox: int) -> dict[str, str]:
    """Signed links of the mail. Mails lead to the order's page where their mailbox may open it;
    the address question is answered with one tap.

    Raises: ConfigError without a secret to sign with, where the mail is nothing without its links.
    """
    wired = wiring.current()
    settings, now, lives = wired.settings, wired.now(), wired.policies.portal
    if kind in QUESTIONS:
        ends = now + lives.mail_link_lives
        order_id, request_id = message["order_id"], message["subject_id"]
        page = request_link(settings, order_id=order_id, version=mailbox, request_id=request_id, expires_at=ends)
        return {"question": page}
    if kind is ClaimKind.MAILBOX_CHANGED:
        return {}
    if kind is not ClaimKind.ADDRESS_QUESTION:
        if kind is not ClaimKind.ORDER_LINK and not is_ready(settings):
            return {}  # a confirmation without a button is better than none; `doctor` tells of the missing secret
        ends = now + (lives.lookup_link_lives if kind is ClaimKind.ORDER_LINK else lives.mail_link_lives)
        order_id = message["order_id"]
        links = {"order_status": order_link(settings, order_id=order_id, version=mailbox, expires_at=ends)}
        if kind is ClaimKind.PARCEL_OFFER:
            parcel = message["subject_id"]
            links["offer"] = offer_link(
                settings, order_id=order_id, version=mailbox, shipment_id=parcel, expires_at=ends
            )
        return links
    # a format problem cannot be kept as it is: only a person can mend it
    offered = {"corrected": ADDRESS_ANSWERS, "invalid": ()}.get(message["facts"]["problem"], ("keep_address",))
    return {
        name: answer_link(settings, purpose=name, subject=message["order_id"], version=message["contact_id"], now=now)
        for name in offered
    }


def _unsubscribing(kind: ClaimKind, message: Mapping[str, Any], mailbox: int) -> dict[str, str]:
    """The mail program's own button (RFC 8058), on what one may be spared: a button that ends nothing would lie."""
    wired = wiring.current()
    if CATALOGUE[kind].purpose not in SPARED[Channel.EMAIL] or not mailbox or not is_ready(wired.settings):
        return {}
    ends = wired.now() + wired.policies.portal.mail_link_lives
    url = unsubscribe_link(wired.settings, order_id=message["order_id"], version=mailbox, expires_at=ends)
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def _letters(session: Session, message_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    rows = select_by(session, Message, "id", message_ids)
    versions = select_by(session, OrderContact, "order_id", {row["order_id"] for row in rows})
    asked = {row["subject_id"]: row["kind"] for row in rows if row["kind"] in _OF_REQUESTS}
    requests = select_by(session, EditRequest, "id", asked)
    payable = (*requests, *select_by(session, Exchange, "id", asked))
    pages = {row["id"]: row["payment_url"] for row in payable if asked[row["id"]] in _PAYABLE}
    moved = {row["id"]: row["plan"].get("contact_after") for row in requests}
    about = [row["subject_id"] for row in rows if row["kind"] in QUESTIONS]
    questions = {row["request_id"]: row["question"] for row in questions_of(session, about)}  # the last one
    approved = [row["subject_id"] for row in rows if row["kind"] == ClaimKind.RETURN_APPROVED]
    labels = label_files(session, approved)
    people, mailboxes = {row["id"]: row for row in versions}, mailbox_versions(versions)
    return {
        row["id"]: {
            "message": dict(row),
            "contact": people[row["contact_id"]],
            "mailbox": mailboxes.get(row["contact_id"], 0),
            "suggestion": _suggestion(row, people),
            "question": questions.get(row["subject_id"]) or "",
            "moved_to": people[moved[row["subject_id"]]]["email"] if row["kind"] == ClaimKind.MAILBOX_CHANGED else "",
            "labels": labels.get(row["subject_id"], []),
            "links": {"payment": pages[row["subject_id"]]} if row["subject_id"] in pages else {},
        }
        for row in rows
    }


def _suggestion(message: Mapping[str, Any], people: Mapping[str, Mapping[str, Any]]) -> Address | None:
    if message["kind"] != ClaimKind.ADDRESS_QUESTION:
        return None
    found = people.get(message["contact_id"].replace(":shipping:", ":suggestion:"))
    return address_of(found) if found else None


KINDS = {"mail.send": EffectKind(MAIL, send_mails)}
