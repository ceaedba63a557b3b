"""`aftercart demo` as a newcomer runs it, and its reckoning, which must notice what is wrong."""

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from apps.demo.asking import Customers
from apps.demo.changes import EARLY, MINE, THEIRS
from apps.demo.checks import check_all
from apps.demo.controls import Controls
from apps.demo.endings import endings
from apps.demo.purchases import whole_day
from apps.demo.returning import Returners
from apps.demo.stage import Stage
from apps.demo.story import FLOOR
from apps.demo.straying import Strays
from apps.prefect_api import PrefectApi
from config.wiring import Wiring
from tests.support.databases import make_wiring
from tests.support.finished_demo import ORDERS, FinishedDemo, command
from tests.support.shared import ROOT

pytestmark = pytest.mark.engine


@pytest.mark.row("PEO-2")
def test_the_day_ends_with_every_order_named_and_the_books_agreeing(finished_demo: FinishedDemo) -> None:
    report = finished_demo.report

    assert [] == [check for check in report["checks"] if not check["ok"]], finished_demo.output
    assert report["ok"]
    assert (ORDERS, ORDERS) == (report["orders_made"], report["orders_accounted_for"])
    assert not report["broken_invariants"]
    assert {"delivered", "held", "cancelled"} <= set(report["ends"])
    assert ORDERS * 0.6 < report["ends"]["delivered"]
    assert {"EUR", "JPY", "KWD", "USD"} == {row["currency"] for row in report["trial_balance"]}
    assert all(stage["count"] and stage["seconds"] for stage in report["stages"].values())
    assert all("due" in row["reason"] for row in report["held"])


def test_the_stories_end_as_they_should(finished_demo: FinishedDemo) -> None:
    ends: dict[str, set[str]] = {}
    for order in finished_demo.report["orders"]:
        ends.setdefault(order["story"], set()).add(order["end"])

    assert {"cancelled"} == ends["declined"] == ends["bank transfer"] == ends["partly paid"] == ends["cancelled early"]
    assert {"held"} == ends["undeliverable"] == ends["missing unit"] == ends["no postcode"] == ends["sold out"]
    assert {"held"} == ends["velocity"] == ends["valuable"] == ends["to look at"]
    assert {"left though cancelled"} == ends["cancelled late"]
    assert {"nothing to ship"} == ends["gift card"]
    assert {"delivered"} == ends["road: stuck"] == ends["road: storm"] == ends["road: tried again and again"]
    assert {"delivered"} == ends["road: lost and found"]
    assert {"made good"} == ends["road: lost"]
    assert "delivered" in ends["risky"], "the one that a clerk let go"
    for story in ("backorder", "buys often", "webhook lost", "hazmat", "risk pending"):
        assert not ends[story] & {"held", "cancelled"}, story


@pytest.mark.row("EDT-1")
def test_edits_of_each_kind_end_as_they_should(finished_demo: FinishedDemo) -> None:
    edits = {edit["story"]: edit for edit in finished_demo.report["edits"]}
    kinds = ("address", "contact", "quantity", "swap", "add", "remove", "cancel")

    for where in (EARLY, MINE, THEIRS):
        assert ["applied"] * len(kinds) == [edits[f"{kind}, {where}"]["end"] for kind in kinds], where
        assert edits[f"add, {where}"]["paid_minor"] > 0
    assert "applied" == edits[f"shipping, {EARLY}"]["end"] == edits["promotion"]["end"]
    assert ("refused", "out_of_stock") == (edits["sold out"]["end"], edits["sold out"]["code"])
    assert ("expired", 0) == (edits["unpaid"]["end"], edits["unpaid"]["paid_minor"])
    told = " ".join(finished_demo.report["notes"])
    assert all(words in told for words in ("alternatives", "offered instead", "never paid for", "an agent agreed"))


