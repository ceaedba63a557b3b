"""`aftercart agents`: who may log in at the desk. A password is never an argument."""

import io
import json

import pytest

from apps.cli import run
from apps.desk.passwords import matches
from config.wiring import Wiring
from ledger.tables import Agent, AuditEvent
from tests.ledger.support import row_of, rows_of

pytestmark = [pytest.mark.row("TRU-3"), pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]
PASSWORD = "correct horse battery"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.cli.use_sandbox_settings", lambda *_: None)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        run(["agents", *arguments])
    return int(ended.value.code or 0)


@pytest.mark.usefixtures("typed")
def test_agents_are_added_listed_and_disabled(wiring: Wiring, capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == command("add", "Kim@Example.com", "--name", "Kim Example")
    agent = row_of(wiring, Agent)
    assert ("kim@example.com", True) == (agent["login"], matches(agent["password_hash"], PASSWORD))
    assert agent["password_hash"].startswith("$argon2id$")
    capsys.readouterr()

    assert 0 == command("list", "--json")
    out = capsys.readouterr().out
    assert "argon2" not in out
    assert [("kim@example.com", True)] == [(row["login"], row["active"]) for row in json.loads(out)]
    assert 0 == command("disable", "kim@example.com")
    assert not row_of(wiring, Agent)["active"]
    assert 0 == command("enable", "kim@example.com")
    assert ["added", "disabled", "enabled"] == [row["cause"] for row in rows_of(wiring, AuditEvent)]
    assert all(row["actor"].startswith("person:") for row in rows_of(wiring, AuditEvent))
    assert "kim@" not in str(rows_of(wiring, AuditEvent)), "the audit trail names ids"


def test_a_new_password_takes_the_place_of_the_old_one(wiring: Wiring, monkeypatch: pytest.MonkeyPatch) -> None:
    for password in (PASSWORD, "another one, much better"):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
        assert 0 == (command("password", "kim") if password != PASSWORD else command("add", "kim", "--name", "Kim"))

    stored = row_of(wiring, Agent)["password_hash"]
    assert (False, True) == (matches(stored, PASSWORD), matches(stored, "another one, much better"))


@pytest.mark.row("TRU-3", bad_input=True)
@pytest.mark.parametrize(
    ("arguments", "password", "said"),
    [
        (["add", "kim", "--name", "Kim"], "short", "12 to 256 characters"),
        (["add", "kim", "--name", "Kim"], "x" * 257, "12 to 256 characters"),
        (["add", "k", "--name", "Kim"], PASSWORD, "a login has"),
        (["add", "kim lee", "--name", "Kim"], PASSWORD, "a login has"),
        (["add", "kim", "--name", " "], PASSWORD, "needs a name"),
        (["add", "taken", "--name", "Kim"], PASSWORD, "there is an agent taken already"),
        (["disable", "nobody"], "", "there is no agent nobody"),
        (["enable", "taken"], "", "active already"),
        (["password", "nobody"], PASSWORD, "there is no agent nobody"),
        (["add", "kim", "--name", "Kim", PASSWORD], "", "unexpected extra argument"),
    ],
)
@pytest.mark.usefixtures("typed")
def test_mistakes_are_said_in_one_line(
    wiring: Wiring,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    password: str,
    said: str,
) -> None:
    command("add", "taken", "--name", "Taken")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))

    assert command(*arguments) in (1, 2)

    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    assert 1 == len(rows_of(wiring, Agent))


@pytest.mark.row("TRU-3", bad_input=True)
def test_two_different_passwords_change_nothing(
    wiring: Wiring, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([PASSWORD, "not the same at all"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("apps.cli.agents.getpass", lambda _prompt: next(answers))

    assert 2 == command("add", "kim", "--name", "Kim")

    assert "the two passwords differ" in capsys.readouterr().err
    assert [] == rows_of(wiring, Agent)
