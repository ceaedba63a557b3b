"""Customers send goods back, by the order's page and a counter; the own warehouse opens what comes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import httpx
import sqlalchemy as sa
from PIL import Image, ImageDraw
from sqlmodel import Session

from apps.cli.output import as_person
from apps.demo.asking import known_lines
from apps.demo.purchases import Purchase
from apps.demo.stage import Stage
from apps.demo.takebacks import TakeBack
from apps.demo.visiting import Visit
from ledger import operator
from ledger.returning.settling import granted_minor
from ledger.rows import select_by
from ledger.tables import Exchange, Reservation, ReturnParcel, ReturnRequest, ReviewCase
from ledger.tables.base import table_of

_case, _exchange, _reservation = table_of(ReviewCase), table_of(Exchange), table_of(Reservation)
_DONE = ("graded", "refused")


@dataclass(frozen=True, slots=True)
class Taking:
    """One request as it stands; `row` is empty when it has not become one."""

    purchase: Purchase
    back: TakeBack
    row: Mapping[str, Any]

    @property
    def given_minor(self) -> int:
        """Money that we have granted for it."""
        return sum(granted_minor(self.row).values()) if self.row else 0


class Returners:
    """Those of the purchases whose customers send something back."""

    def __init__(self, stage: Stage, purchases: Sequence[Purchase], warehouse: str) -> None:
        self.stage, self.warehouse = stage, warehouse
        self._asked = [(purchase, purchase.back) for purchase in purchases if purchase.back is not None]
        self.notes: list[str] = []

    def __len__(self) -> int:
        return len(self._asked)

    async def ask(self) -> None:
        """Everybody asks on the order's page; once there are labels, those who send something bring it to a counter."""
        for purchase, back in self._asked:
            await self._ask(purchase, back)
        await self.stage.settle()
        self._note_promises()
        for _, code in self._codes():
            await self.stage.controls.turn(f"easypost/parcels/{code}/hand_in", {})
        await self.stage.settle()

    async def _ask(self, purchase: Purchase, back: TakeBack) -> None:
        wired = self.stage.wiring
        _, lines = wired.read(known_lines, purchase)
        line_id = lines[back.sku]
        fields = {"units": "1", "reason": back.reason, "condition": back.condition, "want": back.want}
        photos = [(f"photos:{line_id}", ("dent.jpg", _dented_pot(), "image/jpeg"))] if back.photo else []
        async with httpx.AsyncClient(base_url=wired.settings.public_url, timeout=60) as client:
            visit = await Visit.begin(self.stage.controls, client, purchase.mailbox, purchase.name)
            named = {f"{name}:{line_id}": value for name, value in fields.items()}
            back.request_id = await visit.take_back(named, photos)

    def _note_promises(self) -> None:
        """Whoever exchanges something has the other thing promised before the first is handed in."""
        promised = set(self.stage.wiring.read(_promised))
        self.notes += [
            f"{purchase.name}: one {back.instead} was kept aside for the exchange before the other was handed in"
            for purchase, back in self._asked
            if (back.request_id, back.instead, 1) in promised
        ]

    async def unpack(self) -> None:
        """What has arrived stands at the warehouse's door; its people open and grade it."""
        for back, code in self._codes():
            unit = {"sku": back.sku, "grade": back.grade}
            parcel = {"location": self.warehouse, "code": code, "contents": [unit]}
            await self.stage.controls.turn("floor/returns", parcel)

        async def unpacked() -> bool:
            return all([each["stage"] in _DONE for each in await self.stage.controls.look("floor/returns")])

        await self.stage.until(unpacked, what="the own warehouse's people grade what came back")
        await self.stage.settle()

    def get_back(self) -> None:
        """Finance has got back what went ahead of goods that were never sent: the same function as at the desk."""
        as_person()
        wiring = self.stage.wiring
        names = {back.request_id: purchase.name for purchase, back in self._asked}

        def act(session: Session) -> list[str]:
            open_ones = sa.select(_case.c.id, _case.c.subject_id).where(
                _case.c.kind == "return_claw_back", _case.c.state != "resolved"
            )
            found = session.execute(open_ones).all()
            for case in found:
                operator.resolve_case(session, case.id, "got_back", wiring.now())
            return [names[case.subject_id] for case in found]

        self.notes += [
            f"{name}: the refund went ahead, the goods never came; finance got the money back"
            for name in wiring.ledger(act)
        ]

    def _codes(self) -> list[tuple[TakeBack, str]]:
        """Numbers on the labels of those who send something."""
        sending = {back.request_id: back for _, back in self._asked if back.grade}
        parcels = self.stage.wiring.read(select_by, ReturnParcel, "request_id", list(sending))
        return [(sending[parcel["request_id"]], parcel["tracking_number"]) for parcel in parcels]

    def takings(self) -> list[Taking]:
        """All requests that have been made."""
        rows = self.stage.wiring.read(select_by, ReturnRequest, "id", [back.request_id for _, back in self._asked])
        by_id = {row["id"]: row for row in rows}
        return [Taking(purchase, back, by_id.get(back.request_id, {})) for purchase, back in self._asked]


def _promised(session: Session) -> list[tuple[str, str, int]]:
    """Requests, with what is promised to each instead of what comes back: product and units."""
    rows = session.execute(
        sa.select(_exchange.c.request_id, _reservation.c.sku, _reservation.c.quantity)
        .join(_reservation, _reservation.c.fulfilment_order_id == _exchange.c.id)
        .where(_reservation.c.holder == "ours")
    )
    return [(request_id, sku, units) for request_id, sku, units in rows]


def _dented_pot() -> bytes:
    """A photo, as good as one can draw it."""
    image = Image.new("RGB", (640, 480), "#d8d2c4")
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((170, 170, 470, 400), 40, fill="#5a646e")
    draw.rectangle((150, 150, 490, 190), fill="#48515a")
    draw.polygon([(470, 250), (400, 290), (470, 340)], fill="#d8d2c4")  # the dent
    draw.line([(400, 290), (330, 270), (300, 310)], fill="#20252a", width=4)
    out = BytesIO()
    image.save(out, "JPEG")
    return out.getvalue()
