"""A customer exchanges for something dearer: the page says what it costs, waits for it, and goes on once it is paid."""

from dataclasses import replace

import httpx
import pytest

from tests.apps.portal.returns import NOT_WANTED, returner
from tests.apps.portal.support import Page
from tests.support.exchanges import drive, exchange, reserved
from tests.support.payment_pages import page, pay, payment_webhooks
from tests.support.returns import request_row
from tests.support.world import World
from tests.tasks.steps import at_workshop

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SMALL, LARGE = "TOWEL-M", "TOWEL-L"


@pytest.mark.row("RET-1")
@pytest.mark.row("RET-3")
async def test_what_is_dearer_is_said_paid_and_kept_meanwhile(world: World) -> None:
    policies = world.wiring.policies
    money = replace(policies.returns.money, even_exchange=False)
    world.wiring.policies = replace(policies, returns=replace(policies.returns, money=money))
    payment_webhooks(world)
    async with returner(world, at_workshop(lines=[{"sku": SMALL, "quantity": 1}])) as ada:
        shown = await ada.ask(**NOT_WANTED | {"want__1": f"exchange|{LARGE}"})
        assert "you pay that first, on a page that we send you" in Page(shown).text, Page(shown).text
        asked = await ada.send(shown)
        await drive(world)

        request = request_row(world, await ada.return_id(asked))
        found = exchange(world, request)
        waiting = await ada.status(asked)
        cents = found["to_pay_minor"]
        assert f"It costs ${cents / 100:.2f} more" in Page(shown).text, "what was said is what is asked for"
        assert "Your exchange waits for your payment" in waiting.text, waiting.text
        assert page(world, found["id"])["url"] in {attrs.get("href") for attrs in waiting.all("a")}
        assert ("approved", 1) == (request["state"], reserved(world, LARGE))

        pay(world, found["id"])
        await world.delivered()
        await drive(world)
        ready = await ada.status(asked)

    assert "Your return can be sent" in ready.text, ready.text
    assert "We keep what you get for it aside for you." in ready.text


def options(answer: httpx.Response) -> set[str]:
    """What can be chosen on a page."""
    return {attrs.get("value", "") for attrs in Page(answer).all("option")}


@pytest.mark.row("RET-1")
@pytest.mark.row("RET-3")
async def test_another_product_is_searched_for_and_its_difference_is_said(world: World) -> None:
    payment_webhooks(world)
    async with returner(world) as ada:
        offered = f"exchange|{LARGE}"
        assert offered not in options(await ada.ask(do="search"))

        found = await ada.ask(**NOT_WANTED | {"do": "search", "search": "towel"})
        assert 200 == found.status_code, "searching judges nothing yet"
        assert offered in options(found)
        assert NOT_WANTED["units__1"] == Page(found).fields[ada.field("units__1")], "what was typed is still there"

        shown = await ada.ask(**NOT_WANTED | {"want__1": offered})
        text = Page(shown).text
        assert "Exchange for: Quick-dry Towel, L. It costs" in text, text
        request = await ada.return_id(await ada.send(shown))
        await drive(world)

    assert 1 == reserved(world, LARGE)
    assert 0 < exchange(world, request_row(world, request))["to_pay_minor"]


@pytest.mark.row("RET-1", bad_input=True)
async def test_what_no_search_finds_and_a_product_that_there_is_not(world: World) -> None:
    async with returner(world) as ada:
        assert "Nothing found." in Page(await ada.ask(do="search", search="%")).text
        refused = await ada.ask(**NOT_WANTED | {"want__1": "exchange|GIFT-CARD-NONE"})

    assert 422 == refused.status_code
    assert "There is not enough of that variant left" in Page(refused).text
