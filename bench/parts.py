"""What the parts of an order cost, measured again: `python -m bench.parts [--orders N] [--rounds N]`.

CPU of one process that does a worker's work without an engine, on SQLite; receiver and vendors are processes of their
own. Each figure is the least of several rounds: the CPU of a busy machine is dearer. Writes build/bench/parts.json.
"""

import argparse
import asyncio
import gc
import json
import os
import platform
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table
from sqlmodel import Session

from apps import loops
from bench.databases import Databases
from bench.ours import Product
from bench.processes import ROOT, BenchError
from bench.vendors import Vendors
from config import wiring
from config.settings import Settings
from config.wiring import Wiring
from connectors.messaging.base import Mail
from domain.message_catalogue import CATALOGUE, ClaimKind
from ledger.prepared import Prepared, listed
from ledger.tables import Order
from ledger.tables.base import table_of
from tasks import stages
from tasks.opening import read_vendors
from tasks.rendering import SAMPLE_ADDRESS, Recipient, Rendered, render
from tasks.runtime import each
from tasks.sending.mail import MAILS_AT_ONCE
from tasks.shift import Shift

MAILS_AN_ORDER = 2
OUT = ROOT / "build" / "bench" / "parts.json"
CALLS_AT_ONCE = 8
TIMES = 200  # of one small thing in a round
IDS = 25  # rows of the read that is compiled once, or each time
_orders = table_of(Order)
Figures = dict[str, float]


class Timed(Wiring):
    """Counts what the ledger's transactions cost, in whatever thread they run."""

    ledger_s = 0.0
    transactions = 0

    @contextmanager
    def _begin(self) -> Iterator[Session]:
        began = time.thread_time()
        try:
            with super()._begin() as session:
                yield session
        finally:
            self.ledger_s += time.thread_time() - began
            self.transactions += 1


async def orders_through(product: Product, wired: Timed, orders: int) -> Figures:
    """Let customers order and do the work; per order, with the vendors' own count of our calls."""
    before = product.vendors.counted()
    product.vendors.buy(orders)
    wired.ledger_s, wired.transactions = 0.0, 0
    shift, ends, began = Shift("parts", 3_600.0), time.monotonic() + 600, time.process_time()
    asked = 0.0  # CPU of our own questions whether everything is through
    while True:
        if not await stages.one_pass(shift, engine=False):
            asked -= time.process_time()
            done = product.through(MAILS_AN_ORDER * orders)
            asked += time.process_time()
            if done:
                break
            await asyncio.sleep(0.1)
        if time.monotonic() > ends:
            raise BenchError("the orders did not come through")
    cpu = time.process_time() - began - asked
    calls = {name: count - before.get(name, 0) for name, count in product.vendors.counted().items()}
    called = sum(count for name, count in calls.items() if not name.startswith(("_control", "mail", "smtp")))
    return {
        "an order, everything that a worker does for it, ms": 1000 * cpu / orders,
        "of it transactions of the ledger, ms": 1000 * wired.ledger_s / orders,
        "transactions of an order": wired.transactions / orders,
        "calls to vendors of an order, mails not counted": called / orders,
    }


async def small_things(wired: Wiring) -> Figures:
    """One of each, in milliseconds."""
    confirmed = CATALOGUE[ClaimKind.ORDER_CONFIRMED]
    recipient = Recipient("Ada", SAMPLE_ADDRESS)

    def rendered() -> Rendered:
        return render(confirmed.kind, confirmed.sample, recipient, locale="en", brand=wired.brand, tz=UTC)

    async def call(_number: int) -> None:
        await wired.parcels().verify(SAMPLE_ADDRESS)

    said, sent = rendered(), time.monotonic_ns()

    async def hand_over(number: int) -> None:
        mail = Mail(f"<{sent}.{number}@example.com>", "ada@example.com", said.subject, said.text, said.html)
        await wired.mailer().send(mail)

    async def render_all() -> None:
        for _ in range(TIMES):
            rendered()

    return {
        "a call to a vendor and its answer read (an address, 8 at once), ms": await one(
            lambda: each(call, range(TIMES), at_once=CALLS_AT_ONCE)
        ),
        "a confirmation rendered, ms": await one(render_all),
        "a mail handed over (4 at once), ms": await one(
            lambda: each(hand_over, range(TIMES), at_once=MAILS_AT_ONCE)
        ),
        **await reads(wired),
    }  # fmt: skip


async def reads(wired: Wiring) -> Figures:
    """The same rows by a statement that is kept as text, and by one that SQLAlchemy looks up and binds each time."""
    with wired.engine.connect() as connection:
        ids = list(connection.execute(sa.select(_orders.c.id).limit(IDS)).scalars())
    kept = Prepared(sa.select(_orders).where(listed(_orders.c.id, "ids")))

    def by_text(session: Session) -> None:
        for _ in range(TIMES):
            kept.rows(session, ids=ids)

    def each_time(session: Session) -> None:
        for _ in range(TIMES):
            [dict(row) for row in session.execute(sa.select(_orders).where(_orders.c.id.in_(ids))).mappings()]

    async def text() -> None:
        wired.read(by_text)

    async def anew() -> None:
        wired.read(each_time)

    return {
        f"{len(ids)} orders read by id, statement compiled once, ms": await one(text),
        f"{len(ids)} orders read by id, statement executed by SQLAlchemy, ms": await one(anew),
    }


async def one(act: Callable[[], Awaitable[Any]]) -> float:
    """CPU of one of `TIMES`, in milliseconds; what is made once is made before."""
    await act()
    began = time.process_time()
    await act()
    return 1000 * (time.process_time() - began) / TIMES


def least(rounds: list[Figures]) -> Figures:
    return {name: round(min(found[name] for found in rounds), 3) for name in rounds[0]}


async def measure(product: Product, orders: int) -> Figures:
    wired = Timed(Settings())
    wiring.replace(wired)
    try:
        await read_vendors()
        gc.collect()
        return {**await orders_through(product, wired, orders), **await small_things(wired)}
    finally:
        await wired.aclose()
        wired.engine.dispose()
        wiring.replace(None)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.parts", description=__doc__)
    parser.add_argument("--orders", type=int, default=500, help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    options = parser.parse_args()
    found: list[Figures] = []
    with tempfile.TemporaryDirectory(prefix="aftercart-bench-") as name:
        folder = Path(name)
        vendors, databases = Vendors(folder), Databases(folder)
        try:
            for _ in range(options.rounds):
                with Product(folder, databases.fresh("sqlite"), vendors, prefect=None, workers=0) as product:
                    os.environ.update(product.env)
                    found.append(loops.run(measure(product, options.orders)))
        finally:
            vendors.stop()
            databases.close()
    figures = least(found)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    table = Table("part", "least", title=f"{options.orders} orders, {options.rounds} rounds, {machine}")
    for part, figure in figures.items():
        table.add_row(part, f"{figure:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
