"""`aftercart backup`, `restore`, `restored` as a person uses them."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from apps.cli import run
from config.wiring import Wiring
from ledger import schema
from ledger.cursors import read_cursor
from ledger.gap import LOST, TAKEN, forget
from ledger.heartbeats import Sign, beat
from ledger.inbox import Delivery, store
from ledger.session import writing
from ledger.tables import InboxEvent
from tests.ledger.support import NOW, rows_of


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        run(list(arguments))
    return int(ended.value.code or 0)


@pytest.mark.row("TRU-1")
def test_backup_and_restore(wiring: Wiring, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(tmp_path / "day.backup")
    wiring.ledger(store, [Delivery("shopify", "alpha", "orders/create", "1", "o", b"{}")], NOW)
    assert call("backup", file) == 0
    assert "checked" in capsys.readouterr().out
    assert call("backup", file) == 2
    assert "is there already" in capsys.readouterr().err
    wiring.ledger(store, [Delivery("shopify", "alpha", "orders/create", "2", "o", b"{}")], NOW)

    assert call("restore", file) == 2
    assert "add --replace" in capsys.readouterr().err
    assert len(rows_of(wiring, InboxEvent)) == 2
    for wrong, said in {
        "yesterday": "is no time",
        "2026-11-21T12:30": "names no zone",
        "2020-01-01T00:00+00:00": "is not between the copy",
        "2999-01-01T00:00+00:00": "is not between the copy",
    }.items():
        assert call("restore", file, "--replace", "--lost-at", wrong) == 2
        assert said in capsys.readouterr().err
    assert len(rows_of(wiring, InboxEvent)) == 2
    assert call("restore", file, "--replace", "--force") == 0

    assert "Restored" in capsys.readouterr().out
    assert [row["delivery_id"] for row in rows_of(wiring, InboxEvent)] == ["1"]
    assert wiring.read(read_cursor, TAKEN) is not None


def test_a_ledger_restored_by_other_means_is_made_safe(wiring: Wiring, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("restored", "2026-10-21T12:00", "--lost-at", "2026-10-21T13:00+00:00") == 2
    assert call("restored", "2026-10-21T12:00+00:00", "--lost-at", "2026-10-21T13:00+02:00") == 2
    assert call("restored", "2999-10-21T12:00+00:00") == 2
    assert "set this machine's clock first" in capsys.readouterr().err
    assert wiring.read(read_cursor, LOST) is None
    forget()

    assert call("restored", "2026-10-21T12:00+00:00", "--lost-at", "2026-10-21T15:00+02:00") == 0

    found = wiring.read(read_cursor, LOST)
    forget()
    assert found is not None
    assert (found.hour, found.minute) == (13, 0)


def test_nobody_works_on_while_a_ledger_is_made_safe(
    wiring: Wiring, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker looks for the gap once in its life."""
    wiring.ledger(beat, "worker-1", wiring.real_now())
    signs = iter(range(1, 10))
    monkeypatch.setattr(schema, "LOOK_AGAIN_S", 0)
    real = schema.last_sign

    def beating(session: Session) -> Sign | None:
        beat(session, "worker-1", wiring.real_now() + timedelta(seconds=next(signs)))
        return real(session)

    monkeypatch.setattr(schema, "last_sign", beating)
    monkeypatch.setattr(schema, "reading", writing)

    assert call("restored", "2026-10-21T12:00+00:00") != 0

    assert "cannot make it safe: worker-1 is at work" in capsys.readouterr().err
    assert wiring.read(read_cursor, LOST) is None


def test_what_is_no_backup_is_named(wiring: Wiring, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("restore", str(tmp_path / "nowhere.backup")) == 2
    assert "is not there" in capsys.readouterr().err
