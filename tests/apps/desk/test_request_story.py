"""A request on its own: what each side has when it stopped half-way, who did what about it, where vendors show it."""

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import pytest

from config.wiring import Wiring
from ledger.orders import contact_row
from ledger.rows import update_by
from ledger.tables import EditRequest, OrderContact, OrderLine, ReviewCase
from tests.apps.desk.support import Browser, at_desk, make_agent, make_case
from tests.apps.desk.test_edits import COSTLY
from tests.apps.desk.test_orders import CLAIM, add_contact, full_order
from tests.apps.portal.support import ADA
from tests.ledger.support import NOW, put, row_of
from tests.support.edits import MOVED, drive, edit, order_ids
from tests.support.world import World
from tests.tasks.editing.admin import GAS, in_admin
from tests.tasks.editing.test_meeting_the_admin import committed, elsewhere, fewer, looked_at
from tests.tasks.steps import at_shipbob, later, release

pytestmark = pytest.mark.row("PEO-1")
CHOICES = ["look_again", "applied", "undone"]
PLAN: dict[str, Any] = {"shop": ["lines", "address"], "nodes": []}


@pytest.fixture
async def browser(wiring: Wiring) -> AsyncIterator[Browser]:
    make_agent(wiring)
    async with at_desk(wiring) as opened:
        await opened.log_in()
        yield opened


def parked(wiring: Wiring, **sides: Any) -> str:
    """The case of a parked request of a full order; returns its id. `sides`: over those of a healthy one."""
    order_id = full_order(wiring)
    line = row_of(wiring, OrderLine, order_id=order_id)["id"]
    before = row_of(wiring, OrderContact, order_id=order_id)["id"]
    wanted = add_contact(wiring, order_id, 2, line1="7 New Road")
    seen = contact_row(order_id, "seen", 1, "shop", ADA, "eve@example.com", NOW)
    put(wiring, OrderContact, seen)
    put(wiring, EditRequest, CLAIM | {"id": "edt_1", "order_id": order_id, "origin": "portal", "actor": "customer",
                                      "state": "parked", "base_version": 1, "quote": {}, "plan": PLAN,
                                      "reasons": [], "received_at": NOW, "created_at": NOW})  # fmt: skip
    found = {
        "shop": True,
        "lines": [{"line": line, "sku": "MUG", "before": 2, "wanted": 3, "shop": 4},
                  {"line": "", "sku": "TOWEL", "before": 0, "wanted": 1, "shop": 1}],
        "contact": {"before": before, "wanted": wanted, "shop": seen["id"]},
        "shipping": {"before": "standard", "wanted": "standard", "shop": "standard"},
        "nodes": [{"fulfilment_order": "fo_1", "state": "accepted", "before": {"MUG": 2},
                   "wanted": {"MUG": 3, "BOX": 1}, "node": {"MUG": 3, "BOX": 0},
                   "contact_wanted": wanted, "contact_node": wanted}],
    } | sides  # fmt: skip
    facts = {"differences": ["shop:lines", "shop:address"], "plan": PLAN, "quote": {}, "sides": found}
    return make_case(wiring, "edit_parked", order_id=order_id, subject_id="edt_1", facts=facts, choices=CHOICES)


async def table(browser: Browser, case_id: str) -> dict[str, list[str]]:
    """Cells by field; `!` before what differs."""
    page = (await browser.get(f"/desk/cases/{case_id}")).text
    part = page.split("Which side has what")[1].split("</table>")[0].split("<tbody>")[1]
    part = part.replace('<strong class="differs">', "!").replace('<span class="unseen"> (differs)</span>', "")
    found = {}
    for row in part.split("<tr>")[1:]:
        cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)
        field, *rest = (unescape(re.sub("<[^>]+>", "", cell)) for cell in cells)
        found[field] = rest
    return found


async def test_a_parked_change_shows_what_each_side_has(wiring: Wiring, browser: Browser) -> None:
    shown = await table(browser, parked(wiring))

    old, new = "Ada Lovelace, 12 Main Street, 02110, Boston, MA, US", "Ada Lovelace, 7 New Road, 02110, Boston, MA, US"
    there = "!Ada Lovelace, 12 Main Street, Apt 4, 02110, Boston, MA, US"
    assert {
        "Enamel mug": ["2", "3", "!4", "3"],
        "TOWEL": ["0", "1", "1", "–"],
        "BOX": ["0", "1", "–", "!0"],
        "Address": [old, new, there, new],
        "E-mail and phone": [
            "ada@example.com, +16175550123",
            "ada@example.com, +16175550123",
            "!eve@example.com, +16175550123",
            "–",
        ],
        "Order at Brooklyn workshop": ["–", "–", "–", "accepted"],
    } == shown


