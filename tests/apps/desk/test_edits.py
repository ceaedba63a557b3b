"""Changes at the desk: what waits for a person is decided there, and the request's next run starts at once."""

import asyncio
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import orjson
import pytest

from apps.nudge import Nudged
from ledger.tables import EditRequest, InboxEvent, ReviewCase
from tests.apps.desk.support import Browser, at_desk, make_agent, make_case, told
from tests.ledger.support import row_of, rows_of
from tests.support.edits import MOVED, drive, edit, order_ids, request_row
from tests.support.fake_vendors import free_port
from tests.support.programs import programs_in
from tests.support.waiting import PATIENCE_S, until
from tests.support.world import World, checkout

pytestmark = [
    pytest.mark.row("PEO-1"),
    pytest.mark.row("EDT-1"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
COSTLY = checkout(lines=[{"sku": "TENT-2P-GRN", "quantity": 3}, {"sku": "MUG-ENA-WHT", "quantity": 1}])


@pytest.fixture
def kim(world: World) -> str:
    """The agent who works here, as the audit trail names her."""
    return f"person:{make_agent(world.wiring)}"


@pytest.fixture
async def browser(world: World, kim: str) -> AsyncIterator[Browser]:
    async with at_desk(world.wiring) as opened:
        await opened.log_in()
        yield opened


async def reviewed(world: World) -> tuple[str, str, str]:
    """A request that waits for a person; returns (order id, request id, case id)."""
    world.buy(COSTLY)
    await world.settle()
    [order_id] = order_ids(world)
    actions = [{"kind": "remove", "line_id": f"{order_id}:001"}, {"kind": "address", "contact_version": "$proposed"}]
    request = await edit(world, order_id, actions, contact=MOVED)
    assert "awaiting_review" == request["state"], request["reasons"]
    return order_id, request["id"], row_of(world.wiring, ReviewCase, subject_id=request["id"])["id"]


async def test_an_approved_change_is_taken_up_by_the_runner(
    world: World, browser: Browser, kim: str, tmp_path: Path
) -> None:
    _, request_id, case_id = await reviewed(world)
    world.wiring.settings.requests_port = port = free_port()
    ready = tmp_path / "ready"
    with programs_in(tmp_path) as programs:
        programs.start("-m", "apps.requests", "--no-engine", "--ready", str(ready),
                       environment={**world.environment, "AFTERCART_REQUESTS_PORT": str(port)})  # fmt: skip
        await until(ready.exists, "the runner starts")
        before = request_row(world, request_id)["lease_token"]

        answer = await browser.post(f"/desk/cases/{case_id}/decision", choice="approve")

        assert f"/desk/cases/{case_id}?done=resolved" == answer.headers["location"]
        await until(lambda: request_row(world, request_id)["lease_token"] > before, "its next run")
        await until(lambda: request_row(world, request_id)["ended_at"], "it ends")

    request = request_row(world, request_id)
    assert ("applied", kim, 1) == (request["state"], request["approved_by"], request["touches"])
    assert (kim, "allowed") in told(world.wiring, aggregate="edit_request")
    [order] = world.orders()
    assert "77 Kent Avenue" == order["shipping_address"]["address1"]
    assert {"TENT-2P-GRN": 0, "MUG-ENA-WHT": 1} == {line["sku"]: line["current_quantity"] for line in order["lines"]}
    await world.settle()


async def test_a_declined_change_is_refused_and_nothing_is_changed(world: World, browser: Browser, kim: str) -> None:
    order_id, request_id, case_id = await reviewed(world)
    path = f"/desk/cases/{case_id}/decision"
    world.wiring.settings.requests_port = free_port()

    async with Nudged.listening(world.wiring.settings.requests_port) as nudged:
        asked = await browser.post(path, choice="decline", note="Not without a call")
        assert "are you sure?" in asked.text
        assert "awaiting_review" == request_row(world, request_id)["state"]
        assert 303 == (await browser.post(path, choice="decline", sure="yes")).status_code
        await asyncio.wait_for(nudged.wait(PATIENCE_S), PATIENCE_S / 2)

    await drive(world)
    request = request_row(world, request_id)
    assert ("refused", [{"code": "declined"}]) == (request["state"], request["reasons"])
    assert (kim, "declined") in told(world.wiring, aggregate="edit_request")
    assert "12 Main Street" == world.orders()[0]["shipping_address"]["address1"]
    assert "Refused" in (await browser.get(f"/desk/orders/{order_id}")).text


def hidden(page: str) -> dict[str, str]:
    """What the page would post again with "Ask for this change"."""
    form = page.split('/edit">', 1)[1]
    return {name: unescape(value) for name, value in _HIDDEN.findall(form) if name != "form_token"}


async def test_an_agent_asks_for_a_change_after_a_look_at_it(world: World, browser: Browser, kim: str) -> None:
    world.buy(checkout(lines=[{"sku": "GAS-230", "quantity": 2}, {"sku": "MUG-ENA-WHT", "quantity": 1}]))
    await world.settle()
    [order_id] = order_ids(world)
    path, gas, mug = f"/desk/orders/{order_id}/edit", f"{order_id}:001", f"{order_id}:002"
    world.wiring.settings.requests_port = free_port()
    assert path in (await browser.get(f"/desk/orders/{order_id}")).text
    assert 'value="12 Main Street"' in (await browser.get(path)).text

    fields = {f"quantity:{gas}": "1", f"quantity:{mug}": "1", f"swap:{mug}": "MUG-ENA-BLU", **MOVED,
              "email": "ada.new@example.com"}  # fmt: skip
    shown = await browser.post(path, shown_on=path, **fields)

    assert 200 == shown.status_code
    for words in (
        "77 Kent Avenue",
        "ada.new@example.com",
        "12 Main Street",
        "1 × ",
        "goes back to the customer",
        "Total",
    ):
        assert words in shown.text, words
    assert not rows_of(world.wiring, EditRequest), "a look asks for nothing"
    again = await browser.post(path, shown_on=path, **{**hidden(shown.text), "back": "yes"})
    assert 'value="77 Kent Avenue"' in again.text, "what was typed is not lost"
    async with Nudged.listening(world.wiring.settings.requests_port) as nudged:
        for _ in range(2):
            asked = await browser.post(path, shown_on=path, **{**hidden(shown.text), "sure": "yes"})
            assert f"/desk/orders/{order_id}?done=asked" == asked.headers["location"]
        await asyncio.wait_for(nudged.wait(PATIENCE_S), PATIENCE_S / 2)

    await drive(world)
    request = row_of(world.wiring, EditRequest)
    assert ("applied", "agent", kim.replace("person", "agent")) == (
        request["state"],
        request["origin"],
        request["actor"],
    )
    [order] = world.orders()
    assert ("77 Kent Avenue", "ada.new@example.com") == (order["shipping_address"]["address1"], order["email"])
    units = {line["sku"]: line["current_quantity"] for line in order["lines"] if line["current_quantity"]}
    assert {"GAS-230": 1, "MUG-ENA-BLU": 1} == units
    page = (await browser.get(f"/desk/orders/{order_id}")).text
    assert "<strong>Kim Example</strong>" in page.split("<h2>Requests</h2>")[1].split("</section>")[0]
    await world.settle()


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"add_sku": "GAS-230", "add_units": "2"}, {"kind": "add", "sku": "GAS-230", "quantity": 2}),
        ({"shipping": "economy"}, {"kind": "shipping", "shipping_code": "economy"}),
        ({"cancel": "yes", "line1": "7 Elm Street"}, {"kind": "cancel"}),
        ({"quantity:{line}": "0"}, {"kind": "remove", "line_id": "{line}"}),
        ({"swap:{line}": "MUG-ENA-BLU", "swap_units:{line}": "1"},
         {"kind": "swap", "line_id": "{line}", "sku": "MUG-ENA-BLU", "quantity": 1}),
    ],
    ids=["add", "shipping", "cancel", "remove", "swap-one"],
)  # fmt: skip
async def test_each_kind_is_read_from_the_form_and_shown_first(
    world: World, browser: Browser, fields: dict[str, str], wanted: dict[str, Any]
) -> None:
    world.buy(checkout(lines=[{"sku": "MUG-ENA-WHT", "quantity": 2}, {"sku": "GAS-230", "quantity": 1}]))
    await world.settle()
    [order_id] = order_ids(world)
    line, path = f"{order_id}:001", f"/desk/orders/{order_id}/edit"

    shown = await browser.post(path, shown_on=path, **{k.format(line=line): v for k, v in fields.items()})
    assert (200, True) == (shown.status_code, "Ask for this change" in shown.text), shown.text
    await browser.post(path, shown_on=path, **{**hidden(shown.text), "sure": "yes"})

    [event] = [row for row in rows_of(world.wiring, InboxEvent) if row["source"] == "edit"]
    expected = {name: value.format(line=line) if isinstance(value, str) else value for name, value in wanted.items()}
    assert [expected] == orjson.loads(event["body"])["actions"]


