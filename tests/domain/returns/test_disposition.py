"""Where a unit that came back goes, and what becomes of its money."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.decisions import REASON_TEXT
from domain.returns.disposition import Consequence, Inspected, consequence, place
from domain.returns.judge import subject_of
from domain.returns.scope import Subject
from domain.returns.words import Disposition, Grade, Reception, Resolution, ReturnKind, ReturnReason
from tests.support.rulings import POLICY, make_ask, make_customer, make_line, make_order

K, G, D = ReturnKind, Grade, Disposition


def unit(
    grade: Grade | None = G.A,
    *tags: str,
    kind: ReturnKind = K.RETURN,
    reason: ReturnReason | None = ReturnReason.TOO_SMALL,
    value: int = 10_000,
    currency: str = "USD",
    reception: Reception = Reception.RECEIVED,
    by_withdrawal: bool = False,
) -> Inspected:
    subject = Subject("TENT", "Tents", frozenset(tags), "US", "", kind, reason, Resolution.REFUND, date(2026, 3, 1))
    return Inspected(subject, currency, value, grade, reception, by_withdrawal)


@pytest.mark.parametrize(
    ("found", "to", "rule"),
    [
        pytest.param(unit(G.A), D.RESTOCK, "as_new", id="as new"),
        pytest.param(unit(G.B), D.RESTOCK, "as_new", id="bad box"),
        pytest.param(unit(G.C), D.REPAIR, "repair", id="used"),
        pytest.param(unit(G.C, value=2000), D.DISPOSE, "not_worth_it", id="used and cheap"),
        pytest.param(unit(G.C, value=2001), D.REPAIR, "repair", id="just worth it"),
        pytest.param(unit(G.C, value=3000, currency="JPY"), D.DISPOSE, "not_worth_it", id="cheap in yen"),
        pytest.param(unit(G.C, value=20_001, currency="BHD"), D.REPAIR, "repair", id="three decimals"),
        pytest.param(unit(G.B, "Hygiene"), D.DISPOSE, "unsafe_once_open", id="hygiene, opened"),
        pytest.param(unit(G.A, "hygiene"), D.RESTOCK, "as_new", id="hygiene, sealed"),
        pytest.param(unit(G.A, "recalled"), D.QUARANTINE, "recalled", id="recalled, whatever its grade"),
        pytest.param(unit(G.NOT_AS_DESCRIBED), D.QUARANTINE, "unclear", id="not what was said"),
        pytest.param(
            unit(G.DAMAGED, "vendor-warranty", kind=K.CLAIM, reason=ReturnReason.DEFECTIVE), D.RETURN_TO_VENDOR,
            "faulty_to_vendor", id="to the vendor",
        ),
    ],
)  # fmt: skip
def test_rules_over_grade_product_and_value(found: Inspected, to: Disposition, rule: str) -> None:
    placed = place(found, POLICY)

    assert (placed.to, placed.rule) == (to, f"disposition:{rule}")
    assert placed.as_json() == {"to": str(to), "rule": placed.rule}


@pytest.mark.parametrize(
    ("found", "kept", "review", "code"),
    [
        pytest.param(unit(G.A), 0, False, None, id="as new"),
        pytest.param(unit(G.B), 0, False, None, id="bad box"),
        pytest.param(unit(G.C), 30, False, "value_lost", id="used"),
        pytest.param(unit(G.DAMAGED), 50, True, "value_lost", id="damaged by whom"),
        pytest.param(unit(G.DAMAGED, kind=K.CLAIM, reason=ReturnReason.DAMAGED), 0, False, None, id="as claimed"),
        pytest.param(unit(G.NOT_AS_DESCRIBED, kind=K.CLAIM), 100, True, "value_lost", id="not what was said"),
        pytest.param(unit(G.C, kind=K.WITHDRAWAL, reason=None), 30, True, "value_lost_by_handling", id="withdrawal"),
        pytest.param(unit(G.C, by_withdrawal=True), 30, True, "value_lost_by_handling", id="within its time"),
        pytest.param(unit(G.A, kind=K.WITHDRAWAL, reason=None), 0, False, None, id="withdrawal, as new"),
    ],
)
def test_what_a_grade_does_to_the_money(found: Inspected, kept: int, review: bool, code: str | None) -> None:
    outcome = consequence(found, POLICY)

    assert (outcome.kept_percent, outcome.review) == (kept, review)
    assert (outcome.reason.code if outcome.reason else None) == code
    if outcome.reason is not None:
        assert outcome.as_json()["reason"] == {"code": code, "grade": str(found.grade), "percent": kept}


@pytest.mark.parametrize(
    ("reception", "to", "kept", "code"),
    [
        (Reception.MISSING, None, 100, "unit_missing"),
        (Reception.WRONG_ITEM, D.QUARANTINE, 100, "wrong_item_came"),
        (Reception.EXTRA, D.QUARANTINE, 0, "extra_item_came"),
    ],
)
def test_what_was_not_expected_waits_for_a_person(
    reception: Reception, to: Disposition | None, kept: int, code: str
) -> None:
    found = unit(None, reception=reception)

    assert place(found, POLICY).to is to
    outcome = consequence(found, POLICY)
    assert (outcome.kept_percent, outcome.review, outcome.reason and outcome.reason.code) == (kept, True, code)


def test_a_ruling_and_its_inspection_are_about_the_same_subject() -> None:
    line, order = make_line(tags=frozenset({"hygiene"}), category="Tents"), make_order("JP")

    subject = subject_of(make_ask(K.CLAIM), line, order, make_customer(tier="gold"))

    assert (subject.country, subject.tier, subject.kind, subject.reason) == (
        "JP",
        "gold",
        K.CLAIM,
        ReturnReason.DAMAGED,
    )
    assert place(Inspected(subject, "JPY", 5000, G.B), POLICY).rule == "disposition:unsafe_once_open"


def test_a_unit_that_came_is_graded_first() -> None:
    for judge in (place, consequence):
        with pytest.raises(ValueError, match="has a grade"):
            judge(unit(None), POLICY)  # type: ignore[operator]


@given(
    st.sampled_from(list(G)), st.sampled_from(list(K)), st.sampled_from([None, *ReturnReason]), st.integers(0, 10**6),
    st.sampled_from(["USD", "JPY", "BHD"]), st.sampled_from(["", "hygiene", "food", "recalled", "vendor-warranty"]),
    st.booleans(),
)  # fmt: skip
def test_every_unit_has_its_place_and_only_sound_ones_are_sold_again(
    grade: Grade, kind: ReturnKind, reason: ReturnReason | None, value: int, currency: str, tag: str, lawful: bool
) -> None:
    found = unit(grade, tag, kind=kind, reason=reason, value=value, currency=currency, by_withdrawal=lawful)

    placed, outcome = place(found, POLICY), consequence(found, POLICY)

    assert placed.to is not D.RESTOCK or grade in (G.A, G.B, G.C)
    assert 0 <= outcome.kept_percent <= 100
    assert (outcome.kept_percent > 0) <= (outcome.reason is not None)
    assert outcome.reason is None or outcome.reason.code in REASON_TEXT
    assert not (lawful and outcome.kept_percent) or outcome.review
    assert isinstance(outcome, Consequence)
