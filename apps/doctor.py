"""What is wrong with this installation, and the mend. Every check stands alone: one that fails hides no other."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import httpx
import pydantic
import sqlalchemy as sa
from sqlmodel import Session

from apps.prefect_api import POOL, PrefectApi, PrefectUnreachable
from config import wiring
from config.accounts import ConfigError
from config.brand import BrandError
from config.settings import ROOT
from config.wiring import Wiring
from connectors.errors import AuthFailed, ConnectorError
from domain.states import CaseState, EffectState
from ledger import schema
from ledger.heartbeats import SILENT_S, heartbeats
from ledger.tables import Effect, InboxEvent, ReviewCase
from ledger.tables.base import table_of

Level = Literal["ok", "warn", "fail"]
SILENT_AFTER = timedelta(seconds=60)
QUIET_AFTER = timedelta(seconds=SILENT_S)
INBOX_AGE = timedelta(minutes=5)
LEAST_DISK = 1 << 30
LEAST_SECRET = 32
DEPLOYMENTS = {
    "process-orders", "send-effects", "watch-deadlines", "sweep-shops", "sweep-warehouses", "track-parcels",
    "check-invariants", "reconcile-books", "rerun-orders", "restart-runs",
}  # fmt: skip
AUTOMATIONS = {"aftercart: find dead runs", "aftercart: restart dead runs"}
_effect, _case, _inbox = table_of(Effect), table_of(ReviewCase), table_of(InboxEvent)


@dataclass(frozen=True, slots=True)
class Finding:
    """`mend` is empty when all is well."""

    level: Level
    subject: str
    detail: str
    mend: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


Check = Callable[[Wiring], Awaitable[list[Finding]]]


async def examine() -> list[Finding]:
    """Run all checks."""
    try:
        current = wiring.current()
    except pydantic.ValidationError as error:
        names = ", ".join(f"AFTERCART_{str(e['loc'][0]).upper()}" for e in error.errors())
        return [Finding("fail", "settings", f"not usable: {names}", "correct it in the environment or .env")]
    findings = [Finding("ok", "settings", "read")]
    checks: tuple[Check, ...] = (_files, _link_secret, _database, _prefect, _receiver, _vendors, _disk)
    for check in checks:
        findings += await check(current)
    await current.aclose()
    return findings


async def _files(current: Wiring) -> list[Finding]:
    found: list[Finding] = []
    parts: dict[str, Callable[[], str]] = {
        "accounts": lambda: f"{current.settings.accounts_file.name}: {len(current.accounts.shops)} shops",
        "policies": lambda: f"version {current.policies.version}",
        "brand": lambda: current.brand.name,
    }
    for subject, read in parts.items():
        try:
            found.append(Finding("ok", subject, read()))
        except (ConfigError, BrandError) as error:
            found.append(
                Finding("fail", subject, str(error), "correct the file; `aftercart policy check` reads it again")
            )
    return found


async def _link_secret(current: Wiring) -> list[Finding]:
    if len(current.settings.link_secret.get_secret_value()) >= LEAST_SECRET:
        return [Finding("ok", "link secret", "set")]
    mend = f"set AFTERCART_LINK_SECRET to at least {LEAST_SECRET} random characters"
    return [Finding("fail", "link secret", "missing or short: links in mails could be forged", mend)]


async def _database(current: Wiring) -> list[Finding]:
    try:
        place = current.engine.url.render_as_string(hide_password=True)
        if not await asyncio.to_thread(schema.is_current, current.engine):
            return [Finding("fail", "database", f"{place} is not at this version", "run `aftercart migrate`")]
        state = await asyncio.to_thread(current.read, lambda session: _ledger_findings(session, current))
    except ConfigError as error:
        return [Finding("fail", "database", str(error), "correct AFTERCART_DATABASE_URL")]
    except sa.exc.DBAPIError as error:
        text = str(error.orig).strip().splitlines()[0]
        return [
            Finding("fail", "database", f"{place}: {text}", "check AFTERCART_DATABASE_URL and that the server runs")
        ]
    return [Finding("ok", "database", place), *state]


def _ledger_findings(session: Session, current: Wiring) -> list[Finding]:
    return [*_clock(current), *_heartbeat(session, current), _inbox_age(session, current), *_waiting(session, current)]


def _clock(current: Wiring) -> list[Finding]:
    ahead = round((current.now() - current.real_now()).total_seconds())
    if not ahead:
        return [Finding("ok", "clock", "real time")]
    detail = f"{timedelta(seconds=ahead)} ahead of real time"
    return [Finding("warn", "clock", detail, "right for a demo only; use a new database for real orders")]


def _heartbeat(session: Session, current: Wiring) -> list[Finding]:
    beats = heartbeats(session)
    found = [
        Finding("warn", name.removeprefix("vendor:"), f"in trouble: {row['detail']}", "it is tried again by itself")
        for name, row in beats.items()
        if name.startswith("vendor:") and row["detail"]
    ]
    return [*found, _order_work(beats, current.real_now())]


def _order_work(beats: Mapping[str, Mapping[str, Any]], real_now: datetime) -> Finding:
    """Runs of process-orders do the work; while they are silent a worker without Prefect may stand in."""
    ages = {name: real_now - row["at"] for name, row in beats.items()}
    silence = ages.get("process-orders")
    if silence is not None and silence <= QUIET_AFTER:
        return Finding("ok", "process-orders", "alive")
    since = "has never run" if silence is None else f"silent since {real_now - silence:%Y-%m-%d %H:%M:%S} UTC"
    if ages.get("worker", SILENT_AFTER) <= QUIET_AFTER:
        mend = "see whether the Prefect server runs (var/log/prefect-server.log, var/log/worker.log)"
        return Finding("warn", "process-orders", f"{since}; a worker without Prefect carries on", mend)
    if silence is not None and silence <= SILENT_AFTER:
        return Finding("ok", "process-orders", "alive")
    return Finding("fail", "process-orders", since, "start it with `aftercart up`; then see var/log/worker.log")


def _inbox_age(session: Session, current: Wiring) -> Finding:
    oldest = session.execute(
        sa.select(sa.func.min(_inbox.c.received_at)).where(_inbox.c.handled_at.is_(None), _inbox.c.attempts == 0)
    ).scalar_one()
    if oldest is None or current.now() - oldest < INBOX_AGE:
        return Finding("ok", "inbox", "no delivery waits long")
    detail = f"deliveries wait since {oldest:%Y-%m-%d %H:%M} UTC"
    return Finding("warn", "inbox", detail, "see whether process-orders runs (`aftercart up`)")


def _waiting(session: Session, current: Wiring) -> list[Finding]:
    parked = session.execute(
        sa.select(sa.func.count()).select_from(_effect).where(_effect.c.state == EffectState.PARKED)
    ).scalar_one()
    overdue = session.execute(
        sa.select(sa.func.count())
        .select_from(_case)
        .where(_case.c.state != CaseState.RESOLVED, _case.c.due_at < current.now())
    ).scalar_one()
    mend = "decide them: `aftercart cases list`"
    return [
        Finding("warn", "effects", f"{parked} parked", mend) if parked else Finding("ok", "effects", "none parked"),
        Finding("warn", "cases", f"{overdue} overdue", mend) if overdue else Finding("ok", "cases", "none overdue"),
    ]


async def _prefect(current: Wiring) -> list[Finding]:
    api = PrefectApi(current.settings.prefect_ui_url)
    try:
        await api.be_there()
        if not await api.pool_exists():
            return [Finding("fail", "Prefect", f"{api.url} has no work pool {POOL}", "start with `aftercart up`")]
        missing = sorted(DEPLOYMENTS - await api.deployments())
        missing += sorted(AUTOMATIONS - await api.automations())
        workers = await api.workers_online()
    except PrefectUnreachable as error:
        return [Finding("fail", "Prefect", str(error), "start it with `aftercart up`")]
    finally:
        await api.aclose()
    found = [Finding("ok", "Prefect", api.url)]
    if missing:
        found.append(Finding("fail", "deployments", f"missing: {', '.join(missing)}", "run `python -m apps.deploying`"))
    if not workers:
        found.append(Finding("fail", "worker", "none is online", "start with `aftercart up`; see var/log/worker.log"))
    return found if missing or not workers else [*found, Finding("ok", "worker", f"{workers} online")]


async def _receiver(current: Wiring) -> list[Finding]:
    url = current.settings.public_url
    try:
        async with httpx.AsyncClient(timeout=5) as client:
            answer = await client.get(f"{url}/readyz")
    except httpx.HTTPError as error:
        mend = "start it with `aftercart up`; AFTERCART_PUBLIC_URL is where vendors reach it"
        return [Finding("fail", "receiver", f"{url} does not answer ({type(error).__name__})", mend)]
    if answer.is_success:
        return [Finding("ok", "receiver", url)]
    return [Finding("fail", "receiver", f"{url} answers {answer.status_code}", "see var/log/receiver.log")]


async def _vendors(current: Wiring) -> list[Finding]:
    try:
        vendors: dict[str, Any] = {**current.shops(), **current.warehouses()}
        parcels = current.parcels()
        vendors[f"{parcels.code}/{parcels.account}"] = parcels
        vendors["mail"] = current.mailer()
    except (ConfigError, BrandError):
        return []  # said by the check of the files
    found = [await _credentials(target, vendor) for target, vendor in vendors.items()]
    subscribed = {finding.subject for finding in found if finding.level == "ok"} - {"mail"}
    return found + [
        await _subscriptions(target, vendors[target], current) for target in vendors if target in subscribed
    ]


async def _credentials(target: str, vendor: Any) -> Finding:
    try:
        await vendor.check()
    except AuthFailed as error:
        mend = "put valid credentials into the accounts file"
        return Finding("fail", target, f"refuses our credentials ({error.code})", mend)
    except ConnectorError as error:
        return Finding(
            "fail", target, f"cannot be used: {error.code}", "see whether the vendor is up and base_url is right"
        )
    return Finding("ok", target, "credentials accepted")


async def _subscriptions(target: str, vendor: Any, current: Wiring) -> Finding:
    """Also creates what is missing, as the hourly check does."""
    subject = f"{target} webhooks"
    try:
        created = await vendor.ensure_subscriptions(f"{current.settings.public_url}/hooks/{target}")
    except ConnectorError as error:
        return Finding("fail", subject, f"cannot be read: {error.code}", "allow the credentials to manage webhooks")
    if created:
        detail = f"{len(created)} were missing and have been created ({', '.join(created[:3])} …)"
        return Finding("warn", subject, detail, "nothing; the sweep fetches what was missed meanwhile")
    return Finding("ok", subject, "all there")


async def _disk(current: Wiring) -> list[Finding]:
    """Where the ledger's file is; on PostgreSQL where we are: its own disk is its server's matter."""
    place = ledger_folder(current)
    free = shutil.disk_usage(place).free
    if free >= LEAST_DISK:
        return [Finding("ok", "disk", f"{free / (1 << 30):.1f} GB free in {place}")]
    detail = f"{free / (1 << 20):.0f} MB free in {place}"
    return [Finding("warn", "disk", detail, "free some space; when it is full vendors are sent away and work stops")]


def ledger_folder(current: Wiring) -> Path:
    try:
        url = current.engine.url
    except ConfigError:  # said by the check of the database
        return ROOT
    folder = Path(url.database or "").resolve().parent if url.get_backend_name() == "sqlite" else ROOT
    return folder if folder.is_dir() else ROOT