@pytest.mark.row("EDT-1", bad_input=True)
async def test_what_cannot_be_asked_for_is_said_and_asks_for_nothing(world: World, browser: Browser) -> None:
    world.buy(checkout(lines=[{"sku": "MUG-ENA-WHT", "quantity": 2}]))
    await world.settle()
    [order_id] = order_ids(world)
    line, path = f"{order_id}:001", f"/desk/orders/{order_id}/edit"
    hostile = "<script>alert(1)</script>"
    for fields, status, words in (
        ({}, 422, "Nothing is different"),
        ({f"quantity:{line}": "two"}, 422, "whole number"),
        ({f"quantity:{line}": "3", f"swap:{line}": "MUG-ENA-BLU"}, 422, "not both at once"),
        ({"add_sku": "GAS-230"}, 422, "how many units"),
        ({"email": "nobody"}, 422, "e-mail address"),
        ({"line1": "x\ny"}, 422, "one line"),
        ({"country": "XX"}, 422, "Country"),
        ({"add_sku": hostile, "add_units": "1"}, 409, "&lt;script&gt;"),
        ({"shipping": "rocket"}, 409, "No price"),
        ({f"quantity:{line}": "0"}, 409, "Nothing left"),
    ):
        answer = await browser.post(path, shown_on=path, **fields)
        assert (status, True) == (answer.status_code, words in answer.text), (fields, answer.text)
        assert "<script" not in answer.text
    for forged in (
        {"request_id": "x", "agreed_minor": "0"},
        {"request_id": "edr_" + "0" * 32, "agreed_minor": "a lot"},
    ):
        answer = await browser.post(path, shown_on=path, line1="7 Elm Street", sure="yes", **forged)
        assert 400 == answer.status_code
    assert 403 == (await browser.client.post(path, data={"cancel": "yes", "sure": "yes"})).status_code
    assert 404 == (await browser.get("/desk/orders/ord_none/edit")).status_code
    assert not [row for row in rows_of(world.wiring, InboxEvent) if row["source"] == "edit"]


