"""What a customer is told of troubles: one claim, the gravest that is sure, and no day that is gone."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from domain.anomalies.facts import AnomalyKind
from domain.anomalies.telling import Outcry, word_of
from domain.claims import ClaimKind
from domain.messages import CATALOGUE, check_facts
from domain.parcels import ParcelState

K = AnomalyKind
SEEN = datetime(2026, 3, 2, 15, tzinfo=UTC)
LATE = {K.LATE: {"promised_by": "2026-03-06T05:00:00+00:00"}}
SILENT = {K.STUCK: {"working_days": 4.0}}
LOST = {**SILENT, K.LOST_SUSPECTED: {"working_days": 9.0}}
TRIED = {K.ATTEMPTS: {"attempts": 2, "last_at": "2026-03-05T15:00:00+00:00"}}
CALM = Outcry(
    state=ParcelState.IN_TRANSIT, troubles={}, last_seen=SEEN, window=(date(2026, 3, 7), date(2026, 3, 9)),
    promised=date(2026, 3, 5),
)  # fmt: skip


def told(**changes: object) -> str:
    found = word_of(replace(CALM, **changes))
    return str(found[0]) if found else ""


@pytest.mark.row("DLY-2")
@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        pytest.param({}, "", id="nothing is wrong"),
        pytest.param({"troubles": {K.LATE_PREDICTED: {}}}, "parcel_delayed", id="late_predicted"),
        pytest.param({"troubles": LATE}, "parcel_delayed", id="late"),
        pytest.param({"troubles": LATE, "window": None}, "", id="late, and nobody knows until when"),
        pytest.param(
            {"troubles": LATE, "window": (date(2026, 3, 7), date(2026, 3, 21))}, "parcel_delayed", id="two weeks wide"
        ),
        pytest.param({"troubles": LATE, "window": (date(2026, 3, 7), date(2026, 3, 22))}, "", id="too wide to say"),
        pytest.param({"troubles": SILENT}, "", id="silent, and expected in time"),
        pytest.param({"troubles": SILENT, "promised": None}, "parcel_stuck", id="silent without a promise"),
        pytest.param({"troubles": SILENT | LATE}, "parcel_stuck", id="silent and late"),
        pytest.param({"troubles": {K.NEVER_PICKED_UP: {}}}, "", id="never_picked_up"),
        pytest.param({"troubles": {K.NEVER_PICKED_UP: {}} | LATE}, "parcel_delayed", id="never_picked_up and late"),
        pytest.param({"troubles": {K.CUSTOMS_HOLD: {}}}, "", id="customs_hold, of which its scan tells"),
        pytest.param({"troubles": {K.ADDRESS_PROBLEM: {}}}, "", id="address_problem, of which its scan tells"),
        pytest.param({"troubles": LOST | LATE}, "parcel_stuck", id="lost_suspected, and nothing is done yet"),
        pytest.param({"troubles": LOST | LATE, "made_good": True}, "parcel_lost", id="lost_suspected"),
        pytest.param({"troubles": {K.LOST_DECLARED: {}}, "state": ParcelState.LOST}, "parcel_lost", id="lost_declared"),
        pytest.param({"troubles": {K.DAMAGED: {}}, "state": ParcelState.DAMAGED}, "", id="damaged, as its scan tells"),
        pytest.param({"troubles": TRIED, "state": ParcelState.ATTEMPTED}, "parcel_attempted", id="attempts"),
        pytest.param({"troubles": TRIED, "state": ParcelState.OUT_FOR_DELIVERY}, "", id="attempts, out again"),
        pytest.param({"feared": True}, "parcel_recovered", id="moves again"),
        pytest.param({"feared": True, "troubles": SILENT | LATE}, "parcel_stuck", id="stands still again"),
        pytest.param({"feared": True, "troubles": LATE}, "parcel_recovered", id="moves again, late"),
        pytest.param({"feared": True, "state": ParcelState.DELIVERED}, "", id="has come"),
        pytest.param({"troubles": LATE, "state": ParcelState.RETURNING}, "", id="comes back"),
    ],
)
def test_one_claim_the_gravest_that_is_sure(changes: dict[str, object], kind: str) -> None:
    assert kind == told(**changes)


@pytest.mark.row("DLY-2")
def test_a_new_window_stands_beside_the_first_promise_and_never_says_that_it_is_kept() -> None:
    early = replace(CALM, troubles={K.LATE_PREDICTED: {}}, window=(date(2026, 3, 4), date(2026, 3, 5)))

    found = word_of(early)

    assert found is not None
    assert {"arrives_from": "2026-03-06", "arrives_to": "2026-03-06", "promised": "2026-03-05"} == found[1]


@pytest.mark.row("DLY-2")
def test_that_it_moves_again_is_said_without_a_day_that_nobody_knows() -> None:
    found = word_of(replace(CALM, feared=True, window=(date(2026, 3, 7), date(2026, 4, 20))))

    assert found == (ClaimKind.PARCEL_RECOVERED, {"seen_at": SEEN.isoformat()})


@pytest.mark.row("DLY-2")
@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"cause": "weather"}, "weather"),
        ({"cause": "capacity"}, "volume"),
        ({"troubles": LATE | {K.CUSTOMS_HOLD: {}}}, "customs"),
        ({"troubles": LATE | {K.NEVER_PICKED_UP: {}}}, "not_picked_up"),
        ({}, None),
        ({"cause": "damage"}, None),
    ],
)
def test_the_cause_is_in_the_words_of_the_templates(changes: dict[str, object], cause: str | None) -> None:
    found = word_of(replace(CALM, **{"troubles": LATE, **changes}))

    assert found is not None
    assert cause == found[1].get("cause")


@pytest.mark.row("DLY-2")
@pytest.mark.parametrize(
    "changes",
    [
        {"troubles": LATE, "cause": "weather"},
        {"troubles": SILENT | LATE},
        {"troubles": LOST, "made_good": True},
        {"troubles": TRIED, "state": ParcelState.ATTEMPTED},
        {"feared": True},
    ],
)
def test_what_is_claimed_has_the_facts_that_its_texts_need(changes: dict[str, object]) -> None:
    found = word_of(replace(CALM, **changes))

    assert found is not None
    kind, facts = found
    parcel = {name: value for name, value in CATALOGUE[ClaimKind.PARCEL_DELIVERED].sample.items() if name != "lines"}
    check_facts(kind, parcel | facts)
