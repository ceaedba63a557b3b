"""The daily figures as tasks, and the page that they become."""

import asyncio

from prefect import task

from tasks.figures import Report, as_markdown, measured
from tasks.visibility import show_text


@task(name="measure")
async def measure(days: int) -> Report:
    """Read the ledger and count. Safe to repeat."""
    return await asyncio.to_thread(measured, days)


@task(name="show figures")
async def show(report: Report) -> None:
    """One markdown artifact; each day's is a version of it."""
    missed = f"{len(report.missed)} targets missed" if report.missed else "no target missed"
    await show_text("kpis", as_markdown(report), f"{report.since:%Y-%m-%d} to {report.until:%Y-%m-%d}: {missed}")
