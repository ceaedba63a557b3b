"""Take orders from a file: good ones in transactions of a hundred, bad rows named, the same file twice is nothing new.

Stopping at any point is safe: what was committed stays, and the next import of the file goes over it unchanged.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from sqlmodel import Session

from config.wiring import Wiring
from connectors.shops.files import Bad, Good, read_orders
from domain.order import IncomingOrder
from ledger import effects
from ledger.capture import capture_orders

SOURCE = "file"
COMMIT_ORDERS = 100
WORDS = {"created": "new", "updated": "changed", "cancelled": "cancelled", "stale": "unchanged"}


@dataclass
class Imported:
    """Counts of orders by what became of them, and of rows that were not taken."""

    orders: dict[str, int] = field(default_factory=dict)
    bad_rows: int = 0
    last_line: int = 0

    @property
    def total(self) -> int:
        return sum(self.orders.values())


def import_file(
    path: Path, *, account: str, wiring: Wiring, on_bad: Callable[[Bad], None], on_progress: Callable[[Imported], None]
) -> Imported:
    """Read the whole file. `on_bad` is told each bad row, `on_progress` the state of things after each commit.

    Raises: VendorRejected when nothing in the file can be taken; OSError when it cannot be opened.
    """
    result = Imported()

    def good() -> Iterator[IncomingOrder]:
        for row in read_orders(path, account=account):
            result.last_line = row.line_no
            if isinstance(row, Good):
                yield row.order
            else:
                result.bad_rows += 1
                on_bad(row)

    orders = good()
    while chunk := list(islice(orders, COMMIT_ORDERS)):
        for outcome in wiring.ledger(_store, chunk, account, wiring):
            word = WORDS[outcome]
            result.orders[word] = result.orders.get(word, 0) + 1
        on_progress(result)
    return result


def _store(session: Session, orders: list[IncomingOrder], account: str, wiring: Wiring) -> Iterable[str]:
    now = wiring.now()
    captured = capture_orders(
        session, orders, source=SOURCE, account=account, policies=wiring.policies, now=now, shop_can_hold=False
    )
    effects.plan(session, captured.effects, now)
    return list(captured.outcomes.values())
