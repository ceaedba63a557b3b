"""Transactions that wait for each other go in one commit, and each is as whole as if it were alone."""

import asyncio
from collections.abc import Callable
from threading import Event, current_thread

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from config.wiring import Wiring
from ledger import shared_commits
from ledger.rows import insert_rows
from ledger.tables import SyncCursor
from tests.ledger.support import NOW

Call = Callable[[Session], str]


def writes(name: str, *, then: Exception | None = None) -> Call:
    """A transaction that writes a row, and may fail after it."""

    def call(session: Session) -> str:
        insert_rows(session, SyncCursor, [{"id": name, "since": NOW}])
        if then is not None:
            raise then
        return name

    return call


def stored(wiring: Wiring) -> set[str]:
    """What another connection sees."""
    return set(wiring.read(lambda session: session.connection().scalars(sa.text("SELECT id FROM sync_cursor"))))


def held_up(go_on: Event, call: Call) -> Call:
    """The call, once it is told to go on: whoever comes meanwhile stands in line behind it."""
    return lambda session: call(session) if go_on.wait(30) else ""


async def together(wiring: Wiring, *calls: Call) -> list[str | BaseException]:
    """Let the calls stand in line behind a transaction that ends when all of them do."""
    go_on = Event()
    first = asyncio.create_task(wiring.in_ledger(held_up(go_on, lambda _session: "first")))
    behind = [asyncio.create_task(wiring.in_ledger(call)) for call in calls]
    await asyncio.sleep(0)  # each has begun, and stands in line
    go_on.set()
    await first
    return await asyncio.gather(*behind, return_exceptions=True)


def commits(wiring: Wiring) -> list[str]:
    """Grows with each commit, by the name of its thread."""
    found: list[str] = []
    sa.event.listen(wiring.engine, "commit", lambda _connection: found.append(current_thread().name))
    return found


async def test_each_is_answered_with_its_own_result(wiring: Wiring) -> None:
    assert ["a", "b", "c"] == await together(wiring, writes("a"), writes("b"), writes("c"))
    assert {"a", "b", "c"} == stored(wiring)


async def test_one_that_fails_takes_nothing_of_the_others_with_it(wiring: Wiring) -> None:
    wrong = ValueError("wrong")
    await wiring.in_ledger(writes("a"))

    answers = await together(wiring, writes("b", then=wrong), writes("a"), writes("c"))

    assert (wrong, "c") == (answers[0], answers[2])
    assert isinstance(answers[1], sa.exc.IntegrityError)  # as alone: the row stands already
    assert {"a", "c"} == stored(wiring)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_those_that_wait_share_a_commit(wiring: Wiring) -> None:
    made = commits(wiring)

    await together(wiring, *(writes(str(number)) for number in range(5)))

    assert len(made) <= 2  # that of the first, which held them up, and theirs
    assert len(stored(wiring)) == 5


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_nobody_is_answered_before_the_commit(wiring: Wiring) -> None:
    seen: list[tuple[str, int]] = []

    def at_commit(_connection: sa.Connection) -> None:
        seen.append(("commit", sum(task.done() for task in tasks)))

    tasks = [asyncio.create_task(wiring.in_ledger(writes(name))) for name in "abc"]
    sa.event.listen(wiring.engine, "commit", at_commit)
    await asyncio.gather(*tasks)

    assert seen
    assert seen[0] == ("commit", 0)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_commit_that_fails_is_everybodys(wiring: Wiring) -> None:
    def refuse(_connection: sa.Connection) -> None:
        raise sa.exc.OperationalError("COMMIT", {}, Exception("disk I/O error"))

    tasks = [asyncio.create_task(wiring.in_ledger(writes(name))) for name in "ab"]
    sa.event.listen(wiring.engine, "commit", refuse)
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    sa.event.remove(wiring.engine, "commit", refuse)

    assert all(isinstance(answer, sa.exc.OperationalError) for answer in answers)
    assert set() == stored(wiring)
    assert "c" == await wiring.in_ledger(writes("c"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_transaction_that_the_database_gave_up_is_everybodys_failure(
    wiring: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As SQLite does when the disk is full: it rolls back by itself, and says so of one statement."""
    monkeypatch.setattr(shared_commits, "LONG_S", 30.0)
    full = sa.exc.OperationalError("INSERT", {}, Exception("database or disk is full"))

    def given_up(session: Session) -> str:
        session.connection().exec_driver_sql("ROLLBACK")
        raise full

    go_on = Event()
    tasks = [asyncio.create_task(wiring.in_ledger(call)) for call in (held_up(go_on, writes("a")), given_up)]
    await asyncio.sleep(0)
    go_on.set()

    assert [full, full] == await asyncio.gather(*tasks, return_exceptions=True)
    assert set() == stored(wiring)
    assert "b" == await wiring.in_ledger(writes("b"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_whoever_has_given_up_waiting_is_left_out(wiring: Wiring) -> None:
    go_on = Event()
    first = asyncio.create_task(wiring.in_ledger(held_up(go_on, lambda _session: "first")))
    impatient = asyncio.create_task(wiring.in_ledger(writes("a")))
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.sleep(0)
    go_on.set()
    await first

    assert "b" == await wiring.in_ledger(writes("b"))
    assert {"b"} == stored(wiring)
    with pytest.raises(asyncio.CancelledError):
        await impatient


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_line_without_an_end_leaves_gaps_for_other_processes(wiring: Wiring) -> None:
    over = asyncio.Event()

    async def keep_busy() -> None:
        while not over.is_set():
            await wiring.in_ledger(lambda session: session.connection().execute(sa.text("DELETE FROM sync_cursor")))

    busy = [asyncio.create_task(keep_busy()) for _ in range(8)]
    other = Wiring(wiring.settings)  # as another process would have it
    for number in range(5):
        assert f"other {number}" == await asyncio.to_thread(other.ledger, writes(f"other {number}"))
    over.set()
    await asyncio.gather(*busy)
    other.engine.dispose()
