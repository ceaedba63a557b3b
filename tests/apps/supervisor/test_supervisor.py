"""What stops `aftercart up` from starting, and what it does first. (With its real processes: test_up.py.)"""

import os
import signal
import socket
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from apps.processes import MARK, marked
from apps.programs import Program
from apps.supervisor import Options, StartError, Supervisor
from config.accounts import ConfigError
from tests.apps.supervisor.conftest import until
from tests.support.sandbox import _free_ports
from tests.support.waiting import PATIENCE_S


async def test_leftovers_of_a_killed_supervisor_are_ended(options: Options) -> None:
    gone = psutil.Popen(["true"])
    gone.wait()
    env = {**os.environ, MARK: f"{options.var.resolve()}:{gone.pid}"}
    left = psutil.Popen(["sleep", "600"], env=env, start_new_session=True)
    try:
        await until(lambda: left.pid in {p.pid for p in marked(f"{options.var.resolve()}:")}, "the mark")
        await Supervisor(options)._end_leftovers()

        assert left.wait(timeout=PATIENCE_S) == -signal.SIGTERM
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
    child = supervisor._child(Program("receiver", ("-c", "raise SystemExit('no such colour')"), "http://127.0.0.1:9/"))
    try:
        with pytest.raises(StartError, match=r"receiver did not start: no such colour \(see .*receiver\.log\)"):
            await supervisor._begin(child)
    finally:
        await supervisor.stop()
