"""The product catalogue as the shops state it (CAP-7): the same product in two shops is two rows with one SKU."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.catalogue import CatalogueProduct
from domain.ids import new_id
from ledger.cases import CaseDraft, open_cases
from ledger.rows import Row, pairs, upsert
from ledger.tables import Product, ProductVariant
from ledger.tables.base import table_of

_product, _variant = table_of(Product), table_of(ProductVariant)
_KEYS = ("system", "account", "external_id")
COMPARED = ("weight_g", "origin_country", "hs_code", "barcode")


def store_products(session: Session, system: str, account: str, products: Sequence[CatalogueProduct]) -> int:
    """Insert or overwrite one page of products; returns how many were written."""
    if not products:
        return 0
    mine = [_product.c.system == system, _product.c.account == account]
    ids = pairs(
        session,
        sa.select(_product.c.external_id, _product.c.id).where(
            *mine, _product.c.external_id.in_([p.external_id for p in products])
        ),
    )
    rows = [_product_row(p, system, account, ids.get(p.external_id) or new_id("prd")) for p in products]
    upsert(session, Product, rows, keys=_KEYS, update=[name for name in rows[0] if name not in ("id", *_KEYS)])
    product_ids = {row["external_id"]: row["id"] for row in rows}
    variants = [_variant_row(p, v, system, account, product_ids[p.external_id]) for p in products for v in p.variants]
    if variants:
        upsert(
            session,
            ProductVariant,
            variants,
            keys=_KEYS,
            update=[name for name in variants[0] if name not in ("id", *_KEYS)],
        )
    return len(rows)


def _product_row(p: CatalogueProduct, system: str, account: str, product_id: str) -> Row:
    return {
        "id": product_id,
        "system": system,
        "account": account,
        "external_id": p.external_id,
        "title": p.title,
        "handle": p.handle,
        "status": p.status,
        "category": p.category,
        "product_type": p.product_type,
        "tags": list(p.tags),
        "description": p.description,
        "image_url": p.image_url,
        "hazmat": p.hazmat,
        "gift_card": p.gift_card,
        "care_text": p.care_text,
        "usage_text": p.usage_text,
        "updated_at": p.updated_at,
    }


def _variant_row(p: CatalogueProduct, v: Any, system: str, account: str, product_id: str) -> Row:
    return {
        "id": new_id("var"),
        "product_id": product_id,
        "system": system,
        "account": account,
        "external_id": v.external_id,
        "inventory_external_id": v.inventory_external_id,
        "sku": v.sku,
        "title": v.title,
        "options": dict(v.options),
        "price_minor": v.price_minor,
        "currency": v.currency,
        "barcode": v.barcode,
        "weight_g": v.weight_g,
        "requires_shipping": v.requires_shipping,
        "origin_country": v.origin_country,
        "hs_code": v.hs_code,
        "image_url": v.image_url or p.image_url,
        "kit_parts": [[part.sku, part.quantity] for part in v.kit_parts],
    }


def raise_differences(session: Session, now: datetime) -> list[dict[str, Any]]:
    """The same SKU with other facts in another shop: listed, and one case a SKU."""
    rows = session.execute(
        sa.select(_variant.c.sku, _variant.c.system, _variant.c.account, *(_variant.c[name] for name in COMPARED))
        .where(_variant.c.sku != "")
        .order_by(_variant.c.sku, _variant.c.system, _variant.c.account)
    ).mappings()
    by_sku: dict[str, list[Any]] = {}
    for row in rows:
        by_sku.setdefault(row["sku"], []).append(row)
    found = []
    for sku, members in by_sku.items():
        for name in COMPARED:
            values = {f"{m['system']}/{m['account']}": m[name] for m in members}
            if len(set(values.values())) > 1:
                found.append({"sku": sku, "fact": name, **values})
    open_cases(
        session,
        [
            CaseDraft(
                key=f"catalogue:{row['sku']}:{row['fact']}",
                kind="catalogue_differs",
                severity="low",
                subject_id=row["sku"],
                owner="merchandising",
                facts=dict(row),
                choices=["correct", "ignore"],
            )
            for row in found
        ],
        now,
    )
    return found


def raise_unreadable(session: Session, target: str, problems: Mapping[str, tuple[str, str]], now: datetime) -> None:
    """Products that the shop states in a way that we cannot read (id -> code and field): one case each."""
    drafts = [
        CaseDraft(
            key=f"product:{target}:{external_id}",
            kind="product_unreadable",
            subject_id=external_id,
            owner="merchandising",
            facts={"shop": target, "code": code, "field": field},
            choices=["correct", "ignore"],
        )
        for external_id, (code, field) in problems.items()
    ]
    open_cases(session, drafts, now)
