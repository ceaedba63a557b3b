"""What a person decides on an edit of the shop's admin that came too late."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.edits import EditAction, EditKind, Wanted
from domain.ids import new_id
from ledger import audit
from ledger.cases import CaseDraft, open_cases
from ledger.editing.from_shop import open_prepared
from ledger.editing.late_edits import RECALL, SET_BACK, first_key
from ledger.editing.requests import open_of
from ledger.orders import OrderRow, lines_of


class NotNow(Exception):
    """The order is being changed by an edit; wait until it has ended."""


def decide(session: Session, order: OrderRow, case: Mapping[str, Any], choice: str, now: datetime) -> str:
    """Carry out what a case of kind shop_edited_late was resolved with; returns what was done, in words. The caller
    holds the order's lock. Raises: NotNow."""
    if choice == RECALL:
        _ask_to_recall(session, case, now)
        return "a task asks for the parcel to be stopped"
    if choice == SET_BACK:
        if order["fence_token"] or open_of(session, [order["id"]]):
            raise NotNow(order["id"])
        return _set_back(session, order, case, now)
    return "the parcel stays as it is, and the shop too"


def _ask_to_recall(session: Session, case: Mapping[str, Any], now: datetime) -> None:
    draft = CaseDraft(
        key=f"recall:{case['key']}",
        kind="parcel_recall",
        severity="high",
        order_id=case["order_id"],
        subject_id=case["order_id"],
        owner="warehouse",
        facts={name: value for name, value in case["facts"].items() if name != "stated"},
        choices=["stopped", "gone"],
    )
    open_cases(session, [draft], now)


def _set_back(session: Session, order: OrderRow, case: Mapping[str, Any], now: datetime) -> str:
    """A request whose node side is nothing: the shop gets what the parcel has. Where the shop refuses, the case is
    asked again."""
    facts = case["facts"]
    lines = lines_of(session, [order["id"]])[order["id"]]
    calls: list[str] = ["address"] if "address" in facts else []
    edit = _lines(order, facts, lines)
    calls += ["lines"] if edit else []
    if not calls:
        return "the shop has what the parcel has"
    wanted = Wanted({row["id"]: row["ordered"] - row["cancelled"] for row in lines})
    late = {name: value for name, value in facts.items() if name not in ("code", "request")}
    plan = {
        "shop": calls, "wanted": wanted.as_json(), "contact_after": order["contact_id"], "case_key": first_key(case),
        "late": late, "choices": list(case["choices"]), **({"lines": edit} if edit else {}),
    }  # fmt: skip
    actions = _actions(order, calls, edit, lines)
    kinds = sorted({str(action.kind) for action in actions}) or [str(EditKind.REMOVE)]
    open_prepared(session, order, new_id("edr"), actions, kinds, plan, actor=audit.actor.get(), now=now)
    return "the shop is set back to what the parcel has"


def _lines(order: OrderRow, facts: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """In the words of a plan; {} when lines and method are the same."""
    stated, ours = facts["stated"], {row["external_id"]: row["ordered"] for row in lines}
    quantities = {
        line: ours.get(line, 0) for line in dict.fromkeys([*ours, *stated]) if stated.get(line, 0) != ours.get(line, 0)
    }
    shipping = facts.get("shipping_back")
    if not (quantities or shipping):
        return {}
    return {
        "before": [*dict.fromkeys([*ours, *stated])], "quantities": quantities, "added": {}, "shipping": shipping,
        "total_minor": order["total_minor"],
    }  # fmt: skip


def _actions(
    order: OrderRow, calls: Sequence[str], edit: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]
) -> list[EditAction]:
    """As the history shows them: what the shop gets back."""
    actions = [EditAction(EditKind.ADDRESS, contact_version=order["contact_id"])] if "address" in calls else []
    known = {row["external_id"]: row["id"] for row in lines}
    actions += [
        EditAction(EditKind.QUANTITY, line_id=known[line], quantity=units)
        for line, units in edit.get("quantities", {}).items()
        if line in known
    ]
    if edit.get("shipping"):
        actions.append(EditAction(EditKind.SHIPPING, shipping_code=order["shipping_code"]))
    return actions
