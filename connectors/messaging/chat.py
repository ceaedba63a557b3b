"""A team's chat by incoming webhook.

API: incoming webhooks as Slack has them (docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, read
2026-11), which Mattermost, Rocket.Chat and Google Chat take too: POST of `{"text": ...}` to an address that is the
secret. No contract file is known: unverified. Auth: the path. Rate limit: 429 with `Retry-After`; about one message a
second at Slack.
Quirks: Slack answers 200 with the text `ok`, others with JSON or nothing, so that an answer is not read; a refusal is a
word in plain text (`channel_is_archived`, `no_service`, `invalid_payload`); nothing has a key and nothing can be looked
up.
"""

from typing import Any

from connectors.http import Refusal, VendorHttp
from connectors.outcomes import Outcome, Sent, returned
from connectors.transport import Client

VENDOR = "chat"
LONGEST = 3_000  # characters: some chats cut at 4,000 bytes


def chat_http(client: Client, base_url: str, **options: Any) -> VendorHttp:
    """The calls of one webhook. `base_url` is the chat's host; `options` are VendorHttp's own."""
    return VendorHttp(client, vendor=VENDOR, base_url=base_url, read_refusal=_refusal, **options)


def _refusal(status: int, body: Any) -> Refusal:
    """Gone or unknown: the webhook was taken away or its channel archived. A person makes a new one."""
    return Refusal("webhook_gone") if status in (404, 410) else Refusal()


class ChatHook:
    """One channel. `path` is what follows the host in the webhook's address, and the secret."""

    system = "webhook"

    def __init__(self, http: VendorHttp, path: str, *, account: str) -> None:
        self.account = account
        self._http = http
        self._path = f"/{path.lstrip('/')}"

    @returned
    async def post(self, text: str) -> Outcome:
        """Say it in the channel, cut where it is too long. OutcomeUnknown: perhaps said, and nobody can tell."""
        await self._http.call("post", "POST", self._path, json={"text": text[:LONGEST]}, write=True, raw=True)
        return Sent()
