"""The list of disputes of the fake Stripe. `Bank` holds each call and each answer against the vendor's file."""

from typing import Any

import pytest

from tests.sandbox.stripe.support import Bank

DAY = 86_400


async def disputed(bank: Bank, **body: Any) -> dict[str, Any]:
    """A new payment, and what the bank says of it."""
    intent = (await bank.paid())["payment_intent"]
    return await bank.control(f"/payments/{intent}/dispute", body)  # type: ignore[no-any-return]


async def by_day(bank: Bank, count: int) -> list[dict[str, Any]]:
    """So many disputes, the oldest first."""
    made = []
    for _ in range(count):
        made.append(await disputed(bank))
        await bank.move(DAY)
    return made


async def ids(bank: Bank, **form: Any) -> list[str]:
    return [each["id"] for each in (await bank.done("GET", "/disputes", form))["data"]]


async def test_the_list_goes_newest_first_and_by_page(bank: Bank) -> None:
    assert await bank.done("GET", "/disputes") == {
        "object": "list", "url": "/v1/disputes", "has_more": False, "data": [],
    }  # fmt: skip
    made = await by_day(bank, 4)
    newest = [each["id"] for each in made[::-1]]
    everything = await bank.done("GET", "/disputes")
    assert (everything["data"], everything["has_more"]) == (made[::-1], False)
    first = await bank.done("GET", "/disputes", {"limit": 2})
    assert ([each["id"] for each in first["data"]], first["has_more"]) == (newest[:2], True)
    rest = await bank.done("GET", "/disputes", {"limit": 2, "starting_after": newest[1]})
    assert ([each["id"] for each in rest["data"]], rest["has_more"]) == (newest[2:], False)
    back = await bank.done("GET", "/disputes", {"limit": 2, "ending_before": newest[3]})
    assert ([each["id"] for each in back["data"]], back["has_more"]) == (newest[1:3], True)


async def test_the_list_tells_what_a_single_one_tells(bank: Bank) -> None:
    made = await disputed(bank, status="warning_needs_response", reason="product_not_received", amount=700)
    await bank.control(f"/payments/{made['payment_intent']}/dispute", {"status": "warning_closed"})
    [listed] = (await bank.done("GET", "/disputes"))["data"]
    assert listed == await bank.done("GET", f"/disputes/{made['id']}")
    assert (listed["amount"], listed["reason"], listed["status"]) == (700, "product_not_received", "warning_closed")


async def test_the_list_is_searched_by_payment_by_charge_and_by_time(bank: Bank) -> None:
    one, two, three = await by_day(bank, 3)
    assert await ids(bank, payment_intent=two["payment_intent"]) == [two["id"]]
    assert await ids(bank, charge=three["charge"]) == [three["id"]]
    assert await ids(bank, charge=three["charge"], payment_intent=two["payment_intent"]) == []
    assert await ids(bank, charge="ch_none") == []
    moment = two["created"]
    for form, wanted in (
        ({"created": moment}, [two]),
        ({"created[gte]": moment}, [three, two]),
        ({"created[gt]": moment}, [three]),
        ({"created[lte]": moment}, [two, one]),
        ({"created[lt]": moment}, [one]),
        ({"created[gte]": one["created"], "created[lt]": three["created"]}, [two, one]),
        ({"created[gt]": three["created"]}, []),
    ):
        assert await ids(bank, **form) == [each["id"] for each in wanted], form
    found = await bank.done("GET", "/disputes", {"created[gte]": moment, "limit": 1})
    assert ([each["id"] for each in found["data"]], found["has_more"]) == ([three["id"]], True)


async def test_the_charge_and_the_payment_can_be_expanded(bank: Bank) -> None:
    made = await disputed(bank)
    form = {"expand[0]": "data.charge", "expand[1]": "data.payment_intent.latest_charge"}
    [found] = (await bank.done("GET", "/disputes", form))["data"]
    assert (found["charge"]["id"], found["charge"]["disputed"]) == (made["charge"], True)
    assert found["payment_intent"]["latest_charge"] == found["charge"]
    single = await bank.done("GET", f"/disputes/{made['id']}", {"expand[]": "charge"})
    assert single["charge"] == found["charge"]
    clean = await bank.done(
        "GET", f"/payment_intents/{(await bank.paid())['payment_intent']}", {"expand[]": "latest_charge"}
    )
    assert clean["latest_charge"]["disputed"] is False


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        ({"limit": 0}, "parameter_invalid_integer", "limit"),
        ({"limit": 101}, "parameter_invalid_integer", "limit"),
        ({"starting_after": "du_none"}, "resource_missing", "starting_after"),
        ({"ending_before": "du_none"}, "resource_missing", "ending_before"),
        ({"created": "soon"}, "parameter_invalid_integer", "created"),
        ({"created[gte]": "soon"}, "parameter_invalid_integer", "created[gte]"),
        ({"created[after]": 1}, "parameter_unknown", "created[after]"),
        ({"status": "lost"}, "parameter_unknown", "status"),
        ({"charge": ""}, "parameter_invalid_empty", "charge"),
        ({"expand[]": "data.customer"}, "property_cannot_be_expanded", "expand"),
    ],
)
async def test_a_faulty_question_is_refused(bank: Bank, form: dict[str, Any], code: str, param: str) -> None:
    await disputed(bank)
    status, error = await bank.refused("GET", "/disputes", form)
    assert (status, error["type"], error["code"], error["param"]) == (400, "invalid_request_error", code, param)