async def test_agents_may_come_after_the_customers_time(world: World, browser: Browser) -> None:
    world.buy(checkout(lines=[{"sku": "MUG-ENA-WHT", "quantity": 2}]))
    await world.settle()
    [order_id] = order_ids(world)
    path = f"/desk/orders/{order_id}/edit"
    world.move_clock(25.0)
    await browser.log_in()  # a session does not last so long

    page = (await browser.get(path)).text
    shown = await browser.post(path, shown_on=path, **MOVED)

    assert "Past the customer" in page.split("<legend>Delivery address")[1].split("</fieldset>")[0]
    assert "Past the customer" not in page.split("<legend>How the customer")[1].split("</fieldset>")[0]
    assert (200, True) == (shown.status_code, "77 Kent Avenue" in shown.text)
    await world.settle()


async def test_kinds_that_are_not_possible_say_why(world: World, browser: Browser) -> None:
    world.buy(checkout(risk="high"))
    await world.settle()
    [order_id] = order_ids(world)

    page = (await browser.get(f"/desk/orders/{order_id}/edit")).text

    goods = page.split("<legend>Products")[1].split("</fieldset>")[0]
    assert "the order is on hold" in goods
    assert "disabled" in goods
    assert "disabled" not in page.split("<legend>Cancel")[1].split("</fieldset>")[0]


async def test_one_change_at_a_time(world: World, browser: Browser) -> None:
    order_id, _, _ = await reviewed(world)
    path = f"/desk/orders/{order_id}/edit"
    page = (await browser.get(path)).text
    assert "Only one at a time" in page
    assert "Waits for an agent" in page
    assert (409, True) == await _asked_again(browser, path)


async def _asked_again(browser: Browser, path: str) -> tuple[int, bool]:
    answer = await browser.post(path, cancel="yes")
    return answer.status_code, "Only one at a time" in answer.text


async def test_a_review_shows_stock_decision_and_the_customers_past(world: World, browser: Browser) -> None:
    world.buy(COSTLY)
    await world.settle()
    [order_id] = order_ids(world)
    await edit(world, order_id, [{"kind": "quantity", "line_id": f"{order_id}:002", "quantity": 0}])
    actions = [{"kind": "remove", "line_id": f"{order_id}:001"}, {"kind": "add", "sku": "MUG-ENA-BLU", "quantity": 1}]
    request = await edit(world, order_id, actions)
    assert "awaiting_review" == request["state"], request["reasons"]
    case = row_of(world.wiring, ReviewCase, subject_id=request["id"])

    page = (await browser.get(f"/desk/cases/{case['id']}")).text

    for words in ("Stock that is promised to this change", "Enamel Mug - Blue", "May it be changed?",
                  "This customer before", "<strong>Applied</strong>"):  # fmt: skip
        assert words in page, words
    queue = (await browser.get("/desk/cases")).text
    assert "Add, remove · " in queue
    assert "goes back · more money goes back than the limit allows" in queue


async def test_a_parked_change_shows_which_side_has_what(world: World, browser: Browser) -> None:
    order_id, request_id, _ = await reviewed(world)
    plan = {"shop": ["address", "lines"], "nodes": []}
    case_id = make_case(world.wiring, "edit_parked", order_id=order_id, subject_id=request_id,
                        facts={"differences": ["shop:address"], "plan": plan, "quote": {}},
                        choices=["look_again", "applied", "undone"])  # fmt: skip

    page = (await browser.get(f"/desk/cases/{case_id}")).text

    table = page.split("Which side has what")[1].split("</table>")[0]
    rows = [re.findall("<td>(.*?)</td>", row) for row in table.split("<tr>")[2:]]
    assert [["the shop", "address", "something else"], ["the shop", "products and shipping", "as wanted"]] == rows
    for words in ("Look again", "The change is made", "The change is undone", "You are asked once more"):
        assert words in page, words
