"""The list of columns is complete, and says where people may be named."""

from sqlmodel import SQLModel

import ledger.tables  # noqa: F401  # fills the metadata
from domain.privacy import COLUMNS, PERSONAL, PLAIN, SEALED, columns_of, personal_columns


def test_every_column_is_listed_and_every_listed_one_exists() -> None:
    existing = {(table.name, column.name) for table in SQLModel.metadata.tables.values() for column in table.columns}

    assert existing == columns_of(PLAIN, PERSONAL, SEALED)


def test_a_column_has_one_class() -> None:
    for table, by_class in COLUMNS.items():
        names = [name for text in by_class.values() for name in text.split()]

        assert len(names) == len(set(names)), table


def test_people_are_named_in_contact_tables_and_sealed_stores_only() -> None:
    assert {table for table, _ in columns_of(PERSONAL)} == {"customer", "order_contact", "agent"}
    assert columns_of(SEALED) == {
        ("inbox_event", "body"),
        ("document", "content"),
        ("case_note", "text"),
        ("edit_question", "question"),
        ("edit_question", "answer"),
    }
    assert ("order_contact", "line1") in personal_columns()
