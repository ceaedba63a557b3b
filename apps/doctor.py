"""What is wrong with this installation, and the mend. Every check stands alone: one that fails hides no other."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pydantic
import sqlalchemy as sa

from apps.findings import Finding, ledger_findings
from apps.prefect_api import POOL, PrefectApi, PrefectUnreachable
from config import wiring
from config.accounts import ConfigError
from config.brand import BrandError
from config.settings import ROOT
from config.wiring import Wiring
from connectors.errors import AuthFailed, ConnectorError
from ledger import schema
from ledger.session import said_by

LEAST_DISK = 1 << 30
LEAST_SECRET = 32
DEPLOYMENTS = {
    "process-orders", "send-effects", "watch-deadlines", "sweep-shops", "sweep-warehouses", "track-parcels",
    "check-invariants", "reconcile-books", "report-kpis", "report-returns", "rerun-orders", "edit-order",
    "return-order", "restart-runs", "forecast-parcels", "fit-delays", "handle-delays", "report-delays",
}  # fmt: skip
AUTOMATIONS = {"aftercart: find dead runs", "aftercart: restart dead runs"}


Check = Callable[[Wiring], Awaitable[list[Finding]]]


async def examine() -> list[Finding]:
    """Run all checks."""
    try:
        current = wiring.current()
    except pydantic.ValidationError as error:
        names = ", ".join(f"AFTERCART_{str(e['loc'][0]).upper()}" for e in error.errors())
        return [Finding("fail", "settings", f"not usable: {names}", "correct it in the environment or .env")]
    findings = [Finding("ok", "settings", "read")]
    checks: tuple[Check, ...] = (_files, _link_secret, _database, _prefect, _receiver, _desk, _vendors, _disk)
    for check in checks:
        findings += await check(current)
    await current.aclose()
    return findings


async def _files(current: Wiring) -> list[Finding]:
    found: list[Finding] = []
    parts: dict[str, Callable[[], str]] = {
        "accounts": lambda: (
            f"{current.settings.accounts_file.name}: {len(current.accounts.shops)} shops, "
            f"{len(current.tracking_sources())} sources of tracking"
        ),
        "policies": lambda: _policies(current),
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


def _policies(current: Wiring) -> str:
    """Raises: ConfigError, also where they name an account that there is not."""
    account = current.policies.way_back.label_from
    if account and account not in current.return_labels():
        raise ConfigError(f"way_back.toml, label_from: the accounts file has no [[return_labels]] {account}")
    return f"version {current.policies.version}"


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
        state = await asyncio.to_thread(current.read, lambda session: ledger_findings(session, current))
    except ConfigError as error:
        return [Finding("fail", "database", str(error), "correct AFTERCART_DATABASE_URL")]
    except sa.exc.DBAPIError as error:
        mend = "check AFTERCART_DATABASE_URL and that the server runs"
        return [Finding("fail", "database", f"{place}: {said_by(error)}", mend)]
    return [Finding("ok", "database", place), *state]


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


async def _desk(current: Wiring) -> list[Finding]:
    url = current.settings.desk_url
    try:
        async with httpx.AsyncClient(timeout=5) as client:
            (await client.get(f"{url}/healthz")).raise_for_status()
    except httpx.HTTPError as error:
        mend = "start it with `aftercart up` or `aftercart desk`; AFTERCART_DESK_URL is where agents reach it"
        return [Finding("warn", "desk", f"{url} does not answer ({type(error).__name__})", mend)]
    return [Finding("ok", "desk", url)]


async def _vendors(current: Wiring) -> list[Finding]:
    try:
        vendors: dict[str, Any] = {**current.shops(), **current.warehouses()}
        parcels = current.parcels()
        vendors[f"{parcels.code}/{parcels.account}"] = parcels
        vendors |= current.tracking_sources()
        vendors |= _beside(vendors, current.return_labels())
        optional = (current.payments(), current.helpdesk(), current.texter())
        vendors |= {f"{vendor.system}/{vendor.account}": vendor for vendor in optional if vendor is not None}
        vendors["mail"] = current.mailer()
    except (ConfigError, BrandError):
        return []  # said by the check of the files
    found = [await _credentials(target, vendor) for target, vendor in vendors.items()]
    usable = {finding.subject for finding in found if finding.level == "ok"}
    subscribing = [t for t, vendor in vendors.items() if t in usable and hasattr(vendor, "ensure_subscriptions")]
    listening = [t for t, vendor in vendors.items() if t in usable and hasattr(vendor, "listens")]
    return [
        *found,
        *[await _subscriptions(target, vendors[target], current) for target in subscribing],
        *[await _endpoint(target, vendors[target], current) for target in listening],
    ]


def _beside(known: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """One account may serve two purposes with different credentials: both are looked at."""
    return {f"{target} labels" if target in known else target: vendor for target, vendor in more.items()}


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


async def _endpoint(target: str, vendor: Any, current: Wiring) -> Finding:
    """Where only a person can make the webhook, since its secret is told once."""
    subject, url = f"{target} webhooks", f"{current.settings.public_url}/hooks/{target}"
    try:
        listens = await vendor.listens(url)
    except ConnectorError as error:
        return Finding("warn", subject, f"cannot be read: {error.code}", "allow the credentials to read webhooks")
    if listens:
        return Finding("ok", subject, "there")
    mend = f"make one for {url} at the vendor and put its secret into the accounts file (README, Real vendors)"
    return Finding("warn", subject, "no endpoint: we are not told of payments", mend)


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
