"""What may be typed or forged on the pages that change an order, and shops that do not answer."""

import dataclasses

import pytest

from tests.apps.portal.edits import confirmation, customer
from tests.apps.portal.support import EMAIL, Page
from tests.support.edits import drive
from tests.support.world import World, checkout

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HOSTILE = "<script>alert(1)</script>\"'&{{ 7*7 }}"


@pytest.mark.row("EDT-1", bad_input=True)
async def test_faults_stand_at_their_fields_and_nothing_typed_is_lost(world: World) -> None:
    async with customer(world) as ada:
        shown = await ada.price(
            name="", line1=HOSTILE, city="Brooklyn", region="NY", postal_code="94105", country="US",
            email="not an address", phone="12", quantity__1="many", swap__2="MUG-ENA-BLU", quantity__2="5",
        )  # fmt: skip
        page = Page(shown)

    assert 422 == shown.status_code
    for text in (
        "Enter a whole number", "not both at once", "Enter a name.", "no whole e-mail address", "cannot be called",
    ):  # fmt: skip
        assert 2 == page.text.count(text), (text, "in the summary and at the field")
    assert [True, "94105", "many"] == [
        HOSTILE == page.fields["line1"], page.fields["postal_code"], page.fields[f"quantity:{ada.line(1)}"],
    ]  # fmt: skip
    assert "<script>alert" not in page.html
    targets = [
        attrs["href"][1:] for attrs in page.all("a") if attrs["href"].startswith("#") and attrs["href"] != "#main"
    ]
    ids = {attrs["id"] for tag in ("input", "select") for attrs in page.all(tag) if "id" in attrs}
    assert set(targets) <= ids, "each entry of the summary leads to its field"


@pytest.mark.row("EDT-1", bad_input=True)
async def test_nothing_of_another_order_or_shop_can_be_named(world: World) -> None:
    world.buy(checkout())
    await world.settle()
    async with customer(world) as ada:
        [other] = [row["id"] for row in world.rows("SELECT id FROM orders") if row["id"] != ada.order_id]
        token = await ada.token
        for fields, told in (
            ({f"quantity:{other}:001": "5"}, "not in your order any more"),
            ({f"remove:{other}:001": "1"}, "not in your order any more"),
            ({"add:NO-SUCH-SKU": "1"}, "not sold here any more"),
            ({"quantity:ä<b>": "5"}, "not in your order any more"),
            ({"shipping": "teleport"}, "shipping method is not offered"),
        ):
            answer = await ada.browser.client.post(f"{ada.page}/change", data={"token": token} | fields)
            assert (409, True) == (answer.status_code, told in answer.text), (fields, Page(answer).text)
        assert 409 == (await ada.price(add__GAS__230="1")).status_code
        assert 422 == (await ada.price(quantity__1="-1")).status_code
        assert 422 == (await ada.price(quantity__1="99999999999999999999")).status_code
        for units in ("0", "3", "many"):
            answer = await ada.price(swap__1="GAS-450", swap_units__1=units)
            assert (422, True) == (answer.status_code, 'aria-describedby="swap_units-' in answer.text), units
        assert 422 == (await ada.price()).status_code


@pytest.mark.row("EDT-6", bad_input=True)
async def test_another_orders_request_is_not_there(world: World) -> None:
    async with customer(world) as ada:
        shown = await ada.price(quantity__1="3")
        asked = await ada.confirm(shown)
        name = confirmation(shown)["request"]
        await drive(world)
        hers = asked.headers["location"].rpartition("/")[2]
        async with customer(world) as eve:
            for path in (f"/changes/{hers}", "/changes/edr_none", "/changes/x%00y"):
                assert 404 == (await eve.browser.get(eve.page + path)).status_code, path
            address = f"{eve.page}/changes/{hers}/withdraw"
            assert 404 == (await eve.browser.client.post(address, data={"token": await eve.token})).status_code
            priced = confirmation(await eve.price(quantity__1="1")) | {"request": name}
            own = await eve.browser.client.post(f"{eve.page}/change/confirm", data=priced)
            await drive(world)
            assert "Your order is changed" in (await eve.status(own)).text, "her name for it is in nobody's way"

    states = sorted(row["state"] for row in world.rows("SELECT state FROM edit_request"))
    assert ["applied", "awaiting_payment"] == states


@pytest.mark.row("EDT-4", bad_input=True)
async def test_sold_out_is_answered_with_what_there_is(world: World) -> None:
    async with customer(world) as ada:
        shown = await ada.price(quantity__1="9000")
        page = Page(shown)
        assert (409, True) == (shown.status_code, "not enough" in page.text), page.text
        short = await ada.price(quantity__2="9000")
        taken = await ada.price(quantity__2="2", instead="MUG-ENA-WHT|MUG-ENA-BLU")

    assert 409 == short.status_code
    fields = confirmation(taken)
    assert ("1", False) == (fields["add:MUG-ENA-BLU"], any(name.startswith("quantity:") for name in fields))


@pytest.mark.row("EDT-4", bad_input=True)
async def test_a_shop_that_does_not_answer_loses_nothing(world: World) -> None:
    async with customer(world) as ada:
        world.sandbox.control(
            "faults", {"vendor": "shopify", "operation": "orderEditBegin", "kind": "error", "status": 503, "times": 50}
        )
        shown = await ada.price(quantity__1="1")
        page = Page(shown)

    assert (503, True) == (shown.status_code, "The shop does not answer" in page.text), page.text
    assert "1" == page.fields[f"quantity:{ada.line(1)}"]
    assert shown.headers["retry-after"]


@pytest.mark.row("EDT-4", bad_input=True)
async def test_prices_and_requests_are_throttled(world: World) -> None:
    policies = world.wiring.policies
    few = dataclasses.replace(policies.portal, edit_previews=2, edit_requests=1)
    world.wiring.policies = dataclasses.replace(policies, portal=few)
    async with customer(world) as ada:
        shown = await ada.price(quantity__1="1")
        assert [200, 429] == [(await ada.price(quantity__1="1")).status_code for _ in range(2)]
        over = await ada.price(remove__2="1")
        assert (429, True) == (over.status_code, int(over.headers["retry-after"]) > 0)
        assert "1" == Page(over).fields[f"remove:{ada.line(2)}"]
        asked = [await ada.confirm(shown), await ada.browser.client.post(
            f"{ada.page}/change/confirm", data=confirmation(shown) | {"request": "0" * 32}
        )]  # fmt: skip
        assert [303, 429] == [answer.status_code for answer in asked]


@pytest.mark.row("EDT-1")
async def test_the_shop_is_searched_and_what_is_found_is_added(world: World) -> None:
    async with customer(world) as ada:
        found = await ada.browser.client.post(
            f"{ada.page}/change", data={"token": await ada.token, "do": "search", "search": "enamel blu", "name": "Bea"}
        )
        page = Page(found)
        assert ["Bea", True] == [page.fields["name"], "add:MUG-ENA-BLU" in page.fields], page.text
        assert EMAIL not in page.html
        shown = await ada.browser.client.post(
            f"{ada.page}/change", data={"token": await ada.token, "add:MUG-ENA-BLU": "1"}
        )
    assert "new" in Page(shown).text
