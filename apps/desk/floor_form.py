"""The form of a parcel on the receiving screen: its rows from page to page, what a scanner typed, what is missing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from apps.desk.forms import Form
from domain.returns.words import Grade, Reception
from domain.scans import is_same_article
from ledger.returning.on_the_table import Awaited, Entered

WHAT, GRADE, SKU, KEPT, PHOTO, EXTRA, DROP = "what:", "grade:", "sku:", "kept:", "photo:", "extra:", "drop:"
UNKNOWN = "unknown"  # what nobody can name
MOST_ROWS = 60  # of a page, each with a file
MOST_EXTRAS = 10
_LONGEST_SKU = 100
_OF_AWAITED = (Reception.RECEIVED, Reception.MISSING, Reception.WRONG_ITEM)


@dataclass(frozen=True, slots=True)
class Row:
    """One unit of the form. `what`: a reception, or "" while nobody has said. `instead`: of a wrong item, its SKU.
    `kept`: ids of photos. `wrong`: what to mend. `fixed`: it was entered before and only its grade is asked; `late`:
    the parcel was entered before without it."""

    key: str
    line_id: str
    sku: str
    title: str
    barcode: str
    said: str = ""
    what: str = ""
    grade: str = ""
    instead: str = ""
    kept: tuple[str, ...] = ()
    wrong: str = ""
    fixed: bool = False
    late: bool = False

    @property
    def extra(self) -> bool:
        return self.key.startswith(EXTRA)


def rows_of(
    form: Form, awaited: Sequence[Awaited], entered: Iterable[Entered], photos: Iterable[str], said: Mapping[str, str]
) -> list[Row]:
    """The rows with what was typed: awaited units, units that came unannounced, units without a grade. `photos`: those
    that the order has, others are not believed; `said`: the customer's reasons in words."""
    known, present = set(photos), list(entered)
    late = bool(present)
    found = [
        Row(each.key, each.line_id, each.sku, each.title, each.barcode, said.get(each.reason, ""), late=late)
        for each in awaited
    ]
    for number in range(1, MOST_EXTRAS + 1):
        sku = form.get(f"{EXTRA}{number}", "")[:_LONGEST_SKU]
        if sku and not form.get(f"{DROP}{EXTRA}{number}"):
            found.append(Row(f"{EXTRA}{number}", "", sku, sku, "", what=Reception.EXTRA))
    found += [
        Row(each.id, "", each.sku, each.title, each.barcode, what=each.reception, fixed=True)
        for each in present
        if each.to_grade
    ]
    return [_typed(row, form, known) for row in found]


def _typed(row: Row, form: Form, known: set[str]) -> Row:
    what = row.what if row.fixed or row.extra else form.get(f"{WHAT}{row.key}", "")
    grade = form.get(f"{GRADE}{row.key}", "")
    return replace(
        row,
        what=what if what in set(Reception) else "",
        grade=grade if grade in set(Grade) else "",
        instead=form.get(f"{SKU}{row.key}", "")[:_LONGEST_SKU],
        kept=tuple(each for each in form.get(f"{KEPT}{row.key}", "").split() if each in known),
    )


def scanned(rows: Sequence[Row], code: str, sku: str) -> tuple[list[Row], str]:
    """A unit was scanned: the first row that waits for it is received, else it came unannounced. `sku`: what the
    catalogue calls the code, or the code. Returns the rows and the key of the row; "" when there is no room for
    another."""
    for number, row in enumerate(rows):
        if not row.what and (is_same_article(sku, row.sku) or is_same_article(code, row.barcode)):
            return [*rows[:number], replace(row, what=Reception.RECEIVED), *rows[number + 1 :]], row.key
    taken = {row.key for row in rows}
    for number in range(1, MOST_EXTRAS + 1):
        if (key := f"{EXTRA}{number}") not in taken and len(rows) < MOST_ROWS:
            return [*rows, Row(key, "", sku[:_LONGEST_SKU], sku, "", what=Reception.EXTRA)], key
    return list(rows), ""


def all_there(rows: Sequence[Row]) -> list[Row]:
    """Everything that nobody has said anything about has come."""
    return [row if row.what else replace(row, what=Reception.RECEIVED) for row in rows]


def checked(rows: Sequence[Row], *, every: bool) -> list[Row]:
    """With what is wrong. `every`: each awaited unit needs a word, because what is not entered counts as missing."""
    found: list[Row] = []
    for row in rows:
        wrong = ""
        if not row.what and every:
            wrong = "Say what came of it."
        elif row.what and not row.fixed and not row.extra and row.what not in _OF_AWAITED:
            wrong = "Say what came of it."
        elif row.what == Reception.MISSING and row.grade:
            wrong = "What is missing has no grade."
        found.append(replace(row, wrong=wrong))
    return found


def units_said(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """What was found, as `ledger.returning.receiving.Found` reads it."""
    units: list[dict[str, Any]] = []
    for row in rows:
        if row.fixed or not row.what or (row.what == Reception.MISSING and not row.line_id):
            continue
        sku = (row.instead or UNKNOWN) if row.what == Reception.WRONG_ITEM else row.sku
        units.append(
            {"sku": sku, "reception": row.what, "line_id": row.line_id, "grade": row.grade, "photos": list(row.kept)}
        )
    return units


def grades_said(rows: Iterable[Row]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Grades of units that were entered before, and photos of them."""
    graded = [row for row in rows if row.fixed and row.grade]
    return {row.key: row.grade for row in graded}, {row.key: list(row.kept) for row in graded if row.kept}
