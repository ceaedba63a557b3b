"""Parcels of which nothing is heard: never picked up, stuck, probably lost. Each at its boundary."""

from datetime import datetime

import pytest

from domain.anomalies.facts import AnomalyKind
from domain.anomalies.rules import last_movement
from domain.parcels import ParcelState
from tests.domain.anomalies.support import INSTANT, SIX_DAYS, at, look, opened, scan

NEVER, STUCK, LOST = AnomalyKind.NEVER_PICKED_UP, AnomalyKind.STUCK, AnomalyKind.LOST_SUSPECTED
LABEL = scan("2026-03-02 09:00", ParcelState.LABEL_CREATED, "")


@pytest.mark.row("DLY-1")
@pytest.mark.parametrize(
    ("handed_over", "due"),
    [
        pytest.param("2026-03-03 10:00", "2026-03-05 10:00", id="within the week"),
        pytest.param("2026-03-03 18:00", "2026-03-06 00:00", id="after the cut-off"),
        pytest.param("2026-03-06 10:00", "2026-03-10 10:00", id="over the weekend in which the clock goes forward"),
        pytest.param("2026-05-22 10:00", "2026-05-27 10:00", id="over a weekend and a holiday"),
        pytest.param("2026-10-30 10:00", "2026-11-03 10:00", id="over the weekend in which the clock goes back"),
    ],
)
def test_a_parcel_that_nobody_scans_was_never_picked_up(handed_over: str, due: str) -> None:
    moment = at(due)

    before = look(LABEL, now=moment - INSTANT, handed_over_at=at(handed_over))
    then = look(LABEL, now=moment, handed_over_at=at(handed_over))

    assert (set(), moment) == (opened(before), before.look_again)
    assert {NEVER} == opened(then)
    assert 2.0 == then.opened[NEVER]["working_days"]


@pytest.mark.row("DLY-1")
def test_the_first_scan_ends_it_and_a_label_is_none() -> None:
    now = at("2026-03-06 10:00")

    assert {} == look(LABEL, now=now, open=frozenset({NEVER})).cleared
    moved = look(LABEL, scan("2026-03-06 09:00", ParcelState.ACCEPTED), now=now, open=frozenset({NEVER}))
    assert {NEVER: "picked_up"} == moved.cleared


@pytest.mark.row("DLY-1")
@pytest.mark.parametrize(
    ("state", "last", "due"),
    [
        pytest.param(ParcelState.IN_TRANSIT, "2026-03-03 08:00", "2026-03-06 08:00", id="within the week"),
        pytest.param(ParcelState.IN_TRANSIT, "2026-03-05 08:00", "2026-03-10 08:00", id="over a weekend"),
        pytest.param(ParcelState.IN_TRANSIT, "2026-05-21 08:00", "2026-05-27 08:00", id="over a holiday"),
        pytest.param(ParcelState.ARRIVED_LOCAL, "2026-03-06 08:00", "2026-03-09 08:00", id="sooner near its end"),
    ],
)
def test_a_parcel_that_does_not_move_is_stuck(state: ParcelState, last: str, due: str) -> None:
    moment = at(due)

    before = look(scan(last, state), now=moment - INSTANT)
    then = look(scan(last, state), now=moment)

    assert set() == opened(before)
    assert moment == before.look_again
    assert {STUCK} == opened(then)
    assert "Chicago, US" == then.opened[STUCK]["place"]


@pytest.mark.row("DLY-1")
def test_a_carrier_that_works_on_saturdays_is_waited_for_less() -> None:
    friday, tuesday = scan("2026-03-06 08:00"), at("2026-03-10 08:00")

    assert {STUCK} == opened(look(friday, now=tuesday, calendar=SIX_DAYS))
    assert set() == opened(look(friday, now=tuesday))


@pytest.mark.row("DLY-1")
def test_a_way_across_a_border_takes_twice_as_long() -> None:
    far = scan("2026-03-02 08:00")

    assert set() == opened(look(far, now=at("2026-03-10 08:00") - INSTANT, crosses_border=True))
    assert {STUCK} == opened(look(far, now=at("2026-03-10 08:00"), crosses_border=True))


@pytest.mark.row("DLY-1")
@pytest.mark.parametrize(
    ("now", "cleared"),
    [
        pytest.param("2026-03-05 20:00", {STUCK: "moving"}, id="half of the time silent"),
        pytest.param("2026-03-05 20:01", {}, id="longer: neither"),
        pytest.param("2026-03-09 07:59", {}, id="nearly all of it: neither"),
    ],
)
def test_a_parcel_counts_as_moving_only_when_it_has_not_just_stopped_again(now: str, cleared: dict[str, str]) -> None:
    """A scan that comes in late shows it a little further on: between the limits nothing begins and nothing ends."""
    moved = scan("2026-03-04 08:00", place="Gary, US")

    assert cleared == look(moved, now=at(now), open=frozenset({STUCK})).cleared
    assert set() == opened(look(moved, now=at(now)))


@pytest.mark.row("DLY-1", bad_input=True)
def test_silence_that_we_have_not_listened_to_is_ours() -> None:
    """Our line to the carrier was cut: when it is back, one look tells, and no thousand parcels are stuck before."""
    last, now = scan("2026-03-02 08:00"), at("2026-03-12 08:00")

    for heard in (None, at("2026-03-05 08:00") - INSTANT):
        assert set() == opened(look(last, now=now, heard_at=heard))
    assert STUCK in opened(look(last, now=now, heard_at=at("2026-03-05 08:00")))


@pytest.mark.row("DLY-1", bad_input=True)
def test_notes_that_a_carrier_writes_by_itself_are_no_movement() -> None:
    scans = (
        scan("2026-03-02 08:00"),
        scan("2026-03-03 02:00", place=""),
        scan("2026-03-04 02:00"),
        scan("2026-03-05 02:00", ParcelState.EXCEPTION),
        scan("2026-03-05 03:00", place=""),
        scan("2026-03-05 04:00", ParcelState.UNKNOWN, "Elsewhere, US"),
    )

    moved = last_movement(scans)

    assert moved is scans[0]
    assert STUCK in opened(look(*scans, now=at("2026-03-05 08:00")))


@pytest.mark.row("DLY-1")
@pytest.mark.parametrize("state", [ParcelState.CUSTOMS, ParcelState.AVAILABLE_FOR_PICKUP])
def test_what_waits_for_others_is_not_stuck(state: ParcelState) -> None:
    waits, now = scan("2026-03-02 08:00", state), at("2026-03-20 08:00")

    found = look(waits, now=now, open=frozenset({STUCK, LOST}))

    assert not {STUCK, LOST} & opened(found)
    assert {STUCK: str(state), LOST: str(state)} == {k: v for k, v in found.cleared.items() if k in (STUCK, LOST)}


@pytest.mark.row("DLY-1")
@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        pytest.param(at("2026-03-11 08:00") - INSTANT, {STUCK}, id="six days and a bit"),
        pytest.param(at("2026-03-11 08:00"), {STUCK, LOST}, id="seven working days"),
    ],
)
def test_after_a_week_of_work_without_a_word_it_is_rather_lost(now: datetime, wanted: set[AnomalyKind]) -> None:
    assert wanted == opened(look(scan("2026-03-02 08:00"), now=now))


def test_a_parcel_that_no_carrier_had_is_not_lost_by_one() -> None:
    assert {NEVER} == opened(look(LABEL, now=at("2026-04-02 08:00")))
