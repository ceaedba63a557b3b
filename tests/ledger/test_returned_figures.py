"""What the ledger knows of sending and coming back, as the analysis counts it, and findings as cases (RET-7)."""

from collections import Counter
from datetime import datetime, timedelta

import pytest

from config.wiring import Wiring
from domain.case_words import KINDS as WORDS
from domain.returns.analysis import AnalysisPolicy, Cell, findings
from ledger.operator import resolve_case
from ledger.returning.figures import Sent, sent_and_returned
from ledger.returning.findings import KINDS, News, cases_of, tell, what_is_new
from ledger.tables import Order, OrderLine, ReviewCase
from tests.ledger.support import NOW, rows_of
from tests.support.returned import WEEKS_AGO, Past, shirts_that_run_small

RIPE = timedelta(days=28)
SINCE, UNTIL = NOW - timedelta(weeks=12), NOW - RIPE
POLICY = AnalysisPolicy()


def read(wiring: Wiring, since: datetime = SINCE, until: datetime = UNTIL) -> Sent:
    return wiring.read(sent_and_returned, since, until, RIPE)


def counted(cells: list[Cell], *names: str) -> dict[tuple[str, ...], int]:
    found = Counter[tuple[str, ...]]()
    for cell in cells:
        found[tuple(getattr(cell, name) for name in names)] += cell.lines
    return dict(found)


@pytest.mark.row("RET-7")
def test_lines_count_by_what_they_are_and_why_they_came_back(wiring: Wiring) -> None:
    shirt = shirts_that_run_small(wiring)
    sent = read(wiring)
    assert {(shirt,): 180, ("MUG",): 40} == counted(sent.cells, "product")
    middle = [cell for cell in sent.cells if cell.variant == "SHIRT-M"]
    assert {("too_small",): 20, ("too_large",): 1, ("",): 39} == counted(middle, "reason")
    assert {("brooklyn", "usps"): 180, ("reno", "ups"): 40} == counted(sent.cells, "location", "carrier")
    assert {("damaged",): 1, ("withdrawal",): 1, ("",): 38} == counted(
        [cell for cell in sent.cells if cell.variant == "MUG"], "reason"
    )
    [small] = [cell for cell in middle if cell.reason == "too_small"]
    assert (20 * 5200, 20 * 5200**2) == (small.cost_minor, small.cost_squares)  # less the fee, with the label
    assert ("Linen shirt", "Linen shirt M (SHIRT-M)") == (sent.names[shirt], sent.names["SHIRT-M"])


@pytest.mark.row("RET-7", bad_input=True)
def test_what_does_not_count(wiring: Wiring) -> None:
    past = Past(wiring)
    past.sent("A", many=1, at=SINCE - timedelta(seconds=1))
    past.sent("A", many=1, at=UNTIL)
    past.sent("A", many=1, order={"test": True})
    past.sent("A", "style", asked={"state": "declined"})
    past.sent("A", "style", asked={"state": "cancelled"})
    past.store()
    assert [("A", "", 2)] == [(cell.variant, cell.reason, cell.lines) for cell in read(wiring).cells]
    assert [] == read(wiring, UNTIL + timedelta(days=1), UNTIL + timedelta(days=2)).cells


def test_every_line_has_had_the_same_time_to_come_back(wiring: Wiring) -> None:
    past = Past(wiring)
    past.sent("A", customer="cus_1")
    past.sent("A", customer="cus_1", at=WEEKS_AGO + timedelta(days=1))
    past.store()
    [first, second] = sorted(rows_of(wiring, Order), key=lambda row: row["placed_at"])
    for order, late in ((first, timedelta(0)), (second, timedelta(seconds=1))):
        [line] = rows_of(wiring, OrderLine, order_id=order["id"])
        past.asked(order["id"], line["id"], "A", "style", order["placed_at"] + RIPE + late)
    past.store()
    assert {("new", "style"): 1, ("returning", ""): 1} == counted(read(wiring).cells, "customers", "reason")