async def test_what_could_not_be_read_is_said(wiring: Wiring, browser: Browser) -> None:
    line = {"line": "l", "sku": "MUG", "before": 2, "wanted": 3, "shop": None}
    unread = {"fulfilment_order": "fo_9", "state": "unknown", "before": {"MUG": 2}, "wanted": {}, "node": None}
    gone = {"wanted": True, "shop": False}

    shown = await table(browser, parked(wiring, shop=False, lines=[line], nodes=[unread], contact=None, cancelled=gone))

    assert ["2", "3", "!no such order", "not known"] == shown["Enamel mug"]
    assert ["no", "yes", "!no", "–"] == shown["Cancelled"]
    assert "unknown" in shown["Order at a warehouse"]


async def test_what_else_stops_a_change_is_said_in_words(wiring: Wiring, browser: Browser) -> None:
    case_id = parked(wiring)
    line = row_of(wiring, OrderLine)["id"]
    facts = row_of(wiring, ReviewCase, id=case_id)["facts"]
    codes = ["shop:lines", f"promised:{line}", "undo:too_late", "effect_parked"]
    wiring.ledger(update_by, ReviewCase, [{"id": case_id, "facts": {**facts, "differences": codes}}])

    page = unescape((await browser.get(f"/desk/cases/{case_id}")).text)

    part = page.split("What stopped it")[1].split("</table>")[0]
    assert [
        "A warehouse has more units of Enamel mug than the order wants now.",
        "It could not be put back: too late.",
        "Nobody knows whether a call went through.",
    ] == re.findall("<td>(.*?)</td>", part)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_request_tells_its_steps_and_leads_to_its_ticket(world: World) -> None:
    make_agent(world.wiring)
    world.buy(COSTLY)
    await world.settle()
    [order_id] = order_ids(world)
    actions = [{"kind": "remove", "line_id": f"{order_id}:001"}, {"kind": "address", "contact_version": "$proposed"}]
    request = await edit(world, order_id, actions, contact=MOVED)
    case = row_of(world.wiring, ReviewCase, subject_id=request["id"])
    async with at_desk(world.wiring) as browser:
        await browser.log_in()
        await browser.post(f"/desk/cases/{case['id']}/decision", choice="approve")
        await drive(world)
        for _ in range(2):
            await later(world, 0.02)
        page = (await browser.get(f"/desk/orders/{order_id}")).text
        on_case = (await browser.get(f"/desk/cases/{case['id']}")).text

    steps = page.split('<details class="steps">')[1].split("</details>")[0]
    told = [
        (unescape(re.sub("<[^>]+>", "", what)), who.partition(" · ")[0])
        for what, who in re.findall(r'<span class="what">(.*?)</span><span class="who">(.*?)<', steps)
    ]
    for line in (
        ("Request for a change: came in", "the customer"),
        ("Request for a change: waits for an agent (more money goes back than the limit allows)", "Aftercart"),
        ("Case decided: A change needs your word. Approve", "Kim Example"),
        ("Request for a change: being carried out", "Kim Example"),
        ("Products and shipping changed in the shop", "Aftercart"),
        ("Address changed in the shop", "Aftercart"),
        ("Request for a change: applied", "Aftercart"),
        ("Ticket opened at the helpdesk", "Aftercart"),
        ("Mail sent: edit applied", "Aftercart"),
    ):
        assert line in told, "\n".join(map(str, told))

    texts = [text for text, _ in told]
    assert texts.index("Products and shipping changed in the shop") < texts.index("Request for a change: applied")
    url = f"{world.sandbox.url}/_control/zendesk/tickets?external_id={request['id']}"
    [order] = world.orders()
    for shown in (page, on_case):
        assert f'<a href="{url}" rel="noreferrer noopener"' in shown
        assert '<details class="steps">' in shown
        assert f"/shopify/alpha/#{order['name'].lstrip('#')}" in shown
    await world.settle()


@pytest.mark.row("EDT-3")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_change_that_really_stopped_shows_what_the_shop_and_the_warehouse_have(world: World) -> None:
    make_agent(world.wiring)
    await release(world, at_shipbob(lines=[{"sku": GAS, "quantity": 4}]))
    actions = [*fewer(world, 3), {"kind": "address", "contact_version": "$proposed"}]
    request_id = await committed(world, actions, contact=MOVED)
    await elsewhere(world)
    in_admin(world, lines=[{"sku": GAS, "quantity": 2}])
    await looked_at(world)
    case = row_of(world.wiring, ReviewCase, subject_id=request_id)
    assert "edit_parked" == case["kind"]

    async with at_desk(world.wiring) as browser:
        await browser.log_in()
        shown = await table(browser, case["id"])
        page = (await browser.get(f"/desk/cases/{case['id']}")).text

    [goods] = [cells for field, cells in shown.items() if "Gas" in field]
    assert ["4", "3", "!2", "3"] == goods
    before, wanted, shop, node = shown["Address"]
    assert ("12 Main Street" in before, MOVED["line1"] in wanted, shop) == (True, True, wanted)
    assert node.startswith("!Ada Lovelace, 5 Elm Street")
    assert "contact:" not in page.split("Which side has what")[1], "addresses, not the names of their versions"
    assert "Look again" in page
