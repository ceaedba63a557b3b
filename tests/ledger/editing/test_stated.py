"""At an edit's end only its own part of the shop's statement is taken over."""

from dataclasses import replace
from typing import Any

from domain.order import IncomingLine, IncomingOrder
from ledger.editing.stated import only_ours
from tests.ledger.support import NOW, line_row

ORDER = {"shipping_code": "standard"}
ROWS = [
    line_row("o", id="o:001", external_id="cup", sku="CUP", ordered=2, discount_minor=10, tax_minor=4),
    line_row("o", id="o:002", external_id="pot", sku="POT", ordered=1),
]


def line(name: str, units: int, **more: Any) -> IncomingLine:
    return IncomingLine(name, name.upper(), name, units, 5000, variant_external_id=f"v-{name}", **more)


def said(*lines: IncomingLine, **more: Any) -> IncomingOrder:
    return IncomingOrder("1", "#1", NOW, NOW, "USD", lines, 9000, shipping_code="standard", **more)


def units(found: IncomingOrder) -> dict[str, int]:
    return {each.external_id: each.quantity for each in found.lines}


def test_an_edit_that_nobody_disturbed_is_taken_whole() -> None:
    plan = {"lines": {"quantities": {"cup": 1}, "added": {"v-lid": 2}}}
    stated = said(line("cup", 1, tax_minor=2), line("pot", 1), line("lid", 2))

    assert stated == only_ours(stated, ORDER, ROWS, plan)


def test_what_somebody_else_has_changed_is_put_aside_with_its_amounts() -> None:
    plan = {"lines": {"quantities": {"pot": 3}, "added": {"v-lid": 1}}}
    stated = replace(said(line("cup", 1), line("pot", 3), line("lid", 1), line("gas", 5)), shipping_code="express")

    found = only_ours(stated, ORDER, ROWS, plan)

    assert {"cup": 2, "pot": 3, "lid": 1} == units(found)
    assert (10, 4) == (found.lines[0].discount_minor, found.lines[0].tax_minor)
    assert "standard" == found.shipping_code
    assert 9000 == found.total_minor


def test_a_line_that_the_shop_does_not_state_any_more_stays() -> None:
    found = only_ours(said(line("cup", 2)), ORDER, ROWS, {})

    assert {"cup": 2, "pot": 1} == units(found)


def test_an_edit_of_the_shop_is_what_it_stated_then() -> None:
    plan = {"stated": {"cup": 1, "pot": 1, "lid": 2}, "stated_shipping": "express"}

    found = only_ours(said(line("cup", 0), line("pot", 1), line("lid", 3), line("gas", 1)), ORDER, ROWS, plan)

    assert {"cup": 1, "pot": 1, "lid": 2} == units(found)
    assert "express" == found.shipping_code
