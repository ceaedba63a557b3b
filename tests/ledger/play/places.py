"""What a shop and a 3PL have of a story's orders, and what they state of them."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

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
            [asked] = [t for t in self.transactions if t.status is _S.PENDING]
            self.transactions.remove(asked)
            self.transact(_K.SALE, asked.amount_minor)
        elif what == "refund" and self.captured_minor - self.refunded_minor >= PRICE:
            self.transact(_K.REFUND, PRICE)
        elif what == "move":
            self.address = AWAY if self.address == HOME else HOME
        elif what == "fewer":
            sku = max(self.units, key=lambda sku: self.units[sku])
            if self.units[sku] > 1:
                self.units[sku] -= 1
        elif what == "more":
            self.units[min(self.units, key=lambda sku: self.units[sku])] += 1
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
    address: Address = HOME
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
