"""Products of the order's own shop that go with what was bought."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.related import Kin, related
from ledger.orders import OrderRow
from ledger.rows import mappings, select_by
from ledger.tables import Product, ProductVariant
from ledger.tables.base import table_of

_variant, _product = table_of(ProductVariant), table_of(Product)
_MOST_LOOKED_AT = 200  # of a kind; who sells more of one kind than that gets the first by title


@dataclass(frozen=True, slots=True)
class RelatedProduct:
    """`price_minor`: of its cheapest variant, in the order's currency."""

    title: str
    handle: str
    image_url: str
    price_minor: int


def related_products(
    session: Session, order: OrderRow, skus: Collection[str], *, most: int
) -> Sequence[RelatedProduct]:
    """At most so many, best first; only what has a page and a picture, and is sold. `skus`: of the order."""
    shop = (order["source"], order["account"])
    variants = select_by(session, ProductVariant, "sku", {sku for sku in skus if sku})
    ids = {row["product_id"] for row in variants if (row["system"], row["account"]) == shop}
    bought = [_kin(row, 0) for row in select_by(session, Product, "id", ids)]
    types, categories = ({kin.product_type for kin in bought} - {""}, {kin.category for kin in bought} - {""})
    if not types and not categories:
        return []
    rows = {row["id"]: row for row in _candidates(session, order, types, categories)}
    best = related(bought, (_kin(row, row["price_minor"]) for row in rows.values()), most=most)
    return [
        RelatedProduct(row["title"], row["handle"], row["image_url"], row["price_minor"])
        for row in (rows[kin.id] for kin in best)
    ]


def _candidates(session: Session, order: OrderRow, types: Collection[str], categories: Collection[str]) -> list[Any]:
    kinds = sa.or_(_product.c.product_type.in_(types), _product.c.category.in_(categories))
    statement = (
        sa.select(
            _product.c.id, _product.c.title, _product.c.handle, _product.c.image_url, _product.c.product_type,
            _product.c.category, _product.c.tags, sa.func.min(_variant.c.price_minor).label("price_minor"),
        )
        .join(_variant, _variant.c.product_id == _product.c.id)
        .where(
            _product.c.system == order["source"], _product.c.account == order["account"],
            _product.c.status == "active", _product.c.gift_card.is_(False), _product.c.handle != "",
            _product.c.image_url != "", _variant.c.currency == order["currency"], kinds,
        )
        .group_by(_product.c.id)
        .order_by(_product.c.title, _product.c.id)
        .limit(_MOST_LOOKED_AT)
    )  # fmt: skip
    return list(mappings(session, statement))


def _kin(row: Any, price_minor: int) -> Kin:
    return Kin(row["id"], row["title"], row["product_type"], row["category"], tuple(row["tags"] or ()), price_minor)
