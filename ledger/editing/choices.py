"""What a customer can choose from while changing an order: what its own shop sells now, in the order's currency."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.policy import Policies
from ledger.editing.promises import free_by_sku
from ledger.orders import OrderRow
from ledger.rows import mappings
from ledger.tables import Product, ProductVariant
from ledger.tables.base import table_of

_variant, _product = table_of(ProductVariant), table_of(Product)
MOST_FOUND = 12
LONGEST_SEARCH = 80
_ONE = "Default Title"  # what a shop calls the only variant of a product


@dataclass(frozen=True, slots=True)
class Choice:
    """One variant. `free`: units that could be promised now."""

    sku: str
    product_id: str
    title: str
    options: str
    price_minor: int
    free: int

    @property
    def name(self) -> str:
        return f"{self.title}, {self.options}" if self.options else self.title


@dataclass(frozen=True, slots=True)
class Choices:
    """`by_sku`: those that were asked for by name; `siblings`: by SKU, the other variants of its product; `found`: what
    the search found, of products that the order does not have."""

    by_sku: dict[str, Choice] = field(default_factory=dict)
    siblings: dict[str, tuple[Choice, ...]] = field(default_factory=dict)
    found: tuple[Choice, ...] = ()


def choices(
    session: Session, order: OrderRow, skus: Collection[str], policies: Policies, *, search: str = ""
) -> Choices:
    """`skus`: of the order's lines and whatever else has been chosen already. Unknown ones are left out."""
    named = _rows(session, order, _variant.c.sku.in_(set(skus)))
    products = {row["product_id"] for row in named}
    near = _rows(session, order, _variant.c.product_id.in_(products)) if products else []
    words = search[:LONGEST_SEARCH].split()
    found = _rows(session, order, *map(_says, words), limit=MOST_FOUND) if words else []
    rows = {row["sku"]: row for row in (*named, *near, *found)}
    free = free_by_sku(session, rows, policies, order["country"])
    every = {sku: _choice(row, free[sku]) for sku, row in rows.items()}
    return Choices(
        by_sku={row["sku"]: every[row["sku"]] for row in named},
        siblings={
            row["sku"]: tuple(
                every[other]
                for other in _skus(near)
                if other != row["sku"] and every[other].product_id == row["product_id"]
            )
            for row in named
        },
        found=tuple(every[sku] for sku in _skus(found)),
    )


def _skus(rows: Iterable[Any]) -> list[str]:
    return list(dict.fromkeys(row["sku"] for row in rows))


def _says(word: str) -> sa.ColumnElement[bool]:
    return sa.or_(
        _product.c.title.icontains(word, autoescape=True),
        _variant.c.title.icontains(word, autoescape=True),
        _variant.c.sku.icontains(word, autoescape=True),
    )


def _rows(session: Session, order: OrderRow, *wanted: sa.ColumnElement[bool], limit: int | None = None) -> list[Any]:
    statement = (
        sa.select(
            _variant.c.sku, _variant.c.product_id, _variant.c.options, _variant.c.price_minor, _product.c.title,
        )
        .join(_product, _product.c.id == _variant.c.product_id)
        .where(
            _variant.c.system == order["source"], _variant.c.account == order["account"],
            _variant.c.currency == order["currency"], _variant.c.sku != "",
            _product.c.status == "active", _product.c.gift_card.is_(False), *wanted,
        )
        .order_by(_product.c.title, _variant.c.price_minor, _variant.c.sku)
        .limit(limit)
    )  # fmt: skip
    return list(mappings(session, statement))


def _choice(row: Any, free: int) -> Choice:
    options = ", ".join(str(value) for value in (row["options"] or {}).values() if value != _ONE)
    return Choice(row["sku"], row["product_id"], row["title"], options, row["price_minor"], free)
