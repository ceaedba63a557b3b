"""The returns' part of the demo's reckoning: both sides are read here, compared in `apps.demo.return_reckoning`."""

from collections.abc import Sequence
from functools import partial

import sqlalchemy as sa

from apps.demo import return_reckoning
from apps.demo.return_reckoning import Seen
from apps.demo.returning import Taking
from apps.demo.sides import Check, Sides, compared, rows
from apps.demo.stage import Stage
from ledger.tables import StockMovement
from ledger.tables.base import table_of

_movement = table_of(StockMovement)
_PUT_BACK = sa.select(_movement.c.sku, _movement.c.delta).where(_movement.c.kind == "returned")


class ReturnReckoning(Sides):
    """Both sides of what came back."""

    def __init__(self, stage: Stage, taken: Sequence[Taking]) -> None:
        super().__init__(stage)
        self.taken = taken

    async def checks(self) -> list[Check]:
        seen, parcels = await self._seen(), await self.controls.look("floor/returns")
        moved = self.wiring.read(partial(rows, statement=_PUT_BACK))
        money = list(return_reckoning.refunded(seen))
        exchanges = list(return_reckoning.exchanged(seen))
        refunds = sum(each.back.refunds for each in seen)
        return [
            compared("every return ended as it should", return_reckoning.ended(seen), f"{len(seen)} requests"),
            compared("returns gave money back once", money, f"{refunds} refunds, to the cent"),
            compared("return labels are used or given back", return_reckoning.labels(seen), f"{len(seen)} requests"),
            compared("what is exchanged left once", exchanges, f"{len(exchanges)} of {len(seen)} requests"),
            compared(
                "what came back is stock once",
                return_reckoning.shelved(parcels, moved),
                f"{len(parcels)} parcels opened",
            ),
        ]

    async def _seen(self) -> list[Seen]:
        orders = {(shop, order["name"]): order for shop, order in await self.shop_orders()}
        labels = await self.controls.look("easypost/labels")
        mails = await self.mailed()
        found: list[Seen] = []
        for taking in self.taken:
            purchase, row = taking.purchase, taking.row
            found.append(
                Seen(
                    name=f"{purchase.name} ({taking.back.name})",
                    back=taking.back,
                    row=row,
                    order=orders[purchase.shop, purchase.name],
                    labels=[label for label in labels if label["is_return"] and label["reference"] == row.get("rma")],
                    told=[kind for kind, subject in mails if subject == taking.back.request_id],
                )
            )
        return found
