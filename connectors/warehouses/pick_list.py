"""Hand-over to an own warehouse: pick lists as paper and as JSON for a handheld, and packing slips. Pure."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from connectors.warehouses.paper import Paper
from domain.picking import PackingSlip, PickLine, PickList, PickOrder, SlipLine

_COLUMNS = (("Bin", 28.0), ("SKU", 38.0), ("Item", 80.0), ("Qty", 16.0), ("Picked", 24.0))  # widths in mm
_ROW_MM = 7.0
_HEAD_MM = 22.0  # of one order's block


def pick_list_json(sheet: PickList) -> dict[str, Any]:
    """One pick list as the warehouse's API gives it."""
    return {
        "id": sheet.id,
        "version": sheet.version,
        "location": sheet.location,
        "created_at": sheet.created_at.isoformat(),
        "zone": sheet.zone,
        "priority": sheet.priority,
        "orders": [_order_json(order) for order in sheet.orders],
    }


def _order_json(order: PickOrder) -> dict[str, Any]:
    return {
        "fulfilment_order_id": order.fulfilment_order_id,
        "reference": order.reference,
        "shipment_id": order.shipment_id,
        "tracking_number": order.tracking_number,
        "label_url": order.label_url,
        "lines": [
            {
                "line_id": line.line_id,
                "sku": line.sku,
                "barcode": line.barcode,
                "title": line.title,
                "quantity": line.quantity,
                "bin": line.bin,
            }
            for line in _by_bin(order.lines)
        ],
    }


def pick_list_pdf(sheet: PickList, *, extra_fonts: Sequence[Path] = ()) -> bytes:
    """A sheet to walk with: version in large type, QR of list and version, a QR per order reference."""
    title = f"Pick list {sheet.id} version {sheet.version}"
    texts = [sheet.location, sheet.zone, *(text for order in sheet.orders for text in _texts(order))]
    paper = Paper(texts, title=title, created_at=sheet.created_at, extra_fonts=extra_fonts)
    paper.add_page()
    _head(paper, sheet)
    for order in sheet.orders:
        _order_block(paper, order)
    return bytes(paper.output())


def _texts(order: PickOrder) -> Iterable[str]:
    yield from (order.reference, order.tracking_number)
    for line in order.lines:
        yield from (line.bin, line.sku, line.title)


def _head(paper: Paper, sheet: PickList) -> None:
    top = paper.get_y()
    paper.font(40, bold=True)
    paper.say(60, 18, f"v{sheet.version}")
    paper.font(12, bold=True)
    paper.set_xy(paper.l_margin + 60, top)
    paper.say(96, 7, f"{sheet.location}  ·  zone {sheet.zone}  ·  priority {sheet.priority}")
    paper.font(9)
    units = sum(line.quantity for order in sheet.orders for line in order.lines)
    for row, text in enumerate(
        (
            f"List {sheet.id}",
            f"{sheet.created_at:%Y-%m-%d %H:%M %Z}  ·  {len(sheet.orders)} orders, {units} units",
        )
    ):
        paper.set_xy(paper.l_margin + 60, top + 8 + 5 * row)
        paper.say(96, 5, text)
    paper.qr(f"{sheet.id}:{sheet.version}", paper.w - paper.r_margin - 28, top, 28)
    paper.set_y(top + 31)


def _order_block(paper: Paper, order: PickOrder) -> None:
    lines = _by_bin(order.lines)
    if paper.will_page_break(_HEAD_MM + _ROW_MM * min(len(lines) + 1, 20)):
        paper.add_page()
    top = paper.get_y()
    paper.line(paper.l_margin, top, paper.w - paper.r_margin, top)
    paper.qr(order.reference, paper.l_margin, top + 1, _HEAD_MM - 2)
    paper.font(13, bold=True)
    paper.set_xy(paper.l_margin + _HEAD_MM, top + 2)
    paper.say(120, 7, order.reference)
    paper.font(9)
    paper.set_xy(paper.l_margin + _HEAD_MM, top + 10)
    paper.say(120, 5, order.tracking_number or "label to follow")
    paper.set_y(top + _HEAD_MM)
    paper.font(8)
    _row(paper, [name for name, _ in _COLUMNS], border=0)
    paper.font(10)
    for line in lines:
        _row(paper, [line.bin, line.sku, line.title, str(line.quantity), ""], border=1)
    paper.ln(3)


def _row(paper: Paper, cells: Sequence[str], *, border: Literal[0, 1]) -> None:
    for (name, width), text in zip(_COLUMNS, cells, strict=True):
        paper.say(width, _ROW_MM, text, border=border, align="R" if name == "Qty" else "L")
    paper.ln(_ROW_MM)


def _by_bin(lines: Iterable[PickLine]) -> list[PickLine]:
    return sorted(lines, key=lambda line: (line.bin, line.sku, line.line_id))


def packing_slip_pdf(slips: Sequence[PackingSlip], *, extra_fonts: Sequence[Path] = ()) -> bytes:
    """One page or more per parcel, for the customer. Raises: ValueError without slips."""
    if not slips:
        raise ValueError("no packing slips")
    title = f"Packing slip {slips[0].reference}" if len(slips) == 1 else f"{len(slips)} packing slips"
    texts = [text for slip in slips for text in _slip_texts(slip)]
    paper = Paper(texts, title=title, created_at=max(s.ordered_at for s in slips), extra_fonts=extra_fonts)
    for slip in slips:
        paper.add_page()
        _slip(paper, slip)
    return bytes(paper.output())


def _slip_texts(slip: PackingSlip) -> list[str]:
    lines = [text for line in (*slip.lines, *slip.later) for text in (line.sku, line.title)]
    return [slip.reference, slip.order_name, slip.seller, slip.note, *_address_lines(slip), *lines]


def _address_lines(slip: PackingSlip) -> list[str]:
    to = slip.ship_to
    place = f"{to.postal_code} {to.city} {to.region}"
    return [part for part in (to.name, to.company, to.line1, to.line2, place, to.country) if part.strip()]


def _slip(paper: Paper, slip: PackingSlip) -> None:
    top = paper.get_y()
    paper.font(18, bold=True)
    paper.say(150, 10, slip.seller)
    paper.qr(slip.reference, paper.w - paper.r_margin - 28, top, 28)
    paper.set_y(top + 12)
    paper.font(10)
    for text in (f"Order {slip.order_name}  ·  {slip.ordered_at:%Y-%m-%d}", "", *_address_lines(slip)):
        paper.say(150, 5, text)
        paper.ln(5)
    paper.set_y(max(paper.get_y(), top + 30) + 6)
    _slip_table(paper, slip.lines)
    if slip.later:
        paper.ln(4)
        paper.font(10, bold=True)
        paper.say(150, 6, "In another parcel")
        paper.ln(6)
        _slip_table(paper, slip.later)
    if slip.note:
        paper.ln(6)
        paper.font(10)
        paper.multi_cell(0, 5, paper.plain(slip.note), align="L")


def _slip_table(paper: Paper, lines: Sequence[SlipLine]) -> None:
    paper.font(10)
    for line in lines:
        paper.say(16, _ROW_MM, str(line.quantity), border="B", align="R")
        paper.say(42, _ROW_MM, line.sku, border="B")
        paper.say(128, _ROW_MM, line.title, border="B")
        paper.ln(_ROW_MM)
