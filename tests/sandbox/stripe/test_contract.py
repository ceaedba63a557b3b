"""The routes of the fake Stripe are a part of the vendor's OpenAPI file, and their calls are as it says."""

import pytest

from sandbox.core.world import World
from sandbox.stripe import build
from tests.sandbox.stripe.support import CONTRACT, NEWER, Bank, check_call
from tests.support.openapi import load_spec
from tests.support.shared import SHARED, missing_reason

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=missing_reason())


def routes() -> set[str]:
    """Each operation of the API ("POST /v1/refunds"); the hosted pages are not the API's."""
    return {name for name in build(World()).app.operations() if " /v1/" in name}


def test_every_route_is_the_vendors() -> None:
    known = {f"{method.upper()} {path}" for path, item in load_spec(CONTRACT)["paths"].items() for method in item}
    assert len(routes()) > 15
    assert routes() - known == set(NEWER)


async def test_a_walk_through_every_route_is_documented(bank: Bank) -> None:
    """`Bank` holds each call and each answer against the file."""
    paid = await bank.paid()
    one = f"/checkout/sessions/{paid['id']}"
    await bank.done("GET", one, {"expand[0]": "payment_intent.latest_charge", "expand[1]": "line_items"})
    await bank.done("POST", one, {"metadata[order]": "1001"})
    await bank.done("GET", one + "/line_items", {"limit": 5})
    await bank.done("GET", "/checkout/sessions", {"payment_intent": paid["payment_intent"], "limit": 3})
    await bank.done("POST", f"/checkout/sessions/{(await bank.session())['id']}/expire")
    await bank.done("GET", f"/payment_intents/{paid['payment_intent']}")
    refund = await bank.done("POST", "/refunds", {"payment_intent": paid["payment_intent"], "metadata[why]": "edit"})
    await bank.done("GET", f"/refunds/{refund['id']}")
    await bank.done("GET", "/refunds", {"payment_intent": paid["payment_intent"]})
    dispute = await bank.control(f"/payments/{paid['payment_intent']}/dispute", {"reason": "fraudulent"})
    await bank.done("GET", f"/disputes/{dispute['id']}")
    await bank.done("GET", "/disputes", {"charge": dispute["charge"], "created[gte]": dispute["created"]})
    await bank.done("GET", "/account")
    hook = await bank.done("POST", "/webhook_endpoints", {"url": "https://shop.example", "enabled_events[]": "*"})
    endpoint = f"/webhook_endpoints/{hook['id']}"
    await bank.done("GET", "/webhook_endpoints")
    await bank.done("GET", endpoint)
    await bank.done("POST", endpoint, {"enabled_events[]": "checkout.session.completed"})
    await bank.done("DELETE", endpoint)
    assert bank.seen == routes()


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        ("payment_intent=pi_1&amount=many", None),
        ("payment_intent=pi_1&colour=red", None),
        ("payment_intent=pi_1&reason=whim", None),
        ("payment_intent=pi_1", {"amount": "12"}),
        ("payment_intent=pi_1", {"reason": "whim"}),
        ("payment_intent=pi_1", {"payment_intent": {"id": "pi_1"}}),
        ("payment_intent=pi_1", {"currency": None}),
    ],
)
async def test_the_check_refuses_what_the_file_does_not_allow(bank: Bank, sent: str, answer: object) -> None:
    intent = (await bank.paid())["payment_intent"]
    good = await bank.done("POST", "/refunds", {"payment_intent": intent})
    fits = "payment_intent=pi_1&amount=12&metadata[a]=1"
    check_call(load_spec(CONTRACT), "POST", "/v1/refunds", fits, status=200, answer=good)
    assert isinstance(answer, dict | None)
    with pytest.raises(AssertionError, match="POST /v1/refunds"):
        check_call(load_spec(CONTRACT), "POST", "/v1/refunds", sent, status=200, answer=good | (answer or {}))
