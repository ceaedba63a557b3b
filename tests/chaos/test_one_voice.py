"""The check that nobody was told two things that do not fit together."""

from typing import Any

import pytest

from domain.message_catalogue import CATALOGUE
from domain.messages import ClaimKind
from tests.chaos.checks import one_voice
from tests.chaos.test_checks import good


def sent(number: int, kind: str, subject: str = "shp_1", state: str = "sent") -> dict[str, Any]:
    facts = CATALOGUE[ClaimKind(kind)].sample
    return {"id": f"msg_{number}", "kind": kind, "subject_id": subject, "state": state, "facts": facts,
            "sent_at": f"2026-11-2{number}"}  # fmt: skip


@pytest.mark.row("COM-2", bad_input=True)
@pytest.mark.parametrize(
    ("messages", "wrong"),
    [
        ([sent(1, "parcel_lost"), sent(2, "parcel_out_for_delivery")], True),
        ([sent(2, "parcel_out_for_delivery"), sent(1, "parcel_lost")], True),
        ([sent(1, "parcel_lost"), sent(2, "parcel_offer"), sent(3, "parcel_stuck")], True),
        ([sent(1, "parcel_lost"), sent(2, "parcel_recovered"), sent(3, "parcel_out_for_delivery")], False),
        ([sent(1, "parcel_lost"), sent(2, "parcel_out_for_delivery", "shp_2")], False),
        ([sent(1, "parcel_lost"), sent(2, "parcel_stuck", state="suppressed")], False),
    ],
)
def test_what_does_not_fit_is_found(messages: list[dict[str, Any]], wrong: bool) -> None:
    evidence = good()
    evidence.messages = messages

    assert wrong is any(one_voice(evidence))
