"""The product under load: real receiver process, real worker processes, measured from outside."""

import statistics
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.policy import write_config
from bench.processes import BenchError, Child, answers, free_port
from bench.vendors import Vendors
from config.wiring import engine_url
from ledger.session import make_engine
from ledger.tables import FulfilmentOrder, InboxEvent, Order
from ledger.tables.base import table_of

_DONE = (
    # each returns 0 when its part is through
    "SELECT count(*) FROM message WHERE state <> 'sent'",
    "SELECT count(*) FROM shipment WHERE shipped_at IS NULL OR shop_fulfilment_external_id = ''"
    " OR tracker_external_id = ''",
    "SELECT count(*) FROM work WHERE error <> '' OR lease_until IS NULL",
    "SELECT count(*) FROM effect WHERE state NOT IN ('done', 'cancelled')",
    "SELECT count(*) FROM inbox_event WHERE handled_at IS NULL",
)


@dataclass
class Run:
    """What one run came to. Times are real seconds; CPU is of all workers and the receiver, memory of the largest
    worker."""

    orders: int
    seconds: float
    cpu_s: float
    worker_cpu_s: float
    peak_mb: float
    waits_ms: list[float]
    calls: dict[str, int]
    vendors_cpu_s: float = 0.0
    engine_cpu_s: float = 0.0
    workers: int = 1

    @property
    def rate(self) -> float:
        return self.orders / self.seconds

    def wait_ms(self, percent: int) -> float:
        return statistics.quantiles(self.waits_ms, n=100)[percent - 1] if len(self.waits_ms) > 1 else 0.0


