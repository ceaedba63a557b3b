"""Pick lists and packing slips: what a handheld reads and what a printer gets."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

import pytest
from pypdf import PdfReader

from connectors.warehouses.paper import _qr_rows
from connectors.warehouses.pick_list import packing_slip_pdf, pick_list_json, pick_list_pdf
from domain.order import Address
from domain.picking import PackingSlip, PickLine, PickList, PickOrder, SlipLine

ORDER = PickOrder(
    fulfilment_order_id="fo-1",
    reference="FO-1.1",
    shipment_id="sh-1",
    tracking_number="9400100000000000000042",
    label_url="https://shop.example/labels/1",
    lines=(
        PickLine("l2", "SOCK-M", "Sock", 3, "B-07", "A", "400002"),
        PickLine("l1", "TENT-2P-GRN", "Tent for two", 1, "A-01", "A", "400001"),
    ),
)
SHEET = PickList(
    id="pl-7",
    version=3,
    location="brooklyn",
    created_at=datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
    zone="A",
    priority=1,
    orders=(ORDER,),
)
SLIP = PackingSlip(
    reference="FO-1.1",
    order_name="#1001",
    seller="Nordlicht",
    ship_to=Address(name="Ada Byron", line1="3101 Western Ave", city="Seattle", region="WA", country="US"),
    ordered_at=datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
    lines=(SlipLine("TENT-2P-GRN", "Tent for two", 1),),
    later=(SlipLine("SOCK-M", "Sock", 3),),
    note="Thank you",
)
NAMES = [
    pytest.param("José Müller", id="western"),
    pytest.param("Łukasz Żółć", id="polish"),
    pytest.param("Анна Каренина", id="cyrillic"),
    pytest.param("Ελένη", id="greek"),
    pytest.param("山田 太郎", id="japanese"),
    pytest.param("محمد", id="arabic"),
    pytest.param("🎒 Ada\x07\n\tByron", id="emoji and controls"),
    pytest.param("", id="empty"),
    pytest.param("x" * 500, id="very long"),
]


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)


@pytest.mark.row("FUL-2")
def test_json_is_what_the_floor_reads() -> None:
    assert json.loads(json.dumps(pick_list_json(SHEET))) == {
        "id": "pl-7",
        "version": 3,
        "location": "brooklyn",
        "created_at": "2026-11-20T09:30:00+00:00",
        "zone": "A",
        "priority": 1,
        "orders": [
            {
                "fulfilment_order_id": "fo-1",
                "reference": "FO-1.1",
                "shipment_id": "sh-1",
                "tracking_number": "9400100000000000000042",
                "label_url": "https://shop.example/labels/1",
                "lines": [
                    {
                        "line_id": "l1",
                        "sku": "TENT-2P-GRN",
                        "barcode": "400001",
                        "title": "Tent for two",
                        "quantity": 1,
                        "bin": "A-01",
                    },
                    {
                        "line_id": "l2",
                        "sku": "SOCK-M",
                        "barcode": "400002",
                        "title": "Sock",
                        "quantity": 3,
                        "bin": "B-07",
                    },
                ],
            }
        ],
    }


@pytest.mark.row("FUL-2")
def test_sheet_shows_version_zone_and_lines_by_bin() -> None:
    text = text_of(pick_list_pdf(SHEET))

    assert text.startswith("v3")
    assert "brooklyn" in text
    assert "zone A" in text
    assert "priority 1" in text
    assert "9400100000000000000042" in text
    assert text.index("A-01") < text.index("B-07")


@pytest.mark.row("EDT-3")
def test_each_page_of_a_long_sheet_names_its_version() -> None:
    orders = tuple(replace(ORDER, reference=f"FO-{n}.1") for n in range(40))

    reader = PdfReader(BytesIO(pick_list_pdf(replace(SHEET, orders=orders))))

    assert len(reader.pages) > 3
    assert all("version 3" in page.extract_text() for page in reader.pages)
    text = "\n".join(page.extract_text() for page in reader.pages)
    assert all(f"FO-{n}.1" in text for n in range(40))


def test_order_of_many_lines_goes_on_over_pages() -> None:
    lines = tuple(PickLine(f"l{n}", f"SKU-{n:03}", "Thing", 1, f"A-{n:03}", "A") for n in range(90))

    text = text_of(pick_list_pdf(replace(SHEET, orders=(replace(ORDER, lines=lines),))))

    assert all(line.sku in text for line in lines)


@pytest.mark.row("FUL-2")
def test_slip_names_the_parcel_and_no_price() -> None:
    text = text_of(packing_slip_pdf([SLIP]))

    for words in ("Nordlicht", "#1001", "Ada Byron", "TENT-2P-GRN", "In another parcel", "SOCK-M", "Thank you"):
        assert words in text
    assert "USD" not in text


def test_slips_of_a_batch_are_one_document() -> None:
    pdf = packing_slip_pdf([SLIP, replace(SLIP, reference="FO-2.1"), replace(SLIP, reference="FO-3.1")])

    assert len(PdfReader(BytesIO(pdf)).pages) == 3


def test_no_slips_is_refused() -> None:
    with pytest.raises(ValueError, match="no packing slips"):
        packing_slip_pdf([])


@pytest.mark.row("FUL-2", bad_input=True)
@pytest.mark.parametrize("name", NAMES)
def test_no_name_crashes_a_document(name: str) -> None:
    slip = packing_slip_pdf([replace(SLIP, ship_to=replace(SLIP.ship_to, name=name), note=name)])
    sheet = pick_list_pdf(replace(SHEET, orders=(replace(ORDER, lines=(replace(ORDER.lines[0], title=name),)),)))

    assert slip.startswith(b"%PDF")
    assert sheet.startswith(b"%PDF")


@pytest.mark.parametrize("name", ["José Müller", "Łukasz Żółć", "Анна Каренина", "Ελένη"])
def test_name_is_printed_in_its_own_letters(name: str) -> None:
    assert name in text_of(packing_slip_pdf([replace(SLIP, ship_to=replace(SLIP.ship_to, name=name))]))


def test_letters_that_no_font_has_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    packing_slip_pdf([replace(SLIP, ship_to=replace(SLIP.ship_to, name="山田"))])

    assert "山" not in caplog.text


def test_same_content_gives_the_same_bytes() -> None:
    assert pick_list_pdf(SHEET) == pick_list_pdf(SHEET)
    slip = replace(SLIP, note="Дякую")
    assert packing_slip_pdf([slip]) == packing_slip_pdf([slip])


def test_qr_has_its_three_corners() -> None:
    """A corner's first row is seven dark modules, at both ends of the top and at the start of the bottom."""
    rows = _qr_rows("FO-1.1")
    last = len(rows) - 7

    assert (0, 7) in rows[0]
    assert (last, 7) in rows[0]
    assert (0, 7) in rows[-1]
    assert (last, 7) not in rows[-1]
