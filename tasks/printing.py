"""What is drawn as PDF, in a worker thread. The library that draws takes a third of every program's start and forty
megabytes, so it comes with the first page."""

import asyncio

from domain.evidence import Evidence
from domain.picking import PickList


async def pick_list(sheet: PickList) -> bytes:
    """See `connectors.warehouses.pick_list`."""
    from connectors.warehouses.pick_list import pick_list_pdf

    return await asyncio.to_thread(pick_list_pdf, sheet)


async def evidence(of: Evidence) -> bytes:
    """See `connectors.warehouses.evidence`."""
    from connectors.warehouses.evidence import evidence_pdf

    return await asyncio.to_thread(evidence_pdf, of)
