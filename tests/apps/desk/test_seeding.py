"""The agent to try the desk with exists only among fake vendors."""

from pathlib import Path

import pytest

from apps.desk.passwords import matches
from apps.desk.seeding import LOGIN, seed_agent
from config.settings import Settings
from config.wiring import Wiring
from ledger.tables import Agent
from tests.ledger.support import row_of, rows_of
from tests.support.shared import ROOT

pytestmark = [pytest.mark.row("TRU-3"), pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]
SANDBOX = "http://127.0.0.1:9400"


def wiring_with(url: str, folder: Path, **changes: str) -> Wiring:
    text = (ROOT / "config" / "accounts.sandbox.toml").read_text(encoding="utf-8")
    path = folder / "accounts.toml"
    path.write_text(text.replace(changes.pop("fake", "\0"), changes.pop("real", "")), encoding="utf-8")
    return Wiring(Settings(_env_file=None, database_url=url, accounts_file=path, **changes))  # type: ignore[call-arg, arg-type]


def test_each_start_gives_a_new_password(database_url: str, tmp_path: Path) -> None:
    wiring = wiring_with(database_url, tmp_path, sandbox_control_url=f"{SANDBOX}/_control")

    first, second = seed_agent(wiring), seed_agent(wiring)

    assert first
    assert second
    stored = row_of(wiring, Agent, login=LOGIN)["password_hash"]
    assert (False, True) == (matches(stored, first.password), matches(stored, second.password))
    assert second.password in str(second)
    assert second.password not in repr(second)
    wiring.engine.dispose()


@pytest.mark.row("TRU-3", bad_input=True)
@pytest.mark.parametrize(
    "changes",
    [
        {"sandbox_control_url": ""},
        {"sandbox_control_url": f"{SANDBOX}/_control", "fake": f"{SANDBOX}/stripe", "real": "https://api.stripe.com"},
        {"sandbox_control_url": "http://127.0.0.1:940/_control"},
    ],
)
def test_where_a_real_vendor_is_configured_there_is_none(
    database_url: str, tmp_path: Path, changes: dict[str, str]
) -> None:
    wiring = wiring_with(database_url, tmp_path, **changes)

    assert seed_agent(wiring) is None
    assert [] == rows_of(wiring, Agent)
    wiring.engine.dispose()
