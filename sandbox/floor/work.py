"""What the floor does with pick lists, as plain rules: which scan is due for which order."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.core.clock import parse_time

EVENTS = ("picked", "packed", "handed_over")


@dataclass(slots=True)
class Settings:
    """Whom the floor works for, how fast, and what it does wrong.

    `short`, `wrong_sku` and `repeat` count down: the next so many picks come up one unit short, carry a wrong
    sku, or are scanned twice with the same scan id.
    """

    base_url: str = "http://127.0.0.1:8400"
    token: str = ""
    locations: list[str] = field(default_factory=list)
    enabled: bool = False
    pick_after_s: float = 3600.0
    pack_after_s: float = 1800.0
    hand_over_after_s: float = 3600.0
    short: int = 0
    wrong_sku: int = 0
    repeat: int = 0

    def wait_s(self, stage: int) -> float:
        return (self.pick_after_s, self.pack_after_s, self.hand_over_after_s)[stage]


@dataclass(slots=True)
class Job:
    """One order on a pick list; `stage` is the index of the next event, and past the last one when done."""

    location: str
    pick_list_id: str
    version: Any
    order: dict[str, Any]
    stage_at: datetime
    stage: int = 0
    refused: str | None = None
    scan: dict[str, Any] | None = None

    @property
    def open(self) -> bool:
        return self.stage < len(EVENTS) and self.refused is None


class Work:
    """All jobs by order and shipment."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.jobs: dict[tuple[str, str, str], Job] = {}
        self.packed: list[dict[str, Any]] = []
        self._scans = 0

    def read(self, location: str, lists: list[dict[str, Any]], now: datetime) -> None:
        """Take over the open lists; a new version of a list replaces what has not been picked yet."""
        for entry in lists:
            made_at = parse_time(entry["created_at"]) if entry.get("created_at") else now
            for order in entry["orders"]:
                key = (location, str(order["fulfilment_order_id"]), str(order.get("shipment_id")))
                job = self.jobs.get(key)
                if job is None or (job.stage == 0 and job.version != entry.get("version")):
                    self.jobs[key] = Job(location, str(entry["id"]), entry.get("version"), order, made_at)
                elif job.version != entry.get("version") or job.open:
                    job.refused = None
                    job.version, job.pick_list_id = entry.get("version"), str(entry["id"])
        self._forget_withdrawn(location, lists)

    def _forget_withdrawn(self, location: str, lists: list[dict[str, Any]]) -> None:
        """An order that left the lists before it was picked is not picked."""
        listed = {
            (str(order["fulfilment_order_id"]), str(order.get("shipment_id")))
            for entry in lists
            for order in entry["orders"]
        }
        for key in [k for k, job in self.jobs.items() if k[0] == location and job.stage == 0]:
            if key[1:] not in listed:
                del self.jobs[key]

    def due(self, now: datetime) -> Iterator[Job]:
        """Jobs whose next event is due."""
        for job in list(self.jobs.values()):
            if job.open and job.stage_at + timedelta(seconds=self.settings.wait_s(job.stage)) <= now:
                yield job

    def scan(self, job: Job) -> dict[str, Any]:
        """The scan of a job's next event; the same again (same scan id) until it was answered."""
        if job.scan is None:
            job.scan = self._new_scan(job)
        return job.scan

    def _new_scan(self, job: Job) -> dict[str, Any]:
        self._scans += 1
        event, lines = EVENTS[job.stage], [
            {key: line.get(key) for key in ("line_id", "sku", "quantity")} for line in job.order["lines"]
        ]  # fmt: skip
        if event == "picked" and self.settings.short > 0 and lines:
            self.settings.short -= 1
            event = "short"
            lines[0]["quantity"] = max(0, int(lines[0]["quantity"]) - 1)
        elif event == "picked" and self.settings.wrong_sku > 0 and lines:
            self.settings.wrong_sku -= 1
            lines[0]["sku"] = f"WRONG-{lines[0]['sku']}"
        at = job.stage_at + timedelta(seconds=self.settings.wait_s(job.stage))
        return {
            "pick_list_id": job.pick_list_id,
            "version": job.version,
            "fulfilment_order_id": job.order["fulfilment_order_id"],
            "shipment_id": job.order.get("shipment_id"),
            "event": event,
            "lines": lines,
            "scanned_at": at.isoformat(),
            "device": "floor-1",
            "scan_id": f"scan-{self._scans:08d}",
        }

    def accepted(self, job: Job, scan: dict[str, Any]) -> None:
        """The receiver took the scan: on to the next event; a wrong or short pick is put right or ends."""
        job.scan = None
        job.stage_at = parse_time(scan["scanned_at"])
        if scan["event"] == "short":
            job.refused = "short"
            return
        if scan["event"] == "packed":
            self.packed.append(
                {
                    "fulfilment_order_id": job.order["fulfilment_order_id"],
                    "reference": job.order.get("reference"),
                    "shipment_id": job.order.get("shipment_id"),
                    "tracking_number": job.order.get("tracking_number"),
                    "location": job.location,
                    "lines": scan["lines"],
                    "at": scan["scanned_at"],
                }
            )
        job.stage += 1

    def refused(self, job: Job, scan: dict[str, Any], reason: str) -> None:
        """A wrong sku is scanned again rightly; any other refusal ends the job until a new version comes."""
        job.scan = None
        if any(str(line["sku"]).startswith("WRONG-") for line in scan["lines"]):
            return
        job.refused = reason
