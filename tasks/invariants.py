"""Check what must always hold, and say so where an operator looks: a page, an event, a case."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from prefect import task
from prefect.events import emit_event
from sqlmodel import Session

from config import wiring
from ledger.cases import CaseDraft, open_cases, resolve_by_key
from ledger.invariants import check_all
from tasks.runtime import in_ledger
from tasks.visibility import show_text


@dataclass(frozen=True, slots=True)
class Checked:
    """Name -> ids that break it (empty lists are good news), and those that are broken since this check."""

    found: dict[str, list[str]]
    news: list[str]

    @property
    def broken(self) -> dict[str, list[str]]:
        return {name: ids for name, ids in self.found.items() if ids}


@task(name="check invariants")
async def check() -> Checked:
    """Look, open a case for each that is broken and end the case of each that holds again. Safe to repeat."""
    wired = wiring.current()
    # it takes seconds in a large ledger, so it only reads: a writing transaction would keep all others out meanwhile
    found = await asyncio.to_thread(wired.read, check_all, real_now=wired.real_now())
    return await in_ledger(report, found, wired.now())


def report(session: Session, found: dict[str, list[str]], now: datetime) -> Checked:
    """The cases that follow from what was found."""
    news = []
    for name, ids in found.items():
        if not ids:
            resolve_by_key(session, f"invariant:{name}", cause="holds_again", now=now)
        elif open_cases(session, [_case(name, ids)], now):
            news.append(name)
    return Checked(found, news)


def _case(name: str, ids: list[str]) -> CaseDraft:
    return CaseDraft(
        key=f"invariant:{name}",
        kind="invariant_broken",
        severity="high",
        subject_id=name,
        facts={"invariant": name, "ids": ids[:10], "count": len(ids)},
        choices=["mended"],
    )


@task(name="show invariants")
async def show(checked: Checked) -> int:
    """A markdown artifact, and an event for each that is newly broken. Returns how many are broken."""
    found, broken = checked.found, checked.broken
    lines = ["| invariant | state | where |", "| --- | --- | --- |"]
    for name, ids in found.items():
        words = name.replace("_", " ")
        lines.append(f"| {words} | {'**broken**' if ids else 'holds'} | {', '.join(f'`{i}`' for i in ids[:5])} |")
    head = f"# {len(broken)} of {len(found)} invariants are broken" if broken else f"# All {len(found)} invariants hold"
    await show_text("invariants", "\n".join([head, "", *lines]), head.lstrip("# "))
    for name in checked.news:
        emit_event(
            "aftercart.invariant.broken",
            resource={"prefect.resource.id": f"aftercart.invariant.{name}"},
            payload={"ids": broken[name][:10], "count": len(broken[name])},
        )
    return len(broken)
