"""Who may see an order: the mailbox that it has now."""

import pytest

from config.wiring import Wiring
from ledger.order_access import find_orders, mailbox_versions, opened_order
from tests.apps.portal.support import EMAIL, change_contact, make_portal_order

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def found(wiring: Wiring, name: str, email: str) -> list[str]:
    return [order["id"] for order in wiring.read(find_orders, name, email)]


@pytest.mark.parametrize("typed", ["#1001", "1001", " #1001 ", "# 1001"])
def test_a_number_is_found_as_people_type_it(wiring: Wiring, typed: str) -> None:
    order = make_portal_order(wiring)

    assert [order] == found(wiring, typed, " ADA@example.com ")


@sqlite_only
def test_a_number_with_letters_is_found_in_either_case(wiring: Wiring) -> None:
    order = make_portal_order(wiring, name="#nord-7B")
    upper = make_portal_order(wiring, name="US-99")

    assert [order] == found(wiring, "nord-7B", EMAIL)
    assert [upper] == found(wiring, "us-99", EMAIL)


@sqlite_only
@pytest.mark.parametrize(
    ("name", "email"),
    [("#1002", EMAIL), ("#1001", "eve@example.com"), ("#1001", ""), ("", EMAIL), ("%", EMAIL), ("#1001", "%")],
)
def test_what_does_not_fit_is_not_found(wiring: Wiring, name: str, email: str) -> None:
    make_portal_order(wiring)
    make_portal_order(wiring, name="#1003", email="")

    assert [] == found(wiring, name, email)


@sqlite_only
def test_orders_of_one_number_in_two_shops_are_found_by_their_own_mailbox(wiring: Wiring) -> None:
    mine = {make_portal_order(wiring), make_portal_order(wiring, account="nord")}
    make_portal_order(wiring, account="third", email="eve@example.com")

    assert mine == set(found(wiring, "#1001", EMAIL))


@sqlite_only
def test_another_mailbox_ends_what_the_old_one_opened_for_good(wiring: Wiring) -> None:
    order = make_portal_order(wiring)

    def opens(version: int) -> bool:
        return wiring.read(opened_order, order, str(version)) is not None

    assert opens(1)
    change_contact(wiring, order, email="Ada@Example.com")
    assert opens(1), "another spelling or address is the same mailbox"
    change_contact(wiring, order, email="eve@example.com")
    assert (False, True) == (opens(1), opens(3))
    change_contact(wiring, order)
    assert (False, False, True) == (opens(1), opens(3), opens(4))
    change_contact(wiring, order, email="")
    assert not any(opens(version) for version in range(6)), "without a mailbox nobody is let in"
    assert wiring.read(opened_order, "ord_none", "1") is None


def test_a_mail_to_an_old_mailbox_is_of_its_own_version() -> None:
    rows = [
        {"id": f"{order}:{kind}:{version}", "order_id": order, "kind": kind, "version": version, "email": email}
        for order, kind, version, email in [
            ("o", "shipping", 1, "a@x"), ("o", "shipping", 2, "a@x"), ("o", "shipping", 3, "b@x"),
            ("o", "suggestion", 1, "c@x"), ("p", "shipping", 1, ""), ("p", "shipping", 2, "a@x"),
        ]
    ]  # fmt: skip

    assert {"o:shipping:1": 1, "o:shipping:2": 1, "o:shipping:3": 3, "p:shipping:2": 2} == mailbox_versions(rows)
