"""What EasyPost delivers: signed, filed and read."""

from datetime import UTC, datetime

import pytest

from config.status_maps import status_map
from connectors.carriers.easypost import EasyPost, parse_event
from connectors.hooks import read_hook
from connectors.webhooks import BadSignature, verify_easypost
from domain.parcels import ParcelState, merge_state
from tests.support.receiver import receiving
from tests.support.sandbox import SandboxProcess

NUMBER = "9400100000000000000042"


@pytest.mark.row("TRK-1")
async def test_delivery_tells_the_parcels_state(easypost: EasyPost, sandbox: SandboxProcess) -> None:
    async with receiving() as receiver:
        await easypost.ensure_subscriptions(receiver.url)
        tracker = await easypost.create_tracker(NUMBER, "USPS")

        sandbox.control("clock", {"offset_s": 20 * 86_400})

        delivery = await receiver.wait_for("tracker.updated")
        now = datetime.now(UTC)
        verify_easypost(delivery.body, delivery.headers, "sécret", now=now)
        event = parse_event(delivery.json(), status_map("easypost"))
        assert event.tracker is not None
        assert (tracker.external_id, NUMBER) == (event.tracker.external_id, event.tracker.tracking_number)
        assert merge_state(event.tracker.events) not in (ParcelState.UNKNOWN, ParcelState.LABEL_CREATED)
        hook = read_hook("easypost", delivery.headers, delivery.body)
        assert (event.external_id, event.topic) == (hook.delivery_id, hook.topic)
        with pytest.raises(BadSignature):
            verify_easypost(delivery.body, delivery.headers, "secret", now=now)
