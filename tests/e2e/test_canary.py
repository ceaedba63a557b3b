"""Personal data stays where DESIGN puts it: not in the engine's database, not in logs, not in other columns.

The demo's customers carry marks; after a good day and after failing runs no mark may be found elsewhere.
"""

import base64
import hashlib
import hmac
import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from apps.demo import canary, people
from apps.demo.canary import leaks
from apps.demo.purchases import day
from tests.support.finished_demo import ORDERS, FinishedDemo
from tests.support.waiting import wait_until

pytestmark = pytest.mark.engine
PERSON = f"{people.NAME} Keller, 12 {people.STREET} Maple Road, ada.{people.MAIL}1@example.com, +16175550173"


def found(demo: FinishedDemo) -> list[str]:
    engine = sa.create_engine(f"sqlite:///{demo.folder / 'ledger.db'}")
    try:
        return leaks(engine, demo.folder, people.markers())
    finally:
        engine.dispose()


def test_a_good_day_leaks_nothing(finished_demo: FinishedDemo, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [] == found(finished_demo)

    monkeypatch.setattr(canary, "personal_columns", set)  # the search itself finds what is there
    places = {place.partition(":")[0] for place in found(finished_demo)}
    assert {
        "customer.name",
        "order_contact.line1",
        "customer.email",
        "order_contact.phone",
        "inbox_event.body",
    } <= places


def test_the_search_reads_databases_logs_and_columns(tmp_path: Any) -> None:
    engine = sa.create_engine("sqlite://")
    with sqlite3.connect(tmp_path / "engine.db") as database:
        database.execute("CREATE TABLE log (message TEXT, data BLOB)")
        database.execute("INSERT INTO log VALUES (?, ?)", (f"failed for {PERSON}", PERSON.upper().encode()))
    database.close()
    (tmp_path / "worker.log").write_text(PERSON, encoding="utf-8")

    places = {place.partition(":")[0] for place in leaks(engine, tmp_path, people.markers())}

    assert {"engine.db log.message", "engine.db log.data", "worker.log"} == places


def test_failing_runs_leak_nothing(finished_demo: FinishedDemo, trouble: "Trouble") -> None:
    """Vendors answer garbage or quote the customer, deliveries are nonsense, transactions and whole runs fail."""
    trouble.vendors_misbehave()
    trouble.nonsense_is_delivered()
    trouble.customers_buy()
    trouble.wait_for("SELECT 1 FROM work WHERE error != ''", "an order is postponed")

    trouble.one_orders_transaction_raises()
    trouble.customers_buy()
    trouble.wait_for("SELECT 1 FROM inbox_event WHERE handled_at IS NULL AND error != ''", "a delivery failed")

    trouble.the_database_fails()
    trouble.customers_buy()
    trouble.wait_until_a_run_fails()
    trouble.mended()

    assert [] == found(finished_demo)


class Trouble:
    def __init__(self, demo: FinishedDemo) -> None:
        self.ledger = str(demo.folder / "ledger.db")
        self.prefect = demo.addresses["Prefect UI"].removesuffix("/runs")
        self.receiver = demo.addresses["webhook receiver"].removesuffix("/readyz")
        self.client = httpx.Client(timeout=30)
        self.sandbox = demo.addresses["sandbox mailbox"].removesuffix("/mail/")
        self.bought = 0

    def control(self, path: str, body: Any) -> None:
        self.client.post(f"{self.sandbox}/_control/{path}", json=body).raise_for_status()

    def vendors_misbehave(self) -> None:
        said = {"message": f"Recipient {PERSON} is invalid", "errors": [{"field": "name", "message": PERSON}]}
        verify = {"operation": "POST /v2/addresses", "times": 3}  # other calls must not use them up
        for vendor, kind, more in (
            ("shopify", "truncate", {"times": 4}),
            ("easypost", "error", {**verify, "status": 422, "body": {"error": {"code": "X", **said}}}),
            ("easypost", "error", {**verify, "status": 500, "body": said}),
            ("easypost", "error", {"times": 6, "status": 500, "body": said}),
            ("shipbob", "error", {"times": None, "status": 422, "body": said}),
            ("smtp", "error", {"times": 2, "operation": "RCPT", "status": 550}),
        ):
            self.control("faults", {"vendor": vendor, "kind": kind, **more})

    def nonsense_is_delivered(self) -> None:
        """Signed bodies that no order can be read from, and a wrongly signed one."""
        for number, body in enumerate(
            [{"id": PERSON, "email": {"to": PERSON}}, {"admin_graphql_api_id": 7, "name": [PERSON]}, PERSON, [PERSON]]
        ):
            raw = json.dumps(body).encode()
            for secret in (b"sandbox-secret-alpha", b"wrong"):
                signature = base64.b64encode(hmac.new(secret, raw, hashlib.sha256).digest()).decode()
                self.client.post(
                    f"{self.receiver}/hooks/shopify/alpha",
                    content=raw,
                    headers={
                        "x-shopify-hmac-sha256": signature, "x-shopify-topic": "orders/create",
                        "x-shopify-shop-domain": "alpha.myshopify.com", "x-shopify-event-id": f"nonsense-{number}",
                    },
                )  # fmt: skip

    def customers_buy(self) -> None:
        bodies = [p.body for p in day(ORDERS) if p.shop == "alpha" and p.story == "plain"]
        self.control("shopify/alpha/orders", {"orders": bodies[self.bought : self.bought + 8]})
        self.bought += 8

    def run(self, statement: str) -> list[Any]:
        connection = sqlite3.connect(self.ledger, timeout=10)
        try:
            with connection:
                return connection.execute(statement).fetchall()
        finally:
            connection.close()

    def one_orders_transaction_raises(self) -> None:
        """The database quotes the customer in its refusal."""
        self.run(
            "CREATE TRIGGER refuse BEFORE INSERT ON order_contact "
            "BEGIN SELECT RAISE(ABORT, 'refused: Zzname, 12 Zzstreet'); END"
        )

    def the_database_fails(self) -> None:
        """Not for one order, and not as if it were away: nothing can be claimed any more."""
        self.run("DROP TRIGGER refuse")
        self.run("CREATE TRIGGER refuse BEFORE UPDATE ON claim_counter BEGIN SELECT RAISE(ABORT, 'broken'); END")

    def mended(self) -> None:
        self.run("DROP TRIGGER IF EXISTS refuse")
        self.client.delete(f"{self.sandbox}/_control/faults")

    def wait_for(self, statement: str, what: str) -> None:
        wait_until(lambda: self.run(statement), what)

    def wait_until_a_run_fails(self) -> None:
        body = {"flow_runs": {"state": {"type": {"any_": ["FAILED", "CRASHED"]}}}}
        wait_until(lambda: self.client.post(f"{self.prefect}/api/flow_runs/count", json=body).json(), "a run fails")


@pytest.fixture
def trouble(finished_demo: FinishedDemo) -> Iterator[Trouble]:
    made = Trouble(finished_demo)
    yield made
    made.mended()
    made.client.close()
