"""The customer answers the question about the address with one tap on the link in the mail."""

import asyncio
import re

import httpx
import pytest

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


async def call(method: str, url: str) -> httpx.Response:
    return await asyncio.to_thread(httpx.request, method, url, timeout=30)


@pytest.mark.row("VAL-3")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_one_tap_takes_the_suggestion_once(world: World) -> None:
    link = await asked(world)

    page = await call("GET", link)
    await world.settle()
    assert (200, "no-referrer") == (page.status_code, page.headers["referrer-policy"])
    assert "Yes, use this address" in page.text
    assert "{{" not in page.text
    assert 1 == len(holds(world)), "mail scanners open links: opening one changes nothing"

    answers = [await call("POST", link), await call("POST", link)]
    await world.settle()
    assert [200, 200] == [answer.status_code for answer in answers]
    assert all("Thank you" in answer.text for answer in answers)
    assert {} == holds(world)
    assert ["routing"] == list(states(world).values())
    taken = world.rows("SELECT line1, origin FROM order_contact WHERE kind = 'shipping' AND version = 2")
    assert [("customer", True)] == [(row["origin"], "MAPLE" in row["line1"].upper()) for row in taken]
    assert "Thank you" in (await call("GET", link)).text
    assert not world.broken()


@pytest.mark.row("VAL-3", bad_input=True)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_link_that_is_not_ours_says_so_and_changes_nothing(world: World) -> None:
    link = await asked(world)

    for wrong in (link[:-1] + ("a" if link[-1] != "a" else "b"), link.replace("accept_suggestion", "keep_address")):
        for method in ("GET", "POST"):
            answer = await call(method, wrong)
            assert (404, True) == (answer.status_code, "This link does not work" in answer.text)
    await world.settle()
    assert 1 == len(holds(world))
    assert [] == world.rows("SELECT id FROM inbox_event WHERE source = 'portal'")
    assert not world.broken()
