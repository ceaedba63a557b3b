"""What a request asks for, and the order as it is wanted then."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.edits import Added, EditAction, EditError, EditKind, combine, parse_actions, stock_change, unchanged
from domain.placed import PlacedLine, PlacedOrder

K = EditKind
ORDER = PlacedOrder(
    "ord_1",
    "USD",
    (PlacedLine("l1", "TENT-2P", 2), PlacedLine("l2", "SOCK-M", 3, shipped=1), PlacedLine("l3", "BAG", 0)),
    shipping_code="standard",
    contact_version="con_1",
)
FRESH = PlacedOrder("ord_2", "USD", (PlacedLine("l1", "TENT-2P", 2), PlacedLine("l2", "SOCK-M", 3)))


def lines(*actions: EditAction, order: PlacedOrder = ORDER) -> dict[str, int]:
    return dict(combine(actions, order).lines)


@pytest.mark.parametrize(
    "facts",
    [
        {"kind": "address", "contact_version": "con_2"},
        {"kind": "contact", "contact_version": "con_2"},
        {"kind": "quantity", "line_id": "l1", "quantity": 3},
        {"kind": "swap", "line_id": "l1", "sku": "TENT-3P"},
        {"kind": "swap", "line_id": "l1", "sku": "TENT-3P", "quantity": 1},
        {"kind": "add", "sku": "BAG", "quantity": 1},
        {"kind": "remove", "line_id": "l1"},
        {"kind": "shipping", "shipping_code": "express"},
        {"kind": "cancel"},
    ],
    ids=lambda facts: "-".join(map(str, facts.values())),
)
def test_an_action_is_read_and_written_as_it_was(facts: dict[str, Any]) -> None:
    [action] = parse_actions([facts])

    assert action.as_json() == facts


def test_a_kind_may_come_as_its_word() -> None:
    action = EditAction("remove", "l1")  # type: ignore[arg-type]

    assert action.kind is K.REMOVE
    assert lines(action)["l1"] == 0


def test_quantity_of_nothing_is_a_removal() -> None:
    assert parse_actions([{"kind": "quantity", "line_id": "l1", "quantity": 0}]) == (EditAction(K.REMOVE, "l1"),)


@pytest.mark.parametrize(
    ("facts", "code", "where"),
    [
        pytest.param("cancel", "not_a_list", "actions", id="text"),
        pytest.param({"kind": "cancel"}, "not_a_list", "actions", id="a single one"),
        pytest.param([], "empty_request", "actions", id="empty"),
        pytest.param([{"kind": "cancel"}] * 101, "too_many_actions", "actions", id="a flood"),
        pytest.param(["cancel"], "not_an_action", "actions[1]", id="a word"),
        pytest.param([{}], "unknown_kind", "actions[1].kind", id="no kind"),
        pytest.param([{"kind": "gift"}], "unknown_kind", "actions[1].kind", id="unknown kind"),
        pytest.param([{"kind": ["cancel"]}], "unknown_kind", "actions[1].kind", id="kind is a list"),
        pytest.param([{"kind": "cancel", "line_id": "l1"}], "unknown_field", "actions[1]", id="a field too many"),
        pytest.param([{"kind": "address", "line1": "Elm St"}], "unknown_field", "actions[1]", id="text of an address"),
        pytest.param([{"kind": "address"}], "missing", "actions[1].contact_version", id="no contact"),
        pytest.param([{"kind": "add", "sku": "", "quantity": 1}], "missing", "actions[1].sku", id="empty sku"),
        pytest.param([{"kind": "quantity", "line_id": "l1"}], "missing", "actions[1].quantity", id="no quantity"),
        pytest.param([{"kind": "remove", "line_id": 7}], "bad_text", "actions[1].line_id", id="number for an id"),
        pytest.param([{"kind": "remove", "line_id": "l\n"}], "bad_text", "actions[1].line_id", id="a control sign"),
        pytest.param([{"kind": "add", "sku": "A", "quantity": "2"}], "bad_quantity", "actions[1].quantity", id="text"),
        pytest.param([{"kind": "add", "sku": "A", "quantity": True}], "bad_quantity", "actions[1].quantity", id="bool"),
        pytest.param([{"kind": "add", "sku": "A", "quantity": 1.5}], "bad_quantity", "actions[1].quantity", id="half"),
        pytest.param(
            [{"kind": "quantity", "line_id": "l1", "quantity": -1}],
            "negative_quantity", "actions[1].quantity", id="negative",
        ),
        pytest.param([{"kind": "add", "sku": "A", "quantity": 0}], "zero_quantity", "actions[1].quantity", id="none"),
        pytest.param(
            [{"kind": "add", "sku": "A", "quantity": 10_001}], "quantity_too_large", "actions[1].quantity", id="huge"
        ),
        pytest.param(
            [{"kind": "cancel"}, {"kind": "remove", "line_id": "l1"}], "cancel_and_more", "actions", id="cancel and"
        ),
    ],
)  # fmt: skip
def test_a_request_that_cannot_be_read_is_refused_with_code_and_place(facts: Any, code: str, where: str) -> None:
    with pytest.raises(EditError) as caught:
        parse_actions(facts)

    assert (caught.value.code, caught.value.where) == (code, where)


def test_each_kind_changes_what_it_names() -> None:
    assert lines(EditAction(K.QUANTITY, "l1", quantity=5)) == {"l1": 5, "l2": 3, "l3": 0}
    assert lines(EditAction(K.REMOVE, "l1")) == {"l1": 0, "l2": 3, "l3": 0}
    assert lines(EditAction(K.REMOVE, "l2")) == {"l1": 2, "l2": 1, "l3": 0}  # what has left stays
    swapped = combine([EditAction(K.SWAP, "l1", "TENT-3P")], ORDER)
    assert (swapped.lines["l1"], swapped.added) == (0, (Added("TENT-3P", 2, "l1"),))
    assert combine([EditAction(K.ADD, sku="BAG", quantity=2)], ORDER).added == (Added("BAG", 2),)
    assert combine([EditAction(K.SHIPPING, shipping_code="express")], ORDER).shipping_code == "express"
    assert combine([EditAction(K.ADDRESS, contact_version="con_2")], ORDER).contact_version == "con_2"
    cancelled = combine([EditAction(K.CANCEL)], FRESH)
    assert (cancelled.cancelled, cancelled.lines, cancelled.kinds) == (True, {"l1": 0, "l2": 0}, {K.CANCEL})


def test_kinds_are_what_really_changes() -> None:
    wanted = combine(
        [
            EditAction(K.ADDRESS, contact_version="con_2"),
            EditAction(K.QUANTITY, "l1", quantity=2),
            EditAction(K.SHIPPING, shipping_code="standard"),
            EditAction(K.SWAP, "l2", "SOCK-M"),
        ],
        ORDER,
    )

    assert wanted.kinds == {K.ADDRESS}
    assert (wanted.lines, wanted.shipping_code) == (unchanged(ORDER).lines, "")


def test_the_same_said_twice_counts_once_but_additions_add_up() -> None:
    twice = [EditAction(K.QUANTITY, "l1", quantity=1), EditAction(K.ADD, sku="BAG", quantity=1)] * 2

    wanted = combine(twice, ORDER)

    assert (wanted.lines["l1"], wanted.added) == (1, (Added("BAG", 2),))


def test_parts_of_a_line_become_several_variants() -> None:
    parts = [EditAction(K.SWAP, "l1", sku, quantity=1) for sku in ("TENT-3P", "TENT-4P")]

    wanted = combine(parts, ORDER)

    assert wanted.lines["l1"] == 0
    assert stock_change(ORDER, wanted) == {"TENT-2P": -2, "TENT-3P": 1, "TENT-4P": 1}


@pytest.mark.parametrize(
    ("actions", "code"),
    [
        pytest.param([], "empty_request", id="empty"),
        pytest.param([EditAction(K.REMOVE, "l9")], "unknown_line", id="another order's line"),
        pytest.param([EditAction(K.QUANTITY, "l3", quantity=1)], "unknown_line", id="a line that was removed before"),
        pytest.param(
            [EditAction(K.QUANTITY, "l1", quantity=1), EditAction(K.QUANTITY, "l1", quantity=3)],
            "contradiction", id="two quantities",
        ),
        pytest.param(
            [EditAction(K.REMOVE, "l1"), EditAction(K.SWAP, "l1", "TENT-3P")], "contradiction", id="gone and swapped"
        ),
        pytest.param(
            [EditAction(K.SWAP, "l1", "TENT-3P"), EditAction(K.SWAP, "l1", "TENT-4P", 1)],
            "contradiction", id="all and a part",
        ),
        pytest.param([EditAction(K.SWAP, "l1", "TENT-3P", 1)] * 2, "contradiction", id="the same part twice"),
        pytest.param(
            [EditAction(K.ADDRESS, contact_version="a"), EditAction(K.CONTACT, contact_version="b")],
            "contradiction", id="two contacts",
        ),
        pytest.param(
            [EditAction(K.SHIPPING, shipping_code="a"), EditAction(K.SHIPPING, shipping_code="standard")],
            "contradiction", id="two methods",
        ),
        pytest.param([EditAction(K.QUANTITY, "l2", quantity=0)], "already_shipped", id="fewer than have left"),
        pytest.param([EditAction(K.SWAP, "l2", "SOCK-L", 3)], "already_shipped", id="swap what has left"),
        pytest.param([EditAction(K.SWAP, "l1", "TENT-3P", 3)], "bad_quantity", id="swap more than there are"),
        pytest.param([EditAction(K.CANCEL)], "already_shipped", id="cancel what has left"),
        pytest.param([EditAction(K.CANCEL), EditAction(K.REMOVE, "l1")], "cancel_and_more", id="cancel and more"),
        pytest.param([EditAction(K.QUANTITY, "l1", quantity=2)], "no_change", id="as it is"),
        pytest.param([EditAction(K.ADDRESS, contact_version="con_1")], "no_change", id="the same contact"),
        pytest.param([EditAction(K.ADD, sku="A", quantity=9_999)] * 2, "quantity_too_large", id="too many in sum"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_order_is_refused(actions: list[EditAction], code: str) -> None:
    with pytest.raises(EditError) as caught:
        combine(actions, ORDER)

    assert caught.value.code == code


def test_removing_everything_is_a_cancel_and_is_asked_for_as_one() -> None:
    with pytest.raises(EditError) as caught:
        combine([EditAction(K.REMOVE, "l1"), EditAction(K.REMOVE, "l2")], FRESH)

    assert caught.value.code == "nothing_left"


def test_a_line_whose_last_units_have_left_cannot_be_removed() -> None:
    gone = PlacedOrder("ord_3", "USD", (PlacedLine("l1", "TENT-2P", 2, shipped=2),))
    for action in (EditAction(K.REMOVE, "l1"), EditAction(K.SWAP, "l1", "TENT-3P")):
        with pytest.raises(EditError) as caught:
            combine([action], gone)
        assert caught.value.code == "already_shipped"


SKUS = st.sampled_from(["A", "B", "C", "D"])


@st.composite
def orders(draw: st.DrawFn) -> PlacedOrder:
    count = draw(st.integers(1, 4))
    placed = []
    for number in range(count):
        quantity = draw(st.integers(1, 6))
        placed.append(PlacedLine(f"l{number}", draw(SKUS), quantity, draw(st.integers(0, quantity))))
    return PlacedOrder("ord", "USD", tuple(placed), contact_version="con_1", shipping_code="standard")


ACTIONS = st.one_of(
    st.builds(EditAction, st.just(K.QUANTITY), st.sampled_from(["l0", "l1", "l2"]), quantity=st.integers(1, 8)),
    st.builds(EditAction, st.just(K.REMOVE), st.sampled_from(["l0", "l1", "l2"])),
    st.builds(EditAction, st.just(K.SWAP), st.sampled_from(["l0", "l1"]), SKUS, st.none() | st.integers(1, 4)),
    st.builds(EditAction, st.just(K.ADD), sku=SKUS, quantity=st.integers(1, 4)),
    st.builds(EditAction, st.just(K.ADDRESS), contact_version=st.sampled_from(["con_1", "con_2"])),
    st.builds(EditAction, st.just(K.SHIPPING), shipping_code=st.sampled_from(["standard", "express"])),
    st.builds(EditAction, st.just(K.CANCEL)),
)


@given(orders(), st.lists(ACTIONS, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_combining_does_not_depend_on_the_order_of_actions(
    order: PlacedOrder, actions: list[EditAction], random: Any
) -> None:
    def outcome(given_: list[EditAction]) -> Any:
        try:
            return combine(given_, order)
        except EditError as error:
            return type(error)

    shuffled = list(actions)
    random.shuffle(shuffled)

    assert outcome(actions) == outcome(shuffled)


@given(orders(), st.lists(ACTIONS, min_size=1, max_size=5))
def test_what_has_left_stays_and_units_add_up(order: PlacedOrder, actions: list[EditAction]) -> None:
    try:
        wanted = combine(actions, order)
    except EditError:
        return
    assert all(wanted.lines[line.id] >= line.shipped for line in order.lines)
    assert set(wanted.lines) == {line.id for line in order.lines}
    assert all(added.quantity > 0 for added in wanted.added)
    before = sum(line.quantity for line in order.lines)
    after = sum(wanted.lines.values()) + sum(added.quantity for added in wanted.added)
    assert sum(stock_change(order, wanted).values()) == after - before
    assert wanted.kinds
    assert parse_actions([action.as_json() for action in actions]) == tuple(actions)
