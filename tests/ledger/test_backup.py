"""Backups are whole, checked, and restored only where that is wanted; one of SQLite becomes PostgreSQL and back."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from config.wiring import Wiring, engine_url
from domain.states import EffectState
from ledger import backup, effects, restoring, schema, settling
from ledger.backup import BackupError, Seal
from ledger.claims import new_lease
from ledger.cursors import move_cursor, read_cursor
from ledger.effects import EffectDraft, Handlers, Verdict
from ledger.gap import Gap
from ledger.heartbeats import beat
from ledger.inbox import Delivery, store
from ledger.restored import MARGIN, make_safe
from ledger.restoring import restore
from ledger.session import make_engine
from ledger.tables import Effect, InboxEvent, ReviewCase
from tests.ledger.support import NOW, REAL, rows_of
from tests.support.databases import Postgres, Sqlite, make_wiring
from tests.support.revisions import NEWER

BODY = bytes(range(256))


@pytest.fixture
def filled(wiring: Wiring) -> Wiring:
    wiring.ledger(store, [Delivery("shopify", "alpha", "orders/create", str(n), "o", BODY) for n in range(1_203)], NOW)
    return wiring


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def other(request: pytest.FixtureRequest) -> Iterator[Wiring]:
    """An empty ledger of either kind, to restore into."""
    server: Postgres | Sqlite = request.getfixturevalue(request.param)
    with server.database() as url:
        made = make_wiring(url)
        yield made
        made.engine.dispose()


def taken(wiring: Wiring, path: Path) -> Seal:
    return backup.take(wiring.engine, path, taken_at=REAL, product_time=NOW)


def nothing_safe(_session: Session, _seal: Seal) -> None: ...


@pytest.mark.row("TRU-1")
def test_everything_comes_back_on_either_database(filled: Wiring, other: Wiring, tmp_path: Path) -> None:
    filled.ledger(new_lease, real_now=REAL)
    seal = taken(filled, tmp_path / "ledger.backup")
    restore(other.engine, tmp_path / "ledger.backup", nothing_safe)

    assert seal.tables["inbox_event"][0] == 1_203
    assert rows_of(other, InboxEvent) == rows_of(filled, InboxEvent)
    assert schema.is_current(other.engine)
    assert other.ledger(new_lease, real_now=REAL).token > 1
    again = taken(other, tmp_path / "again.backup")
    assert again.tables["inbox_event"] == seal.tables["inbox_event"]
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".backup" or path.name.startswith(".")] == []


@pytest.mark.row("TRU-1", bad_input=True)
def test_a_damaged_file_is_refused(filled: Wiring, other: Wiring, tmp_path: Path) -> None:
    file = tmp_path / "ledger.backup"
    taken(filled, file)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE inbox_event SET subject = 'x' WHERE delivery_id = '7'")
        connection.commit()
    with pytest.raises(BackupError, match="is damaged: it is not as it was sealed in inbox_event"):
        restore(other.engine, file, nothing_safe)

    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(BackupError, match="is damaged"):
        restore(other.engine, file, nothing_safe)
    file.write_bytes(b"no database at all")
    with pytest.raises(BackupError, match="is not a backup of this program"):
        restore(other.engine, file, nothing_safe)
    assert rows_of(other, InboxEvent) == []


@pytest.mark.row("TRU-1", bad_input=True)
def test_a_ledger_in_use_and_a_newer_backup_are_refused(filled: Wiring, tmp_path: Path) -> None:
    file = tmp_path / "ledger.backup"
    seal = taken(filled, file)
    with pytest.raises(BackupError, match="add --replace"):
        restore(filled.engine, file, nothing_safe)

    filled.ledger(beat, "worker", filled.real_now() + timedelta(seconds=60))
    filled.ledger(store, [Delivery("shopify", "alpha", "orders/create", "new", "o", BODY)], NOW)
    restore(filled.engine, file, nothing_safe, replace=True, force=True)
    assert len(rows_of(filled, InboxEvent)) == seal.tables["inbox_event"][0]

    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE backup_seal SET said = replace(said, ?, ?)", (seal.revision, NEWER))
        connection.commit()
    with pytest.raises(BackupError, match="made by a newer version"):
        restore(filled.engine, file, nothing_safe, replace=True)


def test_an_older_backup_is_migrated(sqlite: Sqlite, other: Wiring, tmp_path: Path) -> None:
    with sqlite.database(migrated=False) as url:
        old = make_engine(engine_url(url))
        schema.upgrade(old, "202611212002_shipping")
        backup.take(old, tmp_path / "old.backup", taken_at=REAL, product_time=NOW)
        old.dispose()

    restore(other.engine, tmp_path / "old.backup", nothing_safe)

    assert schema.is_current(other.engine)


@pytest.mark.row("TRU-1")
def test_what_was_wanted_is_asked_about_before_it_is_done(wiring: Wiring, tmp_path: Path) -> None:
    kinds = ("label.buy", "mail.send")
    drafts = [EffectDraft(kind, f"{kind}:{n}", "vendor", due_at=NOW) for kind in kinds for n in "12"]
    later = EffectDraft("mail.send", "mail.send:3", "vendor", due_at=NOW + timedelta(days=1))
    wiring.ledger(effects.plan, [*drafts, later], NOW)
    handlers = {kind: Handlers(on_done=lambda *_: []) for kind in kinds}
    for kind in kinds:
        wiring.ledger(effects.claim_planned, [kind], handlers, limit=1, now=NOW, real_now=REAL)
    wiring.ledger(move_cursor, "orders:shopify/alpha", NOW)
    lost = Gap(NOW, NOW + timedelta(hours=1))
    sending = rows_of(wiring, Effect, state=EffectState.SENDING, kind="label.buy")
    newest = wiring.ledger(new_lease, real_now=REAL).token

    wiring.ledger(make_safe, lost, now=lost.lost, certain=["label.buy"], accounts=["orders:shopify/nord"])

    found = {row["key"]: (row["state"], row["attempts"]) for row in rows_of(wiring, Effect)}
    labels = sorted(found[f"label.buy:{n}"] for n in "12")
    assert labels == [(EffectState.PLANNED, 1), (EffectState.UNKNOWN, 1)]
    assert [found[f"mail.send:{n}"][0] for n in "123"] == [EffectState.PARKED, EffectState.PARKED, EffectState.PLANNED]
    cases = rows_of(wiring, ReviewCase, kind="effect_parked")
    assert len(cases) == 2
    assert "restored from a backup of" in cases[0]["facts"]["detail"]
    assert wiring.read(read_cursor, "orders:shopify/alpha") == NOW - MARGIN
    assert wiring.read(read_cursor, "orders:shopify/nord") is not None
    rows = rows_of(wiring, Effect)
    assert wiring.ledger(new_lease, real_now=REAL).token > newest + 1_000_000
    assert {(row["lease_token"], row["lease_until"]) for row in rows} == {(0, None)}
    # one who was sending when the backup was taken, and lives
    wiring.ledger(settling.settle, [(row, Verdict("done")) for row in sending], handlers, now=NOW)
    assert rows_of(wiring, Effect) == rows


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whatever_was_replaced_is_kept(filled: Wiring, tmp_path: Path) -> None:
    file, ledger = tmp_path / "ledger.backup", Path(str(filled.engine.url.database))
    seal = taken(filled, file)
    for number in ("first", "second"):
        filled.ledger(store, [Delivery("shopify", "alpha", "orders/create", number, "o", BODY)], NOW)
        ledger.with_name(f"{ledger.name}-wal").touch()  # of one who died
        restore(filled.engine, file, nothing_safe, replace=True, force=True)

    assert len(rows_of(filled, InboxEvent)) == seal.tables["inbox_event"][0]
    kept = sorted(path for path in ledger.parent.glob(f"{ledger.name}.replaced-*") if path.name[-1].isdigit())
    newest = "SELECT delivery_id FROM inbox_event ORDER BY id DESC LIMIT 1"
    found = []
    for path in kept:
        with closing(sqlite3.connect(path)) as connection:
            found.append(connection.execute(newest).fetchone()[0])
    assert found == ["first", "second"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_restore_that_is_cut_short_leaves_a_ledger(
    filled: Wiring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no file is found the next start would make an empty one."""
    taken(filled, tmp_path / "ledger.backup")

    def cut_short(_making: Path, _path: Path) -> None:
        raise OSError("no power")

    monkeypatch.setattr(restoring, "settle_file", cut_short)
    with pytest.raises(OSError, match="no power"):
        restore(filled.engine, tmp_path / "ledger.backup", nothing_safe, replace=True)

    assert len(rows_of(filled, InboxEvent)) == 1_203