class Product:
    """Receiver and workers on one ledger, prepared and idle. Use as a context manager."""

    def __init__(
        self,
        folder: Path,
        url: str,
        vendors: Vendors,
        *,
        prefect: Child | None,
        prefect_url: str = "",
        after: str = "",
        workers: int = 1,
        edit_window: str = "0 s",
        packs_at_once: bool = True,
        receiver: bool = True,
        way_back: bool = False,
    ) -> None:
        """`after`: the receiver's address of an earlier product whose vendors are kept as they are. Without
        `workers` somebody else does their work, in the settings that `env` names. `packs_at_once`: or ShipBob takes
        its usual time. Without `receiver` the earlier product's lives on. `way_back`: goods can come
        back."""
        self.vendors, self._folder, self._prefect = vendors, folder, prefect
        self._wanted, self._packs_at_once = workers, packs_at_once
        self._receives = receiver
        self.engine = make_engine(engine_url(url))
        self._fresh = not after
        self.receiver_url = after or f"http://127.0.0.1:{free_port()}"
        self.env = {
            "AFTERCART_DATABASE_URL": url,
            "AFTERCART_PUBLIC_URL": self.receiver_url,
            "AFTERCART_REQUESTS_PORT": str(free_port()),
            "AFTERCART_LINK_SECRET": "benchmark" * 5,
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_LOGGING_TO_API_ENABLED": "true",
            **write_config(folder, vendors, edit_window=edit_window, way_back=way_back),
        }
        if prefect is not None:
            self.env["PREFECT_API_URL"] = f"{prefect_url}/api"
        self.workers: list[Child] = []
        self.receiver: Child

    def __enter__(self) -> "Product":
        if self._fresh:
            self.vendors.reset(packs_at_once=self._packs_at_once)
        port = self.receiver_url.rpartition(":")[2]
        arguments = ["-m", "apps.receiver", "--port", port]
        if self._receives:
            self.receiver = Child("receiver", arguments, self._folder / "receiver.log", self.env)
        try:
            for number in range(self._wanted):
                self._ready(number).unlink(missing_ok=True)
            for number in range(self._wanted):
                self._start_worker(number)
            if self._receives:
                self.receiver.wait_for(lambda: answers(f"{self.receiver_url}/healthz"))
            for number, worker in enumerate(self.workers):
                worker.wait_for(self._ready(number).exists)
        except BenchError:
            self.__exit__()
            raise
        time.sleep(0.5)  # the flow's own start is not part of the run
        return self

    def _start_worker(self, number: int) -> None:
        plain = [] if self._prefect else ["--plain"]
        after = ["--after", str(self._ready(0))] if number else []
        arguments = ["-m", "bench.worker", str(self._ready(number)), *plain, *after]
        self.workers.append(Child("worker", arguments, self._folder / f"worker-{number}.log", self.env))

    def _ready(self, number: int) -> Path:
        return self._folder / f"ready-{number}"

    def __exit__(self, *_: Any) -> None:
        children = (*self.workers, *([self.receiver] if self._receives else []))
        for child in children:
            child.end()
        for child in children:
            child.stop()
        self.engine.dispose()

    def measure(self, orders: int, *, seconds: float = 900) -> Run:
        """Let customers order and wait until everything is through: counted from the first webhook's arrival, as the
        floor counts, since the shop takes a while to make so many orders."""
        before_calls = self.vendors.counted()
        sent = self.count("SELECT count(*) FROM message WHERE state = 'sent'")
        engine = self._prefect.cpu_s() if self._prefect else 0.0
        before, worker, vendors = self._cpu(), self._workers_cpu(), self.vendors.cpu_s()
        started, wall = time.perf_counter(), time.time()
        self.vendors.buy(orders, first=sent)
        self._wait(sent + 2 * orders, started + seconds)
        took = time.time() - self._first_delivery(wall)
        run = Run(
            orders=orders,
            seconds=took,
            cpu_s=self._cpu() - before,
            worker_cpu_s=self._workers_cpu() - worker,
            peak_mb=max(worker.peak_mb() for worker in self.workers),
            waits_ms=self._waits(wall),
            calls={name: count - before_calls.get(name, 0) for name, count in self.vendors.counted().items()},
            vendors_cpu_s=self.vendors.cpu_s() - vendors,
            engine_cpu_s=self._prefect.cpu_s() - engine if self._prefect else 0.0,
            workers=len(self.workers),
        )
        return run

    def _workers_cpu(self) -> float:
        return sum(worker.cpu_s() for worker in self.workers)

    def _cpu(self) -> float:
        return self._workers_cpu() + self.receiver.cpu_s()

    def _wait(self, mails: int, ends: float) -> None:
        while True:
            dead = next((worker for worker in self.workers if worker.process.poll() is not None), None)
            if dead or time.perf_counter() > ends:
                words = (dead or self.workers[0]).last_words()
                raise BenchError(f"the run did not come to its end ({self._left()}):\n{words}")
            if self.through(mails):
                return
            time.sleep(0.1)

    def through(self, mails: int) -> bool:
        """Whether so many mails have been sent and nothing is under way any more."""
        if self.count("SELECT count(*) FROM message WHERE state = 'sent'") < mails:
            return False
        if any(self.count(statement) for statement in _DONE) or self.vendors.queued():
            return False
        return not any(self.count(statement) for statement in _DONE)

    def _left(self) -> str:
        return ", ".join(f"{self.count(statement)} {statement.split()[3]}" for statement in _DONE)

    def count(self, statement: str) -> int:
        """What a counting statement says."""
        with self.engine.execution_options(read_only=True).connect() as connection:
            return int(connection.execute(sa.text(statement)).scalar_one())

    def _first_delivery(self, since: float) -> float:
        """When the first webhook after this time came, in seconds since the epoch."""
        received = table_of(InboxEvent).c.received_at
        statement = sa.select(sa.func.min(received)).where(received >= datetime.fromtimestamp(since, UTC))
        with self.engine.execution_options(read_only=True).connect() as connection:
            found: datetime = connection.execute(statement).scalar_one()
        return found.timestamp()

    def _waits(self, since: float) -> list[float]:
        orders, inbox, released = table_of(Order), table_of(InboxEvent), table_of(FulfilmentOrder)
        statement = (
            sa.select(inbox.c.received_at, released.c.accepted_at)
            .join(orders, orders.c.id == released.c.order_id)
            .join(inbox, sa.and_(inbox.c.subject == orders.c.external_id, inbox.c.topic == "orders/create"))
            .where(released.c.accepted_at.is_not(None))
        )
        with self.engine.execution_options(read_only=True).connect() as connection:
            rows = connection.execute(statement).all()
        return [(end - start).total_seconds() * 1000 for start, end in rows if start.timestamp() >= since]
