"""The table of what a node takes agrees with a node: what it offers succeeds, what it refuses would have failed."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from config.policies import load_policies
from connectors.errors import VendorRejected
from connectors.warehouses.shipbob import ShipBob
from domain.edit_capabilities import EditField, NodePart
from tests.connectors.warehouses.conftest import make_request
from tests.connectors.warehouses.test_shipbob_edits import LINES, MOVED
from tests.support.sandbox import SandboxProcess
from tests.support.shared import ROOT

TABLE = load_policies(ROOT / "config" / "policies").capabilities
CALLS: dict[EditField, Callable[[ShipBob, str], Awaitable[object]]] = {
    EditField.ADDRESS: lambda node, order: node.change_address(order, MOVED, "ada@customer.example"),
    EditField.CONTACT: lambda node, order: node.change_address(order, make_request().ship_to, "new@customer.example"),
    EditField.LINES: lambda node, order: node.change_lines(order, LINES),
    EditField.CANCEL: lambda node, order: node.cancel_order(order),
}
FLAGS = {
    "": {},
    "picked": {"picking": True},
    "labelled": {"picking": True, "labelled": True},
    "shipped": {"shipped": True},
}


@pytest.mark.parametrize("reached", FLAGS, ids=lambda reached: reached or "accepted")
@pytest.mark.parametrize("field", CALLS)
@pytest.mark.row("EDT-2")
async def test_the_table_says_what_the_node_does(
    shipbob: ShipBob, sandbox: SandboxProcess, field: EditField, reached: str
) -> None:
    order = await shipbob.create_order(make_request())
    if reached:
        sandbox.control(f"shipbob/orders/{order.external_id}/advance", {"to": reached})
    part = NodePart(
        "fo_1", "shipbob", "in_progress", "accepted", datetime(2026, 3, 1, tzinfo=UTC), {}, **FLAGS[reached]
    )

    if TABLE.asks_node(field, part):
        await CALLS[field](shipbob, order.external_id)
    else:
        with pytest.raises(VendorRejected) as caught:
            await CALLS[field](shipbob, order.external_id)
        assert caught.value.reason == "too_late"


def test_a_node_that_edits_is_one_that_the_connector_edits() -> None:
    assert ShipBob.capabilities.can_edit
    assert not ShipBob.capabilities.can_hold
    # no call changes the method of what ShipBob has
    assert TABLE.node("shipbob").until[EditField.SHIPPING] == "told"
