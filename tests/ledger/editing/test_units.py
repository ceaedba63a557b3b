"""Edits of all kinds after one another, with sales and parcels in between: units are neither made nor lost, and what
was promised to a request is what its order has in the end."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from config.wiring import Wiring
from domain.nodes import NodeLine, NodeOrder, NodeShipment, NodeState
from ledger import effects, orders
from ledger.editing import at_nodes, promises, sheets
from ledger.editing.replan import replan, untold
from ledger.fencing import lift_fence
from ledger.fulfilment import advance_fulfilment_orders, fulfilment_lines_of, fulfilment_orders_of
from ledger.rows import select_by, update_by
from ledger.shipments import node_cancelled, record_node_orders
from ledger.tables import EditRequest, OrderLine
from tests.ledger.editing.stall import Stall
from tests.ledger.play.house import empty
from tests.ledger.play.test_machine import without_waiting

STOCK = {
    ("north", "CUP"): 3, ("south", "CUP"): 2, ("work", "CUP"): 4,
    ("work", "POT"): 5, ("north", "LID"): 2, ("work", "LID"): 5, ("north", "GAS"): 2,
}  # fmt: skip
BASKETS = ({"CUP": 2}, {"POT": 1, "CUP": 1}, {"GAS": 1, "LID": 1}, {"SET": 1}, {"CUP": 4})
WISHES = st.fixed_dictionaries({}, optional={sku: st.integers(0, 3) for sku in ("CUP", "POT", "LID", "SET", "GAS")})
ENDS = st.sampled_from(["applied", "applied", "applied", "undone", "withdrawn"])
UNTIL = st.sampled_from(["picked", "packed", "handed_over"])
ACTS = st.one_of(
    st.tuples(st.just("edit"), st.integers(0, 3), WISHES, ENDS, UNTIL),
    st.tuples(st.just("buy"), st.sampled_from(BASKETS)),
    st.tuples(st.just("edit"), st.integers(0, 3), WISHES, ENDS, UNTIL),
    *[st.tuples(st.just("tell"), st.integers(0, 3))] * 2,
    st.tuples(st.just("work"), st.integers(0, 3), st.sampled_from(["picked", "packed", "handed_over"])),
    st.tuples(st.just("ship"), st.integers(0, 3)),
)


class Edits:
    """The seller, told in whole edits."""

    def __init__(self, wiring: Wiring) -> None:
        wiring.ledger(empty)
        self.stall = Stall(wiring, STOCK)
        self.bought: list[str] = []

    def act(self, name: str, *given: Any) -> None:
        getattr(self, name)(*given)
        self.stall.sound()

    def buy(self, basket: Mapping[str, int]) -> None:
        if len(self.bought) < 4:
            self.bought.append(self.stall.buy(basket))

    def open(self, number: int) -> str:
        """An order that still goes somewhere, "" when there is none."""
        able = [o for o in self.bought if self.stall.order(o)["state"] in ("routing", "in_fulfilment")]
        return able[number % len(able)] if able else ""

    def tell(self, number: int) -> None:
        if order := self.open(number):
            self.stall.told(order)

    def work(self, number: int, event: str) -> None:
        part = self.stall.live(order).get("work") if (order := self.open(number)) else None
        if part and part["pick_list_id"]:
            assert "" == self.stall.scan(part["id"], event)
            self.stall.carry_out_scans()

    def ship(self, number: int) -> None:
        order = self.open(number)
        for part in self.stall.live(order).values() if order else []:
            if part["location_id"] != "work" and part["state"] == "in_progress":
                self.stall.wiring.ledger(self._leaves, part)

    def _leaves(self, session: Session, part: Mapping[str, Any]) -> None:
        lines = fulfilment_lines_of(session, [part["id"]])[part["id"]]
        content = tuple(NodeLine(line["sku"], line["quantity"] - line["shipped"]) for line in lines)
        parcel = NodeShipment(f"p{part['id']}", NodeState.SHIPPED, "", content, part["id"])
        said = NodeOrder(part["node_external_id"], f"{part['id']}.1", NodeState.SHIPPED, (parcel,))
        _, wanted = record_node_orders(session, [said], self.stall.policies, self.stall.now)
        effects.plan(session, wanted, self.stall.now)

    # an edit, step by step

    def edit(self, number: int, wish: Mapping[str, int], end: str, until: str) -> None:
        if not (order := self.open(number)):
            return
        request = self.stall.request(order, "requested")
        wanted, added = self._read(order, wish)
        missing = self._locked(order, promises.reserve_for_request, request, added, self.stall.policies, self.stall.now)
        self.stall.sound()
        if missing or end == "withdrawn":
            self.stall.wiring.ledger(promises.release_request, request, self.stall.now)
            self.stall.set_state(request, "withdrawn")
            return
        version = self.stall.order(order)["version"]
        self.stall.wiring.ledger(orders.fence, order, by="edit", token=request, base_version=version)
        self.stall.set_state(request, "at_node")
        late = [outcome for outcome in self._recall(order, until) if outcome not in ("off_list", "not_listed")]
        self.stall.sound()
        undone = bool(late) or end == "undone"
        self._locked(order, self._end, request, {} if undone else wanted, undone)
        if not late and end == "applied":
            have = {sku: self.stall.line(order, sku) for sku in wanted}
            assert wanted == {sku: row["reserved"] + row["backordered"] for sku, row in have.items()}
            assert all(not row["backordered"] for sku, row in have.items() if sku in added), "promised, then lost"

    def _locked(self, order: str, function: Any, *args: Any) -> Any:
        return self.stall.act(order, function, *args)

    def _read(self, order: str, wish: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
        """What can be wished for: not less than what is on its way already; and what is more of it."""
        lines = {row["sku"]: row for row in self.stall.wiring.read(select_by, OrderLine, "order_id", [order])}
        fixed = self.stall.wiring.read(self._fixed, order)
        wanted = {sku: max(units, fixed.get(sku, 0)) for sku, units in wish.items()}
        had = {sku: row["reserved"] for sku, row in lines.items()}
        return wanted, {sku: units - had.get(sku, 0) for sku, units in wanted.items() if units > had.get(sku, 0)}

    def _fixed(self, session: Session, order: str) -> dict[str, int]:
        """Ordered units of parcels that have left, or of which a part has."""
        skus = {row["id"]: row["sku"] for row in select_by(session, OrderLine, "order_id", [order])}
        units: dict[str, int] = {}
        for row in fulfilment_orders_of(session, [order])[order]:
            parts = fulfilment_lines_of(session, [row["id"]])[row["id"]]
            if any(part["shipped"] for part in parts):
                for line, count in _whole(parts).items():
                    units[skus[line]] = units.get(skus[line], 0) + count
        return units

    def _recall(self, order: str, until: str) -> list[str]:
        def recall(session: Session, _: Any) -> list[str]:
            parts = [row for row in fulfilment_orders_of(session, [order])[order] if row["state"] == "in_progress"]
            ours = [row for row in parts if row["location_id"] == "work"]
            return [sheets.recall_for_edit(session, row, self.stall.now, until=until) for row in ours]

        return list(self._locked(order, recall))

    def _end(self, session: Session, row: Mapping[str, Any], request: str, wanted: Any, undone: Any) -> None:
        """The last transaction."""
        now, order = self.stall.now, row["id"]
        self.stall.want(session, order, wanted)
        drafts = []
        for part in self._told(session, row):
            if part["location_id"] == "work":
                if undone:
                    sheets.relist(session, part, now)
                else:
                    drafts += sheets.withdraw(session, row, part, now)
        if not undone:
            self._at_3pls(session, row, request)
        replan(session, row, request, self.stall.policies, now)
        update_by(session, EditRequest, [{"id": request, "state": "undone" if undone else "applied"}])
        drafts += lift_fence(session, order, token=request, now=now)
        effects.plan(session, drafts, now)

    def _told(self, session: Session, row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """What nodes have and nothing has left of."""
        unheard = {part["id"] for part in untold(session, row)}
        parts = [
            part
            for part in fulfilment_orders_of(session, [row["id"]])[row["id"]]
            if part["state"] in ("open", "in_progress") and part["id"] not in unheard
        ]
        lines = fulfilment_lines_of(session, [part["id"] for part in parts])
        return [part for part in parts if not any(line["shipped"] for line in lines[part["id"]])]

    def _at_3pls(self, session: Session, row: Mapping[str, Any], request: str) -> None:
        """Each keeps what is still wanted of it, and gets what the request was promised there."""
        fixed, now = self._fixed(session, row["id"]), self.stall.now
        lines = select_by(session, OrderLine, "order_id", [row["id"]])
        left = {line["id"]: line["ordered"] - fixed.get(line["sku"], 0) for line in lines}
        for part in self._told(session, row):
            had = _whole(fulfilment_lines_of(session, [part["id"]])[part["id"]])
            units = {line: min(count, left[line]) for line, count in had.items()}
            for line, count in units.items():
                left[line] -= count
            here = {
                (promise["location_id"], promise["sku"]): promise["quantity"]
                for promise in promises.promises_of(session, request)
            }
            for line in lines:
                more = min(left[line["id"]], here.get((part["location_id"], line["sku"]), 0))
                left[line["id"]] -= more
                units[line["id"]] = units.get(line["id"], 0) + more
            if any(units.values()):
                at_nodes.changed_at_node(session, part, units, request, now)
            else:
                asked = {"request_state": "cancellation_requested"}
                advance_fulfilment_orders(session, [(part, asked)], "edit", now)
                node_cancelled(session, row, {**part, **asked}, now)


def _whole(parts: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    units: dict[str, int] = {}
    for part in parts:
        count = part["quantity"] // part["per_unit"]
        units[part["order_line_id"]] = min(units.get(part["order_line_id"], count), count)
    return units


SWAP_ON_THE_SHEET = [
    ("buy", {"POT": 1, "CUP": 1}), ("tell", 0), ("work", 0, "picked"),
    ("edit", 0, {"POT": 0, "SET": 1}, "applied", "packed"), ("tell", 0), ("work", 0, "handed_over"),
]  # fmt: skip
MORE_AT_THE_NODE = [
    ("buy", {"GAS": 1, "LID": 1}), ("tell", 0), ("edit", 0, {"CUP": 2, "GAS": 2}, "applied", "picked"), ("ship", 0),
]  # fmt: skip
TOO_LATE = [
    ("buy", {"POT": 1, "CUP": 1}),
    ("tell", 0),
    ("work", 0, "picked"),
    ("edit", 0, {"CUP": 3}, "applied", "picked"),
]
LAST_UNITS = [
    ("buy", {"CUP": 2}),
    ("edit", 0, {"CUP": 3, "SET": 1}, "undone", "packed"),
    ("buy", {"CUP": 4}),
    ("buy", {"SET": 1}),
]


@pytest.mark.row("EDT-3")
@pytest.mark.row("EDT-4")
def test_units_are_conserved_through_any_edits(wiring: Wiring) -> None:
    on_sqlite = wiring.engine.dialect.name == "sqlite"
    if on_sqlite:
        sa.event.listen(wiring.engine, "connect", without_waiting)

    @settings(
        max_examples=12 if on_sqlite else 3, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(told=st.integers(0, 2), acts=st.lists(ACTS, min_size=2, max_size=7))
    @example(0, SWAP_ON_THE_SHEET)
    @example(0, MORE_AT_THE_NODE)
    @example(0, TOO_LATE)
    @example(0, LAST_UNITS)
    def play(told: int, acts: list[tuple[Any, ...]]) -> None:
        edits = Edits(wiring)
        for basket in BASKETS[:2]:
            edits.act("buy", basket)
        for number in range(told):
            edits.act("tell", number)
        for name, *given_ in acts:
            edits.act(name, *given_)

    play()
