"""The world outside as far as a story needs it: a shop, a 3PL, a carrier and a mailbox, each with what it has done.

Nothing here knows the ledger: effects come in as rows, statements go out as the connectors would hand them over.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from domain.nodes import NodeLine, NodeOrder, NodeShipment, NodeState
from domain.order import (
    Address,
    IncomingLine,
    IncomingOrder,
    IncomingTransaction,
    Risk,
    RiskLevel,
    ShopFulfilmentLine,
    ShopFulfilmentOrder,
    ShopHold,
    TransactionKind,
    TransactionStatus,
)
from domain.parcels import Label, ParcelState, Tracker, TrackingEvent
from ledger.effects import EffectRow, Verdict

PRICE = 1000
HOME = Address(
    name="Ada Lovelace", line1="12 Main Street", city="Boston", region="MA", postal_code="02110", country="US"
)
AWAY = Address(name="Ada Lovelace", line1="7 Elm Street", city="Troy", region="NY", postal_code="12180", country="US")
_K, _S = TransactionKind, TransactionStatus


@dataclass
class ShopOrder:
    """An order as its shop has it now."""

    number: int
    placed_at: datetime
    units: dict[str, int]
    payment: str
    risk: str
    address: Address = HOME
    revision: int = 0
    cancelled_at: datetime | None = None
    held: bool = False
    transactions: list[IncomingTransaction] = field(default_factory=list)
    parcels: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        kind = {"paid": _K.SALE, "pending": _K.SALE, "authorised": _K.AUTHORIZATION}[self.payment]
        self.transact(kind, self.total_minor, _S.PENDING if self.payment == "pending" else _S.SUCCESS)

    @property
    def id(self) -> str:
        return f"gid://order/{self.number}"

    @property
    def total_minor(self) -> int:
        return PRICE * sum(self.units.values())

    @property
    def captured_minor(self) -> int:
        return self._sum(_K.SALE, _K.CAPTURE)

    @property
    def refunded_minor(self) -> int:
        return self._sum(_K.REFUND)

    def _sum(self, *kinds: TransactionKind) -> int:
        return sum(t.amount_minor for t in self.transactions if t.kind in kinds and t.status is _S.SUCCESS)

    def transact(
        self, kind: TransactionKind, amount: int, status: TransactionStatus = _S.SUCCESS, *, parent: str = ""
    ) -> str:
        number = f"{self.number}.{len(self.transactions) + 1}"
        expires = self.placed_at + timedelta(days=7) if kind is _K.AUTHORIZATION else None
        self.transactions.append(
            IncomingTransaction(
                number, kind, status, amount, "card", self.placed_at, parent, authorization_expires_at=expires
            )
        )
        return number

    def open_authorisation(self) -> str:
        taken = {t.parent_external_id for t in self.transactions}
        return next(
            (t.external_id for t in self.transactions if t.kind is _K.AUTHORIZATION and t.external_id not in taken), ""
        )

    def act(self, what: str, now: datetime) -> None:
        """What a customer or the merchant does in the shop."""
        if self.cancelled_at is not None:
            return
        if what == "cancel":
            self.cancelled_at = now
            if rest := self.captured_minor - self.refunded_minor:
                self.transact(_K.REFUND, rest)
            if auth := self.open_authorisation():
                self.transact(_K.VOID, 0, parent=auth)
        elif what == "pay" and self.captured_minor == 0 and self.payment == "pending":
            self.transactions = [t for t in self.transactions if t.status is not _S.PENDING]
            self.transact(_K.SALE, self.total_minor)
        elif what == "refund" and self.captured_minor - self.refunded_minor >= PRICE:
            self.transact(_K.REFUND, PRICE)
        elif what == "move":
            self.address = AWAY if self.address == HOME else HOME
        elif what == "fewer":
            sku = max(self.units, key=lambda sku: self.units[sku])
            if self.units[sku] > 1:
                self.units[sku] -= 1
        elif what == "clear":
            self.risk = "low"
        self.revision += 1

    def statement(self) -> IncomingOrder:
        ended = self.cancelled_at is not None
        lines = tuple(
            IncomingLine(f"{self.number}/{sku}", sku, sku, 0 if ended else count, PRICE)
            for sku, count in self.units.items()
        )
        part = ShopFulfilmentOrder(
            f"{self.number}/fo",
            "cancelled" if ended else ("on_hold" if self.held else "open"),
            tuple(ShopFulfilmentLine(f"fol/{line.external_id}", line.external_id, line.quantity) for line in lines),
            (ShopHold(f"hold/{self.number}", "aftercart", True),) if self.held else (),
        )
        return IncomingOrder(
            self.id, f"#{self.number}", self.placed_at, self.placed_at + timedelta(seconds=self.revision), "USD", lines,
            self.total_minor, email=f"ada{self.number}@example.com", shipping_address=self.address,
            shipping_code="standard", cancelled_at=self.cancelled_at, transactions=tuple(self.transactions),
            fulfilment_orders=(part,), risk=Risk(RiskLevel(self.risk)),
        )  # fmt: skip


@dataclass
class AtNode:
    """An order as a 3PL has it under our reference."""

    reference: str
    lines: dict[str, int]
    cancelled: bool = False
    parcels: list[NodeShipment] = field(default_factory=list)

    def left(self) -> dict[str, int]:
        gone = Counter({sku: 0 for sku in self.lines})
        for parcel in self.parcels:
            gone.update({line.sku: line.quantity for line in parcel.lines})
        return {sku: count - gone[sku] for sku, count in self.lines.items() if count > gone[sku]}

    def ship(self, now: datetime, *, whole: bool, numbered: bool = True) -> NodeShipment | None:
        left = {} if self.cancelled else self.left()
        if not left:
            return None
        lines = tuple(NodeLine(sku, count if whole else 1) for sku, count in left.items())
        number = f"{self.reference}/{len(self.parcels) + 1}"
        parcel = NodeShipment(
            number, NodeState.SHIPPED, "Completed", lines if whole else lines[:1], f"1Z{number}" if numbered else "",
            "", "ups", "ground", now,
        )  # fmt: skip
        self.parcels.append(parcel)
        return parcel

    def snapshot(self) -> NodeOrder:
        state = NodeState.CANCELLED if self.cancelled else NodeState.PICKING
        if self.parcels and not self.left():
            state = NodeState.SHIPPED
        return NodeOrder(f"node/{self.reference}", self.reference, state, tuple(self.parcels))


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
            self.at_node[reference] = AtNode(reference, dict(facts["lines"]))
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

    def scan(self, tracker: str, state: ParcelState, at: datetime) -> None:
        self.scans.setdefault(tracker, []).append(TrackingEvent(state, at, f"{state}.{at:%H%M%S}"))

    def tracker(self, tracker: str, *, seen: int | None = None) -> Tracker:
        """The tracker with all its scans, or an older answer with the first `seen`."""
        events = self.scans.get(tracker, [])
        return Tracker(tracker, tracker.removeprefix("trk/"), "ups", tuple(events[:seen]))
