"""The delays' part of the demo's reckoning: what the road did to parcels against what was found of it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa

from apps.demo.mishaps import FOUND, HELD_BY_STORM, LOST, STORM
from apps.demo.sides import Check, Sides, compared, rows
from apps.demo.stage import Stage
from apps.demo.straying import Strayed
from domain.remedies import Remedy
from domain.states import EffectState
from domain.states_offers import OfferState
from ledger.tables import Effect, Incident
from ledger.tables.base import table_of

_effect = table_of(Effect)
_TEXTS = sa.select(_effect.c.external_id).where(_effect.c.kind == "sms.send", _effect.c.state == EffectState.DONE)
_INCIDENTS = sa.select(table_of(Incident).c.id)


class DelayReckoning(Sides):
    """Both sides of what happened on the road."""

    def __init__(self, stage: Stage, strayed: Sequence[Strayed]) -> None:
        super().__init__(stage)
        self.strayed = strayed

    async def checks(self) -> list[Check]:
        said = (await self.controls.look("chat/messages"))["messages"]
        incidents = self.wiring.read(partial(rows, statement=_INCIDENTS))
        counted = [] if len(said) == len(incidents) else [f"{len(incidents)} incidents, {len(said)} messages"]
        return [
            compared(
                "trouble on the road was found, and ended", list(found(self.strayed)), f"{len(self.strayed)} parcels"
            ),
            compared("a storm is one incident", list(shared(self.strayed)), f"{HELD_BY_STORM} parcels"),
            compared("the team heard once of each incident", counted, f"{len(said)} messages in its chat"),
            await self._made_good(),
            await self._texts(),
        ]

    async def _made_good(self) -> Check:
        """A lost parcel is replaced once; one that comes after all takes back what was offered for it."""
        orders = {order["id"]: order for _, order in await self.shop_orders()}
        took = (await self.controls.look("counters"))["accepted"].get("shopify", {})
        placed = sum(took.get("orderCreate", {}).values())
        wrong = list(amends(self.strayed, orders, placed))
        return compared("what was lost is made good once", wrong, f"{placed} sent once more")

    async def _texts(self) -> Check:
        """Twilio has each text that we call sent, and no other; whoever agreed has one."""
        told = await self.controls.look("twilio/messages")
        there = {message["sid"] for message in told if message["direction"] != "inbound"}
        ours = {row["external_id"] for row in self.wiring.read(partial(rows, statement=_TEXTS))}
        wrong = [f"{sid} is not ours" for sid in sorted(there - ours)]
        wrong += [f"{sid} was never sent" for sid in sorted(ours - there)]
        if not ours and any(each.mishap.texts for each in self.strayed):
            wrong.append("somebody agreed to texts and got none")
        return compared("each text is one text", wrong, f"{len(ours)} texts")


def found(strayed: Sequence[Strayed]) -> Iterator[str]:
    """What was not seen, did not end as it should, or stands although it is over."""
    for each in strayed:
        name = each.title
        if each.row["state"] != each.mishap.end:
            yield f"{name} is {each.row['state']}, not {each.mishap.end}"
        elif each.mishap.found not in {trouble["kind"] for trouble in each.troubles}:
            yield f"{name}: nobody has seen that it was {each.mishap.found}"
        elif each.mishap.end == "delivered" and (still := [t["kind"] for t in each.troubles if t["state"] == "open"]):
            yield f"{name} has arrived and is {', '.join(still)} all the same"


def shared(strayed: Sequence[Strayed]) -> Iterator[str]:
    """Whether the parcels that one storm held are one incident, which is over."""
    held = [each for each in strayed if each.mishap.name == STORM]
    of = Counter(incident["id"] for each in held for incident in each.incidents)
    if held and list(of.values()) != [len(held)]:
        yield f"{len(held)} parcels of one storm are in {len(of)} incidents, {of.total()} times in all"
    yield from sorted(
        {f"incident {i['id']} is not over" for each in held for i in each.incidents if not i["closed_at"]}
    )


def amends(strayed: Sequence[Strayed], orders: Mapping[str, Mapping[str, Any]], placed: int) -> Iterator[str]:
    """What is wrong with what was offered for lost parcels. `orders`: of the shops by id; `placed`: replacements that
    they made."""
    lost = [each for each in strayed if each.mishap.name == LOST]
    for each in lost:
        name = each.title
        carried_out = [row for row in each.offers if row["state"] == OfferState.EXECUTED]
        if [Remedy.REPLACEMENT] != [row["kind"] for row in carried_out]:
            yield f"{name}: {len(carried_out)} offers were carried out, not one replacement"
            continue
        again = orders.get(carried_out[0]["replacement_external_id"])
        if again is None:
            yield f"{name}: its shop has no order that replaces it"
        elif again["fulfillment_status"] != "FULFILLED":
            yield f"{name}: {again['name']}, which replaces it, is {again['fulfillment_status']}"
    if placed != len(lost):
        yield f"the shops made {placed} replacements for {len(lost)} parcels"
    for each in strayed:
        ends = {row["state"] for row in each.offers}
        if each.mishap.name == FOUND and ends != {OfferState.WITHDRAWN}:
            said = ", ".join(sorted(ends)) or "none"
            yield f"{each.title} came after all, and its offers are {said}"
