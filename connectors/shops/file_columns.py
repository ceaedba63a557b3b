"""The column map of order files, and the translation of one order's cells. Pure; docs/guides/order-files.md
shows the same map to people."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from domain.money import MoneyError, exponent, to_minor
from domain.order import (
    Address,
    IncomingLine,
    IncomingOrder,
    IncomingTransaction,
    OrderError,
    TransactionKind,
    TransactionStatus,
    check_incoming,
    line_total_minor,
)

Cells = Mapping[str, str]

_ADDRESS_FIELDS = ("name", "company", "line1", "line2", "city", "region", "postal_code", "country")
LINE_COLUMNS = (
    "sku",
    "title",
    "quantity",
    "unit_price",
    "line_discount",
    "line_tax",
    "requires_shipping",
)
ORDER_COLUMNS = (
    "order_id",
    "order_name",
    "created_at",
    "currency",
    "email",
    "phone",
    "locale",
    *(f"ship_{name}" for name in _ADDRESS_FIELDS),
    *(f"bill_{name}" for name in _ADDRESS_FIELDS),
    "shipping_price",
    "shipping_tax",
    "taxes_included",
    "payment_status",
    "payment_gateway",
    "payment_id",
    "shipping_code",
)
COLUMNS = (*ORDER_COLUMNS, *LINE_COLUMNS)
REQUIRED_ORDER_COLUMNS = (
    "order_id",
    "created_at",
    "currency",
    "ship_name",
    "ship_line1",
    "ship_city",
    "ship_country",
    "payment_status",
)
REQUIRED_LINE_COLUMNS = ("sku", "quantity", "unit_price")
REQUIRED_COLUMNS = (*REQUIRED_ORDER_COLUMNS, *REQUIRED_LINE_COLUMNS)

LARGEST_CELL = 2_000
MOST_LINES = 1_000  # of one order
_AMOUNT = re.compile(r"-?[0-9]{1,14}(?:\.[0-9]{1,6})?")
_QUANTITY = re.compile(r"[0-9]{1,6}")
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_PAYMENTS = {
    "paid": (TransactionKind.SALE, TransactionStatus.SUCCESS),
    "authorized": (TransactionKind.AUTHORIZATION, TransactionStatus.SUCCESS),
    "pending": (TransactionKind.SALE, TransactionStatus.PENDING),
    "cod": (TransactionKind.SALE, TransactionStatus.PENDING),
}


class CellError(ValueError):
    """A cell or row that cannot be taken. `code` is stable; `where` is the column, never the value."""

    def __init__(self, code: str, where: str) -> None:
        super().__init__(f"{code}: {where}")
        self.code = code
        self.where = where


@dataclass(frozen=True, slots=True)
class OrderHead:
    """What all lines of an order share."""

    order_id: str
    currency: str
    created_at: datetime
    shipping_minor: int
    shipping_tax_minor: int
    taxes_included: bool
    payment_status: str


def parse_head(cells: Cells) -> OrderHead:
    """Raises: CellError."""
    currency = _required(cells, "currency").upper()
    try:
        exponent(currency)
    except MoneyError as exc:
        raise CellError("unknown_currency", "currency") from exc
    status = _required(cells, "payment_status").lower()
    if status not in _PAYMENTS:
        raise CellError("unknown_payment_status", "payment_status")
    return OrderHead(
        order_id=_required(cells, "order_id"),
        currency=currency,
        created_at=_moment(_required(cells, "created_at"), "created_at"),
        shipping_minor=_amount(cells, "shipping_price", currency),
        shipping_tax_minor=_amount(cells, "shipping_tax", currency),
        taxes_included=_flag(cells, "taxes_included", default=False),
        payment_status=status,
    )


def parse_line(cells: Cells, *, order_id: str, number: int, currency: str) -> IncomingLine:
    """Raises: CellError."""
    quantity = _quantity(_required(cells, "quantity"))
    _required(cells, "unit_price")
    price = _amount(cells, "unit_price", currency)
    discount = _amount(cells, "line_discount", currency)
    if discount > price * quantity:
        raise CellError("discount_above_price", "line_discount")
    sku = _required(cells, "sku")
    return IncomingLine(
        external_id=f"{order_id}:{number}",
        sku=sku,
        title=cells.get("title", "") or sku,
        quantity=quantity,
        unit_price_minor=price,
        discount_minor=discount,
        tax_minor=_amount(cells, "line_tax", currency),
        requires_shipping=_flag(cells, "requires_shipping", default=True),
    )


def assemble(head: OrderHead, cells: Cells, lines: Sequence[IncomingLine]) -> IncomingOrder:
    """The whole order. Raises: CellError."""
    total = sum(line_total_minor(line, taxes_included=head.taxes_included) for line in lines)
    total += head.shipping_minor + (0 if head.taxes_included else head.shipping_tax_minor)
    order = IncomingOrder(
        external_id=head.order_id,
        name=cells.get("order_name", "") or head.order_id,
        created_at=head.created_at,
        updated_at=head.created_at,
        currency=head.currency,
        lines=tuple(lines),
        total_minor=total,
        tax_minor=sum(line.tax_minor for line in lines) + head.shipping_tax_minor,
        shipping_minor=head.shipping_minor,
        shipping_tax_minor=head.shipping_tax_minor,
        discount_minor=sum(line.discount_minor for line in lines),
        taxes_included=head.taxes_included,
        email=cells.get("email", ""),
        phone=cells.get("phone", ""),
        locale=cells.get("locale", "") or "en",
        shipping_address=_address(cells, "ship_", phone=cells.get("phone", "")),
        billing_address=_address(cells, "bill_", phone=""),
        shipping_code=cells.get("shipping_code", ""),
        transactions=_payment(head, cells, total),
    )
    try:
        check_incoming(order)
    except OrderError as exc:
        raise CellError(exc.code, exc.where) from exc
    return order


def _payment(head: OrderHead, cells: Cells, total: int) -> tuple[IncomingTransaction, ...]:
    """The one payment that a file can state; nothing was paid for a free order."""
    if total == 0:
        return ()
    kind, status = _PAYMENTS[head.payment_status]
    default_gateway = "cash_on_delivery" if head.payment_status == "cod" else "file"
    return (
        IncomingTransaction(
            external_id=cells.get("payment_id", "") or f"{head.order_id}:payment",
            kind=kind,
            status=status,
            amount_minor=total,
            gateway=cells.get("payment_gateway", "") or default_gateway,
            processed_at=head.created_at,
        ),
    )


def _address(cells: Cells, prefix: str, *, phone: str) -> Address | None:
    values = {name: cells.get(prefix + name, "") for name in _ADDRESS_FIELDS}
    if not any(values.values()):
        return None
    values["country"] = values["country"].upper()
    return Address(**values, phone=phone)


def _required(cells: Cells, column: str) -> str:
    value = cells.get(column, "")
    if not value:
        raise CellError("missing", column)
    return value


def _amount(cells: Cells, column: str, currency: str) -> int:
    text = cells.get(column, "")
    if not text:
        return 0
    if not _AMOUNT.fullmatch(text):
        raise CellError("not_an_amount", column)
    try:
        minor = to_minor(text, currency)
    except MoneyError as exc:
        raise CellError(str(exc), column) from exc
    if minor < 0:
        raise CellError("negative_amount", column)
    return minor


def _quantity(text: str) -> int:
    if not _QUANTITY.fullmatch(text):
        raise CellError("not_a_quantity", "quantity")
    if int(text) == 0:
        raise CellError("not_a_quantity", "quantity")
    return int(text)


def _flag(cells: Cells, column: str, *, default: bool) -> bool:
    text = cells.get(column, "").lower()
    if not text:
        return default
    if text not in _FLAGS:
        raise CellError("not_true_or_false", column)
    return _FLAGS[text]


def _moment(text: str, column: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise CellError("time_without_offset", column)
        return moment.astimezone(UTC)
    except CellError:
        raise
    except (ValueError, OverflowError) as exc:
        raise CellError("not_a_time", column) from exc
