"""What an operator sees of a finished demo in a real browser: Prefect's pages and the sandbox's mailbox.

With AFTERCART_SAVE_SCREENSHOTS=1 the pictures of docs/images are taken anew.
"""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import browser_page, keep_picture
from tests.support.finished_demo import FinishedDemo

pytestmark = [pytest.mark.engine, pytest.mark.browser]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser_page() as opened:
        yield opened


@pytest.fixture
def ui(finished_demo: FinishedDemo) -> str:
    return finished_demo.addresses["Prefect UI"].removesuffix("/runs")


def ask(ui: str, path: str, **body: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx.post(f"{ui}/api/{path}", json=body, timeout=30).raise_for_status().json()
    return found


def fullest_batch(ui: str) -> dict[str, Any]:
    """The artifact of the batch with the most different reasons."""
    batches = ask(ui, "artifacts/filter", artifacts={"key": {"any_": ["process-orders"]}}, limit=200)
    return max(batches, key=lambda batch: (len({row["reason"] for row in rows_of(batch)}), len(rows_of(batch))))


def rows_of(batch: dict[str, Any]) -> list[dict[str, str]]:
    data = batch["data"]
    rows: list[dict[str, str]] = json.loads(data) if isinstance(data, str) else data
    return rows


def test_the_list_of_runs_names_what_ran(page: Page, ui: str) -> None:
    page.goto(f"{ui}/runs")

    expect(page.get_by_text("Completed").first).to_be_visible()
    keep_picture(page, "prefect-runs")
    names = page.get_by_role("searchbox", name="Search by flow run name")  # the list shows the newest, there are more
    for name in ("process-orders", "sweep-warehouses", "check-invariants", "reconcile-books"):
        names.fill(name)
        expect(page.get_by_text(f"{name} 20").first).to_be_visible()


def test_a_run_shows_its_batches_stage_by_stage(page: Page, ui: str) -> None:
    [run, *_] = ask(ui, "flow_runs/filter", flows={"name": {"any_": ["process-orders"]}}, sort="START_TIME_ASC")
    page.goto(f"{ui}/runs/flow-run/{run['id']}")

    expect(page.get_by_text(run["name"]).first).to_be_visible()
    page.get_by_text("Task Runs", exact=True).click()
    expect(page.get_by_text("Completed").first).to_be_visible()
    keep_picture(page, "prefect-run")
    names = page.get_by_role("searchbox", name="Search by run name")  # the list shows the newest, the run has more
    for stage in ("capture", "validate", "route", "fulfil", "communicate", "reconcile"):
        names.fill(f"{stage}-")
        expect(page.get_by_text(f"{stage}-").first).to_be_visible()


@pytest.mark.row("PEO-2")
def test_a_batch_is_a_table_with_order_shop_outcome_reason_and_link(page: Page, ui: str) -> None:
    batch = fullest_batch(ui)
    held = next(row for row in rows_of(batch) if row["reason"])
    page.goto(f"{ui}/artifacts/artifact/{batch['id']}")

    for heading in ("Order", "Shop", "Stage", "Outcome", "Reason", "Link"):
        expect(page.get_by_role("columnheader", name=heading)).to_be_visible()
    expect(page.get_by_text(held["reason"]).first).to_be_visible()
    expect(page.get_by_role("link", name="open").first).to_have_attribute("href", held["link"][7:-1])
    keep_picture(page, "prefect-batch")


def test_the_invariants_are_a_page(page: Page, ui: str) -> None:
    [artifact] = ask(ui, "artifacts/latest/filter", artifacts={"key": {"any_": ["invariants"]}})
    page.goto(f"{ui}/artifacts/artifact/{artifact['latest_id']}")

    expect(page.get_by_role("heading", name="invariants hold")).to_be_visible()
    expect(page.get_by_text("books balance")).to_be_visible()
    keep_picture(page, "prefect-invariants")


def test_an_exception_is_an_event_that_names_the_order(page: Page, ui: str) -> None:
    body = {"filter": {"event": {"prefix": ["aftercart.order.held"]}}}
    [event, *_] = httpx.post(f"{ui}/api/events/filter", json=body, timeout=30).raise_for_status().json()["events"]
    page.goto(f"{ui}/events/event/{event['occurred'][:10]}/{event['id']}")

    expect(page.get_by_text("aftercart.order.held").first).to_be_visible()
    expect(page.get_by_text(event["resource"]["prefect.resource.id"]).first).to_be_visible()


def test_the_mailbox_and_a_mail(page: Page, finished_demo: FinishedDemo) -> None:
    mailbox = finished_demo.addresses["sandbox mailbox"]
    page.goto(mailbox)
    expect(page.get_by_text("Delivered: your order").first).to_be_visible()
    keep_picture(page, "mailbox")

    [mail, *_] = httpx.get(f"{mailbox}api/messages", params={"subject": "confirmed", "limit": 1}, timeout=30).json()[
        "messages"
    ]
    page.goto(f"{mailbox}messages/{mail['id']}")
    expect(page.frame_locator("iframe").get_by_role("heading").first).to_be_visible()
    keep_picture(page, "mail")
