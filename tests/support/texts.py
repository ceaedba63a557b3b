"""A customer who wants texts, the hours in which they may come, and what the vendor took."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from config.wiring import Wiring
from domain.claims import Channel
from ledger.ways import record_consent
from tests.support.world import World

PHONE = "+16175550123"  # of `checkout`
CREATE = "POST /2010-04-01/Accounts/{AccountSid}/Messages.json"
_ZONE = ZoneInfo("America/New_York")  # where `checkout` sends to


def agree(wiring: Wiring) -> None:
    key = wiring.messaging.key(Channel.SMS, PHONE)
    wiring.ledger(
        record_consent, Channel.SMS, key, given=True, source="portal", proof="form", order_id="", now=wiring.now()
    )


def until_noon(world: World) -> None:
    """The clock goes on to where the customer has midday: some hours follow in which nobody is asleep."""
    local = world.wiring.now().astimezone(_ZONE)
    noon = local.replace(hour=12, minute=0, second=0, microsecond=0)
    world.move_clock(((noon if noon > local else noon + timedelta(days=1)) - local) / timedelta(hours=1))


def deliver(world: World) -> None:
    """The carrier hands the only parcel over; its webhook is on its way."""
    number = world.row("SELECT tracking_number FROM shipment")["tracking_number"]
    world.sandbox.control(f"parcels/{number}/deliver", {})


def texts(world: World) -> list[dict[str, Any]]:
    """What the vendor took from us, the oldest first; its own replies to STOP are not ours."""
    found: list[dict[str, Any]] = world.sandbox.control("twilio/messages")
    return [message for message in found if message["direction"] == "outbound-api"]
