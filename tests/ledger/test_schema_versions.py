"""A ledger of another version: refused with a clear line; migrated only when nobody works on it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from config.wiring import Wiring
from ledger import schema
from ledger.heartbeats import SILENT_S, beat, last_sign, vendor_trouble
from ledger.restarts import take_restart
from tests.support.revisions import NEWER, OLDER, at_revision


@contextmanager
def at_work(wiring: Wiring) -> Iterator[None]:
    """Somebody who gives signs of life."""
    over = threading.Event()

    def live() -> None:
        while not over.wait(0.02):
            wiring.ledger(beat, "worker", wiring.real_now())

    wiring.ledger(beat, "worker", wiring.real_now())
    thread = threading.Thread(target=live)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.row("TRU-1")
def test_nobody_migrates_under_a_living_worker(wiring: Wiring) -> None:
    with (
        at_revision(wiring, OLDER),
        at_work(wiring),
        pytest.raises(schema.SchemaError, match="cannot migrate: worker is at work on the database"),
    ):
        schema.upgrade(wiring.engine)


def test_a_worker_that_has_ended_is_waited_for(wiring: Wiring) -> None:
    wiring.ledger(beat, "worker", wiring.real_now() - timedelta(seconds=SILENT_S - 1.5))

    schema.wait_for_silence(wiring.engine, "migrate")

    sign = wiring.read(last_sign)
    assert sign is not None
    assert sign.age_s >= SILENT_S


def test_notes_on_vendors_and_restarts_are_no_signs_of_life(wiring: Wiring) -> None:
    wiring.ledger(vendor_trouble, "shopify/alpha", "timeout", wiring.real_now())
    wiring.ledger(take_restart, "process-orders", now=wiring.now(), real_now=wiring.real_now())

    assert wiring.read(last_sign) is None


def test_a_current_ledger_needs_no_silence(wiring: Wiring) -> None:
    with at_work(wiring):
        schema.upgrade(wiring.engine)
        assert schema.check(wiring.engine) == schema.head()


@pytest.mark.row("TRU-1", bad_input=True)
def test_a_newer_ledger_is_refused(wiring: Wiring) -> None:
    for use in (schema.check, schema.upgrade):
        with (
            at_revision(wiring, NEWER),
            pytest.raises(schema.SchemaError, match=r"unheard_of, which a newer version .* update this one"),
        ):
            use(wiring.engine)


@pytest.mark.row("TRU-1", bad_input=True)
def test_an_older_ledger_and_an_empty_one_are_refused(wiring: Wiring) -> None:
    with at_revision(wiring, OLDER), pytest.raises(schema.SchemaError, match=r"older revision .*aftercart migrate"):
        schema.check(wiring.engine)
    with at_revision(wiring, ""), pytest.raises(schema.SchemaError, match="not been set up; run `aftercart migrate`"):
        schema.check(wiring.engine)
