"""A supervisor with everything up, customers who buy, and hands that kill."""

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import httpx
import psutil
import sqlalchemy as sa

from apps.prefect_api import PrefectApi
from apps.processes import marked
from apps.standby import NAME as STANDBY
from apps.supervisor import Supervisor
from ledger.heartbeats import heartbeats
from tests.support.world import checkout

HOLD = "fulfillmentOrderHold"


class Town:
    """A supervisor with everything up, and customers who buy."""

    def __init__(self, supervisor: Supervisor, said: list[str]) -> None:
        self.supervisor, self.said = supervisor, said
        self.wiring = supervisor.wiring
        self._sandbox = httpx.Client(base_url=supervisor.addresses["sandbox"], timeout=30)

    def control(self, path: str, body: Any = None) -> Any:
        answer = self._sandbox.request("GET" if body is None else "POST", f"/_control/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def buy(self, count: int) -> set[str]:
        """Ids of new orders."""
        made = self.control("shopify/alpha/orders", {"orders": [checkout() for _ in range(count)]})["orders"]
        return {order["id"] for order in made}

    def fault(self, operation: str, kind: str) -> None:
        self.control("faults", {"vendor": "shopify", "operation": operation, "kind": kind, "times": None})

    def heal(self) -> None:
        """No further fault, and who waits for an answer gets it."""
        self._sandbox.delete("/_control/faults")
        self.control("release", {})

    def accepted(self, operation: str) -> dict[str, int]:
        found: dict[str, int] = self.control("counters")["accepted"].get("shopify", {}).get(operation, {})
        return found

    def rows(self, statement: str) -> Sequence[Any]:
        with self.wiring.engine.connect() as connection:
            return connection.execute(sa.text(statement)).mappings().all()

    def held(self) -> int:
        """Orders whose hold in the shop is done and recorded."""
        return len(self.rows("SELECT id FROM effect WHERE kind = 'shop.hold' AND state = 'done'"))

    def under_way(self) -> Sequence[Any]:
        return self.rows("SELECT id FROM effect WHERE state IN ('sending', 'unknown')")

    def pid(self, name: str) -> int:
        """Of the process that is or was the supervisor's last of this name."""
        [found] = [child for child in self.supervisor._children if child.name == name]
        assert found.process is not None
        return found.process.pid

    def alive(self, name: str) -> bool:
        [found] = [child for child in self.supervisor._children if child.name == name]
        return found.alive

    def stands_by(self) -> bool:
        return self.alive(STANDBY)

    def receives(self) -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.supervisor.addresses['webhooks']}/healthz").is_success
        return False

    def runs(self) -> dict[int, str]:
        """Processes of flow runs that live: pid -> id of the run."""
        found = {}
        for process in marked(f"{self.supervisor._mark}{os.getpid()}"):
            with suppress(psutil.Error):
                if run := process.environ().get("PREFECT__FLOW_RUN_ID"):
                    found[process.pid] = run
        return found

    def kill_runs(self) -> set[str]:
        """Ids of the runs whose processes were killed."""
        killed = self.runs()
        for pid in killed:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return set(killed.values())

    async def state_of(self, run: str) -> tuple[str, str]:
        api = PrefectApi(self.supervisor.addresses["Prefect UI"], timeout_s=30)
        try:
            return await api.state_of(run)
        finally:
            await api.aclose()

    def works(self) -> bool:
        beat = self.wiring.read(heartbeats).get("process-orders")
        return beat is not None and (self.wiring.real_now() - beat["at"]).total_seconds() < 6

    def close(self) -> None:
        self._sandbox.close()
