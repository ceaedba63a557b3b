"""`aftercart up` for tests, on free ports and in a folder of its own."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest

from apps.supervisor import Options
from tests.support.sandbox import _free_ports

PATIENCE_S = 240.0
GROUP = "tests/apps/supervisor"  # one after the other: each starts a Prefect server


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Options:
    return make_options(tmp_path, monkeypatch)


def make_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Options:
    """Free ports and a folder of one's own, whatever the environment says."""
    for name in [name for name in os.environ if name.startswith(("AFTERCART_", "PREFECT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AFTERCART_DATABASE_URL", f"sqlite:///{tmp_path / 'ledger.db'}")
    prefect, receiver, sandbox, smtp = _free_ports(4)
    return Options(
        sandbox=True, prefect_port=prefect, receiver_port=receiver, sandbox_port=sandbox, smtp_port=smtp,
        var=tmp_path / "var", sweep=False,
    )  # fmt: skip


async def until(condition: Callable[[], object], what: str, *, patience_s: float = PATIENCE_S) -> float:
    """Wait for a condition; returns how long it took."""
    began = monotonic()
    while not await asyncio.to_thread(condition):
        assert monotonic() - began < patience_s, f"waited in vain for {what}"
        await asyncio.sleep(0.1)
    return monotonic() - began
