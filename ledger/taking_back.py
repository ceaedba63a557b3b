"""Orders that are taken back from their nodes: the wish, which anybody may have and is sent once, and the person's case
where it comes too late."""

from datetime import datetime
from typing import Any

from ledger.cases import CaseDraft
from ledger.effects import EffectDraft


def take_back(
    *, reference: str, target: str, order_id: str, subject_id: str, again: bool = False, due_at: datetime | None = None
) -> EffectDraft:
    """A node is asked once for an order under our reference, whoever wants it. `again`: it has it although it said that
    it does not, which happens when a call of ours comes late."""
    return EffectDraft(
        kind="node.cancel",
        key=f"node_cancel:{reference}{':again' if again else ''}",
        target=target,
        order_id=order_id,
        subject_id=subject_id,
        request={"reference": reference},
        due_at=due_at,
    )


def too_late(order_id: str, fulfilment_order_id: str, facts: dict[str, Any]) -> CaseDraft:
    """Cancelled here, and it goes out all the same: a person recalls the parcel or awaits its return."""
    return CaseDraft(
        key=f"cancel:{order_id}",
        kind="cancelled_too_late",
        severity="high",
        order_id=order_id,
        subject_id=fulfilment_order_id,
        facts=facts,
        choices=["recall_parcel", "await_return", "accept"],
    )
