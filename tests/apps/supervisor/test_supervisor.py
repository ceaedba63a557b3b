"""`aftercart up` with its real processes, once; what stops it from starting, without them."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import monotonic

import httpx
import psutil
import pytest

from apps import doctor
from apps.cli.commands import remember_sandbox
from apps.processes import MARK, marked
from apps.supervisor import Options, StartError, Supervisor
from config import wiring as wiring_module
from config.accounts import ConfigError
from ledger.heartbeats import heartbeats
from tests.support.sandbox import _free_ports

PATIENCE_S = 120.0


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Options:
    for name in [name for name in os.environ if name.startswith(("AFTERCART_", "PREFECT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AFTERCART_DATABASE_URL", f"sqlite:///{tmp_path / 'ledger.db'}")
    prefect, receiver, sandbox, smtp = _free_ports(4)
    return Options(
        sandbox=True, prefect_port=prefect, receiver_port=receiver, sandbox_port=sandbox, smtp_port=smtp,
        var=tmp_path / "var", sweep=False,
    )  # fmt: skip


async def until(condition: Callable[[], bool], what: str) -> None:
    deadline = monotonic() + PATIENCE_S
    while not condition():
        assert monotonic() < deadline, f"waited in vain for {what}"
        await asyncio.sleep(0.1)


@pytest.mark.engine
@pytest.mark.row("PEO-2")
async def test_everything_starts_comes_back_and_ends_without_orphans(
    options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    supervisor = Supervisor(replace(options, say=said.append))
    monkeypatch.setattr("apps.cli.commands.SANDBOX_ENV", options.var / "sandbox.env")
    await supervisor.start()
    try:
        remember_sandbox(supervisor)
        assert "AFTERCART_ACCOUNTS_FILE=" in (options.var / "sandbox.env").read_text("utf-8")

        await _all_addresses_answer(supervisor)
        await until(lambda: "process-orders" in supervisor.wiring.read(heartbeats), "the first run's heartbeat")
        await _doctor_is_content(supervisor)
        await _receiver_comes_back(supervisor, said)
    finally:
        await supervisor.stop()
    assert marked(f"{options.var.resolve()}:") == []
    for port in (options.prefect_port, options.receiver_port, options.sandbox_port):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    assert (options.var / "prefect" / "prefect.db").exists()


async def _all_addresses_answer(supervisor: Supervisor) -> None:
    async with httpx.AsyncClient() as client:
        for name, url in supervisor.addresses.items():
            answer = await client.get(f"{url}/healthz" if name == "webhooks" else url, follow_redirects=True)
            assert answer.status_code == 200, name


async def _doctor_is_content(supervisor: Supervisor) -> None:
    wiring_module.replace(supervisor.wiring)
    try:
        findings = await doctor.examine()
    finally:
        wiring_module.replace(None)
    assert [f for f in findings if f.level == "fail"] == []
    assert {"worker", "receiver", "shopify/alpha", "shipbob/main", "easypost/main", "mail"} <= {
        f.subject for f in findings if f.level == "ok"
    }


async def _receiver_comes_back(supervisor: Supervisor, said: list[str]) -> None:
    [receiver] = [child for child in supervisor._children if child.name == "receiver"]
    assert receiver.process is not None
    killed = receiver.process.pid
    os.kill(killed, signal.SIGKILL)
    await until(lambda: receiver.alive and receiver.process is not None and receiver.process.pid != killed, "a new one")
    assert any(line.startswith("receiver ended with -9; starting it again in 1 s") for line in said)

    def answers() -> bool:
        try:
            return httpx.get(receiver.ready_url).is_success
        except httpx.TransportError:
            return False

    await until(answers, "the receiver's answer")


async def test_leftovers_of_a_killed_supervisor_are_ended(options: Options) -> None:
    gone = psutil.Popen(["true"])
    gone.wait()
    env = {**os.environ, MARK: f"{options.var.resolve()}:{gone.pid}"}
    left = psutil.Popen(["sleep", "600"], env=env, start_new_session=True)
    try:
        await until(lambda: left.pid in {p.pid for p in marked(f"{options.var.resolve()}:")}, "the mark")
        await Supervisor(options)._end_leftovers()

        assert left.wait(timeout=5) == -signal.SIGTERM
    finally:
        if left.is_running():
            left.kill()
            left.wait()


async def test_a_second_supervisor_of_one_folder_is_refused(options: Options) -> None:
    env = {**os.environ, MARK: f"{options.var.resolve()}:{os.getppid()}"}
    other = psutil.Popen(["sleep", "600"], env=env, start_new_session=True)
    try:
        await until(lambda: other.pid in {p.pid for p in marked(f"{options.var.resolve()}:")}, "the mark")
        with pytest.raises(StartError, match=rf"is up already \(process {os.getppid()}\)"):
            await Supervisor(options).start()
        assert other.is_running()
    finally:
        other.kill()
        other.wait()


async def test_a_taken_port_is_named_with_the_option_that_changes_it(options: Options) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", options.receiver_port))
        taken.listen()
        with pytest.raises(
            StartError, match=rf"port {options.receiver_port} for the receiver is taken.*--receiver-port"
        ):
            await Supervisor(options).start()


async def test_an_unreachable_database_is_named(options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    [port] = _free_ports(1)
    monkeypatch.setenv("AFTERCART_DATABASE_URL", f"postgresql://u:hidden@127.0.0.1:{port}/none")

    with pytest.raises(StartError, match="cannot be used") as caught:
        await Supervisor(options).start()

    assert "hidden" not in str(caught.value)
    assert str(port) in str(caught.value)


async def test_missing_accounts_are_named_before_anything_starts(options: Options, tmp_path: Path) -> None:
    supervisor = Supervisor(replace(options, sandbox=False))
    supervisor.settings.accounts_file = tmp_path / "accounts.toml"

    with pytest.raises(ConfigError, match=r"accounts\.toml: there is no accounts file"):
        await supervisor.start()

    assert not (options.var / "log").exists()


async def test_a_child_that_does_not_start_is_named_with_its_last_words(options: Options) -> None:
    supervisor = Supervisor(options)
    (options.var / "log").mkdir(parents=True)
    child = supervisor._child("receiver", "-c", "raise SystemExit('no such colour')", ready_url="http://127.0.0.1:9/")
    try:
        with pytest.raises(StartError, match=r"receiver did not start: no such colour \(see .*receiver\.log\)"):
            await supervisor._begin(child)
    finally:
        await supervisor.stop()