@pytest.mark.row("RET-1")
@pytest.mark.row("RET-3")
@pytest.mark.row("RET-5")
def test_what_comes_back_and_what_never_does(finished_demo: FinishedDemo) -> None:
    """That money, labels, stock and mails are each once and right are checks of the demo's own."""
    returns = {each["story"]: each for each in finished_demo.report["returns"]}

    ends = {story: (each["end"], each["refunded"], each["reminders"]) for story, each in returns.items()}
    assert {
        "return": ("closed", "$202.05", 0),
        "exchange": ("closed", "$0.00", 0),
        "claim with a photo": ("closed", "$73.50", 0),
        "not worth its way back": ("closed", "$9.98", 0),
        "paid at once, never sent": ("expired", "$40.35", 1),
        "never sent": ("expired", "$0.00", 2),
    } == ends
    assert [returns["paid at once, never sent"]["name"]] == [
        note.partition(":")[0] for note in finished_demo.report["notes"] if "finance got the money back" in note
    ]
    [kept_aside] = [note for note in finished_demo.report["notes"] if "kept aside for the exchange" in note]
    assert kept_aside.startswith(f"{returns['exchange']['name']}: one SHELL-W-L ")
    with sqlite3.connect(f"file:{finished_demo.folder / 'ledger.db'}?mode=ro", uri=True) as ledger:
        [[photos]] = ledger.execute(
            "SELECT photos FROM return_line WHERE request_id = ?", [returns["claim with a photo"]["id"]]
        )
        kinds = ledger.execute("SELECT content_type FROM document WHERE id = ?", json.loads(photos)).fetchall()
    ledger.close()
    assert [("image/jpeg",)] == kinds


@pytest.mark.parametrize(
    ("flow", "prefix", "table", "stories"),
    [("edit-order", "edr_", "edit_request", "edits"), ("return-order", "ret_", "return_request", "returns")],
)
def test_the_runs_of_requests_are_seen_in_the_engine(
    finished_demo: FinishedDemo, flow: str, prefix: str, table: str, stories: str
) -> None:
    ui = finished_demo.addresses["Prefect UI"].removesuffix("/runs")
    body = {"flows": {"name": {"any_": [flow]}}, "limit": 200}
    runs = httpx.post(f"{ui}/api/flow_runs/filter", json=body, timeout=30).raise_for_status().json()
    shown = {word for run in runs for word in run["name"].split() if word.startswith(prefix)}
    with sqlite3.connect(f"file:{finished_demo.folder / 'ledger.db'}?mode=ro", uri=True) as ledger:
        missing = {row[0] for row in ledger.execute(f"SELECT id FROM {table} WHERE run_missing")}
    ledger.close()

    assert shown
    assert {each["id"] for each in finished_demo.report[stories]} == shown | missing, "listed in `run-missing`"


def test_the_terminal_shows_what_happened(finished_demo: FinishedDemo) -> None:
    for words in (
        "The six stages",
        "How the orders ended",
        "Trial balance",
        "orders are held",
        "customers changed their orders",
        "customers sent something back",
        "customers' portal",
        "accounted for",
        "mail/",
    ):
        assert words in finished_demo.output


