"""Alembic's entry. The caller hands a connection over in `Config.attributes["connection"]` (see ledger.schema); the
alembic command line, used to write migrations, names a scratch database: `alembic -x url=sqlite:///PATH ...`."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlmodel import SQLModel

import ledger.tables  # noqa: F401  # fills the metadata
from ledger.tables.base import UtcDateTime


def _render(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Migrations speak plain SQLAlchemy: they must not change when our column kinds do."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and type(item).__name__ == "AutoString":
        return "sa.String()"
    return False


def _run(connection: sa.Connection) -> None:
    context.configure(
        connection=connection, target_metadata=SQLModel.metadata, transactional_ddl=True, render_item=_render
    )
    with context.begin_transaction():
        context.run_migrations()


_given = context.config.attributes.get("connection")
if _given is not None:
    _run(_given)
else:
    _engine = sa.create_engine(context.get_x_argument(as_dictionary=True)["url"])
    with _engine.begin() as _connection:
        _run(_connection)
    _engine.dispose()
