"""A customer's way through the portal, as a browser goes it: the link of a mail, the form, the price, the button."""

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from apps.demo.controls import Controls
from apps.demo.stage import StoryError

_LINK = re.compile(r"https?://\S+/portal/links/[^\s\"'<>]+")
_OFFER = re.compile(r"https?://\S+/portal/offers/[^\s\"'<>]+")
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')

Files = Sequence[tuple[str, tuple[str, bytes, str]]]  # field, (name, content, type)


def hidden_fields(page: str, action: str = "") -> dict[str, str]:
    """What a page's form would send by itself. `action`: the end of its address, where a page has several forms."""
    form = page.partition(f'{action}"')[2].partition("</form>")[0] if action else page
    return {html.unescape(name): html.unescape(value) for name, value in _HIDDEN.findall(form)}


class Visit:
    """One customer at one order's page."""

    def __init__(self, client: httpx.AsyncClient, page: str) -> None:
        self._client, self.page = client, page

    @classmethod
    async def begin(cls, controls: Controls, client: httpx.AsyncClient, mailbox: str, order: str = "") -> "Visit":
        """Open the order by the link of the newest mail that has one. `order`: its name, where the mailbox has several.
        Raises: StoryError."""
        link = await _mailed(controls, _LINK, "a link to the order", to=mailbox, subject=order)
        shown = await client.get(link)
        opened = await client.post(link, data=hidden_fields(shown.text))
        return cls(client, _accepted(opened, "the link of a mail").headers["location"])

    async def ask(self, fields: Mapping[str, Any]) -> str:
        """Change the order; returns the request's id, or "" when the page offers no button for it.

        Raises: StoryError.
        """
        return await self._fill("change", fields)

    async def take_back(self, fields: Mapping[str, Any], photos: Files = ()) -> str:
        """Return or claim units of the order; returns the request's id. Raises: StoryError."""
        request_id = await self._fill("return", fields, photos)
        if not request_id:
            raise StoryError("the portal offers no button for a return")
        return request_id

    async def agree_to_texts(self) -> None:
        """Let news of the parcels come as texts. Raises: StoryError."""
        shown = await self._client.get(f"{self.page}/messages")
        form = hidden_fields(shown.text) | {"channel": "sms", "on": "yes"}
        _accepted(await self._client.post(f"{self.page}/messages", data=form), "a choice")

    async def _fill(self, what: str, fields: Mapping[str, Any], files: Files = ()) -> str:
        """The form, its preview and its button; "" when the preview has none."""
        form = await self._client.get(f"{self.page}/{what}")
        data = {"token": hidden_fields(form.text)["token"], **fields}
        priced = await self._client.post(f"{self.page}/{what}", data=data, files=list(files) or None)
        agreed = hidden_fields(priced.text, f"/{what}/confirm")
        if not agreed:
            return ""
        answer = _accepted(await self._client.post(f"{self.page}/{what}/confirm", data=agreed), "a confirmation")
        return str(answer.headers["location"]).rpartition("/")[2]


async def take_offer(controls: Controls, client: httpx.AsyncClient, mailbox: str, offer_id: str) -> None:
    """One tap on the page that the newest mail with an offer leads to. Raises: StoryError."""
    link = await _mailed(controls, _OFFER, "an offer", to=mailbox)
    shown = await client.get(link)
    tapped = {"token": hidden_fields(shown.text)["token"], "offer": offer_id}
    _accepted(await client.post(link, data=tapped), "the answer to an offer")


async def _mailed(controls: Controls, pattern: re.Pattern[str], what: str, **query: str) -> str:
    """The link in the newest mail that has one."""
    for mail in (await controls.get("/mail/api/messages", **query))["messages"]:
        if link := pattern.search(mail["text"]):
            return link[0]
    raise StoryError(f"a customer has no mail with {what}")


def _accepted(answer: httpx.Response, what: str) -> httpx.Response:
    if answer.status_code != httpx.codes.SEE_OTHER:
        raise StoryError(f"the portal answered {answer.status_code} to {what}")
    return answer
