"""`python -m bench.delays` as a whole: its figures, its strictness in time, and what it says about bad files."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import csv, parquet

from bench import delays, shipments
from bench.baselines import Boosting, Calendar, KaplanMeier, Logistic, NinetiethPercentile, Predictor
from bench.baselines.orders import Orders
from bench.delay_file import read
from bench.delay_product import Aftercart
from bench.delay_trial import split, under_way
from bench.shipment_worlds import WORLDS

CUT = 20_027.0  # 2024-10-31
TABLE = shipments.shipments(WORLDS["rough"], 1_800, seed=5)


def written(folder: Path, table: pa.Table, name: str = "shipments.csv") -> Path:
    path = folder / name
    (parquet.write_table if path.suffix == ".parquet" else csv.write_csv)(table, path)
    return path


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    with pytest.raises(SystemExit) as stopped:
        delays.main([str(each) for each in arguments])
    assert stopped.value.code == 2
    return capsys.readouterr().err


def column(table: pa.Table, name: str, values: Sequence[object] | pa.Array | pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)


@pytest.mark.row("DLY-2")
def test_all_predictors_are_judged_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    delays.main([str(written(tmp_path, TABLE)), "--train-before", "2024-10-31", "--json", str(tmp_path / "out.json")])
    printed, found = capsys.readouterr().out, json.loads((tmp_path / "out.json").read_text())

    rows = {row["name"]: row for row in found["predictors"]}
    assert len(rows) == 7
    ours = rows["aftercart"]
    assert ours["auc"]["hand-over"] > 0.55
    assert set(ours["ece"]) == {"hand-over", "half of the window gone", "two days before the promise"}
    assert 0.5 < ours["eta"]["coverage_of_80"] <= 1
    for row in rows.values():
        for precision, alerts in row["alerts"].items():
            if alerts["threshold"] is None:
                assert row["lead_days_per_late_order"][precision] == 0
    assert [lead["over"] for lead in found["leads"]] == [*rows][1:]
    assert {lead["auc"]["verdict"] for lead in found["leads"]} <= {"ahead", "tie", "behind"}
    assert found["orders"]["of_them_still_under_way"] > 0
    for name in rows:
        assert name in printed


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Orders:
    return read(written(tmp_path_factory.mktemp("shipments"), TABLE, "shipments.parquet")).orders


def changed_after(known: Orders, moment: float) -> Orders:
    later = known.seen_until >= moment
    fresh = Orders(
        known.ordered,
        known.shipped,
        known.promised,
        np.where(later, known.seen_until + 30, known.seen_until),
        known.delivered,
        known.words,
        known.numbers,
        known.scans,
    )
    return fresh.take(known.shipped < moment + 10)


@pytest.mark.row("DLY-2")
@pytest.mark.parametrize(
    "predictor",
    [Aftercart(), NinetiethPercentile(), Calendar(), KaplanMeier(), Logistic(), Boosting(fed=True)],
    ids=lambda each: each.name,
)
def test_no_answer_depends_on_what_comes_after_its_moment(predictor: Predictor, orders: Orders) -> None:
    first, moment = orders, CUT + 20
    other = changed_after(first, moment)
    asked = first.take((first.shipped >= CUT) & (first.shipped < moment) & (first.seen_until > moment))
    now = np.full(len(asked), moment)
    answers = []
    predictor.fit(first.known_at(CUT), CUT)
    for world in (first, other):
        predictor.follow(world, CUT, moment)
        answers.append(predictor.late(asked, now))

    assert len(asked) > 10
    np.testing.assert_array_equal(*answers)


def test_what_is_unknown_at_the_cut_is_censored_and_nothing_later_is_known(orders: Orders) -> None:
    known, other = orders.known_at(CUT), changed_after(orders, CUT).known_at(CUT)

    assert (known.shipped < CUT).all()
    assert known.seen_until.max() == CUT
    assert 0 < (~known.delivered).sum() < len(known)
    np.testing.assert_array_equal(known.seen_until, other.seen_until)
    np.testing.assert_array_equal(known.delivered, other.delivered)


def test_thresholds_are_chosen_before_the_cut_and_all_promises_that_are_judged_have_passed(orders: Orders) -> None:
    until = float(orders.seen_until.max())
    sides = split(orders, CUT, until)

    assert sides.tuned.promised.max() < CUT <= sides.judged.shipped.min()
    assert sides.judged.promised.max() < until
    assert not under_way(sides.judged, sides.judged.promised).any()


def test_csv_and_parquet_and_empty_optional_columns_say_the_same(tmp_path: Path) -> None:
    table = column(TABLE, "distance_km", pa.nulls(len(TABLE)))
    table = column(table, "service", pa.array([""] * len(TABLE)))
    one, two = (read(written(tmp_path, table, f"s.{kind}")).orders for kind in ("csv", "parquet"))

    np.testing.assert_allclose(one.shipped, two.shipped, atol=1e-5)
    np.testing.assert_array_equal(one.delivered, two.delivered)
    assert one.numbers.keys() == two.numbers.keys() == {"weight_kg"}
    assert two.words["service"].names == ("",)
    assert "feature category" in two.words


def test_parquet_of_other_programs_is_read(tmp_path: Path) -> None:
    """Large strings, nanoseconds, zones, categories, and shipments without a name."""
    table = column(TABLE, "shipment_id", pa.nulls(len(TABLE), pa.string()))
    table = column(table, "category", table["category"].cast(pa.large_string()))
    table = column(table, "origin_region", table["origin_region"].dictionary_encode())
    table = column(table, "shipped_at", table["shipped_at"].cast(pa.timestamp("ns")))
    table = column(table, "ordered_at", table["ordered_at"].cast(pa.timestamp("us", "America/Sao_Paulo")))
    found = read(written(tmp_path, table, "other.parquet")).orders
    plain = read(written(tmp_path, TABLE, "plain.parquet")).orders

    np.testing.assert_array_equal(found.shipped, plain.shipped)
    np.testing.assert_array_equal(found.ordered, plain.ordered)
    assert found.words["feature category"].names == plain.words["feature category"].names
    assert found.words["origin"].names == plain.words["origin"].names


def lines(*rows: str) -> str:
    head = "shipment_id,carrier,service,origin_region,destination_region,distance_km,ordered_at,shipped_at,promised_at"
    return "\n".join([f"{head},delivered_at,out_for_delivery_at", *rows]) + "\n"


def test_dates_come_with_and_without_offset_and_a_mere_day_lasts_until_its_end(tmp_path: Path) -> None:
    path = tmp_path / "few.csv"
    path.write_text(
        lines(
            "1,c,s,a,b,5,2026-03-01,2026-03-02T12:00:00Z,2026-03-05,2026-03-05 20:00:00,2026-03-05T08:00:00",
            "2,c,s,a,b,,2026-03-01,2026-03-02T14:00:00+02:00,2026-03-05T00:00:00,2026-03-05 20:00:00,",
            "2,c,s,a,b,,2026-03-01,2026-03-02,2026-03-05,2026-03-05,",
            "3,c,s,a,b,,2026-03-01,,2026-03-05,2026-03-05,",
            "4,c,s,a,b,,2026-03-01,2026-03-02,,,",
            "5,c,s,a,b,,2026-03-01,2026-03-02,2026-03-04,2026-03-01,",
            "6,c,s,a,b,,2026-03-01,2026-03-02,2026-03-04,,",
        )
    )
    found = read(path)

    assert found.orders.shipped[0] == found.orders.shipped[1]
    assert found.orders.late.tolist() == [False, True, True]
    assert found.orders.delivered.tolist() == [True, True, False]
    assert found.left_out == {
        "a shipment_id that came before": 1,
        "no shipped_at": 1,
        "no promised_at": 1,
        "delivered before it was shipped": 1,
    }
    assert np.isfinite(found.orders.scans["out_for_delivery"]).tolist() == [True, False, False]


@pytest.mark.row("DLY-2", bad_input=True)
@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param("", "no readable CSV or Parquet file", id="empty"),
        pytest.param(lines(), "has no rows below its header", id="only a header"),
        pytest.param("shipment_id,carrier\n1,c\n", "has no column service, origin_region", id="columns missing"),
        pytest.param(
            lines("1,c,s,a,b,5,2026-03-01,soon,2026-03-05,,"), "shipped_at has a date that cannot be read", id="no date"
        ),
        pytest.param(lines("1,c,s,a,b,5,2026-03-01,,2026-03-05,,"), "1 with no shipped_at", id="nothing left"),
        pytest.param(lines("1,c,s,a,b,5,,,,,"), "has no dates in", id="no dates at all"),
        pytest.param(lines("1,c,s,a,b,far,2026-03-01,2026-03-02,2026-03-05,,"), "distance_km has something", id="km"),
    ],
)
def test_a_bad_file_is_refused_with_what_to_do(
    content: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(content)

    assert told in said(capsys, path)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no file" in said(capsys, tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("cut", "told"),
    [
        ("2020-01-01", "the cut lies outside the data"),
        ("2030-01-01", "the cut lies outside the data"),
        ("2025-06-22", "choose a"),
        ("2024-01-05", "choose a later cut"),
        ("tomorrow", "write a date such as"),
    ],
)
def test_a_cut_that_cannot_be_judged_is_refused(
    cut: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told in said(capsys, written(tmp_path, TABLE), "--train-before", cut)


def test_a_file_without_a_late_order_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = column(TABLE, "promised_at", pa.array([np.datetime64("2025-08-01T00:00:00")] * len(TABLE)))
    table = column(table, "delivered_at", pc.coalesce(table["delivered_at"], table["shipped_at"]))
    table = column(table, "promised_at", pc.add(table["delivered_at"], pa.scalar(3_600, pa.duration("s"))))

    assert "no late order" in said(capsys, written(tmp_path, table))


def test_the_generators_worlds_differ_and_are_made_again_from_their_seed(tmp_path: Path) -> None:
    late = {}
    for name, world in WORLDS.items():
        table = shipments.shipments(world, 3_000, 1)
        assert table.equals(shipments.shipments(world, 3_000, 1))
        late[name] = pc.mean(pc.greater(table["delivered_at"], table["promised_at"]).cast(pa.float64())).as_py()
    shipments.main(["--rows", "50", "--out", str(tmp_path / "made.parquet")])

    assert late["calm"] < late["rough"]
    assert all(0.01 < share < 0.6 for share in late.values())
    assert 30 < len(read(tmp_path / "made.parquet").orders) <= 50


def test_the_generator_refuses_a_file_of_another_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        shipments.main(["--out", str(tmp_path / "made.xlsx")])

    assert "ends in .csv or .parquet" in capsys.readouterr().err
