"""Group commit: many at once, a database that goes away and comes back, and a process that is told to stop."""

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy import event

from apps.receiver import writer as writer_module
from apps.receiver.answers import Refusal
from apps.receiver.transactions import Transactions
from apps.receiver.writer import GroupWriter
from config.wiring import Wiring
from ledger.inbox import Delivery
from tests.apps.receiver.support import ALPHA, calling, free_socket, inbox, shopify_headers
from tests.support.shared import ROOT
from tests.support.waiting import PATIENCE_S, wait_until

BODY = b'{"id": 5}'


def delivery(number: int, size: int = 10) -> Delivery:
    return Delivery("shopify", "alpha", "orders/create", f"event-{number}", "5", b"x" * size)


@pytest.mark.row("CAP-1")
async def test_two_hundred_at_once_share_transactions(wiring: Wiring) -> None:
    commits = 0

    def count(_connection: sa.Connection) -> None:
        nonlocal commits
        commits += 1

    event.listen(sa.engine.Engine, "commit", count)
    try:
        async with calling(wiring) as client:
            answers = await asyncio.gather(
                *(client.post(ALPHA, content=BODY, headers=shopify_headers(BODY, event_id=str(n))) for n in range(200))
            )
    finally:
        event.remove(sa.engine.Engine, "commit", count)

    assert {200} == {answer.status_code for answer in answers}
    assert {str(n) for n in range(200)} == {row["delivery_id"] for row in inbox(wiring)}
    assert 0 < commits < 60


@contextmanager
def locked(wiring: Wiring) -> Iterator[None]:
    """Another process holds SQLite's writer."""
    with closing(sqlite3.connect(wiring.settings.database_url.removeprefix("sqlite:///"))) as rival:
        rival.isolation_level = None
        rival.execute("BEGIN IMMEDIATE")
        yield
        rival.execute("ROLLBACK")


@pytest.mark.row("CAP-1")
@pytest.mark.row("SCA-1", bad_input=True)
async def test_database_away_then_back(file_wiring: Wiring, caplog: pytest.LogCaptureFixture) -> None:
    async with calling(file_wiring, patience_s=0.05) as client:
        with locked(file_wiring):
            for _ in range(3):
                answer = await client.post(ALPHA, content=BODY, headers=shopify_headers(BODY))
                assert (503, "database_away") == (answer.status_code, answer.json()["error"])
                assert int(answer.headers["retry-after"]) > 0
            assert inbox(file_wiring) == []
        answer = await client.post(ALPHA, content=BODY, headers=shopify_headers(BODY))

    assert answer.status_code == 200
    assert 1 == len(inbox(file_wiring))
    messages = [record.message for record in caplog.records if record.message.startswith("inbox database")]
    assert ["inbox database away", "inbox database back"] == messages


async def test_waits_for_a_short_lock(file_wiring: Wiring) -> None:
    async with calling(file_wiring, patience_s=10) as client:
        with locked(file_wiring):
            post = asyncio.create_task(client.post(ALPHA, content=BODY, headers=shopify_headers(BODY)))
            await asyncio.wait([post], timeout=0.1)
            assert not post.done()
        assert (await post).status_code == 200


async def test_full_line_is_refused_and_the_rest_is_kept(file_wiring: Wiring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "MOST_WAITING", 2)
    transactions = Transactions(file_wiring)
    writer = GroupWriter(file_wiring, transactions)
    kept = [asyncio.create_task(writer.keep(delivery(number))) for number in range(2)]
    await asyncio.wait(kept, timeout=0)

    with pytest.raises(Refusal, match="busy"):
        await writer.keep(delivery(3))
    writer.start()
    await asyncio.gather(*kept)
    await writer.stop()
    transactions.close()
    assert 2 == len(inbox(file_wiring))


async def test_bytes_are_bounded_too(file_wiring: Wiring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "MOST_WAITING_BYTES", 100)
    transactions = Transactions(file_wiring)

    with pytest.raises(Refusal, match="busy"):
        await GroupWriter(file_wiring, transactions).keep(delivery(1, size=101))
    transactions.close()


async def test_whoever_waits_too_long_is_told_to_come_again(file_wiring: Wiring) -> None:
    transactions = Transactions(file_wiring)
    writer = GroupWriter(file_wiring, transactions, answer_within_s=0.01)  # not started

    with pytest.raises(Refusal, match="busy"):
        await writer.keep(delivery(1))
    writer.start()
    await writer.stop()
    transactions.close()
    assert inbox(file_wiring) == []


