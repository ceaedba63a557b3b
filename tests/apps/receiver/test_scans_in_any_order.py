"""Scans that come twice and in any order end in the same."""

import asyncio
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config import wiring as wiring_module
from ledger import scans
from ledger.tables import (
    FulfilmentOrderLine,
    InventoryLevel,
    Order,
    PickList,
    ReviewCase,
)
from tests.apps.receiver.support import inbox
from tests.apps.receiver.workshop import Workshop, carry_out
from tests.ledger.support import row_of, rows_of
from tests.support.databases import Sqlite, make_wiring


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_order_and_repeats_of_scans_do_not_matter(sqlite: Sqlite, data: st.DataObject) -> None:
    events = [(number, event) for number in (0, 1) for event in scans.EVENTS]
    played = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=4))))
    with sqlite.database() as url:
        wiring = make_wiring(url)
        wiring_module.replace(wiring)
        try:
            assert _END == _play(Workshop(wiring), played, data)
        finally:
            wiring_module.replace(None)
            wiring.engine.dispose()


_END = {
    "lines": [(1, 1), (1, 1), (2, 2)], "stock": (997, 997), "sheets": [("done", 1)], "states": ["closed", "closed"],
    "orders": ["in_fulfilment", "in_fulfilment"], "open_cases": 0, "waiting": 0,
}  # fmt: skip


def _play(workshop: Workshop, played: list[tuple[int, str]], data: st.DataObject) -> dict[str, Any]:
    ids = workshop.release({"SOCK-M": 2, "SHELL-M-S": 1}, {"SOCK-M": 1})
    workshop.publish()
    for number, event in played:
        scan = workshop.scan(ids[number], event, missing=1 if event == "short" else 0)
        assert "" == workshop.take(scan)
        if data.draw(st.booleans()):
            asyncio.run(carry_out())
    asyncio.run(carry_out())
    wiring, level = workshop.wiring, row_of(workshop.wiring, InventoryLevel, sku="SOCK-M")
    return {
        "lines": sorted((li["quantity"], li["shipped"]) for li in rows_of(wiring, FulfilmentOrderLine)),
        "stock": (level["on_hand"], level["node_free"]),
        "sheets": [(row["state"], row["version"]) for row in rows_of(wiring, PickList)],
        "states": [workshop.row(i)["state"] for i in ids],
        "orders": [row["state"] for row in rows_of(wiring, Order)],
        "open_cases": len(rows_of(wiring, ReviewCase, state="open")),
        "waiting": sum(row["handled_at"] is None for row in inbox(wiring)),
    }
