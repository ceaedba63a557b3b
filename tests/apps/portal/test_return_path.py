"""A customer returns goods on the order's page: what is possible, what comes of it, one request, its label, its end."""

import re

import pytest

from ledger.returning.requests import return_lines
from tests.apps.portal.returns import NOT_WANTED, confirmation, returner
from tests.apps.portal.support import Page
from tests.support.photos import picture
from tests.support.returns import drive, hand_in, request_row
from tests.support.world import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
WHY = r"Our rule for it: 30 days after delivery\.|bought in a season in which you have longer"  # both are the policy's


@pytest.mark.row("RET-1")
async def test_the_order_page_says_what_goes_back_until_when_and_why(world: World) -> None:
    async with returner(world) as ada:
        page = Page(await ada.browser.get(ada.page))
        form = Page(await ada.browser.get(f"{ada.page}/return"))

    assert re.search(WHY, page.text), page.text
    assert f"{ada.page}/return" in page.html
    fields = {attrs.get("name", "") for tag in ("input", "select") for attrs in form.all(tag)}
    assert {f"{name}:{ada.line(1)}" for name in ("units", "reason", "condition", "want")} < fields
    assert "MUG-ENA-BLU" in form.html, "another variant of it can be had instead"


@pytest.mark.row("RET-1")
@pytest.mark.row("RET-4")
async def test_a_return_from_the_form_to_its_label_and_on_its_way(world: World) -> None:
    async with returner(world) as ada:
        shown = await ada.ask()
        page = Page(shown)
        assert (200, True) == (shown.status_code, "You get $5.70 back" in page.text), page.text
        assert "For the label" in page.text
        assert "Please send it by" in page.text
        asked = await ada.send(shown)
        early = await ada.status(asked)
        assert "We have your return" in early.text, early.text
        assert any("refresh" == attrs.get("http-equiv") for attrs in early.all("meta"))
        await drive(world)
        ready = await ada.status(asked)
        assert "Your return can be sent" in ready.text, ready.text
        assert not any("refresh" == attrs.get("http-equiv") for attrs in ready.all("meta"))
        request = request_row(world, await ada.return_id(asked))
        assert request["rma"] in ready.text
        label = await ada.browser.get(f"{asked.headers['location']}/label/1")
        assert (200, b"%PDF", "application/pdf") == (
            label.status_code,
            label.content[:4],
            label.headers["content-type"],
        )
        assert label.headers["content-disposition"] == f'attachment; filename="{request["rma"]}-1.pdf"'
        assert (label.headers["x-content-type-options"], label.headers["cache-control"]) == ("nosniff", "no-store")
        order = Page(await ada.browser.get(ada.page))
        assert [True, True] == ["To the label" in order.text, "another return already" in order.text], order.text

        await hand_in(world, request["id"])
        away = await ada.status(asked)
        assert "Your return is on its way to us" in away.text
        assert "Keep it and end the return" not in away.text
        assert 404 == (await ada.browser.get(f"{asked.headers['location']}/label/1")).status_code


@pytest.mark.row("RET-4")
async def test_the_customer_keeps_it_after_all(world: World) -> None:
    async with returner(world) as ada:
        asked = await ada.send(await ada.ask())
        await drive(world)
        where = asked.headers["location"]
        token = Page(await ada.browser.get(where)).fields["token"]
        ended = await ada.browser.client.post(f"{where}/cancel", data={"token": token})
        assert "We are taking it back for you." in (await ada.status(ended)).text
        await drive(world)
        assert "You took your return back" in (await ada.status(ended)).text
        assert re.search(WHY, Page(await ada.browser.get(ada.page)).text), "it can be asked for again"


@pytest.mark.row("RET-1")
async def test_sent_twice_it_is_one_request(world: World) -> None:
    async with returner(world) as ada:
        shown = await ada.ask()
        first, second = await ada.send(shown), await ada.send(shown)
        await drive(world)
        third = await ada.send(shown)
        await drive(world)

    assert 1 == len({answer.headers["location"] for answer in (first, second, third)})
    assert 1 == world.row("SELECT count(*) AS n FROM return_request")["n"]


@pytest.mark.row("RET-1")
async def test_store_credit_has_its_bonus_and_no_fee(world: World) -> None:
    async with returner(world) as ada:
        page = Page(await ada.ask(**NOT_WANTED | {"want__1": "store_credit"}))

    assert "On top, for taking store credit" in page.text, page.text
    assert "For the label" not in page.text


@pytest.mark.row("RET-3")
async def test_an_exchange_names_the_variant_and_costs_nothing(world: World) -> None:
    async with returner(world) as ada:
        shown = await ada.ask(**NOT_WANTED | {"want__1": "exchange|MUG-ENA-BLU"})
        page = Page(shown)
        assert "Exchange for: Blue. It costs you nothing." in page.text, page.text
        asked = await ada.send(shown)
        await drive(world)
        told = await ada.status(asked)

    assert "Blue" in told.text, told.text


