"""What was written to a customer, all of it on one page of the order, and the choices about it; a mail's own button
"unsubscribe" (RFC 8058)."""

from functools import partial
from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from apps.portal.doors import Opened, local_of
from apps.portal.forms import new_random, random_or_new, signed
from apps.portal.keeping import Kept
from apps.portal.pages import PORTAL, Pages, locale_of
from apps.portal.threads import Threads
from apps.receiver.writer import GroupWriter
from config.links import UNSUBSCRIBE, Grant
from config.wiring import Wiring
from domain.claims import Channel
from domain.ids import digest
from domain.masking import masked_email, masked_phone
from domain.messages import ClaimKind
from ledger.preferences import Choice, Preference, mailbox_contact, preferences, told
from tasks.rendering import render_subject

MESSAGES = "/messages"
UNSUBSCRIBE_PAGE = f"{PORTAL}/{UNSUBSCRIBE}/{{order_id}}/{{version}}/{{expires}}/{{signature}}"


class Preferences:
    """`GET` and `POST /portal/orders/{order_id}/messages`."""

    def __init__(self, wiring: Wiring, pages: Pages) -> None:
        self._wiring, self._pages = wiring, pages

    def show(self, opened: Opened) -> Response:
        return self._pages.show("messages", locale=opened.order["locale"], **self._context(opened))

    def take(self, opened: Opened) -> Response | Kept:
        """A choice goes into the inbox, as everything that a customer asks for."""
        form = opened.form
        known = {preference.channel: preference for preference in self._choices(opened)}
        channel = form.get("channel", "")
        if channel not in set(known) or not known[Channel(channel)].usable or form.get("on") not in ("yes", "no"):
            return self._pages.show("messages", locale=opened.order["locale"], status=422, **self._context(opened))
        choice = Choice(opened.contact["id"], channel, form["on"] == "yes", "portal")
        name = digest([opened.order["id"], random_or_new(form.get("request", "")), channel, form["on"]])
        return Kept(choice.delivery(opened.order["id"], name), self._pages.redirect(f"{opened.url}{MESSAGES}"))

    def _choices(self, opened: Opened) -> list[Preference]:
        messaging = self._wiring.messaging
        return preferences(opened.session, opened.contact, messaging.key, texts=bool(messaging.texting))

    def _context(self, opened: Opened) -> dict[str, Any]:
        local, order, brand = local_of(opened), opened.order, self._wiring.brand
        messages = [
            {
                "day": local.short_day(row["sent_at"] or row["created_at"]),
                "channel": row["channel"],
                "arrived": row["state"] == "sent",
                "subject": render_subject(
                    ClaimKind(row["kind"]), row["facts"], locale=order["locale"], brand=brand, tz=local.zone
                ),
            }
            for row in told(opened.session, order["id"])
        ]
        addresses = {"email": masked_email(opened.contact["email"]), "sms": masked_phone(opened.contact["phone"])}
        return {
            "order_name": order["name"],
            "url": opened.url,
            "token": opened.token,
            "request": new_random(),
            "messages": messages,
            "choices": self._choices(opened),
            "addresses": addresses,
        }


class Unsubscribe:
    """`GET` and `POST` of the link in a mail's header. The mail program posts by itself: without cookies, without a
    page before it, so the signature alone says who may. A `GET` changes nothing, because scanners open links too."""

    def __init__(self, wiring: Wiring, writer: GroupWriter, threads: Threads, pages: Pages) -> None:
        self._wiring, self._writer, self._threads, self._pages = wiring, writer, threads, pages

    async def ask(self, request: Request) -> Response:
        contact_id = await self._threads.read(lambda session: self._contact(session, request))
        page = "unsubscribe" if contact_id else ""
        return await self._threads.call(lambda: self._answer(request, page))

    async def take(self, request: Request) -> Response:
        """Pressed twice it is one choice. The body says nothing that the link does not (RFC 8058, section 3.1)."""
        contact_id = await self._threads.read(lambda session: self._contact(session, request))
        if contact_id:
            choice = Choice(contact_id, Channel.EMAIL, False, UNSUBSCRIBE)
            name = digest([UNSUBSCRIBE, request.path_params["signature"]])
            await self._writer.keep(choice.delivery(request.path_params["order_id"], name), customer=True)
        page = "unsubscribed" if contact_id else ""
        return await self._threads.call(lambda: self._answer(request, page))

    def _answer(self, request: Request, page: str) -> Response:
        locale = locale_of(request)
        return (
            self._pages.show(
                page, locale=locale, here=self._pages.root + request.url.path.removeprefix(self._pages.root)
            )
            if page
            else self._pages.gone(locale)
        )

    def _contact(self, session: Session, request: Request) -> str:
        """The contact that the mail was sent to; empty when the link is not ours or has ended."""
        path = request.path_params
        grant = signed(self._wiring, path, partial(Grant, UNSUBSCRIBE, path["order_id"], path["version"]))
        return mailbox_contact(session, grant.subject, grant.version) if grant is not None else ""
