"""A PostgreSQL server of a test's own, to be crashed, paused and started again."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg

from config.wiring import engine_url
from ledger import schema
from tests.support.embedded import pg_ctl, started


class OwnPostgres:
    """Listens on a socket in `folder`; keeps its data through a crash, as in production."""

    def __init__(self, folder: Path) -> None:
        self._server = started(folder, cleanup_mode="stop")
        self._socket_dir = self._server._postmaster_info.socket_dir
        schema.upgrade(engine_url(self.url))

    @property
    def url(self) -> str:
        return str(self._server.get_uri())

    def crash(self) -> None:
        """As a power cut: nothing is written any more, all connections break."""
        self._control("-m", "immediate", "stop")

    def start(self) -> None:
        self._control("-o", '-h ""', "-o", f"-k {self._socket_dir}", "-l", str(self._server.log), "start")

    def cut(self) -> None:
        """End every connection but keep serving."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname IS NOT NULL AND pid <> pg_backend_pid()"
            )

    def pause(self) -> None:
        """It neither answers nor breaks connections. The postmaster first: it goes on forking until it stands."""
        postmaster = self._postmaster()
        postmaster.suspend()
        while postmaster.status() != psutil.STATUS_STOPPED:
            pass  # a moment: the signal is on its way
        for process in postmaster.children():
            with suppress(psutil.NoSuchProcess):
                process.suspend()

    def resume(self) -> None:
        postmaster = self._postmaster()
        for process in [*postmaster.children(), postmaster]:
            with suppress(psutil.NoSuchProcess):
                process.resume()

    def close(self) -> None:
        with suppress(psutil.Error, OSError):
            self.resume()
        self._server.cleanup()

    def _postmaster(self) -> psutil.Process:
        return psutil.Process(int((self._server.pgdata / "postmaster.pid").read_text("ascii").splitlines()[0]))

    def _control(self, *arguments: str) -> None:
        server = self._server
        pg_ctl(["-w", *arguments], pgdata=server.pgdata, user=server.system_user)


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    folder = Path(tempfile.mkdtemp(prefix="aftercart-own-pg-"))
    try:
        server = OwnPostgres(folder)
        try:
            yield server
        finally:
            server.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
