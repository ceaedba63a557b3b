"""Until when what can be changed: policy, node, authorisation, and the way out when it is too late."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.policies import load_policies
from domain.edit_capabilities import EditField, NodePart, Stage
from domain.edit_windows import EditSnapshot, Limit, NextStep, Window, window, windows
from domain.edits import EditKind
from domain.states import FulfilmentOrderState, OrderState
from tests.support.shared import ROOT

POLICIES = load_policies(ROOT / "config" / "policies")
EDITS, TABLE = POLICIES.edits, POLICIES.capabilities
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PLACED = NOW - timedelta(minutes=30)
RELEASE = PLACED + timedelta(minutes=45)
K = EditKind
GOODS = (K.QUANTITY, K.SWAP, K.ADD, K.REMOVE)


def part(**changes: object) -> NodePart:
    values = {"id": "fo_1", "system": "shipbob", "state": "scheduled", "request_state": "unsubmitted",
              "release_at": RELEASE, "lines": {"l1": 2}} | changes  # fmt: skip
    return NodePart(**values)  # type: ignore[arg-type]


def told(**changes: object) -> NodePart:
    return part(**{"state": "in_progress", "request_state": "accepted", **changes})


def order(**changes: object) -> EditSnapshot:
    values = {"order_id": "ord_1", "source": "shopify", "state": "in_fulfilment", "currency": "USD",
              "placed_at": PLACED, "release_at": RELEASE, "parts": (told(),),
              "unshipped": {"l1": 2}} | changes  # fmt: skip
    return EditSnapshot(**values)  # type: ignore[arg-type]


def look(kind: EditKind, *, now: datetime = NOW, agent: bool = False, line_id: str = "", **changes: object) -> Window:
    return window(kind, order(**changes), EDITS, TABLE, now, agent=agent, line_id=line_id)


def open_kinds(*, now: datetime = NOW, **changes: object) -> set[str]:
    return {str(each.kind) for each in windows(order(**changes), EDITS, TABLE, now) if each.open}


ALL = set(map(str, EditKind))
LINES = {"quantity", "swap", "add", "remove"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"state": "routing", "parts": (part(),)}, ALL, id="not released"),
        pytest.param({"state": "accepted", "parts": ()}, ALL, id="not routed"),
        pytest.param({"state": "held", "parts": (), "holds": ("address",)}, ALL, id="held for its address"),
        pytest.param({"state": "held", "parts": (), "holds": ("stock",)}, ALL, id="held for stock"),
        pytest.param({"state": "held", "parts": (), "holds": ("fraud",)}, {"contact", "cancel"}, id="held for fraud"),
        pytest.param(
            {"state": "held", "parts": (), "holds": ("fraud", "payment")}, {"contact", "cancel"}, id="two holds"
        ),
        pytest.param({"holds": ("operator",)}, {"contact"}, id="a person's hold"),
        pytest.param({}, ALL - {"shipping"}, id="3pl has it"),
        pytest.param({"parts": (told(request_state="submitted"),)}, ALL - {"shipping"}, id="3pl is being told"),
        pytest.param({"parts": (told(picking=True),)}, {"address", "contact"}, id="3pl picks"),
        pytest.param({"parts": (told(labelled=True),)}, {"contact"}, id="3pl has labelled"),
        pytest.param({"parts": (told(system="own", labelled=True),)}, ALL - {"shipping"}, id="own sheet, label bought"),
        pytest.param({"parts": (told(system="own", picking=True),)}, ALL - {"shipping"}, id="own picks: recalled"),
        pytest.param({"parts": (told(system="own", packed=True),)}, {"address", "contact", "cancel"}, id="own packed"),
        pytest.param({"parts": (told(shipped=True), told(id="fo_2"))}, LINES | {"contact"}, id="partly shipped"),
        pytest.param({"parts": (told(shipped=True), told(picking=True))}, {"contact"}, id="partly, rest is picked"),
        pytest.param({"parts": (told(shipped=True),), "unshipped": {"l1": 0}}, {"contact"}, id="all shipped"),
        pytest.param({"parts": (told(request_state="cancellation_requested"),)}, set(), id="being cancelled"),
        pytest.param({"parts": (told(), told(id="fo_2", picking=True))}, {"address", "contact"}, id="slowest of two"),
        pytest.param({"state": "completed", "unshipped": {}}, set(), id="completed"),
        pytest.param({"state": "cancelled", "parts": (part(state="cancelled"),)}, set(), id="cancelled"),
        pytest.param({"source": "file"}, {"address", "contact", "cancel"}, id="from a file"),
        pytest.param({"source": "elsewhere"}, set(), id="a source that the table does not know"),
        pytest.param({"fenced": True}, set(), id="another edit"),
        pytest.param({"parts": (part(state="cancelled"), told(id="fo_2"))}, ALL - {"shipping"}, id="one was moved"),
    ],
)
def test_what_is_open_where(changes: dict[str, object], expected: set[str]) -> None:
    assert open_kinds(**changes) == expected


def test_earliest_of_policy_node_and_authorisation_ends_it() -> None:
    unreleased = {"state": "routing", "parts": (part(),)}
    soon = NOW + timedelta(minutes=5)

    shipping = look(K.SHIPPING, **unreleased)
    address = look(K.ADDRESS, **unreleased)
    expiring = look(K.ADDRESS, authorisation_expires_at=soon, **unreleased)

    assert (shipping.until, shipping.limit) == (RELEASE, Limit.NODE)
    assert (address.until, address.limit) == (PLACED + timedelta(hours=24), Limit.POLICY)
    assert (expiring.until, expiring.limit) == (soon, Limit.AUTHORISATION)
    assert look(K.CONTACT, authorisation_expires_at=soon).limit is Limit.POLICY  # no money is needed for that


def test_before_routing_the_release_ends_what_some_node_would_not_take() -> None:
    assert look(K.SHIPPING, state="accepted", parts=()).until == RELEASE
    # nothing is told at a time that has passed without a node
    late = look(K.SHIPPING, state="accepted", parts=(), now=RELEASE + timedelta(hours=1))
    assert (late.open, late.limit) == (True, Limit.POLICY)


def test_a_window_is_closed_at_its_end() -> None:
    end = PLACED + EDITS.window[K.QUANTITY]

    assert look(K.QUANTITY, now=end - timedelta(microseconds=1)).open
    closed = look(K.QUANTITY, now=end)
    assert (closed.open, closed.limit, closed.reason) == (False, Limit.POLICY, "window_closed")
    assert not look(K.SHIPPING, now=RELEASE, state="routing", parts=(part(),)).open


def test_who_asked_in_time_is_not_late_because_of_waiting() -> None:
    end = PLACED + EDITS.window[K.QUANTITY]
    in_time, too_late = end - timedelta(seconds=1), end

    assert window(K.QUANTITY, order(), EDITS, TABLE, end + timedelta(hours=5), asked_at=in_time).open
    assert not window(K.QUANTITY, order(), EDITS, TABLE, end + timedelta(hours=5), asked_at=too_late).open
    routed = order(state="routing", parts=(part(),))  # the node's end counts as it is now
    assert not window(K.SHIPPING, routed, EDITS, TABLE, RELEASE, asked_at=PLACED).open


def test_policy_does_not_end_what_a_hold_waits_for() -> None:
    days_later = NOW + timedelta(days=5)
    held = {"state": "held", "parts": (), "holds": ("address",)}

    assert look(K.ADDRESS, now=days_later, **held) == Window(K.ADDRESS, True)
    assert look(K.QUANTITY, now=days_later, **held).reason == "window_closed"


def test_an_agent_comes_after_the_policy_but_not_after_the_node() -> None:
    later = NOW + timedelta(days=2)

    assert look(K.QUANTITY, now=later).next_step == NextStep("ask_us", 0, "USD")
    assert look(K.QUANTITY, now=later, agent=True) == Window(K.QUANTITY, True)
    assert look(K.QUANTITY, now=later, agent=True, parts=(told(picking=True),)).reason == "node_picking"


def test_only_the_nodes_of_a_line_count_for_it() -> None:
    parts = (told(picking=True, lines={"l1": 1}), told(id="fo_2", lines={"l2": 1}))
    units = {"l1": 1, "l2": 1, "l3": 0}

    assert look(K.REMOVE, line_id="l2", parts=parts, unshipped=units).open
    assert look(K.REMOVE, line_id="l1", parts=parts, unshipped=units).reason == "node_picking"
    assert look(K.REMOVE, line_id="l3", parts=parts, unshipped=units).reason == "already_shipped"


@pytest.mark.parametrize(
    ("kind", "changes", "reason", "step"),
    [
        (K.ADDRESS, {"parts": (told(labelled=True),)}, "node_labelled", NextStep("pickup_hold", 600, "USD")),
        (K.ADDRESS, {"parts": (told(labelled=True),), "currency": "JPY"}, "node_labelled",
         NextStep("pickup_hold", 800, "JPY")),
        (K.ADDRESS, {"parts": (told(labelled=True),), "currency": "CHF"}, "node_labelled",
         NextStep("ask_us", 0, "CHF")),
        (K.CANCEL, {"parts": (told(shipped=True),), "unshipped": {}}, "already_shipped",
         NextStep("refuse_delivery", 0, "USD")),
        (K.CANCEL, {"state": "completed"}, "order_completed", NextStep("return", 0, "USD")),
        (K.SWAP, {"parts": (told(picking=True),)}, "node_picking", NextStep("return", 0, "USD")),
        (K.ADD, {"parts": (told(picking=True),)}, "node_picking", NextStep("new_order", 0, "USD")),
        (K.ADDRESS, {"state": "completed"}, "order_completed", NextStep("ask_us", 0, "USD")),
        (K.ADDRESS, {"holds": ("fraud",)}, "on_hold", NextStep("ask_us", 0, "USD")),
        (K.CANCEL, {"state": "cancelled"}, "order_cancelled", None),
        (K.CANCEL, {"fenced": True}, "edit_in_progress", None),
    ],
)  # fmt: skip
def test_too_late_gives_the_reason_and_the_cheapest_next_step(
    kind: EditKind, changes: dict[str, object], reason: str, step: NextStep | None
) -> None:
    closed = look(kind, **changes)

    assert (closed.open, closed.reason, closed.next_step) == (False, reason, step)


def test_nodes_are_asked_only_for_what_they_have_and_still_take() -> None:
    assert not TABLE.asks_node(EditField.ADDRESS, part())
    assert TABLE.asks_node(EditField.ADDRESS, told(picking=True))
    assert not TABLE.asks_node(EditField.ADDRESS, told(labelled=True))
    assert not TABLE.asks_node(EditField.CONTACT, told(labelled=True))
    assert not TABLE.asks_node(EditField.ADDRESS, told(state="closed"))


def test_a_stage_that_a_kind_of_node_lacks_does_not_count() -> None:
    sheet = TABLE.node("own")

    assert sheet.stage_of(told(system="own", labelled=True)) is Stage.TOLD
    assert sheet.stage_of(told(system="own", picking=True, packed=True)) is Stage.PACKED


PARTS = st.lists(
    st.builds(
        part,
        system=st.sampled_from(["shipbob", "own"]),
        state=st.sampled_from([str(state) for state in FulfilmentOrderState]),
        request_state=st.sampled_from(["unsubmitted", "submitted", "accepted", "rejected", "cancellation_requested"]),
        picking=st.booleans(),
        labelled=st.booleans(),
        packed=st.booleans(),
        shipped=st.booleans(),
    ),
    max_size=3,
).map(tuple)


@given(
    st.sampled_from([str(state) for state in OrderState]), PARTS,
    st.lists(st.sampled_from(["address", "fraud", "payment", "stock", "operator"]), max_size=2).map(tuple),
    st.sampled_from(EditKind), st.integers(-30, 3000), st.none() | st.integers(-60, 600),
)  # fmt: skip
def test_every_window_says_when_or_why(
    state: str, parts: tuple[NodePart, ...], holds: tuple[str, ...], kind: EditKind, minutes: int, expiry: int | None
) -> None:
    expires = None if expiry is None else NOW + timedelta(minutes=expiry)
    now = NOW + timedelta(minutes=minutes)
    changes = {"state": state, "parts": parts, "holds": holds, "authorisation_expires_at": expires}

    found = look(kind, now=now, **changes)

    if found.open:
        assert found.reason == ""
        assert found.next_step is None
        assert found.until is None or found.until > now
        assert state not in ("completed", "cancelled")
        if found.until is not None:
            assert not look(kind, now=found.until, **changes).open or found.limit is Limit.NODE
    else:
        assert found.reason
        assert found.limit is not None
        assert found.until is None