async def test_what_waits_is_stored_before_the_end(file_wiring: Wiring) -> None:
    transactions = Transactions(file_wiring)
    writer = GroupWriter(file_wiring, transactions)
    kept = [asyncio.create_task(writer.keep(delivery(number))) for number in range(20)]
    await asyncio.wait(kept, timeout=0)
    writer.start()

    await writer.stop()

    await asyncio.gather(*kept)
    transactions.close()
    assert 20 == len(inbox(file_wiring))


async def test_health(file_wiring: Wiring, client: httpx.AsyncClient) -> None:
    assert {"status": "up"} == (await client.get("/healthz")).json()
    assert {"unhandled": {}, "oldest_s": 0.0} == (await client.get("/readyz")).json()["inbox"]
    await client.post(ALPHA, content=BODY, headers=shopify_headers(BODY))
    assert {"shopify": 1} == (await client.get("/readyz")).json()["inbox"]["unhandled"]

    file_wiring.ledger(lambda session: session.execute(sa.text("DROP TABLE inbox_event")))
    async with calling(file_wiring) as without:
        assert 200 == (await without.get("/healthz")).status_code
        answer = await without.get("/readyz")
        assert (503, "database_away") == (answer.status_code, answer.json()["error"])


@pytest.mark.row("CAP-1")
def test_process_serves_and_stops(file_wiring: Wiring) -> None:
    with closing(free_socket()) as found:
        port = found.getsockname()[1]
    environ = os.environ | {
        "AFTERCART_DATABASE_URL": file_wiring.settings.database_url,
        "AFTERCART_ACCOUNTS_FILE": str(file_wiring.settings.accounts_file),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "apps.receiver", "--port", str(port)], cwd=ROOT, env=environ, stderr=subprocess.PIPE
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            wait_until(lambda: is_up(client), "the receiver answers")
            answer = client.post(ALPHA, content=BODY, headers=shopify_headers(BODY))
            assert (200, 1) == (answer.status_code, len(inbox(file_wiring)))
            assert 401 == client.post(ALPHA, content=BODY, headers=shopify_headers(BODY + b" ")).status_code
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
        process.wait()
    assert process.returncode in (0, -signal.SIGTERM)
    assert b"webhook refused target=shopify/alpha code=mismatch" in log
    assert b"Traceback" not in log


@pytest.mark.row("TRU-1")
def test_what_was_answered_survives_a_kill(file_wiring: Wiring, tmp_path: Path) -> None:
    """The process ends with the answer: what it had written by then, the log included, is opened. What a power cut
    leaves is another matter, see `test_every_commit_reaches_the_disk`."""
    file = Path(file_wiring.settings.database_url.removeprefix("sqlite:///"))
    with closing(free_socket()) as found:
        port = found.getsockname()[1]
    environ = os.environ | {
        "AFTERCART_DATABASE_URL": file_wiring.settings.database_url,
        "AFTERCART_ACCOUNTS_FILE": str(file_wiring.settings.accounts_file),
    }
    process = subprocess.Popen([sys.executable, "-m", "apps.receiver", "--port", str(port)], cwd=ROOT, env=environ)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            wait_until(lambda: is_up(client), "the receiver answers")
            assert 200 == client.post(ALPHA, content=BODY, headers=shopify_headers(BODY)).status_code
            for end in ("", "-wal"):
                shutil.copyfile(f"{file}{end}", tmp_path / f"kept.db{end}")
    finally:
        process.kill()
    assert process.wait() == -signal.SIGKILL

    assert (tmp_path / "kept.db-wal").stat().st_size > 0
    for place in (tmp_path / "kept.db", file):
        with closing(sqlite3.connect(place)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("SELECT delivery_id, body FROM inbox_event").fetchall() == [("event-1", BODY)]


def test_every_commit_reaches_the_disk(file_wiring: Wiring) -> None:
    transactions = Transactions(file_wiring)
    for run in (file_wiring.ledger, transactions.run):
        found = run(
            lambda session: [
                session.execute(sa.text(f"PRAGMA {name}")).scalar_one() for name in ("journal_mode", "synchronous")
            ]
        )
        assert found == ["wal", 2]
    transactions.close()


def is_up(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False
