"""Real shipments keep their days; what is not in the file is not told by what became of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sandbox.parcels.model import RENO
from sandbox.simulation.histories import GIVEN_UP, History, HistoryError, chosen, journey, read

HEAD = (
    "shipment_id,carrier,service,origin_region,destination_region,distance_km,"
    "ordered_at,shipped_at,promised_at,delivered_at,hub_at\n"
)
MONDAY = datetime(2024, 3, 4, tzinfo=UTC)
STARTS = datetime(2026, 1, 5, tzinfo=UTC)
DAY = timedelta(days=1)
CAME = "A,post,ground,R1,R2,500,2024-03-05T10:00:00Z,2024-03-06T09:00:00Z,2024-03-11,2024-03-09T14:00:00Z,\n"
NEVER = "B,post,ground,R1,R2,,2024-03-05 11:00:00,2024-03-06 09:00:00,2024-03-10T20:00:00Z,,2024-03-07T08:00:00Z\n"
UNKNOWN = "C,post,ground,R1,R2,,2024-04-20T11:00:00Z,2024-04-21T09:00:00Z,2024-04-26T20:00:00Z,,\n"
LAST = "D,post,ground,R1,R2,,2024-04-20T11:00:00Z,2024-04-21T09:00:00Z,2024-04-26T20:00:00Z,2024-04-25T10:00:00Z,\n"


def written(folder: Path, *rows: str, head: str = HEAD) -> Path:
    path = folder / "shipments.csv"
    path.write_text(head + "".join(rows), encoding="utf-8")
    return path


def history(**changes: object) -> History:
    made = History("A", MONDAY, MONDAY + DAY, MONDAY + 7 * DAY, MONDAY + 5 * DAY, (), "R2")
    return replace(made, **changes)


def test_shipments_whose_end_is_known_are_read(tmp_path: Path) -> None:
    """A date alone holds until that day is over; what is still under way when the file ends is left out."""
    came, never, last = read(written(tmp_path, CAME, NEVER, UNKNOWN, LAST))

    assert ("A", "B", "D") == (came.id, never.id, last.id)
    assert datetime(2024, 3, 12, tzinfo=UTC) == came.promised
    assert (None, (("hub", datetime(2024, 3, 7, 8, tzinfo=UTC)),)) == (never.delivered, never.scans)
    assert last.shipped - never.promised > GIVEN_UP


@pytest.mark.parametrize(
    ("head", "rows", "says"),
    [
        pytest.param(HEAD, (), "has no rows", id="empty"),
        pytest.param(HEAD.replace("promised_at", "due"), (CAME,), "has no column promised_at", id="column"),
        pytest.param(
            HEAD, (CAME, CAME.replace("2024-03-06T09:00:00Z", "soon")), "line 3: shipped_at is 'soon'", id="date"
        ),
        pytest.param(HEAD, (UNKNOWN,), "no shipment whose end is known", id="unknown"),
    ],
)
def test_a_file_that_is_wrong_says_where(tmp_path: Path, head: str, rows: tuple[str, ...], says: str) -> None:
    with pytest.raises(HistoryError) as wrong:
        read(written(tmp_path, *rows, head=head))

    assert says in str(wrong.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match=r"nowhere\.csv"):
        read(tmp_path / "nowhere.csv")


def test_shipments_move_by_whole_weeks() -> None:
    months = [history(id=f"{n:03}").moved(n * DAY) for n in range(100)]

    found = chosen(months, 10, 3, STARTS, 14 * DAY)

    assert 10 == len(found)
    assert all(STARTS <= each.ordered < STARTS + 14 * DAY for each in found)
    weekdays = {each.id: each.ordered.weekday() for each in months}
    assert [weekdays[each.id] for each in found] == [each.ordered.weekday() for each in found]
    assert found == chosen(months, 10, 3, STARTS, 14 * DAY)


def test_a_journey_ends_as_it_did() -> None:
    made = MONDAY + DAY
    came = journey(history(), 3 * DAY, RENO, made)
    never = journey(history(delivered=None), 3 * DAY, RENO, made)

    assert ("delivered", MONDAY + 5 * DAY) == (came.steps[-1].kind, came.arrives_at)
    assert 4 * 24 == pytest.approx(came.steps[-1].hours)
    assert ({"label", "accepted", "arrived"}, None) == ({step.kind for step in never.steps}, never.arrives_at)
    assert never.gone_at is not None


def test_scans_do_not_tell_how_long_it_will_take() -> None:
    quick, slow = (journey(history(delivered=MONDAY + days * DAY), 3 * DAY, RENO, MONDAY + DAY) for days in (6, 12))

    assert quick.estimate == slow.estimate
    assert [s for s in quick.steps if s.kind == "arrived"] == [s for s in slow.steps if s.kind == "arrived"]


def test_the_files_own_scans_are_told_instead() -> None:
    known = history(scans=(("hub_in", MONDAY + 2 * DAY),))

    [scan] = [step for step in journey(known, 3 * DAY, RENO, MONDAY + DAY).steps if step.kind == "arrived"]

    assert ("Hub in", pytest.approx(24)) == (scan.text, scan.hours)


def test_a_label_made_late_tells_at_once_what_lies_before_it() -> None:
    late = journey(history(), 3 * DAY, RENO, MONDAY + 3 * DAY)

    assert ["label", "accepted"] == [step.kind for step in late.steps[:2]]
    assert late.steps[1].hours < 0.1
    assert MONDAY + 5 * DAY == late.arrives_at
