"""A customer changes an order on its page: price first, then one request, then its way to the end."""

import re

import pytest

from domain.edits import EditKind
from tests.apps.portal.edits import confirmation, customer
from tests.apps.portal.support import Page
from tests.support.edits import drive, request_row
from tests.support.world import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MOVED = {"name": "Ada Lovelace", "line1": "77 Kent Avenue", "line2": "", "city": "Brooklyn", "region": "NY"}
MOVED |= {"postal_code": "11249", "country": "US"}


@pytest.mark.row("EDT-1")
@pytest.mark.row("EDT-2")
async def test_the_order_page_says_what_can_be_changed_until_when(world: World) -> None:
    async with customer(world) as ada:
        page = Page(await ada.browser.get(ada.page))
        targets = [attrs["href"] for attrs in page.all("a") if attrs.get("class") == "button quiet"]
        form = Page(await ada.browser.get(f"{ada.page}/change"))

    assert len(EditKind) - 3 == len(targets), "what is done to the items is one row"
    assert "left)" in page.text
    names = {attrs.get("name", "") for tag in ("input", "select") for attrs in form.all(tag)}
    assert {
        f"quantity:{ada.line(1)}",
        f"swap:{ada.line(2)}",
        f"remove:{ada.line(1)}",
        "search",
        "line1",
        "email",
    } < names
    assert "shipping" in names


@pytest.mark.row("EDT-1")
@pytest.mark.row("EDT-4")
@pytest.mark.parametrize(
    ("fields", "seen", "in_shop"),
    [
        ({"quantity__1": "1"}, "2 ×", {"GAS-230": 1, "MUG-ENA-WHT": 1}),
        ({"remove__2": "1"}, "removed", {"GAS-230": 2}),
        ({"swap__2": "MUG-ENA-BLU"}, "new", {"GAS-230": 2, "MUG-ENA-BLU": 1}),
        ({"quantity__1": "1", "remove__2": "1"}, "You get", {"GAS-230": 1}),
    ],
    ids=["fewer", "remove", "swap", "both"],
)
async def test_goods_are_changed_after_the_price_was_seen(
    world: World, fields: dict[str, str], seen: str, in_shop: dict[str, int]
) -> None:
    async with customer(world) as ada:
        shown = await ada.price(**fields)
        assert (200, True) == (shown.status_code, seen in Page(shown).text), shown.text
        asked = await ada.confirm(shown)
        early = await ada.status(asked)
        assert "We have your change" in early.text
        assert any("refresh" == attrs.get("http-equiv") for attrs in early.all("meta"))
        await drive(world)
        late = await ada.status(asked)

    assert "Your order is changed" in late.text, late.text
    assert not any("refresh" == attrs.get("http-equiv") for attrs in late.all("meta"))
    [order] = world.orders()
    assert in_shop == {ln["sku"]: ln["current_quantity"] for ln in order["lines"] if ln["current_quantity"]}


@pytest.mark.row("EDT-4")
async def test_two_of_three_become_another_colour(world: World) -> None:
    async with customer(world, lines=[{"sku": "MUG-ENA-WHT", "quantity": 3}]) as ada:
        shown = await ada.price(swap__1="MUG-ENA-BLU", swap_units__1="2")
        assert "It costs you nothing" in Page(shown).text, shown.text
        asked = await ada.confirm(shown)
        await drive(world)
        told = await ada.status(asked)
        page = Page(await ada.browser.get(ada.page))

    assert "Your order is changed" in told.text, told.text
    assert "2 × Enamel Mug, Blue instead of Enamel Mug - White" in told.text, told.text
    assert "The order was changed as you asked" in page.text, page.text
    [order] = world.orders()
    assert {"MUG-ENA-WHT": 1, "MUG-ENA-BLU": 2} == {line["sku"]: line["current_quantity"] for line in order["lines"]}


@pytest.mark.row("EDT-1")
async def test_address_phone_and_shipping_in_one_request(world: World) -> None:
    async with customer(world) as ada:
        shown = await ada.price(**MOVED, phone="+1 617 555 0199", shipping="economy")
        page = Page(shown)
        assert [True, True] == ["77 Kent Avenue" in page.text, "12 Main Street" in page.text], shown.text
        asked = await ada.confirm(shown)
        await drive(world)
        told = await ada.status(asked)

    assert "Your order is changed" in told.text, told.text
    [order] = world.orders()
    assert ("77 Kent Avenue", "Economy") == (order["shipping_address"]["address1"], order["shipping_title"])


@pytest.mark.row("EDT-1")
@pytest.mark.row("EDT-5")
async def test_a_cancel_says_what_comes_back_and_is_asked_apart(world: World) -> None:
    async with customer(world) as ada:
        shown = await ada.browser.get(f"{ada.page}/cancel")
        assert [True, True] == ["You get" in shown.text, "Cancel my order" in shown.text]
        asked = await ada.confirm(shown)
        await drive(world)
        await world.settle()
        told = await ada.status(asked)

    assert "Your order is changed" in told.text, told.text
    assert world.orders()[0]["cancelled_at"]


@pytest.mark.row("EDT-6")
async def test_sent_twice_it_is_one_request(world: World) -> None:
    async with customer(world) as ada:
        shown = await ada.price(quantity__1="1")
        first, second = await ada.confirm(shown), await ada.confirm(shown)
        await drive(world)
        third = await ada.confirm(shown)
        await drive(world)

    assert 1 == len({answer.headers["location"] for answer in (first, second, third)})
    assert 1 == world.row("SELECT count(*) AS n FROM edit_request")["n"]


@pytest.mark.row("EDT-5")
async def test_more_is_paid_or_taken_back(world: World) -> None:
    async with customer(world) as ada:
        shown = await ada.price(quantity__1="3")
        page = Page(shown)
        assert "You pay" in page.text, page.text
        asked = await ada.confirm(shown)
        await drive(world)
        where = asked.headers["location"]
        assert "waits for your payment" in (await ada.status(asked)).text
        assert where in (await ada.browser.get(ada.page)).text, "the order's page leads to the request"
        assert where == (await ada.browser.get(f"{ada.page}/change")).headers["location"], "one at a time"

        withdrawn = await ada.browser.send(where, at=f"{where}/withdraw")
        await drive(world)
        told = await ada.status(withdrawn)

    assert "You took your change back" in told.text
    assert "withdrawn" == request_row(world, where.rpartition("/")[2])["state"]


@pytest.mark.row("EDT-5", bad_input=True)
async def test_another_amount_than_the_one_that_was_seen_is_refused(world: World) -> None:
    async with customer(world) as ada:
        fields = confirmation(await ada.price(quantity__1="1"))
        address = f"{ada.page}/change/confirm"
        unseen = await ada.browser.client.post(address, data={k: v for k, v in fields.items() if k != "agreed"})
        assert (422, True) == (unseen.status_code, "Look at the price once more" in unseen.text)
        asked = await ada.browser.client.post(address, data=fields | {"agreed": "-1"})
        await drive(world)
        told = await ada.status(asked)

    assert "The price has changed since you saw it" in told.text
    assert re.search(r"/change\b", told.html)
