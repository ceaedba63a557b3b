"""Twilio as the vendor of texts.

API: Programmable Messaging, REST 2010-04-01 (twilio-oai `twilio_api_v2010.json`, 2026-04); error codes as listed at
twilio.com/docs/api/errors, read 2026-11. Auth: HTTP Basic with the account's SID and its auth token. Rate limit: 429
with code 20429; a sender's own queue is full at 21611, which is no refusal either.
Quirks: no keys, so a lost answer is looked up in the list by number and body; the list's `DateSent` filter leaves out
what is still queued, so it is read by number alone, newest first. A message is accepted before it is sent; what became
of it comes by callback. A number that has answered STOP is refused with 21610 until it answers START. Smart encoding
would change a body after we measured it and is not asked for. Times are RFC 2822.
"""

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from connectors.errors import OutcomeUnknown, VendorRejected
from connectors.hooks import BadHook, read_form
from connectors.http import Refusal, VendorHttp
from connectors.messaging.base import Text, TextEvent
from connectors.outcomes import Outcome, Sent, returned
from connectors.reading import Unreadable
from connectors.transport import Client

__all__ = ["ENDED", "Twilio", "twilio_http"]

VENDOR = "twilio"
_PAGE = 50
_PAGES = 4  # to one number: what is further back was made long before
LONGEST = 1600  # characters of a body
T = TypeVar("T")

_REFUSALS: Mapping[int, str] = {
    21211: "bad_recipient",  # no phone number
    21217: "bad_recipient",
    21401: "bad_recipient",
    21407: "bad_recipient",  # of a type without texts
    21612: "unroutable",
    21614: "bad_recipient",  # not a mobile number
    21635: "bad_recipient",  # a landline
    21408: "region_not_enabled",
    21606: "bad_sender",
    21608: "unverified_recipient",  # a trial account
    21610: "stopped",
    21617: "too_long",
}
_BUSY = frozenset({20429, 21611})
# Of a message's status -> what it came to. The rest is under way.
ENDED: Mapping[str, str] = {
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "undelivered",
    "failed": "undelivered",
    "canceled": "undelivered",
}


def read_refusal(status: int, body: Any) -> Refusal:
    """What an error body says. Its text may name the number and is redacted by whoever keeps it."""
    if not isinstance(body, dict):
        return Refusal()
    code, words = body.get("code"), body.get("message")
    known = code if isinstance(code, int) else 0
    return Refusal(
        reason=_REFUSALS.get(known, "rejected"),
        message=f"{known}: {words}" if isinstance(words, str) else "",
        busy=known in _BUSY,
    )


def twilio_http(client: Client, base_url: str, account_sid: str, token: str, **options: Any) -> VendorHttp:
    """The calls of one account. `options` are VendorHttp's own (timeout, limiter, sleep)."""
    basic = base64.b64encode(f"{account_sid}:{token}".encode()).decode()
    return VendorHttp(
        client,
        vendor=VENDOR,
        base_url=base_url,
        headers={"authorization": f"Basic {basic}"},
        read_refusal=read_refusal,
        **options,
    )


class Twilio:
    """One account. `sender`: a number in E.164, or the SID of a messaging service (`MG...`)."""

    system = VENDOR

    def __init__(self, http: VendorHttp, *, account: str, account_sid: str, sender: str) -> None:
        self.account = account
        self._http = http
        self._messages = f"/2010-04-01/Accounts/{account_sid}/Messages.json"
        self._account_page = f"/2010-04-01/Accounts/{account_sid}.json"
        self._account_sid, self._sender = account_sid, sender

    @returned
    async def send(self, text: Text) -> Outcome:
        """See `Texter.send`; VendorRejected `too_long` above 1,600 characters without a call."""
        if len(text.body) > LONGEST:
            return VendorRejected(VENDOR, "send", f"{len(text.body)} characters", reason="too_long")
        named = "MessagingServiceSid" if self._sender.startswith("MG") else "From"
        form = {"To": text.to, named: self._sender, "Body": text.body}
        if text.callback:
            form["StatusCallback"] = text.callback
        answer = await self._http.call("send", "POST", self._messages, form=form, write=True)
        try:
            return Sent(_sid(answer.body))
        except Unreadable as exc:
            raise OutcomeUnknown(VENDOR, "send", "unreadable_answer") from exc

    async def find(self, text: Text, since: datetime) -> str:
        """See `Texter.find`; of several the oldest. Not found among the newest 200 to that number: empty."""
        path: str = self._messages
        params: Mapping[str, Any] | None = {"To": text.to, "PageSize": _PAGE}
        found = ""
        for _ in range(_PAGES):
            answer = await self._http.call("find", "GET", path, params=params, write=False)
            page = self._read("find", _page, answer.body)
            for message in page.messages:
                if message.body == text.body and message.ours and message.made_at >= since:
                    found = message.sid
            if not page.next or all(message.made_at < since for message in page.messages):
                break
            path, params = page.next, None
        return found

    async def check(self) -> str:
        """See `Texter.check`."""
        answer = await self._http.call("check", "GET", self._account_page, write=False)
        name = answer.body.get("friendly_name") if isinstance(answer.body, dict) else None
        if not isinstance(name, str):
            raise VendorRejected(VENDOR, "check", "friendly_name", reason="unreadable_answer")
        return name

    def read(self, body: bytes) -> TextEvent | None:
        """See `Texter.read`. A STOP comes as an answer like any other; the vendor has replied to it itself."""
        try:
            form = read_form(body)
        except BadHook as exc:
            raise Unreadable(exc.code, "body") from exc
        sid = form.get("MessageSid", "")
        if not sid:
            raise Unreadable("missing", "MessageSid")
        if state := form.get("MessageStatus"):
            return TextEvent(sid, ENDED[state]) if state in ENDED else None
        return TextEvent(sid, number=form.get("From", ""), words=form.get("Body", ""))

    def _read(self, operation: str, parse: Callable[[Any], T], body: Any) -> T:
        try:
            return parse(body)
        except Unreadable as exc:
            raise VendorRejected(VENDOR, operation, str(exc), reason="unreadable_answer") from exc


class _Listed:
    """A message of the list. `ours`: sent by this API, neither answered by a phone nor replied by the vendor."""

    def __init__(self, body: Any) -> None:
        self.sid = _sid(body)
        self.body = body.get("body")
        self.ours = body.get("direction") == "outbound-api"
        try:
            made_at = parsedate_to_datetime(body["date_created"])
        except (KeyError, TypeError, ValueError) as exc:
            raise Unreadable("not_a_time", "date_created") from exc
        self.made_at = made_at if made_at.tzinfo else made_at.replace(tzinfo=UTC)  # "-0000" names no zone


class _Page:
    def __init__(self, messages: list[_Listed], following: str) -> None:
        self.messages, self.next = messages, following


def _page(body: Any) -> _Page:
    """Raises: Unreadable. The address of the next page is a path on the vendor's own host, nothing else is followed."""
    messages = body.get("messages") if isinstance(body, dict) else None
    if not isinstance(messages, list):
        raise Unreadable("not_a_list", "messages")
    following = body.get("next_page_uri") or ""
    if not isinstance(following, str) or (following and not following.startswith("/2010-04-01/")):
        raise Unreadable("not_a_path", "next_page_uri")
    return _Page([_Listed(entry) for entry in messages], following)


def _sid(body: Any) -> str:
    """Raises: Unreadable."""
    sid = body.get("sid") if isinstance(body, dict) else None
    if not isinstance(sid, str) or not sid:
        raise Unreadable("missing", "sid")
    return sid
