"""`aftercart backup`, `restore`, `restored` as a person uses them."""

from pathlib import Path

import pytest

from apps.cli import run
from config.wiring import Wiring
from ledger.cursors import read_cursor
from ledger.gap import LOST, TAKEN, forget
from ledger.inbox import Delivery, store
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
    assert call("restore", file, "--lost-at", "yesterday") == 2
    assert "is no time" in capsys.readouterr().err
    assert call("restore", file, "--replace", "--force") == 0

    assert "Restored" in capsys.readouterr().out
    assert [row["delivery_id"] for row in rows_of(wiring, InboxEvent)] == ["1"]
    assert wiring.read(read_cursor, TAKEN) is not None


def test_a_ledger_restored_by_other_means_is_made_safe(wiring: Wiring) -> None:
    assert call("restored", "2026-11-21T12:00", "--lost-at", "2026-11-21T13:00+00:00") == 0

    found = wiring.read(read_cursor, LOST)
    forget()
    assert found is not None
    assert (found.hour, found.minute) == (13, 0)


def test_what_is_no_backup_is_named(wiring: Wiring, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("restore", str(tmp_path / "nowhere.backup")) == 2
    assert "is not there" in capsys.readouterr().err
