"""The same for what an offer does outside."""

from tests.crash.programs import WORKER
from tests.crash.scenario import Scenarios, registering
from tests.support.offers import offered, parcel_under_way, states, tap
from tests.support.world import World

OFFERS: Scenarios = {}
scenario = registering(OFFERS)


def sent_once_more(world: World) -> list[str]:
    """The shop has one order in the parcel's place, and the ledger knows it as that."""
    made = [order for order in world.orders() if "aftercart-replacement" in order.get("tags", [])]
    state = states(world).get("replacement", "missing")
    ended = [] if state == "executed" else [f"the offer is {state}"]
    return ended + ([] if len(made) == 1 else [f"{len(made)} orders in the parcel's place, not 1"])


@scenario(
    "shop.replacement", "shopify", "orderCreate",
    programs=(WORKER,), unlike=sent_once_more, ends="completed in_fulfilment",
)  # fmt: skip
async def place_replacement(world: World) -> None:
    parcel = await parcel_under_way(world)
    tap(world, offered(world, parcel)["replacement"])
