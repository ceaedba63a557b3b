"""The world outside as far as a story needs it: a shop, a 3PL, a carrier and a mailbox, each with what it has done.

Nothing here knows the ledger: effects come in as rows, statements go out as the connectors would hand them over.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.order import TransactionKind as _K
from domain.parcels import Label, ParcelState, Tracker, TrackingEvent
from ledger.effects import EffectRow, Verdict
from tests.ledger.play.places import PRICE, AtNode, ShopOrder


class Outside:
    """All vendors. `accepted` counts deeds by (kind, business key): more than 1 is something done twice.

    Who honours our key counts a deed once however often it is asked for. Who only can be asked (the shop's parcels,
    captures and cancellations) and the mailbox count every call: repeating one blindly is the fault.
    """

    def __init__(self) -> None:
        self.orders: dict[str, ShopOrder] = {}
        self.at_node: dict[str, AtNode] = {}
        self.scans: dict[str, list[TrackingEvent]] = {}
        self.labels: set[str] = set()
        self.accepted: Counter[tuple[str, str]] = Counter()

    def call(self, row: EffectRow, facts: Mapping[str, Any], now: datetime) -> Verdict:
        """Do what an effect asks for; a vendor that honours keys does it once."""
        return getattr(self, "_" + row["kind"].replace(".", "_"))(row, facts, now)

    def look_up(self, row: EffectRow, facts: Mapping[str, Any], now: datetime) -> Verdict:
        """What is there of an effect whose outcome nobody knows. Looking is no deed."""
        if not self.accepted[row["kind"], self._deed(row)]:
            return Verdict("absent")
        counted = self.accepted.copy()
        found = self.call(row, facts, now)
        self.accepted = counted
        return found

    def _deed(self, row: EffectRow) -> str:
        return str(row["request"].get("quote") if row["kind"] == "label.buy" else row["key"])

    def _once(self, row: EffectRow) -> bool:
        """Whether this is new to the vendor; a repetition is answered as the first time."""
        known = bool(self.accepted[row["kind"], self._deed(row)])
        self.accepted[row["kind"], self._deed(row)] = 1
        return not known

    def _again(self, row: EffectRow) -> None:
        """Without a key each call is another deed."""
        self.accepted[row["kind"], self._deed(row)] += 1

    def _shop_hold(self, row: EffectRow, facts: Mapping[str, Any], now: datetime) -> Verdict:
        order = self.orders[facts["order"]]
        if order.cancelled_at is not None and not order.held:
            return Verdict("rejected", code="cancelled")
        self._once(row)
        order.held = True
        return Verdict("done", external_id=f"hold/{order.number}")

    def _shop_release_hold(self, row: EffectRow, facts: Mapping[str, Any], now: datetime) -> Verdict:
        self._once(row)
        self.orders[facts["order"]].held = False
        return Verdict("done")

    def _shop_cancel(self, row: EffectRow, facts: Mapping[str, Any], now: datetime) -> Verdict:
        self._again(row)
        self.orders[facts["order"]].act("cancel", now)
        return Verdict("done")

    def _shop_fulfil(self, row: EffectRow, facts: Mapping[str, Any], now: datetime) -> Verdict:
        order = self.orders[facts["order"]]
        if order.cancelled_at is not None and row["subject_id"] not in order.parcels:
            return Verdict("rejected", code="cancelled")
        self._again(row)
        order.parcels.add(row["subject_id"])
        return Verdict("done", external_id=f"fulfilment/{row['subject_id']}")

    def _shop_capture(self, row: EffectRow, facts: Mapping[str, Any], now: datetime) -> Verdict:
        order, auth = self.orders[facts["order"]], row["request"]["authorization"]
        taken = next((t for t in order.transactions if t.parent_external_id == auth and t.kind is _K.CAPTURE), None)
        if taken is None and order.open_authorisation() != auth:
            return Verdict("rejected", code="expired")
        self._again(row)
        if taken is None:
            number = order.transact(_K.CAPTURE, row["request"]["amount_minor"], parent=auth)
            order.revision += 1
            return Verdict("done", external_id=number)
        return Verdict("done", external_id=taken.external_id)

    def _node_create_order(self, row: EffectRow, facts: Mapping[str, Any], now: datetime) -> Verdict:
        reference = row["request"]["reference"]
        if self._once(row):
            self.at_node[reference] = AtNode(reference, dict(facts["lines"]), facts["address"])
        if self.at_node[reference].cancelled:
            return Verdict("rejected", code="reference_cancelled")
        return Verdict("done", external_id=f"node/{reference}")

    def _node_cancel(self, row: EffectRow, facts: Mapping[str, Any], now: datetime) -> Verdict:
        found = self.at_node.get(row["request"]["reference"])
        if found is not None and found.parcels:
            return Verdict("rejected", code="too_late")
        if found is not None:
            found.cancelled = True
        self._once(row)
        return Verdict("done")

    def _changeable(self, row: EffectRow) -> AtNode | None:
        found = self.at_node[row["request"]["node_order"].removeprefix("node/")]
        return None if found.parcels or found.cancelled else found

    def _node_change_address(self, row: EffectRow, facts: Mapping[str, Any], now: datetime) -> Verdict:
        if (found := self._changeable(row)) is None:
            return Verdict("rejected", code="too_late")
        self._once(row)
        found.address = facts["address"]
        return Verdict("done")

    def _node_change_lines(self, row: EffectRow, facts: Mapping[str, Any], now: datetime) -> Verdict:
        if (found := self._changeable(row)) is None:
            return Verdict("rejected", code="too_late")
        self._once(row)
        found.lines = dict(row["request"]["lines"])
        return Verdict("done")

    def _shop_edit_address(self, row: EffectRow, facts: Mapping[str, Any], now: datetime) -> Verdict:
        order = self.orders[facts["order"]]
        if order.cancelled_at is not None:
            return Verdict("rejected", code="not_editable")
        if self._once(row):
            order.address, order.revision = facts["address"], order.revision + 1
        return Verdict("done")

    def _shop_edit(self, row: EffectRow, facts: Mapping[str, Any], now: datetime) -> Verdict:
        order, wanted = self.orders[facts["order"]], row["request"]
        units = {**order.units, **{line.rpartition("/")[2]: n for line, n in wanted["quantities"].items()}}
        if order.cancelled_at is not None or PRICE * sum(units.values()) != wanted["total_minor"]:
            return Verdict("rejected", code="price_changed")
        if self._once(row):
            order.units, order.revision = units, order.revision + 1
        return Verdict("done")

    def _label_quote(self, row: EffectRow, facts: Mapping[str, Any], now: datetime) -> Verdict:
        self._once(row)
        return Verdict("done", external_id=f"quote/{row['key']}", data={"rate": "r1", "service": "ground"})

    def _label_buy(self, row: EffectRow, facts: Mapping[str, Any], now: datetime) -> Verdict:
        quote = row["request"]["quote"]
        self.accepted[row["kind"], self._deed(row)] += quote not in self.labels
        self.labels.add(quote)
        label = Label(quote, f"1Z{quote}", "ups", "ground", 500, "USD", "label", f"trk/1Z{quote}")
        return Verdict("done", external_id=quote, private={"label": label, "pdf": quote.encode()})

    def _label_void(self, row: EffectRow, facts: Mapping[str, Any], now: datetime) -> Verdict:
        self._once(row)
        return Verdict("done")

    def _tracker_create(self, row: EffectRow, facts: Mapping[str, Any], now: datetime) -> Verdict:
        self._once(row)
        return Verdict("done", external_id=f"trk/{facts['tracking_number']}")

    def _mail_send(self, row: EffectRow, facts: Mapping[str, Any], now: datetime) -> Verdict:
        self._again(row)
        return Verdict("done", data={"template": "1"})

    def _helpdesk_ticket(self, row: EffectRow, facts: Mapping[str, Any], now: datetime) -> Verdict:
        self._again(row)
        return Verdict("done", external_id=f"ticket/{row['subject_id']}")

    def _helpdesk_note(self, row: EffectRow, facts: Mapping[str, Any], now: datetime) -> Verdict:
        self._again(row)
        return Verdict("done")

    def scan(self, tracker: str, state: ParcelState, at: datetime) -> None:
        self.scans.setdefault(tracker, []).append(TrackingEvent(state, at, f"{state}.{at:%H%M%S}"))

    def tracker(self, tracker: str, *, seen: int | None = None) -> Tracker:
        """The tracker with all its scans, or an older answer with the first `seen`."""
        events = self.scans.get(tracker, [])
        return Tracker(tracker, tracker.removeprefix("trk/"), "ups", tuple(events[:seen]))
