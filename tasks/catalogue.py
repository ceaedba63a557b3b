"""The catalogue of a shop, brought up to date: by sweep, and at once when a webhook tells of a product (CAP-7)."""

from config import wiring
from connectors import unreadable
from connectors.errors import ConnectorError
from ledger.catalogue import raise_unreadable, store_products
from ledger.cursors import move_cursor, read_cursor
from tasks.runtime import Report, in_ledger


async def refresh(target: str) -> Report:
    """Store the products changed since the last look; the cursor moves only behind what is stored."""
    wired = wiring.current()
    shop, report = wired.shops()[target], Report(f"catalogue {target}")
    cursor = f"products:{target}"
    since = await in_ledger(read_cursor, cursor)
    try:
        with unreadable.collected() as refused:
            async for page in shop.catalogue(since):
                await in_ledger(store_products, shop.system, shop.account, page)
                for product in page:
                    report.add(product.title, "", "stored")
                if page:
                    await in_ledger(move_cursor, cursor, max(product.updated_at for product in page))
        for external_id, problem in refused.items():
            report.add(external_id, "", "unreadable", problem.code)
        await in_ledger(
            raise_unreadable, target, {i: (problem.code, problem.where) for i, problem in refused.items()}, wired.now()
        )
    except ConnectorError as error:
        report.add(target, "", "postponed", f"{error.operation}: {error.code}")
    return report
