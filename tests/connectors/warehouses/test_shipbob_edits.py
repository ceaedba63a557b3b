"""Edits of an order that ShipBob already has."""

from dataclasses import replace

import pytest

from connectors.errors import OutcomeUnknown, VendorRejected
from connectors.warehouses.shipbob import ShipBob
from connectors.warehouses.shipbob_edits import _check
from domain.nodes import NodeLine, request_digest
from tests.connectors.warehouses.conftest import make_request
from tests.support.sandbox import SandboxProcess

REQUEST = make_request()
MOVED = replace(REQUEST.ship_to, line1="400 Broad St", line2="", postal_code="98109")
LINES = (NodeLine("BAG-45-BLK", 1), NodeLine("ROPE-20", 3))


@pytest.mark.row("EDT-3")
async def test_address_is_changed_and_read_back(shipbob: ShipBob) -> None:
    order = await shipbob.create_order(REQUEST)

    changed = await shipbob.change_address(order.external_id, MOVED, "ada@customer.example")

    assert request_digest(MOVED, REQUEST.lines) == changed.request_digest


@pytest.mark.row("EDT-3")
async def test_lines_are_changed_added_and_removed(shipbob: ShipBob) -> None:
    order = await shipbob.create_order(REQUEST)

    changed = await shipbob.change_lines(order.external_id, LINES)

    assert request_digest(REQUEST.ship_to, LINES) == changed.request_digest
    assert LINES == tuple(sorted(changed.shipments[0].lines, key=lambda line: line.sku))


@pytest.mark.row("EDT-3", bad_input=True)
async def test_edit_after_shipping_is_too_late(shipbob: ShipBob, sandbox: SandboxProcess) -> None:
    order = await shipbob.create_order(REQUEST)
    sandbox.control(f"shipbob/orders/{order.external_id}/advance", {"to": "shipped"})

    for edit in (
        shipbob.change_address(order.external_id, MOVED, ""),
        shipbob.change_lines(order.external_id, LINES),
    ):
        with pytest.raises(VendorRejected) as caught:
            await edit
        assert caught.value.reason == "too_late"


async def test_edit_of_a_cancelled_order_is_too_late(shipbob: ShipBob) -> None:
    order = await shipbob.create_order(REQUEST)
    await shipbob.cancel_order(order.external_id)

    with pytest.raises(VendorRejected) as caught:
        await shipbob.change_lines(order.external_id, LINES)

    assert caught.value.reason == "too_late"


async def test_unknown_sku_changes_nothing(shipbob: ShipBob) -> None:
    order = await shipbob.create_order(REQUEST)

    with pytest.raises(VendorRejected) as caught:
        await shipbob.change_lines(order.external_id, [*LINES, NodeLine("NO-SUCH-SKU", 1)])

    assert caught.value.reason == "unknown_sku"
    now = await shipbob.fetch_order(order.external_id)
    assert now is not None
    assert now.request_digest == order.request_digest


async def test_bad_address_is_refused(shipbob: ShipBob) -> None:
    order = await shipbob.create_order(REQUEST)

    with pytest.raises(VendorRejected) as caught:
        await shipbob.change_address(order.external_id, replace(MOVED, city=""), "")

    assert caught.value.reason == "bad_address"


async def test_unknown_order_is_not_found(shipbob: ShipBob) -> None:
    with pytest.raises(VendorRejected) as caught:
        await shipbob.change_address("1", MOVED, "")

    assert caught.value.reason == "not_found"


async def test_lost_answer_of_an_edit_is_read_back(shipbob: ShipBob, sandbox: SandboxProcess) -> None:
    order = await shipbob.create_order(REQUEST)
    sandbox.fault("shipbob", "PUT /2026-01/shipment/*", "error_after", status=502)

    with pytest.raises(OutcomeUnknown):
        await shipbob.change_address(order.external_id, MOVED, "")

    now = await shipbob.find_order(REQUEST.reference)
    assert now is not None
    assert request_digest(MOVED, REQUEST.lines) == now.request_digest


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"is_success": False, "error": {"code": "CONFLICT"}}, VendorRejected),
        ({"code": "REPROCESSING_ERROR", "message": "half way"}, OutcomeUnknown),
        ({"is_success": True}, OutcomeUnknown),
        (None, OutcomeUnknown),
    ],
)
def test_answer_that_is_no_success(answer: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        _check("change_lines", answer, {}, invalid="bad_lines")
