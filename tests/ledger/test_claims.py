"""Claims: nobody takes what another holds; who lost a lease writes nothing more."""

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import Session

from config.wiring import Wiring, engine_url
from ledger import queue
from ledger.claims import LEASE, Claimed, Claims, new_lease, renew, still_held
from ledger.tables import Work
from tests.ledger.support import NOW, REAL, Rival, later, put, race, real_later, row_of, rows_of
from tests.support.shared import ROOT
from tests.support.waiting import PATIENCE_S


def line_up(wiring: Wiring, count: int, **changes: object) -> list[str]:
    rows = [queue.work_row("route", f"ord_{number:03}", NOW) | changes for number in range(count)]
    put(wiring, Work, *rows)
    return [str(row["id"]) for row in rows]


def take(wiring: Wiring, limit: int = 100, *, seconds: float = 0) -> Claimed:
    return wiring.ledger(queue.claim_work, "route", limit=limit, now=later(seconds), real_now=real_later(seconds))


def ids(claimed: Claimed) -> list[str]:
    return [row["id"] for row in claimed.rows]


def test_rivals_never_take_the_same_row(wiring: Wiring) -> None:
    everything = line_up(wiring, 60)

    def drain() -> list[str]:
        taken: list[str] = []
        while claimed := ids(take(wiring, 4)):
            taken += claimed
        return taken

    mine, others = race(drain, drain)

    assert sorted(mine + others) == sorted(everything)


def test_rival_processes_never_take_the_same_row(wiring: Wiring, database_url: str) -> None:
    everything = line_up(wiring, 40)
    code = """
import sys
from datetime import datetime
from sqlmodel import Session
from ledger.queue import claim_work
from ledger.session import make_engine, writing
engine, now, real_now = make_engine(sys.argv[1]), *map(datetime.fromisoformat, sys.argv[2:])
sys.stdin.read()
while True:
    with writing(engine) as session, session.begin():
        rows = claim_work(session, "route", limit=3, now=now, real_now=real_now).rows
    if not rows:
        break
    print(*(row["id"] for row in rows), sep="\\n")
"""
    command = [sys.executable, "-c", code, engine_url(database_url), NOW.isoformat(), REAL.isoformat()]
    processes = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in "12"
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    taken = [process.communicate(timeout=PATIENCE_S)[0].split() for process in processes]

    assert [process.returncode for process in processes] == [0, 0]
    assert sorted(taken[0] + taken[1]) == sorted(everything)


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_claim_passes_over_rows_that_an_open_transaction_has_taken(wiring: Wiring) -> None:
    first, second = line_up(wiring, 2)

    def hold_one(session: Session) -> tuple[list[str], list[str]]:
        mine = queue.claim_work(session, "route", limit=1, now=NOW, real_now=REAL)
        return ids(mine), Rival(lambda: ids(take(wiring))).result()  # the rival must not wait for us

    assert wiring.ledger(hold_one) == ([first], [second])


def test_expired_lease_is_taken_again_with_a_higher_token(wiring: Wiring) -> None:
    [work_id] = line_up(wiring, 1)
    dead = take(wiring)
    assert ids(take(wiring, seconds=LEASE.total_seconds() - 1)) == []

    heir = take(wiring, seconds=LEASE.total_seconds() + 1)

    assert ids(heir) == [work_id]
    assert heir.lease.token > dead.lease.token
    assert heir.rows[0]["attempts"] == 2


def test_length_of_a_lease_is_a_setting_and_a_renewal_follows_it(wiring: Wiring) -> None:
    line_up(wiring, 1)
    wiring.settings.lease_s = 2.0
    held = take(wiring)
    assert held.lease.until == REAL + timedelta(seconds=2)

    renewed = REAL + timedelta(seconds=1)
    wiring.ledger(renew, Work, ids(held), held.lease, real_now=renewed)

    assert row_of(wiring, Work)["lease_until"] == renewed + timedelta(seconds=2)


def test_lease_does_not_run_out_when_the_products_clock_is_moved(wiring: Wiring) -> None:
    line_up(wiring, 1)
    take(wiring)

    claimed = wiring.ledger(queue.claim_work, "route", limit=1, now=later(days=30), real_now=REAL)

    assert claimed.rows == []


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda s, w, t: queue.finish_work(s, [w], t), id="finish"),
        pytest.param(lambda s, w, t: queue.postpone_work(s, [(w, later(99), "late")], t), id="postpone"),
        pytest.param(lambda s, w, t: queue.wait_work(s, [(w, later(99))], t), id="wait"),
    ],
)
def test_late_writer_is_refused(wiring: Wiring, write: Callable[[Session, str, int], None]) -> None:
    [work_id] = line_up(wiring, 1)
    dead = take(wiring)
    take(wiring, seconds=LEASE.total_seconds() + 1)
    before = row_of(wiring, Work)

    wiring.ledger(write, work_id, dead.lease.token)

    assert row_of(wiring, Work) == before
    assert wiring.ledger(queue.held_work, dead.rows, dead.lease.token) == set()
    assert wiring.ledger(still_held, Work, [work_id], before["lease_token"]) == {work_id}


def test_renewed_lease_lives_on_and_a_lost_one_cannot_be_renewed(wiring: Wiring) -> None:
    [work_id] = line_up(wiring, 1)
    mine = take(wiring)

    wiring.ledger(renew, Work, [work_id], mine.lease, real_now=real_later(15))

    assert ids(take(wiring, seconds=25)) == []
    heir = take(wiring, seconds=36)
    wiring.ledger(renew, Work, [work_id], mine.lease, real_now=real_later(300))
    assert row_of(wiring, Work)["lease_until"] == heir.lease.until


def test_urgent_first_then_longest_due(wiring: Wiring) -> None:
    put(
        wiring,
        Work,
        queue.work_row("route", "standard", later(-10)),
        queue.work_row("route", "older", later(-20)),
        queue.work_row("route", "express", NOW, priority=1),
        queue.work_row("route", "tomorrow", later(days=1), priority=0),
        queue.work_row("fulfil", "elsewhere", NOW, priority=0),
    )

    assert ids(take(wiring)) == ["route:express", "route:older", "route:standard"]
    assert len(rows_of(wiring, Work, lease_token=0)) == 2


def test_claim_of_nothing_costs_no_token(wiring: Wiring) -> None:
    def tokens(session: Session) -> tuple[int, int]:
        first = new_lease(session, real_now=REAL).token
        nothing = Claims(Work).take(session, limit=5, now=NOW, real_now=REAL)
        assert nothing.rows == []
        return first, new_lease(session, real_now=REAL).token

    first, second = wiring.ledger(tokens)

    assert second == first + 1
