"""The road plays tricks on some parcels, and lets them go when detection has seen them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import sqlalchemy as sa
from sqlmodel import Session

from apps.demo.mishaps import ATTEMPTS, FOUND, LOST, STORM, STUCK, Mishap
from apps.demo.purchases import Purchase
from apps.demo.stage import Stage, StoryError
from apps.demo.visiting import Visit, take_offer
from domain.remedies import Remedy
from ledger.anomalies.incidents import title
from ledger.rows import mappings
from ledger.tables import Anomaly, Incident, Offer, Order, Shipment
from ledger.tables.base import table_of

_order, _parcel = table_of(Order), table_of(Shipment)
# Where nobody else's parcel lies: one that stays for good among the storm's would be a part of it, and never end it.
_SIDING = {"city": "CLEVELAND", "state": "OH", "zip": "44101"}
_SNOWED_IN = {"city": "DENVER", "state": "CO", "zip": "80202"}


@dataclass(frozen=True, slots=True)
class Strayed:
    """A parcel as it stands: its row, its troubles, which `incidents` some of them share, and what was offered."""

    purchase: Purchase
    mishap: Mishap
    row: Mapping[str, Any]
    troubles: Sequence[Mapping[str, Any]]
    incidents: Sequence[Mapping[str, Any]]
    offers: Sequence[Mapping[str, Any]] = ()

    @property
    def title(self) -> str:
        return f"{self.purchase.name} ({self.mishap.name})"


class Strays:
    """Those of the purchases whose parcels meet trouble that must be found."""

    def __init__(self, stage: Stage, purchases: Sequence[Purchase]) -> None:
        self.stage = stage
        self._all = [(purchase, purchase.mishap) for purchase in purchases if purchase.mishap is not None]
        self.notes: list[str] = []

    def __len__(self) -> int:
        return len(self._all)

    async def go_astray(self) -> None:
        """Their parcels are on the way by now. Raises: StoryError when one has no label."""
        for purchase, mishap in self._all:
            rows = self.stage.wiring.read(_parcels_of, purchase)
            if len(rows) != 1:
                raise StoryError(f"{purchase.name} has {len(rows)} parcels, and not the one that is to go astray")
            mishap.code = rows[0]["tracking_number"]
            await self._meet(mishap)
            if mishap.texts:
                await self._agree(purchase)

    async def _meet(self, mishap: Mishap) -> None:
        match mishap.name:
            case name if name == STUCK:
                await self._turn(mishap, "scan", kind="arrived", place=_SIDING)
                await self._turn(mishap, "stall")
            case name if name == STORM:
                await self._turn(mishap, "scan", kind="weather", place=_SNOWED_IN)
                await self._turn(mishap, "stall")
            case name if name in (LOST, FOUND):
                await self._turn(mishap, "lose", after=60)
            case name if name == ATTEMPTS:
                await self._turn(mishap, "stall")  # what follows is no plan's
                for kind, hours in (("out", 4), ("attempted", 7), ("out", 29), ("attempted", 33)):
                    await self._turn(mishap, "scan", kind=kind, place="destination", hours_ago=-hours)

    async def find(self) -> None:
        """What stands still is seen; then the storm is over, and whatever can goes on."""
        await self.stage.run("track-parcels")
        await self.stage.run("handle-delays")
        await self.stage.settle()
        found = self.stage.wiring.read(_open_incidents)
        self.notes += [f"{title(incident)}: one case, and the team's chat hears of it once" for incident in found]
        for purchase, mishap in self._all:
            if mishap.name == LOST:
                await self._take_the_same(purchase, mishap)
            elif mishap.name == FOUND:
                await self._turn(mishap, "scan", kind="delivered", place="destination")
            else:
                await self._turn(mishap, "move")
            if mishap.name == ATTEMPTS:
                await self._turn(mishap, "deliver")
        await self.stage.settle()

    async def _agree(self, purchase: Purchase) -> None:
        async with self._browser() as client:
            visit = await Visit.begin(self.stage.controls, client, purchase.mailbox, purchase.name)
            await visit.agree_to_texts()
        await self.stage.settle()

    async def _take_the_same(self, purchase: Purchase, mishap: Mishap) -> None:
        """The customer of a lost parcel taps on what is offered. Raises: StoryError."""
        offers = self._now(purchase, mishap).offers
        open_ones = [row["id"] for row in offers if row["kind"] == Remedy.REPLACEMENT and row["state"] == "sent"]
        if len(open_ones) != 1:
            raise StoryError(f"{purchase.name} is lost, and {len(open_ones)} replacements are offered")
        async with self._browser() as client:
            await take_offer(self.stage.controls, client, purchase.mailbox, open_ones[0])
        self.notes.append(f"{purchase.name}: the carrier lost it; one tap, and the same is sent once more")

    def _browser(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.stage.wiring.settings.public_url, timeout=60)

    async def _turn(self, mishap: Mishap, knob: str, **body: Any) -> None:
        await self.stage.controls.turn(f"parcels/{mishap.code}/{knob}", body)

    def strayed(self) -> list[Strayed]:
        """All of them as they stand now."""
        return [self._now(purchase, mishap) for purchase, mishap in self._all]

    def _now(self, purchase: Purchase, mishap: Mishap) -> Strayed:
        return Strayed(purchase, mishap, *self.stage.wiring.read(_standing, purchase))


def _parcels_of(session: Session, purchase: Purchase) -> list[Mapping[str, Any]]:
    return mappings(
        session,
        sa.select(_parcel)
        .join(_order, _order.c.id == _parcel.c.order_id)
        .where(_order.c.account == purchase.shop, _order.c.name == purchase.name),
    )


def _standing(
    session: Session, purchase: Purchase
) -> tuple[Mapping[str, Any], list[Mapping[str, Any]], list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    [parcel, *_] = _parcels_of(session, purchase) or [{"id": "", "state": "missing"}]
    trouble, incident, offer = table_of(Anomaly), table_of(Incident), table_of(Offer)
    troubles = mappings(session, sa.select(trouble).where(trouble.c.shipment_id == parcel["id"]))
    shared = {row["incident_id"] for row in troubles}
    incidents = mappings(session, sa.select(incident).where(incident.c.id.in_(shared)))
    return parcel, troubles, incidents, mappings(session, sa.select(offer).where(offer.c.shipment_id == parcel["id"]))


def _open_incidents(session: Session) -> list[Mapping[str, Any]]:
    incident = table_of(Incident)
    return mappings(session, sa.select(incident).where(incident.c.closed_at.is_(None)).order_by(incident.c.id))
