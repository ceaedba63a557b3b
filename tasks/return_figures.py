"""What comes back as tasks: the report, its cases, and the page that it becomes."""

import asyncio

from prefect import task

from config import wiring
from tasks import return_report
from tasks.return_report import ReturnReport
from tasks.visibility import show_text


@task(name="analyse returns")
async def analyse(days: int, ripe_days: int) -> ReturnReport:
    """Read the ledger and compare. Safe to repeat."""
    return await asyncio.to_thread(return_report.analysed, wiring.current(), days, ripe_days)


@task(name="raise findings")
async def raise_findings(report: ReturnReport) -> int:
    """Cases for the product team; how many are new. Safe to repeat: a finding has one case."""
    return await asyncio.to_thread(return_report.raise_cases, wiring.current(), report)


@task(name="show returns")
async def show(report: ReturnReport, new: int) -> None:
    """One markdown artifact; each week's is a version of it."""
    told = f"{len(report.findings)} findings, {new} new"
    await show_text(
        "returns", return_report.as_markdown(report), f"{report.since:%Y-%m-%d} to {report.until:%Y-%m-%d}: {told}"
    )
