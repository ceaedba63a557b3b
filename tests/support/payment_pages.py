"""A customer on the payment page of an edit, at the sandbox's payment vendor."""

from typing import Any

from tasks.editing.payments import take_payment_events
from tasks.runtime import Report
from tests.support import edits
from tests.support.world import World


def payment_webhooks(world: World) -> None:
    """The vendor tells the receiver from now on."""
    world.sandbox.control("stripe/endpoints", {"url": f"{world.wiring.settings.public_url}/hooks/stripe/main"})


async def drive(world: World) -> None:
    """What a runner would do now, the news of payments first."""
    await take_payment_events(Report("requests"), 20)
    await edits.drive(world)


def page(world: World, request_id: str) -> dict[str, Any]:
    [found] = world.sandbox.control(f"stripe/sessions?client_reference_id={request_id}")
    return dict(found)


def pay(world: World, request_id: str) -> None:
    world.sandbox.control(f"stripe/sessions/{page(world, request_id)['id']}/pay", {})
