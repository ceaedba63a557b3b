"""Our side of a story: the product's own transactions, run, rolled back, abandoned, repeated or late.

Every move is what a worker does between two commits. `fate` says how its transaction goes: `fine`, `dies` (rolled
back, its claim is left behind), `twice` (the same rows again under the same claim), `late` (kept, to be run when
somebody else may have taken over).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from config.wiring import Wiring
from domain.catalogue import NodeStock
from domain.order import IncomingOrder
from ledger import deadlines, effects, inbox, operator, picking, queue, scans, stock
from ledger.claims import LEASE
from ledger.effects import EffectRow, Verdict
from ledger.node_effects import requests_for
from ledger.orders import address_of, contacts
from ledger.restock import wake_waiting
from ledger.rows import select_by
from ledger.tables import Order, ReviewCase, Shipment
from ledger.tracking import record_trackers
from tasks import capture, fulfil, reconcile, route, validate
from tasks.deadlines import act
from tasks.effect_kinds import KINDS
from tasks.effects import looks_first, settle_and_follow
from tasks.picking import _carry_out
from tasks.warehouse_sweep import store_locations
from tests.ledger.play.outside import Outside
from tests.ledger.support import NOW, REAL

HANDLERS = {name: kind.handlers for name, kind in KINDS.items()}
SHOP = SimpleNamespace(system="shopify", account="alpha")
KEPT = ("clock", "claim_counter")


class Dies(Exception):
    """The process is gone before its commit."""


def empty(session: Session) -> None:
    """As the migrations leave a ledger."""
    for table in reversed(SQLModel.metadata.sorted_tables):
        if table.name not in KEPT:
            session.execute(sa.delete(table))


class House:
    def __init__(self, wiring: Wiring, outside: Outside) -> None:
        self.wiring, self.outside = wiring, outside
        self.now, self.real_now = NOW, REAL
        self.answers: list[tuple[EffectRow, Verdict]] = []  # of calls that were made, not recorded yet
        self.late: list[Callable[[], Any]] = []
        wiring.ledger(empty)
        wiring.ledger(store_locations, wiring.policies)

    def run(self, function: Callable[..., Any], *args: Any, fate: str = "fine", **kwargs: Any) -> Any:
        """A transaction with its fate; None when nothing came of it."""
        call = partial(self.wiring.ledger, function, *args, **kwargs)
        if fate == "dies":

            def dying(session: Session) -> None:
                function(session, *args, **kwargs)
                raise Dies

            try:
                self.wiring.ledger(dying)
            except Dies:
                return None
        if fate == "late":
            self.late.append(call)
            return None
        result = call()
        if fate == "twice":
            call()
        return result

    @property
    def clocks(self) -> dict[str, datetime]:
        return {"now": self.now, "real_now": self.real_now}

    # the six stages

    def told(self, statements: Sequence[IncomingOrder], fate: str, call: str) -> None:
        said = [capture.Said(one.external_id, one) for one in statements]
        found = self.run(capture.store, said, {}, 0, shop=SHOP, policies=self.wiring.policies, **self.clocks, fate=fate)
        self.send(found[1] if found else [], call)

    def asked_again(self, fate: str, call: str) -> int:
        """Deliveries that make us ask the shop."""
        claimed = self.run(inbox.claim_inbox, SHOP.system, limit=25, **self.clocks)
        said = [
            capture.Said(row["subject"], self.outside.orders[row["subject"]].statement(), [row]) for row in claimed.rows
        ]
        if said:
            token, policies = claimed.lease.token, self.wiring.policies
            found = self.run(capture.store, said, {}, token, shop=SHOP, policies=policies, **self.clocks, fate=fate)
            self.send(found[1] if found else [], call)
        return len(said)

    def work(self, stage: str, fate: str, call: str, limit: int = 25) -> int:
        claimed = self.run(queue.claim_work, stage, limit=limit, **self.clocks)
        rows, token, policies = claimed.rows, claimed.lease.token, self.wiring.policies
        if not rows:
            return 0
        if stage == "validate":
            self.run(validate.judge, rows, [], token, policies=policies, now=self.now, fate=fate)
        elif stage == "route":
            self.run(route.promise, rows, token, policies=policies, now=self.now, fate=fate)
        elif stage == "fulfil":
            done = self.run(fulfil.release, rows, token, **self.clocks, fate=fate)
            self.send(done[2] if done else [], call)
        else:
            self.run(reconcile.post, rows, token, now=self.now, fate=fate)
        return len(rows)

    def publish(self, fate: str) -> None:
        self.run(picking.publish_pick_lists, self.wiring.policies, self.now, fate=fate)

    # effects

    def send(self, rows: Sequence[EffectRow], call: str) -> None:
        """Make the calls of claimed effects, and of what follows from them."""
        waiting = list(rows)
        while waiting:
            row = waiting.pop(0)
            answer = self._call(row, call)
            if answer is None:
                continue
            if call == "slow":
                self.answers.append((row, answer))
            else:
                waiting += self.settle(row, answer)

    def _call(self, row: EffectRow, call: str) -> Verdict | None:
        kind, facts = KINDS[row["kind"]], self._facts(row)
        if looks_first(kind, row):
            found = self.outside.look_up(row, facts, self.now)
            if found.name != "absent":
                return found
        nobody_knows = Verdict("unknown" if kind.handlers.keyed or kind.look_up else "doubt", code="cut_off")
        if call == "busy":
            return Verdict("retry", code="busy")
        if call == "refused":
            return Verdict("rejected", code="refused")
        if call in ("cut", "dies_before"):
            return nobody_knows if call == "cut" else None
        answer = self._at_vendor(row, facts)
        if call == "dies_after":
            return None
        return nobody_knows if call == "lost" and answer.name == "done" else answer

    def _at_vendor(self, row: EffectRow, facts: Mapping[str, Any]) -> Verdict:
        if row["kind"] == "node.cancel" and row["target"].startswith("own/"):  # the sheet is ours
            late = self.run(picking.recall, row["subject_id"], self.now) == "too_late"
            return Verdict("rejected", code="too_late") if late else Verdict("done")
        return self.outside.call(row, facts, self.now)

    def _facts(self, row: EffectRow) -> dict[str, Any]:
        """What the sender reads before it calls."""

        def read(session: Session) -> dict[str, Any]:
            found: dict[str, Any] = {}
            for order in select_by(session, Order, "id", [row["order_id"]]):
                found["order"] = order["external_id"]
            if row["kind"] == "node.create_order":
                asked = requests_for(session, [row["subject_id"]])[row["subject_id"]]
                found["lines"] = {line["sku"]: line["quantity"] for line in asked["lines"]}
                found["address"] = address_of(asked["contact"])
            if "contact" in row["request"]:
                contact_id = row["request"]["contact"]
                found["address"] = address_of(contacts(session, [contact_id])[contact_id])
            if row["kind"] == "tracker.create":
                found["tracking_number"] = select_by(session, Shipment, "id", [row["subject_id"]])[0]["tracking_number"]
            return found

        return self.wiring.read(read)

    def settle(self, row: EffectRow, answer: Verdict) -> list[EffectRow]:
        follow: list[EffectRow] = self.run(settle_and_follow, [(row, answer)], HANDLERS, **self.clocks)
        return follow

    def late_answer(self, call: str) -> None:
        """Record an answer that was long on its way."""
        if self.answers:
            row, answer = self.answers.pop(0)
            self.send(self.settle(row, answer), call)

    def late_writer(self) -> None:
        """A worker that was thought dead goes on where it was."""
        if self.late:
            self.late.pop(0)()

    def all_die(self) -> None:
        """Every worker is killed with what it knows; its leases run out."""
        self.answers.clear()
        self.late.clear()
        self.expire()

    def expire(self) -> None:
        """Leases run out while their holders may only be slow."""
        self.real_now += LEASE + timedelta(seconds=1)

    def leftovers(self, call: str, fate: str = "fine") -> int:
        self.run(effects.expire_leases, **self.clocks)
        unknown = self.run(effects.claim_unknown, list(KINDS), limit=25, **self.clocks, fate=fate)
        for row in unknown.rows if unknown else []:
            kind = KINDS[row["kind"]]
            if kind.look_up is None:
                answer = Verdict("absent", code="keyed") if kind.handlers.keyed else Verdict("doubt", code="died")
            else:
                answer = self.outside.look_up(row, self._facts(row), self.now)
            self.send(self.settle(row, answer), call)
        rows = self.run(effects.claim_planned, list(KINDS), HANDLERS, limit=25, **self.clocks, fate=fate)
        self.send(rows or [], call)
        return len(rows or []) + len(unknown.rows if unknown else [])

    # what others say

    def node_says(self, snapshots: Sequence[Any], fate: str, call: str) -> None:
        said = [(snapshot, ()) for snapshot in snapshots]
        found = self.run(fulfil.record, said, 0, policies=self.wiring.policies, **self.clocks, fate=fate)
        self.send(found[1] if found else [], call)

    def carrier_says(self, trackers: Sequence[Any], fate: str) -> None:
        self.run(record_trackers, trackers, self.now, self.wiring.policies, fate=fate)

    def count_stock(self, node: str, said: Mapping[str, tuple[int, int]], read_at: datetime, fate: str) -> None:
        """A reading: on hand and free by SKU, asked at a time."""
        levels = [NodeStock(sku=sku, on_hand=on_hand, free=free) for sku, (on_hand, free) in said.items()]
        safety = self.wiring.policies.node(node).safety_stock

        def read(session: Session) -> None:
            risen = stock.record_reading(session, node, levels, read_at=read_at, safety_stock=safety, now=self.now)
            wake_waiting(session, risen, self.now)

        self.run(read, fate=fate)

    def scan(self, location: str, scan: scans.Scan) -> str:
        refused: str = self.run(scans.take_scan, location, scan, self.now)
        return refused

    def carry_out_scans(self, fate: str) -> int:
        claimed = self.run(inbox.claim_inbox, scans.SOURCE, limit=25, **self.clocks)
        for event in claimed.rows:
            self.run(_carry_out, event, claimed.lease.token, self.now, fate=fate)
        return len(claimed.rows)

    def watch(self, fate: str, call: str) -> int:
        claimed = self.run(deadlines.claim_due, limit=25, **self.clocks)
        done = self.run(act, claimed.rows, **self.clocks, fate=fate) if claimed.rows else None
        self.send(done[1] if done else [], call)
        return len(claimed.rows)

    def person(self, case: Mapping[str, Any], choice: str) -> bool:
        """Whether it could be decided now: an order that is being changed by an edit is left alone."""
        try:
            self.run(operator.resolve_case, case["id"], choice, self.now, HANDLERS)
        except operator.Refused as refused:
            if "being changed by an edit" not in str(refused):
                raise
            return False
        return True

    def was_done(self, effect_id: str) -> bool:
        """What a person finds who looks at the vendor's."""
        [row] = self.rows(f"SELECT * FROM effect WHERE id = '{effect_id}'")
        return bool(self.outside.accepted[row["kind"], row["key"]])

    def rows(self, statement: str) -> list[Mapping[str, Any]]:
        def read(session: Session) -> list[Mapping[str, Any]]:
            return list(session.execute(sa.text(statement)).mappings())

        return self.wiring.read(read)

    def open_cases(self) -> list[Mapping[str, Any]]:
        def read(session: Session) -> list[Mapping[str, Any]]:
            return [row for row in select_by(session, ReviewCase, "state", ["open"], order_by="key")]

        return self.wiring.read(read)
