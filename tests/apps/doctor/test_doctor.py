"""What doctor finds, each with a mend. (A healthy installation: tests/apps/supervisor.)"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from apps.doctor import Finding, examine
from config import wiring as wiring_module
from config.settings import Settings
from config.wiring import Wiring
from connectors.retrying import RetrySettings
from ledger import inbox
from ledger.cases import CaseDraft, open_cases
from ledger.heartbeats import beat, vendor_trouble
from tests.support.databases import Sqlite, move_clock
from tests.support.sandbox import SandboxProcess, _free_ports
from tests.support.world import make_settings

Use = Callable[..., Wiring]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is away on purpose is called once: retries of a call wait in real time."""
    monkeypatch.setattr("connectors.http.RetrySettings", lambda: RetrySettings(tries=1))


@pytest.fixture
def use() -> Any:
    """Wire the process with these settings."""
    made: list[Wiring] = []

    def install(settings: Settings) -> Wiring:
        made.append(Wiring(settings))
        wiring_module.replace(made[-1])
        return made[-1]

    yield install
    wiring_module.replace(None)
    for each in made:
        if "engine" in vars(each):
            each.engine.dispose()


async def found() -> dict[str, Finding]:
    findings = await examine()
    for finding in findings:
        assert bool(finding.mend) == (finding.level != "ok"), finding
    return {finding.subject: finding for finding in findings}


@pytest.mark.row("PEO-2", bad_input=True)
async def test_everything_missing_is_told_at_once(use: Use, tmp_path: Path) -> None:
    prefect, receiver = _free_ports(2)
    use(
        Settings(
            _env_file=None,  # type: ignore[call-arg]
            database_url=f"sqlite:///{tmp_path / 'none' / 'a.db'}",
            accounts_file=tmp_path / "accounts.toml",
            policies_dir=tmp_path,
            public_url=f"http://127.0.0.1:{receiver}",
            prefect_ui_url=f"http://127.0.0.1:{prefect}",
        )
    )

    findings = await found()

    failed = {subject for subject, finding in findings.items() if finding.level == "fail"}
    assert failed == {"accounts", "policies", "link secret", "database", "Prefect", "receiver"}
    assert "there is no accounts file" in findings["accounts"].detail
    assert "aftercart up" in findings["Prefect"].mend


@pytest.mark.row("SCA-1", bad_input=True)
async def test_an_unreachable_database_is_told_without_its_password(use: Use) -> None:
    [port] = _free_ports(1)
    use(Settings(_env_file=None, database_url=f"postgresql://ada:hidden@127.0.0.1:{port}/none"))  # type: ignore[call-arg]

    finding = (await found())["database"]

    assert (finding.level, "hidden" in finding.detail, str(port) in finding.detail) == ("fail", False, True)


async def test_credentials_that_a_vendor_refuses_are_told(
    use: Use, sqlite: Sqlite, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    with sqlite.database() as url:
        settings = make_settings(url, sandbox, tmp_path, public_url="http://127.0.0.1:9")
        text = settings.accounts_file.read_text("utf-8").replace("sandbox-token-nord", "wrong")
        text = text.replace("sandbox-ups-secret", "wrong")
        settings.accounts_file.write_text(text, "utf-8")
        use(settings)

        findings = await found()

    assert (findings["shopify/alpha"].level, findings["shopify/nord"].level) == ("ok", "fail")
    assert findings["ups/main"].level == "fail"
    assert "accounts file" in findings["shopify/nord"].mend
    assert "shopify/nord webhooks" not in findings
    assert findings["shopify/alpha webhooks"].level == "warn"  # they were missing, now they are not


async def test_payments_that_nobody_tells_us_of_are_told(
    use: Use, sqlite: Sqlite, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    with sqlite.database() as url:
        use(make_settings(url, sandbox, tmp_path, public_url="http://127.0.0.1:9"))
        before = await found()
        address = "http://127.0.0.1:9/hooks/stripe/main"
        sandbox.control("stripe/endpoints", {"url": address})
        after = await found()

    assert ("ok", "warn", "ok") == (
        before["stripe/main"].level, before["stripe/main webhooks"].level, after["stripe/main webhooks"].level
    )  # fmt: skip
    assert address in before["stripe/main webhooks"].mend


async def test_a_worker_that_stands_in_for_silent_runs_is_told(wiring: Wiring) -> None:
    real_now = wiring.real_now()
    wiring.ledger(beat, "process-orders", real_now - timedelta(minutes=5))
    assert "fail" == (await found())["process-orders"].level

    wiring.ledger(beat, "worker", real_now)
    finding = (await found())["process-orders"]
    assert ("warn", True) == (finding.level, "a worker without Prefect carries on" in finding.detail)
    assert "prefect-server.log" in finding.mend


async def test_what_the_ledger_knows_is_told(wiring: Wiring) -> None:
    assert (await found())["process-orders"].detail == "has never run"
    now, real_now = wiring.now(), wiring.real_now()
    wiring.ledger(beat, "process-orders", real_now)
    wiring.ledger(vendor_trouble, "shipbob/main", "503", real_now)
    wiring.ledger(inbox.store, [inbox.Delivery("shopify", "alpha", "orders/create", "1", "1", b"{}")], now)
    wiring.ledger(open_cases, [CaseDraft("k", "differs")], now)

    findings = await found()
    assert [findings[s].level for s in ("process-orders", "inbox", "cases", "clock")] == ["ok"] * 4

    move_clock(wiring, timedelta(days=2))
    findings = await found()
    assert [findings[s].level for s in ("process-orders", "inbox", "cases", "clock")] == ["ok", "warn", "warn", "warn"]
    assert "2 days" in findings["clock"].detail


@pytest.mark.row("RET-2", bad_input=True)
async def test_labels_from_an_account_that_there_is_not(use: Use, tmp_path: Path, sandbox: SandboxProcess) -> None:
    current = use(make_settings("sqlite:///:memory:", sandbox, tmp_path, public_url="http://127.0.0.1:1"))
    back = replace(current.policies.way_back, label_from="ups/elsewhere")
    current.policies = replace(current.policies, way_back=back)

    finding = (await found())["policies"]

    assert "fail" == finding.level
    assert "no [[return_labels]] ups/elsewhere" in finding.detail
