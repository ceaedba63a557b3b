"""Labels for the way back that a carrier makes itself (`way_back.label_from`): asked for, recalled when nobody uses
them. The other ones are rated and bought, see `ledger.returning.labels`."""

from collections.abc import Mapping
from typing import Any

from ledger.effects import EffectDraft
from ledger.returning.requests import RequestRow

MAKE, RECALL = "carrier.return_ship", "carrier.return_recall"


def make_draft(request: RequestRow, account: str) -> EffectDraft:
    """`account`: target of the carrier. Each try has a reference of its own, by which its label is found again."""
    number = len(request["plan"].get("labels_refused", [])) + 1
    reference = request["rma"] if number == 1 else f"{request['rma']}-{number}"
    return EffectDraft(
        kind=MAKE,
        key=f"return_ship:{request['id']}:{number}",
        target=account,
        order_id=request["order_id"],
        subject_id=request["id"],
        request={"reference": reference, "location": request["location_id"], "try": number},
    )


def recall_draft(parcel: Mapping[str, Any], account: str) -> EffectDraft:
    """The label shall not be used any more."""
    return EffectDraft(
        kind=RECALL,
        key=f"return_recall:{parcel['id']}",
        target=account,
        order_id=parcel["order_id"],
        subject_id=parcel["id"],
        request={"number": parcel["tracking_number"]},
    )
