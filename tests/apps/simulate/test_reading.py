"""What is read of messages, offers and the world's own words."""

from datetime import UTC, datetime
from typing import Any

import pytest

from apps.simulate import reading
from tests.apps.simulate.support import PLACED, PROMISED


def row(**facts: Any) -> dict[str, Any]:
    return {
        "id": "msg_1", "kind": "parcel_delayed", "order_id": "ord_1", "subject_id": "shp_1", "channel": "email",
        "sent_at": PLACED, "facts": facts,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "ends"),
    [
        ({}, None),
        ({"arrives_to": ""}, None),
        ({"arrives_to": "2026-01-09"}, datetime(2026, 1, 10, tzinfo=UTC)),
        ({"arrives_to": "2026-01-09T18:00:00+00:00"}, datetime(2026, 1, 9, 18, tzinfo=UTC)),
    ],
)
def test_a_day_holds_until_it_is_over(facts: dict[str, Any], ends: datetime | None) -> None:
    assert ends == reading.window_ends(facts)


def test_the_same_facts_in_another_order_are_the_same() -> None:
    one, other = (reading.said(row(**facts), 1) for facts in ({"a": 1, "b": 2}, {"b": 2, "a": 1}))

    assert one == other
    assert one.digest != reading.said(row(a=1, b=3), 1).digest
    assert "lost" == reading.said(row(exception="lost"), 1).detail


def test_the_worlds_words_become_a_truth() -> None:
    told = {
        "number": 7, "tracking_code": "X", "placed_at": PLACED.isoformat(), "promised_at": PROMISED.isoformat(),
        "handed_over_at": PLACED.isoformat(), "arrives_at": None, "gone_at": PROMISED.isoformat(), "lost_at": None,
        "asked": [{"at": PROMISED.isoformat(), "why": "late"}], "amends": [],
    }  # fmt: skip

    found = reading.truth(told, 25.0)

    assert (7, None, PROMISED, (PROMISED,), (), 25.0) == (
        found.number,
        found.arrives_at,
        found.gone_at,
        found.asked,
        found.amends,
        found.value,
    )


def test_an_offer_counts_as_taken_once_its_customer_took_it() -> None:
    offers = [{"kind": "refund", "created_at": PLACED, "state": state} for state in ("sent", "accepted", "executed")]

    assert [False, True, True] == [reading.offered(offer, 1).taken for offer in offers]
