"""The queue of work: a new fact is never lost, whoever holds the row."""

import pytest
from sqlmodel import Session

from config.wiring import Wiring
from ledger import queue
from ledger.claims import Claimed
from ledger.effects import EffectDraft, Handlers, claim_planned, plan
from ledger.inbox import Delivery, claim_inbox, handled, store
from ledger.queue import backoff, claim_work, enqueue, finish_work, postpone_work, wait_work, work_row
from ledger.tables import Work
from tests.ledger.effect_support import nothing
from tests.ledger.support import NOW, REAL, Rival, later, row_of, rows_of

ID = "route:ord_1"


@pytest.fixture
def held(wiring: Wiring) -> Claimed:
    """One row, claimed."""
    wiring.ledger(enqueue, [work_row("route", "ord_1", NOW)])
    return take(wiring)


def take(wiring: Wiring) -> Claimed:
    return wiring.ledger(claim_work, "route", limit=10, now=NOW, real_now=REAL)


def test_finish_deletes(wiring: Wiring, held: Claimed) -> None:
    wiring.ledger(finish_work, [ID], held.lease.token)

    assert rows_of(wiring, Work) == []


def test_asked_again_while_held_stays_due_after_its_holder(wiring: Wiring, held: Claimed) -> None:
    wiring.ledger(enqueue, [work_row("route", "ord_1", NOW)])
    assert take(wiring).rows == []

    wiring.ledger(finish_work, [ID], held.lease.token)

    [again] = take(wiring).rows
    assert (again["id"], again["attempts"]) == (ID, 1)


def test_asked_again_while_its_holder_finishes_is_not_lost(wiring: Wiring, held: Claimed) -> None:
    """The holder has read its facts and locked the row; somebody brings a new one before it commits."""

    def finish(session: Session) -> Rival:
        assert queue.held_work(session, held.rows, held.lease.token) == {ID}
        rival = Rival(lambda: wiring.ledger(enqueue, [work_row("route", "ord_1", NOW)]))
        rival.until_blocked()
        finish_work(session, [ID], held.lease.token)
        return rival

    wiring.ledger(finish).result()

    assert [row["id"] for row in take(wiring).rows] == [ID]


@pytest.mark.parametrize("wait", [True, False], ids=["wait", "postpone"])
def test_asked_again_while_held_is_not_put_off(wiring: Wiring, held: Claimed, wait: bool) -> None:
    wiring.ledger(enqueue, [work_row("route", "ord_1", NOW)])

    if wait:
        wiring.ledger(wait_work, [(ID, later(hours=1))], held.lease.token)
    else:
        wiring.ledger(postpone_work, [(ID, later(hours=1), "vendor_away")], held.lease.token)

    assert [row["id"] for row in take(wiring).rows] == [ID]


def test_enqueue_pulls_forward_and_never_back(wiring: Wiring) -> None:
    wiring.ledger(enqueue, [work_row("route", "ord_1", later(60))])
    wiring.ledger(enqueue, [work_row("route", "ord_1", NOW)])
    assert row_of(wiring, Work)["due_at"] == NOW

    wiring.ledger(enqueue, [work_row("route", "ord_1", later(60)), work_row("route", "ord_2", NOW)])

    assert [row["due_at"] for row in rows_of(wiring, Work)] == [NOW, NOW]


@pytest.mark.parametrize("asked", [(5, queue.CUSTOMER), (queue.CUSTOMER, 5)], ids=["bulk first", "customer first"])
def test_what_a_customer_asked_for_goes_before_bulk(wiring: Wiring, asked: tuple[int, int]) -> None:
    """Also when it stood in line before."""
    wiring.ledger(enqueue, [work_row("route", "bulk", later(-60))])
    for priority in asked:
        wiring.ledger(enqueue, [work_row("route", "ord_1", NOW, priority=priority)])

    [first] = wiring.ledger(claim_work, "route", limit=1, now=NOW, real_now=REAL).rows

    assert (first["id"], first["priority"]) == (ID, queue.CUSTOMER)


def test_postponed_counts_as_an_attempt_and_a_wait_does_not(wiring: Wiring, held: Claimed) -> None:
    wiring.ledger(postpone_work, [(ID, NOW, "vendor_away")], held.lease.token)
    row = row_of(wiring, Work)
    assert (row["attempts"], row["error"], row["lease_until"]) == (1, "vendor_away", None)
    second = take(wiring)
    assert second.rows[0]["attempts"] == 2

    wiring.ledger(wait_work, [(ID, NOW)], second.lease.token)

    row = row_of(wiring, Work)
    assert (row["attempts"], row["error"]) == (0, "")


@pytest.mark.parametrize(
    ("attempts", "after_s", "seconds"),
    [(0, None, 15), (1, None, 15), (2, None, 30), (3, None, 60), (8, None, 1800), (99, None, 1800),
     pytest.param(1, 3600, 3600, id="vendor asked for longer"), pytest.param(8, 5, 1800, id="vendor asked for less")],
)  # fmt: skip
def test_backoff(attempts: int, after_s: float | None, seconds: float) -> None:
    assert backoff(attempts, after_s=after_s).total_seconds() == seconds


def test_next_due_names_what_could_be_taken_now(wiring: Wiring, held: Claimed) -> None:
    """By a look that writes nothing and does not wait for a writer."""
    wiring.ledger(enqueue, [work_row("route", "ord_2", later(60)), work_row("fulfil", "ord_3", NOW),
                            work_row("fulfil", "ord_4", NOW), work_row("reconcile", "ord_3", later(60))])  # fmt: skip
    wiring.ledger(
        store, [Delivery("floor", "x", "scan", "1", "s", b""), Delivery("portal", "x", "a", "2", "s", b"")], NOW
    )
    [floor] = wiring.ledger(claim_inbox, "floor", limit=1, now=NOW, real_now=REAL).rows
    wiring.ledger(handled, {floor["id"]: "done"}, floor["lease_token"], NOW)
    wiring.ledger(plan, [EffectDraft("shop.hold", "1", "shop/a"), EffectDraft("mail.send", "2", "mail/a"),
                         EffectDraft("shop.refund", "3", "shop/a", due_at=later(60))], NOW)  # fmt: skip
    wiring.ledger(
        claim_planned, ["mail.send"], {"mail.send": Handlers(on_done=nothing)}, limit=1, now=NOW, real_now=REAL
    )

    def look(session: Session) -> set[str]:
        return wiring.read(queue.next_due, now=NOW, real_now=REAL)

    due = {"fulfil", "inbox:portal", "effect:shop.hold"}
    assert wiring.ledger(look) == due
    later_on = wiring.read(queue.next_due, now=later(60), real_now=later(days=365))
    assert later_on == due | {"route", "reconcile", "effect:shop.refund"}
