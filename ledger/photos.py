"""Photos of claims and inspections: documents that belong to one order and are handed to nobody else."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.photos import CONTENT_TYPE, Photo
from ledger.rows import Row, mappings, upsert
from ledger.tables import Document
from ledger.tables.base import table_of

KIND = "photo"
MOST_OF_AN_ORDER = 60
_document = table_of(Document)


class TooManyPhotos(Exception):
    """The order has as many photos as anybody will look at."""


def store_photos(
    session: Session, photos: Sequence[Photo], *, order_id: str, subject_id: str, now: datetime, keep: timedelta
) -> list[str]:
    """Keep them until `now` + `keep`; returns their ids, in order, for `return_line.photos` and `return_unit.photos`.

    The id is made of order and content: the same photo sent twice is one, and two customers who send the same one each
    have their own. `subject_id`: the request, or the form that becomes one. Raises: TooManyPhotos.
    """
    ids = [_id_of(order_id, photo.content) for photo in photos]
    known = set(photo_ids(session, order_id))
    if len(known | set(ids)) > MOST_OF_AN_ORDER:
        raise TooManyPhotos
    rows: dict[str, Row] = {
        photo_id: {
            "id": photo_id, "kind": KIND, "content_type": CONTENT_TYPE, "content": photo.content, "order_id": order_id,
            "subject_id": subject_id, "created_at": now, "purge_at": now + keep,
        }
        for photo_id, photo in zip(ids, photos, strict=True)
    }  # fmt: skip
    # one that was purged and comes again is there again
    upsert(session, Document, list(rows.values()), keys=("id",), update=("content", "purge_at"))
    return ids


def photo_ids(session: Session, order_id: str) -> list[str]:
    """Those of an order that are still there, the oldest first."""
    query = (
        sa.select(_document.c.id)
        .where(_document.c.order_id == order_id, _document.c.kind == KIND, _document.c.content.is_not(None))
        .order_by(_document.c.created_at, _document.c.id)
    )
    return list(session.execute(query).scalars())


def photo_of(session: Session, order_id: str, photo_id: str) -> bytes | None:
    """A JPEG; none when the order has no such photo, or no more."""
    found: list[Mapping[str, Any]] = mappings(
        session,
        sa.select(_document.c.content).where(
            _document.c.id == photo_id, _document.c.order_id == order_id, _document.c.kind == KIND
        ),
    )
    return found[0]["content"] if found else None


def _id_of(order_id: str, content: bytes) -> str:
    digest = hashlib.sha256(order_id.encode() + b"\0" + content).hexdigest()
    return f"{KIND}:{digest}"