def test_a_folder_that_is_not_the_demos_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine", encoding="utf-8")

    done = subprocess.run(
        command(tmp_path, tmp_path / "demo.json"), cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "not a folder of the demo" in done.stderr
    assert "mine" == (tmp_path / "precious.txt").read_text(encoding="utf-8")


@pytest.fixture
def copied(finished_demo: FinishedDemo, tmp_path: Path) -> Iterator[Wiring]:
    """The finished demo's ledger to spoil."""
    with sa.create_engine(f"sqlite:///{finished_demo.folder / 'ledger.db'}").connect() as connection:
        connection.exec_driver_sql(f"VACUUM INTO '{tmp_path / 'ledger.db'}'")
    made = make_wiring(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield made
    made.engine.dispose()
    shutil.rmtree(tmp_path)


SPOILT = {
    "every order is accounted for": "DELETE FROM orders WHERE id = (SELECT max(id) FROM orders)",
    "each parcel is in its shop once": "",
    "what was packed is what the shop shows": "UPDATE fulfilment_order SET order_id = (SELECT min(id) FROM orders) "
    "WHERE id = (SELECT max(id) FROM fulfilment_order WHERE state = 'closed')",
    "parcels went where the shop shows": "UPDATE fulfilment_order SET order_id = (SELECT min(id) FROM orders) "
    "WHERE id = (SELECT max(id) FROM fulfilment_order WHERE state = 'closed')",
    "every edit ended as it should": "UPDATE edit_request SET state = 'undone' WHERE id = (SELECT max(id) FROM "
    "edit_request WHERE state = 'applied')",
    "every return ended as it should": "UPDATE return_request SET state = 'cancelled' WHERE id = (SELECT max(id) FROM "
    "return_request WHERE state = 'closed')",
    "what came back is stock once": "DELETE FROM stock_movement WHERE kind = 'returned'",
    "trouble on the road was found, and ended": "UPDATE anomaly SET kind = 'late' WHERE kind = 'lost_declared'",
    "a storm is one incident": "UPDATE incident SET closed_at = NULL",
    "the team heard once of each incident": "DELETE FROM incident",
    "captured and refunded money agrees": "UPDATE payment SET captured_minor = captured_minor + 1 WHERE id = "
    "(SELECT max(id) FROM payment)",
    "each request reached ShipBob once": "UPDATE fulfilment_order SET attempt = 9 WHERE id = (SELECT max(id) FROM "
    "fulfilment_order WHERE location_id = 'cicero' AND accepted_at IS NOT NULL)",
    "each message is one mail": "UPDATE message SET state = 'failed' WHERE id = (SELECT max(id) FROM message WHERE "
    "state = 'sent')",
    "shops show what the pool has": "UPDATE inventory_level SET node_free = node_free + 1 WHERE sku = 'SOCK-L'",
    "each label belongs to a parcel": "UPDATE shipment SET label_document_id = '' WHERE id = (SELECT max(id) FROM "
    "shipment WHERE label_document_id != '')",
    "the books balance": "UPDATE journal_line SET amount_minor = amount_minor + 1 WHERE entry_id = (SELECT max(id) "
    "FROM journal_entry) AND account = (SELECT max(account) FROM journal_line WHERE entry_id = (SELECT max(id) FROM "
    "journal_entry))",
    "all invariants hold": "UPDATE order_line SET shipped = shipped + 1 WHERE id = (SELECT max(id) FROM order_line "
    "WHERE shipped > 0)",
}


@pytest.mark.parametrize("name", list(SPOILT))
async def test_the_reckoning_notices(name: str, copied: Wiring, finished_demo: FinishedDemo) -> None:
    sandbox = finished_demo.addresses["sandbox mailbox"].removesuffix("/mail/")
    controls, prefect = Controls(sandbox), PrefectApi(finished_demo.addresses["Prefect UI"])
    stage = Stage(copied, controls, prefect)
    with copied.engine.begin() as connection:
        if SPOILT[name]:
            connection.execute(sa.text(SPOILT[name]))
    purchases = whole_day(ORDERS)
    ids = {each["story"]: each["id"] for word in ("edits", "returns") for each in finished_demo.report[word]}
    names = {each["story"]: each["name"] for each in finished_demo.report["returns"]}
    astray = [each for each in finished_demo.report["orders"] if each["story"].startswith("road: ")]
    for purchase in purchases:
        if purchase.change is not None:
            purchase.change.request_id = ids[purchase.change.name]
        if purchase.back is not None:
            purchase.back.request_id, purchase.name = ids[purchase.back.name], names[purchase.back.name]
        if purchase.mishap is not None:
            purchase.name = next(e["name"] for e in astray if e["story"] == purchase.story)
            astray = [each for each in astray if each["name"] != purchase.name]
    ends = await endings(stage, purchases)
    if not SPOILT[name]:  # what a vendor did and the shop does not show cannot be spoilt in our ledger
        ends = [end for end in ends if end.end != "left though cancelled"]

    asked, taken = Customers(stage, purchases).askings(), Returners(stage, purchases, FLOOR).takings()
    checks = await check_all(stage, ends, asked, taken, Strays(stage, purchases).strayed())
    await controls.aclose()
    await prefect.aclose()

    assert name in [check.name for check in checks if not check.ok]


def test_every_schedule_has_runs_to_come(finished_demo: FinishedDemo) -> None:
    """Prefect's scheduler works with the libraries that are installed here."""
    ui = finished_demo.addresses["Prefect UI"].removesuffix("/runs")
    body = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}, "limit": 200}
    coming = httpx.post(f"{ui}/api/flow_runs/filter", json=body, timeout=30).raise_for_status().json()
    deployments = httpx.post(f"{ui}/api/deployments/filter", json={}, timeout=30).raise_for_status().json()

    scheduled = {each["id"] for each in deployments if each["schedules"]}
    assert scheduled
    assert scheduled == {run["deployment_id"] for run in coming} & scheduled
