"""What Twilio tells by webhook: how a message fares, and what people write back."""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import urlencode

from sandbox.core.world import World
from sandbox.twilio.common import ACCOUNT_SID, TOKEN
from sandbox.twilio.model import Message, segments


def sign(token: str, url: str, form: Iterable[tuple[str, str]]) -> str:
    """The `X-Twilio-Signature` header: HMAC-SHA1 over the URL and every name with its value, sorted by name."""
    content = url + "".join(name + value for name, value in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), content.encode(), hashlib.sha1).digest()).decode()


class Hooks:
    """The sending. `sms_url`: where a message to one of our numbers is told, as the vendor's console sets it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.sms_url: str | None = None
        self.advanced_opt_out = False  # a messaging service with it names the kind of keyword

    def status(self, message: Message) -> None:
        """To the address that the message itself was given."""
        if message.callback is None:
            return
        form = {
            "SmsSid": message.sid,
            "SmsStatus": message.status,
            "MessageStatus": message.status,
            "To": message.to,
            "MessageSid": message.sid,
            "AccountSid": ACCOUNT_SID,
            "From": message.sender,
            "ApiVersion": "2010-04-01",
        }
        if message.service:
            form["MessagingServiceSid"] = message.service
        if message.error:
            form["ErrorCode"] = str(message.error)
        if message.status in ("delivered", "undelivered") and message.updated_at:
            form["RawDlrDoneDate"] = f"{message.updated_at:%y%m%d%H%M}"
        self._send(f"status:{message.status}", message.callback, form, f"{message.sid}:{message.status}")

    def inbound(self, message: Message, keyword: str | None) -> None:
        """A message that came in."""
        if self.sms_url is None:
            return
        form = {
            "ToCountry": "US",
            "ToState": "",
            "SmsMessageSid": message.sid,
            "NumMedia": "0",
            "ToCity": "",
            "FromZip": "",
            "SmsSid": message.sid,
            "FromState": "",
            "SmsStatus": "received",
            "FromCity": "",
            "Body": message.body,
            "FromCountry": "US",
            "To": message.to,
            "ToZip": "",
            "NumSegments": str(segments(message.body)),
            "MessageSid": message.sid,
            "AccountSid": ACCOUNT_SID,
            "From": message.sender,
            "ApiVersion": "2010-04-01",
        }
        if message.service:
            form["MessagingServiceSid"] = message.service
        if self.advanced_opt_out and keyword:
            form["OptOutType"] = keyword
        self._send("inbound", self.sms_url, form, message.sid)

    def _send(self, topic: str, url: str, form: dict[str, str], delivery: str) -> None:
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "X-Twilio-Signature": sign(TOKEN, url, form.items()),
            "I-Twilio-Idempotency-Token": hashlib.sha256(delivery.encode()).hexdigest()[:32],
        }
        self._world.webhooks.send("twilio", topic, url, headers, urlencode(form).encode(), delivery)