@pytest.mark.row("RET-1", bad_input=True)
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Nothing is chosen yet."),
        ({"units__1": "x"}, "Enter a whole number"),
        ({"units__1": "99"}, "There are not so many of this item left"),
        ({"units__1": ""}, "Say how many of this item."),
        ({"reason__1": "nonsense"}, "Choose a reason"),
        ({"condition__1": ""}, "Say in what state"),
        ({"want__1": "gold"}, "Choose what you want"),
        ({"want__1": "repair"}, "This is only for items with which something is wrong"),
        ({"want__1": "exchange|NO-SUCH"}, "There is not enough of that variant left"),
        ({"reason__1": "damaged", "want__1": "exchange|MUG-ENA-BLU"}, "choose the same once more"),
    ],
)
async def test_a_form_that_says_too_little_is_shown_again(world: World, fields: dict[str, str], said: str) -> None:
    async with returner(world) as ada:
        shown = await ada.ask(**(NOT_WANTED | fields if fields else {"units__1": ""}))

    assert (422, True) == (shown.status_code, said in Page(shown).text), Page(shown).text


@pytest.mark.row("RET-1")
async def test_what_comes_too_late_says_so_and_what_helps(world: World) -> None:
    async with returner(world) as ada:
        world.move_clock(100 * 24)
        page_path = await ada.browser.open(ada.order_id)
        page = Page(await ada.browser.get(page_path))
        shown = await ada.ask()

    assert "The time to send it back ended on" in page.text, page.text
    assert "If there is a fault in it" in Page(shown).text, Page(shown).text
    assert 409 == shown.status_code
    assert "/return/confirm" not in shown.text


@pytest.mark.row("RET-1", bad_input=True)
async def test_what_was_seen_is_what_is_confirmed(world: World) -> None:
    async with returner(world) as ada:
        shown = await ada.ask()
        other = await ada.send(shown, seen="0" * 32)
        assert (409, True) == (other.status_code, "Something has changed since you saw it" in Page(other).text)

    assert 0 == world.row("SELECT count(*) AS n FROM inbox_event WHERE source = 'return'")["n"]


@pytest.mark.row("TRU-3", bad_input=True)
async def test_a_return_of_another_order_is_not_there(world: World) -> None:
    async with returner(world) as ada:
        asked = await ada.send(await ada.ask())
        await drive(world)
        request_id = await ada.return_id(asked)
        world.wiring.ledger(lambda session: session.connection().exec_driver_sql(
            "UPDATE return_request SET order_id = 'ord_other'"
        ))  # fmt: skip
        for path in ("", "/label/1"):
            assert 404 == (await ada.browser.get(f"{ada.page}/returns/{request_id}{path}")).status_code
        fields = {"token": await ada.token}
        ended = await ada.browser.client.post(f"{ada.page}/returns/{request_id}/cancel", data=fields)
        assert 404 == ended.status_code


BROKEN = NOT_WANTED | {"reason__1": "damaged", "condition__1": "", "want__1": "refund"}


@pytest.mark.row("RET-1")
async def test_what_is_damaged_is_shown_on_photos(world: World) -> None:
    async with returner(world) as ada:
        without = await ada.ask(**BROKEN)
        assert (409, True) == (without.status_code, "We need a photo" in Page(without).text), without.text
        shown = await ada.ask(files={ada.field("photos__1"): ("a.jpg", picture(), "image/jpeg")}, **BROKEN)
        assert (200, True) == (shown.status_code, "You get $" in Page(shown).text), Page(shown).text
        assert "For the label" not in Page(shown).text, "a fault costs nothing"
        [path] = [attrs["src"] for attrs in Page(shown).all("img")]
        assert ("image/jpeg", "img-src 'self'" in Page(shown).policy) == (
            (await ada.browser.get(path)).headers["content-type"], True,
        )  # fmt: skip
        back = await ada.browser.client.post(f"{ada.page}/return", data=confirmation(shown) | {"do": "edit"})
        assert "One photo is with it already." in Page(back).text
        asked = await ada.send(shown)
        await drive(world)
        request_id = await ada.return_id(asked)

    [photo] = world.wiring.read(lambda session: return_lines(session, request_id))[0]["photos"]
    assert path.rpartition("/")[2] == photo.removeprefix("photo:")


@pytest.mark.row("RET-1", bad_input=True)
async def test_what_is_no_photo_is_refused_and_what_was_typed_stays(world: World) -> None:
    async with returner(world) as ada:
        files = {ada.field("photos__1"): ("a.jpg", b"<svg onload=alert(1)>", "image/jpeg")}
        shown = await ada.ask(files=files, **BROKEN)
        foreign = await ada.ask(**BROKEN, kept__1="0" * 64)

    assert (422, True) == (shown.status_code, "A file is no photo" in Page(shown).text), Page(shown).text
    assert '<option value="damaged" selected>' in shown.text
    assert "We need a photo" in Page(foreign).text, "another order's photo is none"
