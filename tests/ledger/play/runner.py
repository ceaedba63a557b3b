"""The request runner of a story: the steps of an edit between two commits, with the vendors of the story."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from domain.nodes import NodeLine, request_digest
from domain.order import IncomingOrder
from domain.states import ENDED_EDIT, EditState
from ledger.editing import applying, ending, gate, requests, stages
from ledger.editing.requests import RequestRow, TakenOver
from ledger.editing.stages import Progress
from ledger.orders import address_of, contacts
from ledger.rows import select_by
from ledger.tables import EditRequest, Order
from tests.ledger.play.house import House

_AFTER = {EditState.AT_NODE: EditState.COMMITTING, EditState.COMMITTING: EditState.CONFIRMING}
LOOKS = 6


class Runner:
    def __init__(self, house: House) -> None:
        self.house = house

    def work(self, fate: str, call: str) -> int:
        """Take what is due as far as it comes; returns how many requests that were. A transaction that dies or is
        late leaves its request to whoever comes after the lease."""
        claimed = self.house.run(requests.claim_due, limit=25, **self.house.clocks)
        for row in claimed.rows:
            while self._step(row["id"], claimed.lease.token, fate, call):
                pass
        return len(claimed.rows)

    def _step(self, request_id: str, token: int, fate: str, call: str) -> bool:
        """Whether the next may follow at once."""
        [request] = self.house.wiring.read(select_by, EditRequest, "id", [request_id])
        if request["state"] in ENDED_EDIT or request["lease_token"] != token:
            return False
        state, outcome = EditState(request["state"]), None
        if state is EditState.FENCING:
            outcome = self._held(gate.fence_order, request, token, self.house.wiring.policies, fate=fate)
            if outcome == "busy":
                return self._rest(request, token, 60)
        elif state in (EditState.AT_NODE, EditState.COMMITTING, EditState.UNDOING):
            outcome = self._calls(request, token, state, fate, call)
        elif state is EditState.CONFIRMING:
            outcome = self._confirm(request, token, fate)
        elif state is EditState.PARKED:
            outcome = self._settle(request, token, fate)
        return outcome is not None

    def _held(self, function: Callable[..., Any], request: RequestRow, token: int, *args: Any, fate: str) -> Any:
        def call(session: Session) -> Any:
            try:
                return function(session, request["id"], token, *args, self.house.now)
            except TakenOver:
                return None

        return self.house.run(call, fate="fine" if fate == "twice" else fate)

    def _rest(self, request: RequestRow, token: int, seconds: float) -> bool:
        due = self.house.now + timedelta(seconds=seconds)
        self.house.run(requests.rest, request["id"], token, due)
        return False

    def _calls(self, request: RequestRow, token: int, state: EditState, fate: str, call: str) -> Any:
        def ask(session: Session) -> Progress:
            return stages.advance(session, request["id"], token, **self.house.clocks)

        while True:
            progress: Progress = self.house.run(ask)
            if progress.name != "send":
                break
            self.house.send(progress.rows, call)
        policies = self.house.wiring.policies
        if progress.name == "waiting":
            return self._rest(request, token, 60) or None
        if state is EditState.UNDOING:
            stated = self._differences(request)[1]
            if progress.name == "done":
                return self._held(applying.undo_done, request, token, stated, policies, fate=fate)
            gone = stated.cancelled_at
            if gone is not None and self._held(ending.cancelled_meanwhile, request, token, gone, fate=fate):
                return "order_cancelled"
            return self._held(ending.park, request, token, [f"undo:{progress.code}"], fate=fate)
        if progress.name == "done":
            self._held(gate.move_on, request, token, _AFTER[state], fate=fate)
            return None if fate in ("dies", "late") else "done"
        if progress.name == "refused":
            return self._held(ending.undo, request, token, progress.code, fate=fate)
        return self._held(ending.park, request, token, ["effect_parked"], fate=fate)

    def _confirm(self, request: RequestRow, token: int, fate: str) -> Any:
        unlike, stated = self._differences(request)
        if stated.cancelled_at is not None and "cancel" not in request["plan"].get("shop", []):
            return self._held(ending.cancelled_meanwhile, request, token, stated.cancelled_at, fate=fate)
        if not unlike:
            return self._held(applying.apply_edit, request, token, stated, self.house.wiring.policies, fate=fate)
        if request["attempts"] < LOOKS:
            return self._rest(request, token, 60) or None
        return self._held(ending.park, request, token, unlike, fate=fate)

    def _settle(self, request: RequestRow, token: int, fate: str) -> Any:
        verdict, policies = request["plan"].get("verdict", ""), self.house.wiring.policies
        if verdict == "undone":
            return self._held(applying.undo_done, request, token, None, policies, fate=fate)
        unlike, stated = self._differences(request)
        if verdict == "applied" or (verdict and not unlike):
            return self._held(applying.apply_edit, request, token, stated, policies, fate=fate)
        if verdict:
            self._held(ending.ask_again, request, token, unlike, fate="fine")
        return self._rest(request, token, 3600) or None

    def _differences(self, request: RequestRow) -> tuple[list[str], IncomingOrder]:
        """What `tasks.editing.confirming` would read back."""
        plan = request["plan"]

        def read(session: Session) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
            [order] = select_by(session, Order, "id", [request["order_id"]])
            wanted = plan.get("contact_after") or plan["contact_before"]
            return order, contacts(session, [wanted])[wanted]

        order, contact = self.house.wiring.read(read)
        shop = self.house.outside.orders[order["external_id"]]
        unlike = [
            f"node:{step.fulfilment_order}"
            for step in stages.steps_of(request)
            if step.how == "node" and not self._as_wanted(step, contact)
        ]
        if "address" in plan["shop"] and shop.address != address_of(contact):
            unlike.append("shop:address")
        units = {line.external_id: line.quantity for line in shop.statement().lines}
        if "lines" in plan["shop"] and any(units[i] != n for i, n in plan["lines"]["quantities"].items()):
            unlike.append("shop:lines")
        return unlike, shop.statement()

    def _as_wanted(self, step: Any, contact: Mapping[str, Any]) -> bool:
        found = self.house.outside.at_node.get(step.reference)
        if found is None or found.cancelled or step.cancel:
            return step.cancel and (found is None or found.cancelled)
        has = [NodeLine(sku, count) for sku, count in found.lines.items()]
        wanted = [NodeLine(sku, count) for sku, count in step.after.items()]
        return request_digest(found.address, has) == request_digest(address_of(contact), wanted)
