"""`aftercart demo` as a newcomer runs it, and its reckoning, which must notice what is wrong."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from apps.demo.checks import check_all
from apps.demo.controls import Controls
from apps.demo.endings import endings
from apps.demo.purchases import day
from apps.demo.stage import Stage
from apps.prefect_api import PrefectApi
from config.wiring import Wiring
from tests.support.databases import make_wiring
from tests.support.finished_demo import GROUP, ORDERS, FinishedDemo, command
from tests.support.shared import ROOT

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group(GROUP)]


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
    assert "delivered" in ends["risky"], "the one that a clerk let go"
    for story in ("backorder", "webhook lost", "hazmat", "risk pending"):
        assert not ends[story] & {"held", "cancelled"}, story


def test_the_terminal_shows_what_happened(finished_demo: FinishedDemo) -> None:
    for words in (
        "The six stages",
        "How the orders ended",
        "Trial balance",
        "orders are held",
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
    ends = await endings(stage, day(ORDERS))
    if not SPOILT[name]:  # what a vendor did and the shop does not show cannot be spoilt in our ledger
        ends = [end for end in ends if end.end != "left though cancelled"]

    checks = await check_all(stage, ends)
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
