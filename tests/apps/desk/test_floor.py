"""The receiving screen: a parcel is scanned, its units are entered once, and each is told its place (RET-4)."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from ledger.photos import photo_ids
from ledger.tables import AuditEvent, Document
from tests.apps.desk.floor import HOME, MUG, Screen, at_table
from tests.apps.desk.support import make_agent
from tests.ledger.support import rows_of
from tests.support.photos import picture, told_picture
from tests.support.returns import (
    counters,
    delivered,
    drive,
    label_code,
    line_of,
    refunds_at_shop,
    settled,
    state,
    stock,
    take_back,
    units_of,
)
from tests.support.world import World
from tests.tasks.steps import at_workshop, cases

pytestmark = [pytest.mark.row("RET-4"), pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]
TWO = {"lines": [{"sku": MUG, "quantity": 2}]}


@pytest.fixture
async def screen(world: World) -> AsyncIterator[Screen]:
    async with at_table(world) as opened:
        await opened.come_in()
        yield opened


async def test_from_the_scan_to_the_shelf_and_the_money(world: World, screen: Screen) -> None:
    [order_id] = await delivered(world)
    request = await take_back(world, order_id)
    before = stock(world)

    found = await screen.scan(code=label_code(world, request["id"]))
    page = found.headers["location"]
    assert f"{HOME}/returns/{request['id']}" == page
    shown = await screen.browser.get(page)
    assert "it does not suit, unopened" in shown.text
    assert "Lovelace" not in shown.text
    entered = await screen.fill(page, what="received", grade="a", do="save")
    assert (303, page) == (entered.status_code, entered.headers["location"])
    assert "One moment" in (await screen.browser.get(page)).text
    await drive(world)
    await settled(world)

    told = (await screen.browser.get(page)).text
    assert "Back onto the shelf" in told
    assert "rule “as new”: grade A or B" in told
    assert "closed" == state(world, request)
    assert 1 == refunds_at_shop(world)[0]
    assert (before[0] + 1, before[1] + 1) == stock(world)
    who = {row["actor"] for row in rows_of(world.wiring, AuditEvent, aggregate="return_unit")}
    assert {"floor:brooklyn"} == who


async def test_a_page_that_is_sent_twice_does_nothing_twice(world: World, screen: Screen) -> None:
    [order_id] = await delivered(world, at_workshop(**TWO))
    request = await take_back(world, order_id, line_of(order_id, quantity=2))
    page = f"{HOME}/returns/{request['id']}"
    shown = await screen.browser.get(page)

    first = await screen.fill(page, shown=shown, what="received", grade="a", do="save")
    again = await screen.fill(page, shown=shown, what="received", grade="a", do="save")
    await drive(world)
    late = await screen.fill(page, shown=shown, what="missing", do="save")
    await settled(world)

    assert [303, 303, 303] == [answer.status_code for answer in (first, again, late)]
    assert "entered before" in (await screen.browser.get(late.headers["location"])).text
    assert 2 == len(units_of(world, request["id"]))
    assert (0, 2, 0) == counters(world)
    assert 1 == refunds_at_shop(world)[0]


@pytest.mark.row("RET-4", bad_input=True)
async def test_two_pages_of_one_parcel_are_one_after_the_other(world: World, screen: Screen) -> None:
    [order_id] = await delivered(world)
    request = await take_back(world, order_id)
    page = f"{HOME}/returns/{request['id']}"
    one, other = await screen.browser.get(page), await screen.browser.get(page)

    await screen.fill(page, shown=one, what="received", grade="a", do="save")
    refused = await screen.fill(page, shown=other, what="received", grade="c", do="save")

    assert 422 == refused.status_code
    assert "A colleague has entered something" in refused.text
    await drive(world)
    assert ["a"] == [unit["grade"] for unit in units_of(world, request["id"])]


async def test_a_scanner_needs_no_mouse(world: World, screen: Screen) -> None:
    [order_id] = await delivered(world, at_workshop(**TWO))
    request = await take_back(world, order_id, line_of(order_id, quantity=2))
    page = f"{HOME}/returns/{request['id']}"

    shown = await screen.fill(page, unit=MUG.lower(), do="scan")
    assert "received." in shown.text
    assert 1 == shown.text.count('value="received" checked')
    shown = await screen.fill(page, shown=shown, unit="STRANGE-1", do="scan")
    assert "STRANGE-1: nobody announced it." in shown.text
    refused = await screen.fill(page, shown=shown, do="save")
    assert (422, 1) == (refused.status_code, refused.text.count("Say what came of it."))
    shown = await screen.fill(page, shown=refused, do="all")
    assert 2 == shown.text.count('value="received" checked')
    await screen.fill(page, shown=shown, grade="b", do="save")
    await drive(world)

    found = [(unit["sku"], unit["reception"], unit["grade"]) for unit in units_of(world, request["id"])]
    assert [(MUG, "received", "b"), (MUG, "received", "b"), ("STRANGE-1", "extra", "b")] == sorted(found)
    told = (await screen.browser.get(page)).text
    assert "Put it aside (quarantine)" in told
    assert "nobody announced it, and it may be another customer" in told
    assert {"return_inspection": 1} == cases(world)


async def test_one_is_missing_another_is_wrong_and_the_state_comes_later(world: World, screen: Screen) -> None:
    [order_id] = await delivered(world, at_workshop(**TWO))
    request = await take_back(world, order_id, line_of(order_id, quantity=2))
    page, key = f"{HOME}/returns/{request['id']}", f"{request['id']}:01"

    said = {f"what:{key}#1": "wrong_item", f"sku:{key}#1": "MUG-ENA-BLU", f"what:{key}#2": "missing", "do": "save"}
    await screen.fill(page, **said)
    await drive(world)
    assert "received" == state(world, request)
    assert request["rma"] in (await screen.browser.get(HOME)).text, "it stands among those that wait"

    await screen.fill(page, grade="damaged", do="save")
    await drive(world)
    found = {
        unit["reception"]: (unit["sku"], unit["grade"], unit["disposition"]) for unit in units_of(world, request["id"])
    }
    assert {"wrong_item": ("MUG-ENA-BLU", "damaged", "quarantine"), "missing": (MUG, "", "")} == found
    assert "manual_review" == state(world, request)


async def test_photos_are_kept_for_their_unit_and_shown_at_the_table_only(world: World, screen: Screen) -> None:
    orders = await delivered(world, at_workshop(), at_workshop())
    request, other = [await take_back(world, order_id) for order_id in orders]
    page, key = f"{HOME}/returns/{request['id']}", f"{request['id']}:01#1"

    shown = await screen.fill(page, photos=[(f"photo:{key}", told_picture())], unit=MUG, do="scan")
    assert "1 photo kept." in shown.text
    bad = await screen.fill(page, shown=shown, photos=[(f"photo:{key}", b"MZ no picture")], grade="c", do="save")
    assert (422, True) == (bad.status_code, "no photo that can be kept" in bad.text)
    await screen.fill(page, shown=bad, photos=[(f"photo:{key}", picture(size=(50, 50)))], grade="c", do="save")
    await drive(world)

    [unit] = units_of(world, request["id"])
    kept = world.wiring.read(photo_ids, orders[0])
    assert 2 == len(kept)
    assert all(photo in str(unit["photos"]) for photo in kept)
    name = kept[0].partition(":")[2]
    assert 200 == (await screen.browser.get(f"{page}/photos/{name}")).status_code
    assert 404 == (await screen.browser.get(f"{HOME}/returns/{other['id']}/photos/{name}")).status_code
    assert 404 == (await screen.browser.get(f"{page}/photos/{'0' * 64}")).status_code


async def test_a_foreign_photo_is_not_believed(world: World, screen: Screen) -> None:
    [order_id] = await delivered(world)
    request = await take_back(world, order_id)
    page, key = f"{HOME}/returns/{request['id']}", f"{request['id']}:01#1"

    await screen.fill(page, **{f"kept:{key}": "photo:" + "0" * 64}, what="received", grade="a", do="save")
    await drive(world)

    assert "photo" not in str(units_of(world, request["id"])[0]["photos"])
    assert [] == rows_of(world.wiring, Document, kind="photo")


async def test_a_parcel_that_nobody_announced_opens_a_return(world: World, screen: Screen) -> None:
    [order_id] = await delivered(world, at_workshop(**TWO))

    unknown = await screen.scan(code="1Z-NOBODY")
    assert (404, True) == (unknown.status_code, "order number on its packing slip" in unknown.text)
    found = await screen.scan(order="1001")
    page = found.headers["location"]
    assert f"{HOME}/orders/{order_id}" == page
    assert 422 == (await screen.fill(page, do="save")).status_code
    shown = await screen.fill(page, unit=MUG, do="scan")
    entered = await screen.fill(page, shown=shown, grade="a", do="save")
    again = await screen.fill(page, shown=shown, grade="a", do="save")
    assert entered.headers["location"] == again.headers["location"]
    assert "One moment" in (await screen.browser.get(entered.headers["location"])).text
    await drive(world)

    assert "Back onto the shelf" in (await screen.browser.get(entered.headers["location"])).text
    [row] = world.rows("SELECT * FROM return_request")
    assert ("warehouse", "manual_review") == (row["origin"], row["state"])
    assert (0, 1, 0) == counters(world)
    assert {"return_inspection": 1} == cases(world)
    assert 0 == refunds_at_shop(world)[0], "a person decides about the money"


async def test_the_slip_of_an_announced_parcel_leads_to_its_return(world: World, screen: Screen) -> None:
    [order_id] = await delivered(world)
    request = await take_back(world, order_id)

    page = (await screen.scan(order="#1001")).headers["location"]

    assert f"{HOME}/returns/{request['id']}" in (await screen.browser.get(page)).text


@pytest.mark.row("TRU-3", bad_input=True)
async def test_who_may_stand_at_the_table(world: World) -> None:
    make_agent(world.wiring)
    async with at_table(world) as screen:
        for location, token in (("brooklyn", "wrong"), ("hamburg", "sandbox-floor-token"), ("", ""), ("ü", "ü")):
            assert 401 == (await screen.come_in(location, token)).status_code
        came = await screen.come_in()
        assert (303, HOME) == (came.status_code, came.headers["location"])
        assert "HttpOnly" in came.headers["set-cookie"]
        assert 200 == (await screen.browser.get(HOME)).status_code
        for path in ("/desk/cases", "/desk/orders", "/desk/orders/ord_1/photos/a"):
            assert (await screen.browser.get(path)).headers["location"].startswith("/desk/login"), "agents only"
        assert 404 == (await screen.browser.get("/desk/floor/hamburg")).status_code, "another warehouse's"
        assert 403 == (await screen.client.post(HOME, data={"code": "x"})).status_code
        accounts = world.wiring.accounts
        world.wiring.accounts = replace(accounts, floor_tokens={"brooklyn": "another"})
        async with at_table(world) as later:
            later.client.cookies = screen.client.cookies
            assert 303 == (await later.browser.get(HOME)).status_code, "its token is not good any more"
        world.wiring.accounts = accounts
        await screen.browser.post("/desk/floor/logout", shown_on=HOME)
        assert 303 == (await screen.browser.get(HOME)).status_code
    async with at_table(world) as screen:
        await screen.browser.log_in()
        assert 200 == (await screen.browser.get(HOME)).status_code, "an agent may, with their own login"
        assert (await screen.browser.get("/desk/floor")).headers["location"].startswith("/desk/floor/")
