"""What a request to return asks for, read from facts, and what is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.returns.asks import MAX_ASKS, ReturnAsk, ReturnError, parse_asks
from domain.returns.words import OF_CLAIMS, OF_RETURNS, REASONS, USUAL, Condition, Resolution, ReturnKind, ReturnReason

BACK = {"kind": "return", "order_id": "ord_1", "line_id": "l1", "quantity": 1, "reason": "too_small"}
SWAP = BACK | {"kind": "exchange", "sku": "TENT-3P"}
CLAIM = BACK | {"kind": "claim", "reason": "damaged", "photos": ["doc_1", "doc_2"]}
WITHDRAWN = {"kind": "withdrawal", "order_id": "ord_1", "line_id": "l1", "quantity": 2}


@pytest.mark.parametrize("facts", [BACK, SWAP, CLAIM, WITHDRAWN, BACK | {"condition": "opened"}], ids=str)
def test_what_is_read_is_written_as_it_was(facts: dict[str, Any]) -> None:
    [ask] = parse_asks([facts])

    assert ask.as_json() == facts | {"resolution": str(USUAL[ask.kind])}
    assert parse_asks([ask.as_json()]) == (ask,)


def test_a_request_mixes_lines_of_several_orders_and_reasons() -> None:
    other = BACK | {"order_id": "ord_2", "resolution": "store_credit", "condition": "unopened"}

    asks = parse_asks([BACK, BACK | {"reason": "colour"}, other, CLAIM])

    assert [(ask.order_id, str(ask.reason)) for ask in asks] == [
        ("ord_1", "too_small"), ("ord_1", "colour"), ("ord_2", "too_small"), ("ord_1", "damaged"),
    ]  # fmt: skip
    assert asks[2] == ReturnAsk(
        ReturnKind.RETURN, "ord_2", "l1", 1, ReturnReason.TOO_SMALL, Condition.UNOPENED, Resolution.STORE_CREDIT
    )


@pytest.mark.parametrize(
    ("facts", "code", "where"),
    [
        (None, "not_a_list", "lines"),
        ([], "empty_request", "lines"),
        ([BACK] * (MAX_ASKS + 1), "too_many_asks", "lines"),
        (["l1"], "not_an_ask", "lines[1]"),
        ([BACK | {"kind": "gift"}], "unknown_kind", "lines[1].kind"),
        ([BACK, BACK | {"kind": ["return"]}], "unknown_kind", "lines[2].kind"),
        ([BACK | {"price": 0}], "unknown_field", "lines[1]"),
        ([BACK | {"sku": "TENT-3P"}], "unknown_field", "lines[1]"),
        ([WITHDRAWN | {"reason": "other"}], "unknown_field", "lines[1]"),
        ([BACK | {"reason": ""}], "missing", "lines[1].reason"),
        ([SWAP | {"sku": ""}], "missing", "lines[1].sku"),
        ([BACK | {"line_id": None}], "missing", "lines[1].line_id"),
        ([BACK | {"order_id": 7}], "bad_text", "lines[1].order_id"),
        ([BACK | {"line_id": "l\n1"}], "bad_text", "lines[1].line_id"),
        ([BACK | {"quantity": 0}], "bad_quantity", "lines[1].quantity"),
        ([BACK | {"quantity": True}], "bad_quantity", "lines[1].quantity"),
        ([BACK | {"quantity": "2"}], "bad_quantity", "lines[1].quantity"),
        ([BACK | {"quantity": 10_001}], "quantity_too_large", "lines[1].quantity"),
        ([BACK | {"reason": "dull"}], "unknown_reason", "lines[1].reason"),
        ([BACK | {"reason": "damaged"}], "reason_of_another_kind", "lines[1].reason"),
        ([CLAIM | {"reason": "too_small"}], "reason_of_another_kind", "lines[1].reason"),
        ([BACK | {"condition": "fine"}], "unknown_condition", "lines[1].condition"),
        ([BACK | {"resolution": "cash"}], "unknown_resolution", "lines[1].resolution"),
        ([BACK | {"resolution": "repair"}], "resolution_of_another_kind", "lines[1].resolution"),
        ([CLAIM | {"photos": "doc_1"}], "bad_photos", "lines[1].photos"),
        ([CLAIM | {"photos": [""]}], "bad_photos", "lines[1].photos"),
        ([CLAIM | {"photos": ["d"] * 11}], "too_many_photos", "lines[1].photos"),
        ([BACK, BACK | {"quantity": 2}], "said_twice", "lines[2]"),
        ([WITHDRAWN, BACK], "withdrawal_and_more", "lines"),
    ],
)
def test_refused(facts: Any, code: str, where: str) -> None:
    with pytest.raises(ReturnError) as caught:
        parse_asks(facts)

    assert (caught.value.code, caught.value.where) == (code, where)


LEAVES = st.none() | st.booleans() | st.integers() | st.text()


@given(st.recursive(LEAVES, lambda of: st.lists(of, max_size=3) | st.dictionaries(st.text(), of, max_size=4)))
def test_whatever_comes_is_refused_in_our_words(facts: Any) -> None:
    with pytest.raises(ReturnError):
        parse_asks(facts)


@given(
    st.dictionaries(
        st.sampled_from([*ReturnAsk.__slots__]), st.none() | st.integers() | st.text(max_size=3) | st.lists(st.text())
    )
)
def test_no_value_that_somebody_typed_is_in_a_refusal(entry: dict[str, Any]) -> None:
    with pytest.raises(ReturnError) as caught:
        parse_asks([entry])

    assert caught.value.where in {"lines[1]", *(f"lines[1].{name}" for name in ReturnAsk.__slots__)}


def test_every_reason_is_of_a_kind() -> None:
    assert set().union(*REASONS.values()) == set(ReturnReason)
    assert not OF_CLAIMS & OF_RETURNS
