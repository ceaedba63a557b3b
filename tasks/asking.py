"""A vendor that is asked for many things in a row: its being away is no failure of ours, and is known of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from config import wiring
from connectors.errors import ConnectorError
from ledger.heartbeats import vendor_trouble, vendor_well
from tasks.runtime import Report, in_ledger


@asynccontextmanager
async def asking(report: Report, target: str) -> AsyncIterator[None]:
    """What is done inside ends where the vendor is away, and the report says so; else the vendor counts as well."""
    wired = wiring.current()
    try:
        yield
    except ConnectorError as error:
        await in_ledger(vendor_trouble, target, error.code, wired.real_now())
        report.add(target, "", "postponed", f"{error.operation}: {error.code}")
    else:
        await in_ledger(vendor_well, target, wired.real_now())
