"""The runner of requests as the program that it is."""

import asyncio
import signal
from pathlib import Path

import pytest

from apps import requests
from config.wiring import Wiring
from ledger import schema
from ledger.editing import intake
from ledger.heartbeats import heartbeats
from ledger.inbox import Delivery, store
from tasks.editing.driver import EDITS
from tests.support.edits import ask, order_ids, request_row
from tests.support.programs import Program, Programs
from tests.support.revisions import NEWER, at_revision
from tests.support.waiting import until
from tests.support.world import World, checkout

CANCEL = [{"kind": "cancel"}]
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def ended(program: Program) -> int:
    await until(lambda: not program.alive, "the runner ends")
    assert program.code is not None
    return program.code


def state(world: World, request_id: str) -> str:
    """Empty while nobody has taken it."""
    found = world.rows("SELECT state FROM edit_request WHERE id = :id", id=request_id)
    return str(found[0]["state"]) if found else ""


async def ordered(world: World, count: int = 1) -> list[str]:
    """Orders that wait for the end of their edit window."""
    world.buy(*[checkout(customer={"email": f"ada{n}@example.com", "phone": None}) for n in range(count)])
    await world.settle()
    return order_ids(world)


@pytest.mark.row("EDT-1")
async def test_it_works_off_what_is_due_and_ends(world: World, programs: Programs) -> None:
    asked = [ask(world, order_id, CANCEL) for order_id in await ordered(world, 3)]

    program = programs.requests("--until-idle", "--no-engine", environment=world.environment)

    assert 0 == await ended(program), program.output
    assert ["applied"] * 3 == [request_row(world, request_id)["state"] for request_id in asked]
    assert "requests" in world.wiring.read(heartbeats)
    assert "Lovelace" not in program.output
    await world.settle()


@sqlite_only
async def test_it_is_awake_within_a_moment_of_a_request_and_ends_on_sigterm(
    world: World, programs: Programs, tmp_path: Path
) -> None:
    [order_id] = await ordered(world)
    ready = tmp_path / "ready"
    program = programs.requests("--no-engine", "--ready", str(ready), environment=world.environment)
    await until(ready.exists, "the runner is up")

    request_id = ask(world, order_id, CANCEL)
    await until(lambda: state(world, request_id) == "applied", "the order is cancelled")
    program.send(signal.SIGTERM)

    assert 0 == await ended(program), program.output
    assert "Traceback" not in program.output
    await world.settle()


@pytest.mark.row("TRU-1")
@sqlite_only
async def test_a_request_that_a_killed_runner_had_is_taken_over(world: World, programs: Programs) -> None:
    [order_id] = await ordered(world)
    world.sandbox.fault("shopify", "orderCancel", "hold", times=1)
    request_id = ask(world, order_id, CANCEL)
    environment = world.environment | {"AFTERCART_LEASE_S": "2"}
    first = programs.requests("--no-engine", environment=environment)
    await until(lambda: world.sandbox.accepted("shopify").get("orderCancel"), "the shop has it, the runner waits")
    first.send(signal.SIGKILL)
    world.sandbox.control("release", {})

    second = programs.requests("--no-engine", environment=environment)
    worker = programs.worker(environment=environment)  # asks the shop what became of the call

    await until(lambda: state(world, request_id) == "applied", "another runner goes on")
    assert {1} == set(world.sandbox.accepted("shopify")["orderCancel"].values())
    for program in (second, worker):
        program.send(signal.SIGTERM)
        assert 0 == await ended(program), program.output
    await world.settle()


@pytest.mark.row("TRU-1")
async def test_a_runner_that_is_told_to_end_leaves_its_request_free_between_two_steps(world: World) -> None:
    [order_id] = await ordered(world)
    request_id = ask(world, order_id, CANCEL)
    taken = await EDITS.take_and_claim(20, 8)
    steps: list[str] = []

    await EDITS.advance(
        request_id, taken.due.lease, seen=lambda done: steps.append(done.name), goes_on=lambda: len(steps) < 2
    )

    assert ["quote", "fence"] == steps
    row = request_row(world, request_id)
    assert ("committing", None) == (row["state"], row["lease_until"])
    again = await EDITS.take_and_claim(20, 8)
    assert [request_id] == [row["id"] for row in again.due.rows]
    await EDITS.advance(request_id, again.due.lease)
    assert "applied" == request_row(world, request_id)["state"]
    await world.settle()


@pytest.mark.row("CAP-1", bad_input=True)
@sqlite_only
async def test_a_delivery_that_our_program_fails_at_holds_up_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await ordered(world, 2)
    bad, good = ask(world, first, CANCEL), ask(world, second, CANCEL)
    open_request = intake.open_request

    def fails(*args: object, **kwargs: object) -> bool:
        if kwargs["request_id"] == bad:
            raise KeyError("a fault of our own")
        return open_request(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(intake, "open_request", fails)
    taken = await EDITS.take_and_claim(20, 8)

    assert [good] == [row["id"] for row in taken.due.rows]
    left = world.row("SELECT error, handled_at FROM inbox_event WHERE delivery_id = :id", id=bad)
    assert ("KeyError", None) == (left["error"], left["handled_at"])
    await EDITS.advance(good, taken.due.lease)


@pytest.mark.row("CAP-1", bad_input=True)
@sqlite_only
async def test_what_cannot_be_read_is_a_case_and_opens_nothing(world: World) -> None:
    garbage = Delivery(intake.SOURCE, "portal", intake.REQUESTED, "edr_x", "ord_x", b"{not json")
    world.wiring.ledger(store, [garbage], world.wiring.now())

    taken = await EDITS.take_and_claim(20, 8)

    assert (1, []) == (taken.came, taken.due.rows)
    assert "inbox_unreadable" == world.row("SELECT kind FROM review_case")["kind"]
    assert [] == world.rows("SELECT id FROM edit_request")


@pytest.mark.row("TRU-1", bad_input=True)
def test_it_does_not_start_on_another_version(wiring: Wiring) -> None:
    with at_revision(wiring, NEWER), pytest.raises(schema.SchemaError):
        asyncio.run(requests.work(0.0, engine=False))


@pytest.mark.row("TRU-1")
async def test_it_ends_when_the_ledger_moves_under_it(wiring: Wiring) -> None:
    wiring.settings.requests_port = 0
    working = asyncio.create_task(requests.work(600.0, engine=False))
    await until(lambda: "requests" in wiring.read(heartbeats))

    with at_revision(wiring, NEWER):
        runner = await asyncio.wait_for(working, 120)

    assert runner.moved


def test_it_says_which_database_is_away(programs: Programs) -> None:
    environment = {"AFTERCART_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/nothing"}
    program = programs.requests("--no-engine", environment=environment)
    program.process.wait()

    assert requests.NO_LEDGER == program.code
    assert "nobody@127.0.0.1:1/nothing went away" in program.output
    assert "Traceback" not in program.output
