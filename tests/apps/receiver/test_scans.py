"""The floor's API: lists and labels for whoever has the token; scans are checked, kept once and carried out."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
from pypdf import PdfReader

from config import wiring as wiring_module
from config.wiring import Wiring
from domain.states import CaseState
from ledger import scans
from ledger.cancelling import cancel_here
from ledger.orders import lock_orders
from ledger.rows import insert_rows
from ledger.tables import (
    Effect,
    InboxEvent,
    InventoryLevel,
    OrderLine,
    ReviewCase,
)
from tasks import picking
from tests.apps.receiver.support import FLOOR, calling, dump, inbox
from tests.apps.receiver.workshop import PLACE, Workshop, carry_out
from tests.ledger.support import row_of, rows_of

LISTS, SCANS = f"/warehouse/{PLACE}/pick-lists", f"/warehouse/{PLACE}/scans"


@pytest.fixture
def workshop(file_wiring: Wiring) -> Iterator[Workshop]:
    wiring_module.replace(file_wiring)
    yield Workshop(file_wiring)
    wiring_module.replace(None)


@pytest.fixture
def listed(workshop: Workshop) -> list[str]:
    """Two orders on one sheet."""
    ids = workshop.release({"SOCK-M": 2, "SHELL-M-S": 1}, {"SOCK-M": 1})
    workshop.publish()
    return ids


def as_sent(scan: scans.Scan, **changes: Any) -> bytes:
    return dump({**orjson.loads(scan.body()), **changes})


@pytest.mark.row("FUL-2")
async def test_open_lists(client: httpx.AsyncClient, workshop: Workshop, listed: list[str]) -> None:
    [sheet] = (await client.get(LISTS, params={"state": "open"}, headers=FLOOR)).json()["pick_lists"]

    parcel = workshop.parcel(listed[0])
    assert (workshop.sheet_of(listed[0])["id"], 1, PLACE, "B", 5) == tuple(
        sheet[name] for name in ("id", "version", "location", "zone", "priority")
    )
    assert listed == [order["fulfilment_order_id"] for order in sheet["orders"]]
    first = sheet["orders"][0]
    assert (f"{listed[0]}.1", parcel["id"], parcel["tracking_number"]) == (
        first["reference"], first["shipment_id"], first["tracking_number"]
    )  # fmt: skip
    assert first["label_url"].endswith(f"/warehouse/{PLACE}/labels/{parcel['id']}.pdf")
    assert {("SOCK-M", 2), ("SHELL-M-S", 1)} == {(line["sku"], line["quantity"]) for line in first["lines"]}
    label = await client.get(httpx.URL(first["label_url"]).path, headers=FLOOR)
    assert (200, "application/pdf") == (label.status_code, label.headers["content-type"])
    assert label.content.startswith(b"%PDF")
    assert parcel["tracking_number"].encode() in label.content


@pytest.mark.row("FUL-2")
async def test_paper_before_and_after_printing(
    client: httpx.AsyncClient, workshop: Workshop, listed: list[str]
) -> None:
    path = f"{LISTS}/{workshop.sheet_of(listed[0])['id']}.pdf"
    on_demand = await client.get(path, headers=FLOOR)
    await picking.publish_due()
    stored = await client.get(path, headers=FLOOR)

    assert [200, 200] == [on_demand.status_code, stored.status_code]
    assert listed[1] in PdfReader(io.BytesIO(stored.content)).pages[0].extract_text()
    assert on_demand.content == stored.content


@pytest.mark.row("FUL-2")
async def test_packing_slip(client: httpx.AsyncClient, workshop: Workshop, listed: list[str]) -> None:
    path = f"/warehouse/{PLACE}/packing-slips/{workshop.parcel(listed[0])['id']}.pdf"

    text = PdfReader(io.BytesIO((await client.get(path, headers=FLOOR)).content)).pages[0].extract_text()

    for wanted in ("Ada Byron", "1 Main St", "SOCK-M", "SHELL-M-S", workshop.wiring.brand.name):
        assert wanted in text
    assert "In another parcel" not in text
    assert 401 == (await client.get(path)).status_code
    assert 404 == (await client.get(path.replace("shp_", "shp_x"), headers=FLOOR)).status_code


@pytest.mark.row("FUL-2", bad_input=True)
@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic sandbox-floor-token", "sandbox-floor-token"],
)
async def test_without_the_token(client: httpx.AsyncClient, listed: list[str], header: str | None) -> None:
    headers = {} if header is None else {"authorization": header}
    for method, path in (("GET", LISTS), ("GET", f"{LISTS}/x.pdf"), ("POST", SCANS)):
        answer = await client.request(method, path, headers=headers)
        assert (401, "bad_token") == (answer.status_code, answer.json()["error"])
        assert "Bearer" == answer.headers["www-authenticate"]
    assert 401 == (await client.get("/warehouse/elsewhere/pick-lists", headers=FLOOR)).status_code


async def test_another_place_sees_nothing(workshop: Workshop, listed: list[str]) -> None:
    wiring = workshop.wiring
    wiring.accounts = replace(wiring.accounts, floor_tokens={"queens": "q"})
    headers = {"authorization": "Bearer q"}
    sheet, parcel = workshop.sheet_of(listed[0])["id"], workshop.parcel(listed[0])["id"]
    async with calling(wiring) as client:
        assert [] == (await client.get("/warehouse/queens/pick-lists", headers=headers)).json()["pick_lists"]
        for path in (f"pick-lists/{sheet}.pdf", f"labels/{parcel}.pdf", "labels/none.pdf", "pick-lists/none.pdf"):
            assert 404 == (await client.get(f"/warehouse/queens/{path}", headers=headers)).status_code
        scan = as_sent(workshop.scan(listed[0], "picked"))
        answer = await client.post("/warehouse/queens/scans", content=scan, headers=headers)
        assert {"accepted": False, "reason": "unknown_list"} == answer.json()


@pytest.mark.row("FUL-2")
async def test_scan_is_kept_once(client: httpx.AsyncClient, workshop: Workshop, listed: list[str]) -> None:
    body = as_sent(workshop.scan(listed[0], "picked", scan_id="s-1"))

    for _ in range(3):
        answer = await client.post(SCANS, content=body, headers=FLOOR)
        assert (200, {"accepted": True}) == (answer.status_code, answer.json())

    [row] = inbox(workshop.wiring)
    assert ("floor", PLACE, "picked", "s-1", listed[0]) == tuple(
        row[name] for name in ("source", "account", "topic", "delivery_id", "subject")
    )
    other = as_sent(workshop.scan(listed[1], "picked", scan_id="s-1"))
    answer = await client.post(SCANS, content=other, headers=FLOOR)
    assert (409, "scan_id_reused") == (answer.status_code, answer.json()["reason"])


@pytest.mark.row("FUL-2", bad_input=True)
async def test_refused_scans(client: httpx.AsyncClient, workshop: Workshop, listed: list[str]) -> None:
    [elsewhere] = workshop.release({"TENT-2P-GRN": 1})
    workshop.publish()
    right = workshop.scan(listed[0], "packed")
    socks = next(line for line in right.lines if line.sku == "SOCK-M")
    wrong = {
        "unknown_list": [replace(right, pick_list_id="pick_none")],
        "old_version": [replace(right, version=2)],
        "not_on_list": [
            replace(right, fulfilment_order_id=elsewhere),
            replace(right, fulfilment_order_id="ful_none"),
            replace(right, shipment_id=workshop.parcel(elsewhere)["id"]),
            replace(right, lines=(replace(socks, sku="SOCK-L"),)),
            replace(right, lines=(replace(socks, line_id="none"),)),
        ],
        "too_many": [replace(right, lines=(replace(socks, quantity=3),)), replace(right, lines=(socks, socks))],
    }
    for reason, sent in wrong.items():
        for scan in sent:
            answer = await client.post(SCANS, content=as_sent(scan), headers=FLOOR)
            assert (409, {"accepted": False, "reason": reason}) == (answer.status_code, answer.json())
    assert [] == inbox(workshop.wiring)


async def test_cancelled_order_is_not_packed(client: httpx.AsyncClient, workshop: Workshop, listed: list[str]) -> None:
    scan = as_sent(workshop.scan(listed[0], "packed"))
    wiring, order_id = workshop.wiring, workshop.row(listed[0])["order_id"]
    wiring.ledger(lambda s: cancel_here(s, lock_orders(s, [order_id])[order_id], "shop", wiring.now()))

    answer = await client.post(SCANS, content=scan, headers=FLOOR)

    assert {"accepted": False, "reason": "cancelled"} == answer.json()


@pytest.mark.row("FUL-2", bad_input=True)
@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"event": "eaten"}, ["event"]),
        ({"scan_id": ""}, ["scan_id"]),
        ({"scan_id": "a\u0000b"}, ["scan_id"]),
        ({"version": None, "scanned_at": "soon"}, ["scanned_at", "version"]),
        ({"lines": [{"line_id": "l", "sku": "s", "quantity": -1}]}, ["lines.0.quantity"]),
        ({"lines": [{"line_id": "l", "sku": "s", "quantity": 0}]}, ["lines"]),
        ({"scanned_at": 1e308}, ["scanned_at"]),
    ],
)
async def test_bad_scans(
    client: httpx.AsyncClient, workshop: Workshop, listed: list[str], changes: dict[str, Any], fields: list[str]
) -> None:
    body = as_sent(workshop.scan(listed[0], "handed_over"), **changes)

    answer = await client.post(SCANS, content=body, headers=FLOOR)

    assert (422, "bad_scan", fields) == (answer.status_code, answer.json()["error"], answer.json()["fields"])


@pytest.mark.row("FUL-2", bad_input=True)
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 50_000])
async def test_no_scan_at_all(client: httpx.AsyncClient, workshop: Workshop, body: bytes) -> None:
    assert 422 == (await client.post(SCANS, content=body, headers=FLOOR)).status_code
    assert 422 == (await client.get(LISTS, params={"state": "lost"}, headers=FLOOR)).status_code


@pytest.mark.row("FUL-2")
async def test_hand_over_ships(workshop: Workshop, listed: list[str]) -> None:
    wiring = workshop.wiring
    before = row_of(wiring, InventoryLevel, sku="SOCK-M")
    for event in scans.EVENTS[:3]:
        assert "" == workshop.take(workshop.scan(listed[0], event))

    assert {"done": 3} == await carry_out()

    row, level = workshop.row(listed[0]), row_of(wiring, InventoryLevel, sku="SOCK-M")
    assert "closed" == row["state"]
    assert workshop.parcel(listed[0])["shipped_at"] is not None
    assert before["on_hand"] - 2 == level["on_hand"]
    assert [(2, 2), (1, 1)] == [
        (li["ordered"], li["shipped"]) for li in rows_of(wiring, OrderLine, order_id=row["order_id"])
    ]
    assert "tracker.create" in {e["kind"] for e in rows_of(wiring, Effect, order_id=row["order_id"])}
    assert "open" == workshop.sheet_of(listed[0])["state"]

    workshop.take(workshop.scan(listed[1], "handed_over", lines=()))
    await carry_out()
    assert "done" == workshop.sheet_of(listed[0])["state"]


async def test_what_has_left_is_on_no_list(client: httpx.AsyncClient, workshop: Workshop, listed: list[str]) -> None:
    workshop.take(workshop.scan(listed[0], "handed_over"))
    await carry_out()

    [sheet] = (await client.get(LISTS, headers=FLOOR)).json()["pick_lists"]
    assert [listed[1]] == [order["fulfilment_order_id"] for order in sheet["orders"]]


@pytest.mark.row("FUL-2", bad_input=True)
async def test_short_pick_is_a_case(workshop: Workshop, listed: list[str]) -> None:
    for _ in range(2):
        workshop.take(workshop.scan(listed[0], "short", missing=1))
    await carry_out()

    [case] = rows_of(workshop.wiring, ReviewCase)
    assert ("short_pick", "high", "open", ["wait", "reroute", "cancel"]) == tuple(
        case[name] for name in ("kind", "severity", "state", "choices")
    )
    [missing] = case["facts"]["missing"]
    assert 1 == missing["asked"] - missing["found"]
    assert "in_progress" == workshop.row(listed[0])["state"]

    workshop.take(workshop.scan(listed[0], "handed_over"))  # the unit was found after all
    await carry_out()
    assert CaseState.RESOLVED == row_of(workshop.wiring, ReviewCase)["state"]


async def test_hand_over_of_a_part_leaves_the_rest(workshop: Workshop, listed: list[str]) -> None:
    workshop.take(workshop.scan(listed[0], "handed_over", missing=1))
    await carry_out()

    first, second = workshop.lines(listed[0])
    assert [(2, 1), (1, 1)] == [(line["quantity"], line["shipped"]) for line in (first, second)]
    assert "in_progress" == workshop.row(listed[0])["state"]
    assert "short_pick" == row_of(workshop.wiring, ReviewCase)["kind"]


async def test_second_hand_over_changes_nothing(workshop: Workshop, listed: list[str]) -> None:
    made_at = workshop.parcel(listed[0])["created_at"]
    workshop.take(workshop.scan(listed[0], "handed_over", scanned_at=made_at))
    assert {"done": 1} == await carry_out()
    first = workshop.parcel(listed[0])

    workshop.take(workshop.scan(listed[0], "handed_over", scanned_at=made_at + timedelta(milliseconds=1)))

    assert {"stale": 1} == await carry_out()
    assert first == workshop.parcel(listed[0])


async def test_clock_of_a_handheld_is_not_believed(workshop: Workshop, listed: list[str]) -> None:
    now = workshop.wiring.now()
    workshop.take(workshop.scan(listed[0], "handed_over", scanned_at=now + timedelta(days=400)))
    workshop.take(workshop.scan(listed[1], "handed_over", scanned_at=now - timedelta(days=400)))
    await carry_out()

    for each in listed:
        assert abs(workshop.parcel(each)["shipped_at"] - now) < timedelta(minutes=1)


@pytest.mark.row("FUL-2", bad_input=True)
async def test_unreadable_scan_goes_to_a_person(workshop: Workshop, listed: list[str]) -> None:
    wiring = workshop.wiring
    wiring.ledger(insert_rows, InboxEvent, [{
        "id": "inb_1", "source": "floor", "account": PLACE, "topic": "picked", "delivery_id": "s", "body": b"{}",
        "subject": listed[0], "received_at": wiring.now(), "outcome": "", "due_at": wiring.now(), "attempts": 0,
        "lease_token": 0, "error": "",
    }])  # fmt: skip
    workshop.take(workshop.scan(listed[1], "handed_over"))

    assert {"unreadable": 1, "done": 1} == await carry_out()

    assert "inbox_unreadable" == row_of(wiring, ReviewCase)["kind"]
    assert "closed" == workshop.row(listed[1])["state"]