def test_a_line_in_two_parcels_or_two_returns_is_one_line(wiring: Wiring) -> None:
    past = Past(wiring)
    past.sent("A", "style")
    past.store()
    [order] = rows_of(wiring, Order)
    [line] = rows_of(wiring, OrderLine)
    past.parcel(order["id"], line["id"], "A", WEEKS_AGO + timedelta(days=1), "reno", "usps")
    past.asked(order["id"], line["id"], "A", "damaged", WEEKS_AGO + timedelta(days=12), gross_minor=1000)
    past.store()
    [cell] = read(wiring).cells
    assert ("several", "usps", "style", 1, 6000) == (
        cell.location, cell.carrier, cell.reason, cell.lines, cell.cost_minor,
    )  # fmt: skip


def news(wiring: Wiring, until: datetime = UNTIL) -> News:
    sent = read(wiring, until=until)
    found = findings(sent.cells, POLICY)
    return wiring.read(what_is_new, found, sent.names, POLICY, since=SINCE, until=until, ripe=RIPE)


def test_every_finding_has_words() -> None:
    assert set(KINDS.values()) <= set(WORDS)


@pytest.mark.row("RET-7")
def test_a_finding_is_one_case_for_the_product_team(wiring: Wiring) -> None:
    shirts_that_run_small(wiring)
    opened = wiring.ledger(tell, news(wiring), NOW)
    cases = {case["subject_id"]: case for case in rows_of(wiring, ReviewCase)}
    assert opened == len(cases)
    case = cases["SHIRT-M"]
    assert ("returns_runs_small", "product", "open") == (case["kind"], case["owner"], case["state"])
    assert "Linen shirt M (SHIRT-M)" == case["facts"]["variant"]
    assert "20 of 60 lines" == case["facts"]["came_back_for_it"]
    assert 33.33 == case["facts"]["percent"]

    past = Past(wiring)
    past.sent("SHIRT-M", *["too_small"] * 10, many=10)
    past.store()
    assert 0 == wiring.ledger(tell, news(wiring), NOW)
    [case] = rows_of(wiring, ReviewCase, id=case["id"])
    assert "30 of 70 lines" == case["facts"]["came_back_for_it"], "an open case shows the newest figures"


@pytest.mark.row("RET-7")
def test_what_was_put_right_is_told_again_only_for_what_was_sent_since(wiring: Wiring) -> None:
    shirts_that_run_small(wiring)
    wiring.ledger(tell, news(wiring), NOW)
    put_right = WEEKS_AGO + timedelta(days=2)
    for case in rows_of(wiring, ReviewCase):
        wiring.ledger(resolve_case, case["id"], "put_right", put_right)
    before = len(rows_of(wiring, ReviewCase))
    assert [] == news(wiring).fresh

    past = Past(wiring)
    past.sent("SHIRT-M", *["too_small"] * 15, many=40, at=put_right + timedelta(days=1))
    past.sent("SHIRT-L", many=40, at=put_right + timedelta(days=1))
    past.store()
    fresh = news(wiring)
    assert "SHIRT-M" in {draft.subject_id for draft in fresh.fresh}
    wiring.ledger(tell, fresh, NOW + timedelta(days=1))
    assert len(rows_of(wiring, ReviewCase)) == before + len(fresh.fresh)
    sent = read(wiring)
    newest = wiring.read(cases_of, findings(sent.cells, POLICY))["runs_small:variant:SHIRT-M"]
    [case] = rows_of(wiring, ReviewCase, id=newest)
    assert ("open", True) == (case["state"], case["key"].endswith("#2"))


@pytest.mark.row("RET-7")
def test_what_was_accepted_is_told_again_only_when_it_is_worse_for_sure(wiring: Wiring) -> None:
    shirts_that_run_small(wiring)
    wiring.ledger(tell, news(wiring), NOW)
    for case in rows_of(wiring, ReviewCase):
        wiring.ledger(resolve_case, case["id"], "accept", NOW)
    past = Past(wiring)
    past.sent("SHIRT-M", *["too_small"] * 8, many=14)
    past.store()
    assert [] == news(wiring).fresh
    past.sent("SHIRT-M", *["too_small"] * 60, many=60)
    past.store()
    assert "SHIRT-M" in {draft.subject_id for draft in news(wiring).fresh}
