"""Check what must always hold, and say so where an operator looks."""

from prefect import task
from prefect.events import emit_event

from config import wiring
from ledger.invariants import check_all
from tasks.runtime import in_ledger
from tasks.visibility import show_text


@task(name="check invariants")
async def check() -> dict[str, list[str]]:
    """Name -> ids that break it; empty lists are good news."""
    wired = wiring.current()
    return await in_ledger(check_all, now=wired.now(), real_now=wired.real_now())


@task(name="show invariants")
async def show(found: dict[str, list[str]]) -> int:
    """A markdown artifact, and an event for each that is broken. Returns how many are broken."""
    broken = {name: ids for name, ids in found.items() if ids}
    lines = ["| invariant | state | where |", "| --- | --- | --- |"]
    for name, ids in found.items():
        words = name.replace("_", " ")
        lines.append(f"| {words} | {'**broken**' if ids else 'holds'} | {', '.join(f'`{i}`' for i in ids[:5])} |")
    head = f"# {len(broken)} of {len(found)} invariants are broken" if broken else f"# All {len(found)} invariants hold"
    await show_text("invariants", "\n".join([head, "", *lines]), head.lstrip("# "))
    for name, ids in broken.items():
        emit_event(
            "aftercart.invariant.broken",
            resource={"prefect.resource.id": f"aftercart.invariant.{name}"},
            payload={"ids": ids[:10], "count": len(ids)},
        )
    return len(broken)
