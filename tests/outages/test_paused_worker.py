"""A worker that is stopped for longer than its leases last, and then goes on: the late writer is refused."""

import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tasks.sending.mail import MAILS_AT_ONCE
from tests.support.programs import Program, Programs
from tests.support.world import World, checkout

PATIENCE_S = 240.0
LEASE_S = "2"
HOLD = "fulfillmentOrderHold"
MAILS = 10  # fewer than a batch, more than go at once


def effects(world: World, kind: str, *states: str) -> bool:
    found = {row["state"] for row in world.rows("SELECT state FROM effect WHERE kind = :kind", kind=kind)}
    return bool(found) and found <= set(states)


async def stopped(world: World, program: Program) -> None:
    await world.until(program.stopped, what="the worker is stopped", deadline_s=PATIENCE_S)


async def stop_in_the_call(world: World, program: Program) -> None:
    """Stop it while it waits for the vendor alone: inside a transaction it would keep its locks, too."""

    def stops_without_locks() -> bool:
        program.send(signal.SIGSTOP)
        while not program.stopped():  # a moment: the signal is on its way
            assert program.alive, program.output
        if not in_transaction(world):
            return True
        program.send(signal.SIGCONT)
        return False

    await world.until(stops_without_locks, what="it waits for the vendor alone", deadline_s=PATIENCE_S)


def in_transaction(world: World) -> bool:
    """Whether anybody else holds a lock on the ledger that others would wait for."""
    engine = world.wiring.engine
    if engine.dialect.name == "postgresql":
        others = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        return bool(world.rows(f"{others} AND xact_start IS NOT NULL"))
    with closing(sqlite3.connect(str(engine.url.database), timeout=0)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
    return False


async def taken_over(world: World, programs: Programs, environment: dict[str, str], kind: str, state: str) -> None:
    """Another worker comes, works until the effect is in this state, and ends."""
    second = programs.worker(environment=environment)
    await world.until(lambda: effects(world, kind, state), what=f"another makes it {state}", deadline_s=PATIENCE_S)
    second.send(signal.SIGTERM)
    await world.until(lambda: not second.alive, what="the second ends", deadline_s=PATIENCE_S)


async def ends_idle(world: World, program: Program) -> None:
    await world.until(lambda: not program.alive, what="the woken worker ends", deadline_s=PATIENCE_S)
    assert 0 == program.code, program.output


@pytest.mark.row("TRU-1", bad_input=True)
async def test_one_stopped_in_the_middle_of_a_call_is_not_believed(world: World, programs: Programs) -> None:
    """The shop has done it, its answer waits; another repeats it under the same key and records it."""
    environment = world.environment | {"AFTERCART_LEASE_S": LEASE_S}
    world.sandbox.fault("shopify", HOLD, "hold")
    world.buy(checkout())
    await world.delivered()
    first = programs.worker("--until-idle", environment=environment)
    await world.until(
        lambda: sum(world.sandbox.accepted("shopify").get(HOLD, {}).values()),
        what="the shop acts", deadline_s=PATIENCE_S,
    )  # fmt: skip
    await stop_in_the_call(world, first)

    await taken_over(world, programs, environment, "shop.hold", "done")
    token = world.row("SELECT lease_token FROM effect WHERE kind = 'shop.hold'")["lease_token"]
    done_at = world.row("SELECT done_at FROM effect WHERE kind = 'shop.hold'")["done_at"]

    world.sandbox.control("release", {})
    first.send(signal.SIGCONT)
    await ends_idle(world, first)

    assert {1} == set(world.sandbox.accepted("shopify")[HOLD].values())
    row = world.row("SELECT state, lease_token, done_at FROM effect WHERE kind = 'shop.hold'")
    assert ("done", token, done_at) == (row["state"], row["lease_token"], row["done_at"])
    assert [] == world.rows("SELECT id FROM review_case")


@pytest.mark.row("TRU-1", bad_input=True)
async def test_one_stopped_before_its_call_does_not_make_it_late(
    world: World, programs: Programs, tmp_path: Path
) -> None:
    """Another has sent it meanwhile; a call of the first would be the second of its kind."""
    environment = world.environment | {"AFTERCART_LEASE_S": LEASE_S}
    world.buy(checkout())
    await world.delivered()
    pausing = {
        "AFTERCART_FAIL_POINT": "shop.hold:after-intent",
        "AFTERCART_FAIL_SIGNAL": "STOP",
        "AFTERCART_FAIL_LOG": str(tmp_path / "struck"),
    }
    first = programs.worker("--until-idle", environment=environment | pausing)
    await stopped(world, first)
    assert not world.sandbox.accepted("shopify").get(HOLD)

    await taken_over(world, programs, environment, "shop.hold", "done")
    calls = world.sandbox.requests("shopify")[HOLD]

    first.send(signal.SIGCONT)
    await ends_idle(world, first)

    assert {1} == set(world.sandbox.accepted("shopify")[HOLD].values())
    assert calls == world.sandbox.requests("shopify")[HOLD], "the late one did not call"


@pytest.mark.row("TRU-1", bad_input=True)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_mail_stopped_at_its_handing_over_is_one_mail_and_a_case(world: World, programs: Programs) -> None:
    """Nobody can say whether it went: it is never sent again, and a person is asked."""
    environment = world.environment | {"AFTERCART_LEASE_S": LEASE_S}
    world.sandbox.fault("smtp", "DATA", "hold")
    world.buy(checkout())
    await world.delivered()
    first = programs.worker("--until-idle", environment=environment)
    await world.until(world.mails, what="the server has the mail", deadline_s=PATIENCE_S)
    await stop_in_the_call(world, first)

    await taken_over(world, programs, environment, "mail.send", "parked")
    world.sandbox.control("release", {})
    first.send(signal.SIGCONT)
    await ends_idle(world, first)

    assert 1 == len(world.mails())
    assert effects(world, "mail.send", "parked")
    assert ["effect_parked"] == [row["kind"] for row in world.rows("SELECT kind FROM review_case")]


@pytest.mark.row("TRU-1", bad_input=True)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_one_stopped_in_the_middle_of_a_batch_of_mails_sends_none_of_the_rest(
    world: World, programs: Programs
) -> None:
    """Each is a case by then; a person who answers it would send it a second time."""
    environment = world.environment | {"AFTERCART_LEASE_S": LEASE_S}
    world.sandbox.fault("smtp", "DATA", "hold", times=MAILS_AT_ONCE)
    customers = ({"email": f"ada{number}@example.com", "phone": f"+1617555{number:04}"} for number in range(MAILS))
    for customer in customers:
        world.buy(checkout(customer=customer))
    await world.delivered()
    first = programs.worker("--until-idle", environment=environment)
    await world.until(
        lambda: len(world.mails()) == MAILS_AT_ONCE, what="the server has the first", deadline_s=PATIENCE_S
    )
    await stop_in_the_call(world, first)
    in_hand = world.row("SELECT count(*) AS n FROM effect WHERE kind = 'mail.send' AND state = 'sending'")["n"]

    await taken_over(world, programs, environment, "mail.send", "parked")
    world.sandbox.control("release", {})
    first.send(signal.SIGCONT)
    await ends_idle(world, first)

    assert MAILS == in_hand, "all were in one batch"
    assert MAILS_AT_ONCE == len(world.mails())
    assert effects(world, "mail.send", "parked")
    assert ["effect_parked"] * MAILS == [row["kind"] for row in world.rows("SELECT kind FROM review_case")]
