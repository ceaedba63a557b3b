"""What must be true after every single transaction of a story."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.states import MACHINES, check_parcel
from ledger.invariants import check_all
from ledger.tables import AuditEvent
from ledger.tables.base import table_of
from tests.ledger.play.house import House

_audit = table_of(AuditEvent)
# Where each machine's state stands, and the aggregate's name in the trail.
COLUMNS = {
    "order": ("orders", "state"),
    "fulfilment_order": ("fulfilment_order", "state"),
    "request": ("fulfilment_order", "request_state"),
    "shipment": ("shipment", "state"),
    "message": ("message", "state"),
    "review_case": ("review_case", "state"),
}


class Watcher:
    """Looks at the ledger after each step; remembers how far it has read the trail and what each thing was."""

    def __init__(self, house: House, units: Mapping[tuple[str, str], int]) -> None:
        self.house, self.units = house, units
        self._read_to = 0
        self._states: dict[tuple[str, str], str] = {}

    def look(self) -> None:
        self.house.wiring.read(self._look)
        self.nothing_twice()

    def _look(self, session: Session) -> None:
        found = check_all(session, real_now=self.house.real_now)
        broken = {name: ids for name, ids in found.items() if ids}
        assert not broken, broken
        self._trail(session)
        self._money(session)
        self._stock(session)

    def _trail(self, session: Session) -> None:
        """States change along the tables only, and every change is in the trail."""
        rows = session.execute(sa.select(_audit).where(_audit.c.id > self._read_to).order_by(_audit.c.id)).mappings()
        for row in rows:
            self._read_to = row["id"]
            machine, key = row["aggregate"], (row["aggregate"], row["aggregate_id"])
            if machine == "shipment" and row["cause"] == "tracking":  # all scans together may leave an end
                check_parcel(row["from_state"] or "unknown", row["to_state"], by_events=True)
            elif machine in MACHINES and row["from_state"] not in ("", row["to_state"]):
                allowed = {str(state): targets for state, targets in MACHINES[machine].items()}
                assert row["to_state"] in allowed[row["from_state"]], (
                    f"{machine}: {row['from_state']} -> {row['to_state']}"
                )
            if machine in COLUMNS:
                before = self._states.get(key, "unsubmitted" if machine == "request" else "")
                assert before == row["from_state"], f"{key} was {before}, not {row['from_state']}"
                self._states[key] = row["to_state"]
        for machine, (table, column) in COLUMNS.items():
            for row in session.execute(sa.text(f"SELECT id, {column} AS state FROM {table}")).mappings():
                told = self._states.get((machine, row["id"]), "unsubmitted" if machine == "request" else "")
                assert told == row["state"], f"{machine} {row['id']}: the trail says {told}, the row {row['state']}"

    def _money(self, session: Session) -> None:
        """Nothing is taken or given back that the shop does not know; the books follow the transactions exactly."""
        orders = {order["id"]: order for order in _rows(session, "SELECT id, external_id, total_minor FROM orders")}
        for row in _rows(session, "SELECT order_id, captured_minor, refunded_minor FROM payment"):
            known = self.house.outside.orders[orders[row["order_id"]]["external_id"]]
            assert 0 <= row["refunded_minor"] <= row["captured_minor"] <= known.captured_minor
            assert row["refunded_minor"] <= known.refunded_minor
        posted = {
            row["order_id"]: row["minor"]
            for row in _rows(
                session,
                "SELECT e.order_id, sum(l.amount_minor) AS minor FROM journal_line l"
                " JOIN journal_entry e ON e.id = l.entry_id WHERE l.account = 'cash:card' GROUP BY e.order_id",
            )
        }
        facts = _rows(
            session,
            "SELECT order_id, sum(CASE WHEN kind = 'refund' THEN -amount_minor WHEN kind IN ('sale', 'capture')"
            " THEN amount_minor ELSE 0 END) AS minor FROM money_transaction WHERE status = 'success' GROUP BY order_id",
        )
        waiting = {row["id"] for row in _rows(session, "SELECT id FROM work WHERE stage = 'reconcile'")}
        for row in facts:
            if f"reconcile:{row['order_id']}" not in waiting:
                assert posted.get(row["order_id"], 0) == row["minor"]

    def _stock(self, session: Session) -> None:
        """All promises ever kept at a node, gone ones too, are never more than what has ever lain there."""
        kept = _rows(
            session,
            "SELECT location_id, sku, sum(quantity) AS units FROM reservation WHERE holder <> 'released'"
            " GROUP BY location_id, sku",
        )
        for row in kept:
            assert row["units"] <= self.units[row["location_id"], row["sku"]]

    def nothing_twice(self) -> None:
        twice = {deed: count for deed, count in self.house.outside.accepted.items() if count > 1}
        assert not twice, twice


def _rows(session: Session, statement: str) -> list[Mapping[str, Any]]:
    return list(session.execute(sa.text(statement)).mappings())
