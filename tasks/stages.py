"""One pass over the six stages: each runs only when something waits for it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import sqlalchemy as sa

from config import wiring
from tasks import capture, communicate, fulfil, lookups, reconcile, route, validate
from tasks.customers import attended
from tasks.effect_kinds import MAIL_KINDS
from tasks.runtime import Report
from tasks.shift import Shift, leftovers


@dataclass(frozen=True, slots=True)
class Stage:
    """`task` is the Prefect task, `plain` the same work without an engine; `waits_on` names what it takes."""

    name: str
    task: Callable[[int], Awaitable[Report]]
    plain: Callable[[int], Awaitable[Report]]
    waits_on: Callable[[], set[str]]


_MESSAGES = frozenset(f"effect:{kind}" for kind in MAIL_KINDS)


def _inbox(*sections: str) -> set[str]:
    accounts = wiring.current().accounts
    return {f"inbox:{account.system}" for name in sections for account in getattr(accounts, name)}


STAGES = (
    Stage("capture", capture.capture, capture.run, lambda: _inbox("shops")),
    Stage("validate", validate.validate, validate.run, lambda: {"validate", "inbox:portal"}),
    Stage("route", route.route, route.run, lambda: {"route"}),
    Stage("fulfil", fulfil.fulfil, fulfil.run, lambda: {"fulfil", "inbox:floor"} | _inbox("warehouses", "carriers")),
    Stage(
        "communicate",
        communicate.communicate,
        communicate.run,
        lambda: {*_MESSAGES, *(f"inbox:{source}" for source in lookups.TAKERS)} | _inbox("texting"),
    ),
    Stage("reconcile", reconcile.reconcile, reconcile.run, lambda: {"reconcile"}),
)


async def patient_pass(shift: Shift, *, engine: bool = True) -> list[Report]:
    """`one_pass`; a ledger that goes away for a while ends no shift. Raises: sqlalchemy.exc.OperationalError."""
    while True:
        try:
            return await one_pass(shift, engine=engine)
        except sa.exc.OperationalError as error:
            await shift.outlast(error)


async def one_pass(shift: Shift, *, engine: bool = True) -> list[Report]:
    """Run the stages that something waits for, in order; each sees what the one before has made. Customers do not
    wait meanwhile, also not for a vendor that hangs while leftovers are looked up."""
    limit = wiring.current().settings.batch_orders
    reports: list[Report] = []
    async with attended():
        due = await shift.waiting()
        for stage in STAGES:
            if stage.waits_on() & due:
                reports.append(shift.note(await (stage.task if engine else stage.plain)(limit)))
                shift.worked()
                due = await shift.waiting()
        if any(name.startswith("effect:") and name not in _MESSAGES for name in due):
            reports.append(shift.note(await leftovers()))
    return [report for report in reports if report.lines]
