"""What one sandbox process has in common, and what a vendor must offer."""

import random
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol, runtime_checkable

from sandbox.core.clock import Clock
from sandbox.core.counters import Counters
from sandbox.core.faults import Faults
from sandbox.core.http import ASGIApp
from sandbox.core.webhooks import WebhookSender
from sandbox.parcels.road import Road

_SEED = 20260401


class World:
    """One per process, handed to each vendor at construction. `base_url` is where this process is reached."""

    def __init__(self, base_url: str = "http://127.0.0.1:9400") -> None:
        self.base_url = base_url
        self.clock = Clock()
        self.faults = Faults()
        self.counters = Counters()
        self.rng = random.Random(_SEED)
        self.webhooks = WebhookSender(random.Random(_SEED + 1))
        self.road = Road(self.clock)

    def reset(self) -> None:
        """Back to the start; the objects stay, so that nobody holds an old one."""
        self.rng.seed(_SEED)
        self.faults.clear()
        self.faults.release()
        self.counters.clear()
        self.webhooks.clear()
        self.clock.set_offset(0)
        self.road.clear()

    @property
    def count_request(self) -> Callable[[str, str, int], None]:
        return self.counters.request


class Vendor(Protocol):
    """A fake vendor: its real API, its knobs, and what happens as time passes."""

    @property
    def name(self) -> str: ...

    @property
    def app(self) -> ASGIApp:
        """The vendor's real API; sees Starlette's mount convention (full `path`, prefix in `root_path`)."""

    @property
    def control(self) -> ASGIApp: ...

    def tick(self, now: datetime) -> None:
        """Do what has become due; called after every clock move and every 0.2 s of real time."""


@runtime_checkable
class Resets(Protocol):
    """A vendor that goes back to its start itself; any other is built anew."""

    def reset(self) -> None: ...


@runtime_checkable
class Meets(Protocol):
    """A vendor that plays on others of its process, as weather and customers do."""

    def meet(self, vendors: Mapping[str, Vendor]) -> None:
        """Called whenever vendors were built; those of before are gone."""


@runtime_checkable
class Runs(Protocol):
    """A vendor with a life of its own (a server thread, a background task)."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...
