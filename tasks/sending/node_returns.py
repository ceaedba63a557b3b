"""Effects of returns at nodes that take goods back by themselves: announced, cancelled."""

from collections.abc import Sequence

from config import wiring
from connectors.outcomes import Outcome, Sent
from connectors.warehouses.returning import AnnouncedLine, NodeReturnRequest, ReturnsWarehouse
from ledger.effects import EffectRow, Handlers, Verdict
from ledger.returning import at_node, node_effects
from ledger.returning.at_node import Announced
from tasks.effects import EffectKind, attempt
from tasks.runtime import each, in_ledger

ANNOUNCE = Handlers(node_effects.announced, None, at_node.guard_announce, keyed=True)
# Every call reads a return that is refused: one that is cancelled already counts as done.
CANCEL = Handlers(node_effects.cancelled, node_effects.cancel_refused, keyed=True, can_look_up=True)


def _node(rows: Sequence[EffectRow]) -> ReturnsWarehouse:
    return wiring.current().returns_warehouses()[rows[0]["target"]]


async def send_announced(rows: Sequence[EffectRow]) -> list[Verdict]:
    """The node takes a reference once; a repeat is compared with what we asked."""
    node, facts = _node(rows), await in_ledger(at_node.announcements, rows)
    at_once = wiring.current().settings.vendor_concurrency
    return await each(lambda row: attempt(_announce(node, facts[row["id"]]), ANNOUNCE), rows, at_once=at_once)


async def _announce(node: ReturnsWarehouse, fact: Announced) -> Outcome:
    lines = tuple(AnnouncedLine(sku, units) for sku, units in sorted(fact.units.items()))
    request = NodeReturnRequest(fact.reference, lines, fact.node_location, fact.tracking_number)
    return Sent((await node.announce_return(request)).external_id)


async def send_cancelled(rows: Sequence[EffectRow]) -> list[Verdict]:
    node, at_once = _node(rows), wiring.current().settings.vendor_concurrency
    return await each(lambda row: attempt(_cancel(node, row["request"]["return"]), CANCEL), rows, at_once=at_once)


async def _cancel(node: ReturnsWarehouse, external_id: str) -> Outcome:
    await node.cancel_return(external_id)
    return Sent(external_id)


KINDS = {
    at_node.ANNOUNCE: EffectKind(ANNOUNCE, send_announced),
    at_node.CANCEL: EffectKind(CANCEL, send_cancelled),
}
