"""Bodies of ShipBob's returns that the fake does not send, and what they come to."""

from typing import Any

import pytest

from connectors.reading import Unreadable
from connectors.warehouses.returning import NodeReturn, NodeReturnLine, NodeReturnState, Treated
from connectors.warehouses.shipbob_returns import parse_page, parse_return
from domain.returns.words import Disposition, Reception

LINE: dict[str, Any] = {"id": 1, "sku": "A", "quantity": 1, "action_taken": None}
BODY: dict[str, Any] = {"id": 7, "reference_id": "RMA-1", "status": "Awaiting Arrival", "inventory": [LINE]}


def back(*lines: NodeReturnLine, state: NodeReturnState = NodeReturnState.DONE) -> NodeReturn:
    return NodeReturn("7", "RMA-1", state, "", announced=True, lines=lines)


def restocked(quantity: int) -> tuple[Treated, ...]:
    return (Treated(Disposition.RESTOCK, quantity, "Restock"),)


def test_words_that_nobody_knows_are_kept() -> None:
    action = {"action": "Donate", "quantity_processed": 1}
    read = parse_return(BODY | {"status": "In Transit", "inventory": [LINE | {"action_taken": [action]}]})
    assert (read.state, read.raw_state) == (NodeReturnState.UNKNOWN, "In Transit")
    [treated] = read.lines[0].treated
    assert (treated.disposition, treated.raw) == (None, "Donate")


@pytest.mark.parametrize(
    "body",
    [
        None,
        BODY | {"id": None},
        BODY | {"inventory": [LINE | {"sku": None}]},
        BODY | {"inventory": [LINE | {"quantity": "2"}]},
        BODY | {"inventory": 5},
        BODY | {"status_history": [{"timestamp": "soon"}]},
    ],
)
def test_a_body_that_cannot_be_read(body: Any) -> None:
    with pytest.raises(Unreadable):
        parse_return(body)
    with pytest.raises(Unreadable):
        parse_page({"items": [body]})


@pytest.mark.row("RET-4")
def test_a_kit_that_lacks_a_part_lacks_that_part() -> None:
    read = back(NodeReturnLine("A", 2, restocked(2), kit="K"), NodeReturnLine("B", 2, restocked(1), kit="K"))
    assert read.content == {"K": 2}
    assert [(each.sku, each.reception, each.quantity) for each in read.outcome()] == [
        ("A", Reception.RECEIVED, 2),
        ("B", Reception.RECEIVED, 1),
        ("B", Reception.MISSING, 1),
    ]


@pytest.mark.row("RET-4")
def test_units_of_one_sku_in_two_lines_are_counted_together() -> None:
    read = back(NodeReturnLine("A", 1, ()), NodeReturnLine("A", 1, restocked(2)))
    assert [(each.reception, each.quantity) for each in read.outcome()] == [(Reception.RECEIVED, 2)]


def test_before_the_end_nothing_is_missing_or_instead_of_it() -> None:
    lines = (NodeReturnLine("A", 2, restocked(1)), NodeReturnLine("B", 0, restocked(1)))
    told = back(*lines, state=NodeReturnState.PROCESSING).outcome()
    assert [(each.sku, each.reception) for each in told] == [("A", Reception.RECEIVED), ("B", Reception.EXTRA)]
