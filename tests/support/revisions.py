"""A ledger that claims to be of another version of the program."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from config.wiring import Wiring
from ledger import schema

OLDER = "202611212002_shipping"
NEWER = "209901010000_unheard_of"


@contextmanager
def at_revision(wiring: Wiring, revision: str) -> Iterator[None]:
    """Meanwhile; the tables stay as they are, and the next test finds its database as it should be."""
    set_revision(wiring, revision)
    try:
        yield
    finally:
        set_revision(wiring, schema.head())


def set_revision(wiring: Wiring, revision: str) -> None:
    with wiring.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM alembic_version"))
        if revision:
            connection.execute(sa.text("INSERT INTO alembic_version VALUES (:new)"), {"new": revision})
