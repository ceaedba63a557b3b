"""What a plan is played on: fake vendors, the product's programs, one clock for all, the moment of rest."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from config.clock import REFRESH_S
from config.wiring import Wiring
from ledger.tables import Clock, Effect, FulfilmentOrder, InboxEvent, PickList, Work
from ledger.tables.base import table_of
from tests.chaos.programs import Programs
from tests.support.sandbox import SandboxProcess
from tests.support.world import FLOOR_TOKEN, free_port, make_settings

LEASE_S = 3.0  # of real time: fifty kills in a quarter of an hour cannot wait twenty seconds each
WORKER = ("-m", "apps.worker")
SHOPS = ("alpha", "nord")
_LOOK_S = 0.1
_inbox, _work, _effect = table_of(InboxEvent), table_of(Work), table_of(Effect)


class NoRestError(Exception):
    """Work did not come to an end in time; the message says what was left."""


@dataclass
class Stage:
    """Opens on an empty ledger. `patience_s` bounds every wait for rest."""

    sandbox: SandboxProcess
    url: str
    folder: Path
    worker: Sequence[str] = WORKER
    patience_s: float = 300.0
    skew_s: float = 0.0
    _ahead_s: float = 0.0
    wiring: Wiring = field(init=False)
    programs: Programs = field(init=False)

    def open(self) -> None:
        self.sandbox.reset()
        port = free_port()
        self.folder.mkdir(parents=True, exist_ok=True)
        public = f"http://127.0.0.1:{port}"
        settings = make_settings(self.url, self.sandbox, self.folder, public_url=public)
        self.wiring = Wiring(settings)
        env = {
            "AFTERCART_DATABASE_URL": settings.database_url,
            "AFTERCART_ACCOUNTS_FILE": str(settings.accounts_file),
            "AFTERCART_PUBLIC_URL": public,
            "AFTERCART_LINK_SECRET": settings.link_secret.get_secret_value(),
            "AFTERCART_SANDBOX_CONTROL_URL": settings.sandbox_control_url,
            "AFTERCART_LEASE_S": str(LEASE_S),
        }
        self.programs = Programs(env, port, self.folder, self.worker)
        turn = self.sandbox.control
        for shop in SHOPS:
            turn(f"shopify/{shop}/settings", {"max_available": 1e9, "restore_rate": 1e9})
        turn("shipbob/settings", {"rate_limit_per_minute": None})
        turn("floor/settings", {"base_url": public, "token": FLOOR_TOKEN, "locations": ["brooklyn"], "enabled": True})
        self.programs.start()
        self.programs.sweep("open")

    def close(self) -> None:
        if hasattr(self, "programs"):
            self.programs.stop()
        self.wiring.engine.dispose()

    def now(self) -> datetime:
        return self.wiring.now()

    def advance(self, minutes: int) -> None:
        """Move the clock of all; the vendors first, or what they sign would come from the past."""
        self._ahead_s += minutes * 60
        self.sandbox.control("clock", {"offset_s": self._ahead_s + self.skew_s})
        self.wiring.ledger(_set_clock, self._ahead_s)
        self.wiring.clock.forget()
        time.sleep(REFRESH_S + 0.05)  # until every process has looked at the offset

    def until(self, condition: Callable[[], Any], *, what: Callable[[], str]) -> None:
        """Wait for a condition, and keep the programs alive. Raises: NoRestError."""
        ends = time.monotonic() + self.patience_s
        while not condition():
            if time.monotonic() > ends:
                raise NoRestError(what())
            self.programs.mend()
            time.sleep(_LOOK_S)

    def rest(self) -> None:
        """Until all webhooks are delivered and nothing is due or under way."""
        quiet = 0

        def rests() -> bool:
            nonlocal quiet
            busy = self.sandbox.control("webhooks")["queued"] or self.wiring.read(_busy, self.now())
            quiet = 0 if busy else quiet + 1
            return quiet >= 2

        self.until(rests, what=lambda: f"no rest: {self.sandbox.control('webhooks')['queued']} webhooks; {self.left()}")

    def floor_works(self) -> None:
        """Two rounds of the handhelds: the first may have begun before what it should see."""
        if not self.wiring.read(_sheets):
            return
        for _ in range(2):
            done = self.sandbox.control("floor/settings", {})["rounds"]
            self.until(
                lambda done=done: self.sandbox.control("floor/settings")["rounds"] > done,  # type: ignore[misc]
                what=lambda: f"the own warehouse's people: {self.sandbox.control('floor/settings')['problem']}",
            )

    def on_its_way(self) -> int:
        """Requests that a node works on: parcels are still to come."""
        return self.wiring.read(_requested)

    def left(self) -> str:
        """What keeps it from resting, by kind."""
        return self.wiring.read(_left, self.now())

    def due_before(self, moment: datetime) -> int:
        """Failed calls and deliveries that are tried again by then."""
        return self.wiring.read(_due, moment)


def _set_clock(session: Session, offset_s: float) -> None:
    session.execute(sa.update(table_of(Clock)).where(table_of(Clock).c.id == 1).values(offset_s=offset_s))


def _sheets(session: Session) -> int:
    """Open pick lists of the own warehouse."""
    sheet = table_of(PickList)
    statement = sa.select(sa.func.count()).select_from(sheet).where(sheet.c.state == "open")
    return int(session.execute(statement).scalar_one())


def _requested(session: Session) -> int:
    request = table_of(FulfilmentOrder)
    statement = sa.select(sa.func.count()).select_from(request)
    return int(session.execute(statement.where(request.c.state.in_(["scheduled", "open", "in_progress"]))).scalar_one())


def _conditions(now: datetime) -> list[tuple[sa.Table, sa.ColumnElement[bool]]]:
    untouched = _inbox.c.handled_at.is_(None)
    waits = _effect.c.state.in_(["planned", "unknown"])
    return [
        (_inbox, sa.and_(untouched, sa.or_(_inbox.c.due_at <= now, _inbox.c.lease_until.is_not(None)))),
        (_work, sa.or_(_work.c.due_at <= now, _work.c.lease_until.is_not(None))),
        (_effect, sa.or_(_effect.c.state == "sending", sa.and_(waits, _effect.c.due_at <= now))),
    ]


def _busy(session: Session, now: datetime) -> bool:
    return any(
        session.execute(sa.select(sa.exists(sa.select(table.c.id).where(where)))).scalar()
        for table, where in _conditions(now)
    )


def _left(session: Session, now: datetime) -> str:
    names = {_inbox: _inbox.c.topic, _work: _work.c.stage, _effect: _effect.c.kind + " " + _effect.c.state}
    found: list[str] = []
    for table, where in _conditions(now):
        rows = session.execute(
            sa.select(names[table], table.c.error, sa.func.count()).where(where).group_by(names[table], table.c.error)
        )
        found += [f"{count} {name} {error}".strip() for name, error, count in rows]
    return "; ".join(found) or "nothing"


def _due(session: Session, moment: datetime) -> int:
    effects = sa.select(sa.func.count()).select_from(_effect)
    events = sa.select(sa.func.count()).select_from(_inbox)
    waits = _effect.c.state.in_(["planned", "unknown"])
    return int(
        session.execute(effects.where(waits, _effect.c.due_at <= moment)).scalar_one()
        + session.execute(events.where(_inbox.c.handled_at.is_(None), _inbox.c.due_at <= moment)).scalar_one()
    )
