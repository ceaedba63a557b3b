"""`aftercart up` for tests, on free ports and in a folder of its own."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.supervisor import Options
from tests.support import waiting
from tests.support.sandbox import _free_ports
from tests.support.waiting import PATIENCE_S


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Options:
    return make_options(tmp_path, monkeypatch)


def make_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Options:
    """Free ports and a folder of one's own, whatever the environment says."""
    for name in [name for name in os.environ if name.startswith(("AFTERCART_", "PREFECT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AFTERCART_DATABASE_URL", f"sqlite:///{tmp_path / 'ledger.db'}")
    prefect, receiver, desk, requests, sandbox, smtp = _free_ports(6)
    return Options(
        sandbox=True, prefect_port=prefect, receiver_port=receiver, desk_port=desk, requests_port=requests,
        sandbox_port=sandbox, smtp_port=smtp, var=tmp_path / "var", sweep=False,
    )  # fmt: skip


async def until(condition: Callable[[], object], what: str, *, patience_s: float = PATIENCE_S) -> None:
    """Look from a thread: the supervisor lives on this loop."""
    await waiting.until(lambda: asyncio.to_thread(condition), what, patience_s=patience_s)
