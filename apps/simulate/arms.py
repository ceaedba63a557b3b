"""What differs between the arms of a simulation, and nothing else: the steps of the workflow of delays, what it says,
and how its offers are taken. Whatever else is simulated knows of it only through here.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from apps.simulate.errors import NotInThisBuild
from config.wiring import Wiring
from domain.anomalies.telling import TOLD
from domain.claims import ClaimKind
from domain.policy import Policies

MOST = 20_000


class Arm(StrEnum):
    """`placebo` does everything and says nothing: what it then changes is the measuring's own fault."""

    WITHOUT = "without"
    WITH = "with"
    PLACEBO = "placebo"


@dataclass(frozen=True, slots=True)
class Part:
    """One step as its flow calls it: the task, whether it takes a limit, the flow for a run through Prefect, and how
    seldom it runs."""

    module: str
    task: str
    limited: bool
    flow: str
    every: timedelta = timedelta(0)


PARTS = (
    Part("tasks.fitting", "fit", False, "flows.fit_delays.fit_delays", timedelta(days=7)),
    Part("tasks.forecasts", "measure_drift", False, "flows.forecast_parcels.forecast_parcels"),
    Part("tasks.forecasts", "renew_forecasts", True, "flows.forecast_parcels.forecast_parcels"),
    Part("tasks.delays.detecting", "look_for_trouble", True, "flows.handle_delays.handle_delays"),
    Part("tasks.delays.incidents", "group_troubles", False, "flows.handle_delays.handle_delays"),
    Part("tasks.delays.acting", "act_on_trouble", True, "flows.handle_delays.handle_delays"),
)
ACCEPT = ("ledger.offers.answering", "accept")
# Claims that only the workflow makes; a placebo does not say them. One that tracking itself makes has no place here:
# it is said in the arm without the workflow too.
OURS = frozenset({*TOLD, ClaimKind.PARCEL_OFFER})
WINDOW_ENDS = "arrives_to"  # the fact of a claim that names a new window
_OFFERED = ("sent", "accepted", "executed", "declined", "expired", "withdrawn")
_TAKEN = ("accepted", "executed")


@dataclass(slots=True)
class Step:
    """Something that a schedule starts: at each look, or once it was not for `every`."""

    run: Callable[[], Awaitable[Any]]
    every: timedelta
    _last: datetime | None = None

    async def look(self, now: datetime) -> None:
        if self._last is None or now - self._last >= self.every:
            self._last = now
            await self.run()


def missing() -> list[str]:
    """Parts of the workflow that this build does not have."""
    modules = [part.module for part in PARTS] + [ACCEPT[0]]
    return sorted({name for name in modules if not _exists(name)})


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # its parent is missing
        return False


def steps(arm: Arm, *, engine: bool) -> Sequence[Step]:
    """What the workflow does at each look, in order; nothing without it. Raises: NotInThisBuild."""
    if arm is Arm.WITHOUT:
        return ()
    if gaps := missing():
        raise NotInThisBuild(f"this build has no {', '.join(gaps)}: there is no workflow of delays to measure")
    if engine:
        flows = {part.flow: part.every for part in PARTS}
        return [Step(_found(*name.rsplit(".", 1)), every) for name, every in flows.items()]
    return [Step(_work(part), part.every) for part in PARTS]


def _work(part: Part) -> Callable[[], Awaitable[Any]]:
    work = _found(part.module, part.task).fn
    return (lambda: work(MOST)) if part.limited else work


def _found(module: str, name: str) -> Any:
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError):
        raise NotInThisBuild(f"this build has no {module}.{name}") from None


def policies_of(arm: Arm, policies: Policies) -> Policies:
    """A shop whose workflow says nothing passes on whatever a carrier says: nobody else would tell its customers."""
    if arm is Arm.WITH:
        return policies
    off = policies.messages.off | (OURS if arm is Arm.PLACEBO else frozenset())
    return replace(policies, messages=replace(policies.messages, kept_in_time=frozenset(), off=off))


def offers_made(session: Session) -> list[Mapping[str, Any]]:
    """Every offer that reached its customer: id, order_id, shipment_id, kind, state, created_at, accepted_at."""
    table = SQLModel.metadata.tables.get("offer")
    if table is None:
        return []
    names = ("id", "order_id", "shipment_id", "kind", "state", "created_at", "accepted_at")
    wanted = sa.select(*(table.c[name] for name in names)).where(table.c.state.in_(_OFFERED))
    return [dict(row) for row in session.execute(wanted.order_by(table.c.created_at, table.c.id)).mappings()]


def is_open(offer: Mapping[str, Any]) -> bool:
    return bool(offer["state"] == "sent")


def is_taken(offer: Mapping[str, Any]) -> bool:
    return offer["state"] in _TAKEN


def is_settling(offer: Mapping[str, Any]) -> bool:
    """Whether its customer waits for the parcel no more."""
    return offer["kind"] in ("replacement", "refund")


def accept(wiring: Wiring, offer_id: str, now: datetime) -> None:
    """The customer's one tap, as the portal records it. An offer that ended meanwhile stays ended."""
    wiring.ledger(_found(*ACCEPT), offer_id, wiring.policies, now)
