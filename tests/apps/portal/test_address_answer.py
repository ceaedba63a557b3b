"""The customer answers the question about the address with one tap on the link in the mail."""

import asyncio
import re
from collections.abc import Iterator

import httpx
import pytest

from tests.apps.portal.support import Page
from tests.support.world import World, checkout
from tests.tasks.shops import holds, states

ASKED = checkout(
    address={"address1": "7 Mispelt Avenue", "address2": "Unit 9"}, customer={"email": "spelling@example.com"}
)


async def asked(world: World) -> str:
    """The link of the mail by which the customer takes the postal service's spelling."""
    world.buy(ASKED)
    await world.settle()
    [mail] = world.mails(to="spelling@example.com")
    text = world.sandbox.get(f"/mail/api/messages/{mail['id']}")["text"]
    found = re.search(r"\S+/answers/accept_suggestion/\S+", text)
    assert found
    return found[0]


class Reader:
    """The customer's browser."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    async def get(self, url: str) -> httpx.Response:
        return await asyncio.to_thread(self._client.get, url)

    async def post(self, url: str, **fields: str) -> httpx.Response:
        return await asyncio.to_thread(self._client.post, url, data=fields)


@pytest.fixture
def reader() -> Iterator[Reader]:
    with httpx.Client(timeout=30) as client:
        yield Reader(client)


@pytest.mark.row("VAL-3")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_one_tap_takes_the_suggestion_once(world: World, reader: Reader) -> None:
    link = await asked(world)

    page = await reader.get(link)
    await world.settle()
    assert (200, "no-referrer") == (page.status_code, page.headers["referrer-policy"])
    assert "Yes, use this address" in page.text
    assert "{{" not in page.text
    assert 1 == len(holds(world)), "mail scanners open links: opening one changes nothing"

    fields = Page(page).fields
    answers = [await reader.post(link, **fields), await reader.post(link, **fields)]
    await world.settle()
    assert [200, 200] == [answer.status_code for answer in answers]
    assert all("Thank you" in answer.text for answer in answers)
    assert {} == holds(world)
    assert ["routing"] == list(states(world).values())
    taken = world.rows("SELECT line1, origin FROM order_contact WHERE kind = 'shipping' AND version = 2")
    assert [("customer", True)] == [(row["origin"], "MAPLE" in row["line1"].upper()) for row in taken]
    assert "Thank you" in (await reader.get(link)).text
    assert not world.broken()


@pytest.mark.row("VAL-3", bad_input=True)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_link_that_is_not_ours_says_so_and_changes_nothing(world: World, reader: Reader) -> None:
    link = await asked(world)
    fields = Page(await reader.get(link)).fields

    for wrong in (link[:-1] + ("a" if link[-1] != "a" else "b"), link.replace("accept_suggestion", "keep_address")):
        for answer in (await reader.get(wrong), await reader.post(wrong, **fields)):
            assert (404, True) == (answer.status_code, "This link does not work" in answer.text)
    await world.settle()
    assert 1 == len(holds(world))
    assert [] == world.rows("SELECT id FROM inbox_event WHERE source = 'portal'")
    assert not world.broken()


@pytest.mark.row("VAL-3", bad_input=True)
@pytest.mark.row("TRU-3", bad_input=True)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_an_answer_comes_from_the_page_that_the_browser_was_shown(world: World, reader: Reader) -> None:
    link = await asked(world)
    fields = Page(await reader.get(link)).fields
    with httpx.Client(timeout=30) as other:
        elsewhere = Reader(other)
        foreign = Page(await elsewhere.get(link)).fields["token"]
        without_cookie = await asyncio.to_thread(httpx.post, link, data=fields, timeout=30)
        portal = Page(await reader.get(f"{world.wiring.settings.public_url}/portal")).fields["token"]

        for answer in (
            await reader.post(link),
            await reader.post(link, token=foreign),
            await reader.post(link, token=portal),
            await reader.post(link, token="\u00e4"),
            without_cookie,
        ):
            assert (403, True) == (answer.status_code, "Nothing was changed" in answer.text)
            assert link.partition("/answers/")[2] in answer.text, "the way back"
    await world.settle()
    assert [] == world.rows("SELECT id FROM inbox_event WHERE source = 'portal'")
    assert "Thank you" in (await reader.post(link, **fields)).text, "nothing is lost by a try"
    await world.settle()
    assert not world.broken()
