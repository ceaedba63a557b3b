"""A code from which a counter prints the label, for customers without a printer (RET-2)."""

import pytest

from ledger.returning.page import read_return
from tests.support.returns import delivered, drive, request_row, take_back
from tests.support.world import World
from tests.tasks.steps import effect, later

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FORMS = "POST /v2/shipments/{id}/forms"


@pytest.mark.row("RET-2")
async def test_the_code_for_the_counter_stands_beside_the_label(world: World) -> None:
    """Its answer is lost: the second try finds it, and the label had not to wait for it."""
    world.sandbox.fault("easypost", "POST /v2/shipments/*/forms", "error_after", status=500)
    [order_id] = await delivered(world)

    request = await take_back(world, order_id)

    assert "label_issued" == request["state"]
    await later(world, 0.5)
    await drive(world)
    row = world.row("SELECT content_type, content FROM document WHERE kind = 'return_code'")
    assert ("image/png", b"\x89PNG") == (row["content_type"], bytes(row["content"])[:4])
    assert [1] == list(world.sandbox.accepted("easypost")[FORMS].values())
    view = world.wiring.read(read_return, request_row(world, request["id"]))
    assert ["return_label", "return_code"] == [kind for _, kind in view.labels]


@pytest.mark.row("RET-2")
async def test_a_label_that_was_given_back_needs_no_code(world: World) -> None:
    """The asking comes after the void, as that of a sender who died before does."""
    world.sandbox.fault(
        "easypost", "POST /v2/shipments/*/forms", "error", status=422,
        body={"error": {"code": "SHIPMENT.REFUNDED", "message": "refunded", "errors": []}},
    )  # fmt: skip
    [order_id] = await delivered(world)

    await take_back(world, order_id)

    assert "rejected" == effect(world, "carrier.return_code")["state"]
    assert [] == world.rows("SELECT id FROM review_case")


@pytest.mark.row("RET-2", bad_input=True)
async def test_a_carrier_that_prints_from_no_code_is_no_trouble(world: World) -> None:
    world.sandbox.fault(
        "easypost", "POST /v2/shipments/*/forms", "error", status=422,
        body={"error": {"code": "SHIPMENT.FORM.INVALID", "message": "no", "errors": []}},
    )  # fmt: skip
    [order_id] = await delivered(world)

    request = await take_back(world, order_id)

    assert "label_issued" == request["state"]
    assert "done" == effect(world, "carrier.return_code")["state"]
    assert [] == world.rows("SELECT id FROM document WHERE kind = 'return_code'")
    assert [] == world.rows("SELECT id FROM review_case")
