"""The fake EasyPost answers in the shapes that the real one was recorded with."""

import json
from typing import Any

import pytest

from sandbox.easypost.hooks import sign
from tests.sandbox.easypost.support import Post
from tests.support.shared import SHARED, missing_reason

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=missing_reason())


def tape(name: str, number: int) -> dict[str, Any]:
    path = SHARED / f"fixtures/easypost/cassettes/test_{name}.json"
    return json.loads(path.read_text())[number]  # type: ignore[no-any-return]


def differences(recording: Any, ours: Any, path: str = "$", *, open_keys: frozenset[str] = frozenset()) -> list[str]:
    """Keys and types in which our answer is not like the recording; null fits any type."""
    if recording is None or ours is None:
        return []
    if isinstance(recording, dict) and isinstance(ours, dict):
        if path.rsplit(".", 1)[-1] in open_keys:
            return []
        wrong = [f"{path}.{key} is missing" for key in recording.keys() - ours.keys()]
        wrong += [f"{path}.{key} is new" for key in ours.keys() - recording.keys()]
        for key in recording.keys() & ours.keys():
            wrong += differences(recording[key], ours[key], f"{path}.{key}", open_keys=open_keys)
        return wrong
    if isinstance(recording, list) and isinstance(ours, list):
        return differences(recording[0], ours[0], f"{path}[]", open_keys=open_keys) if recording and ours else []
    numbers = (int, float)
    same = type(recording) is type(ours) or (type(recording) in numbers and type(ours) in numbers)
    return [] if same else [f"{path} is {type(ours).__name__}, recorded {type(recording).__name__}"]


@pytest.mark.parametrize(
    "name",
    [
        "address_create",
        "address_create_verify",
        "shipment_create",
        "tracker_create",
        "webhook_create",
        "error",
    ],
)
async def test_a_recorded_request_gets_an_answer_of_the_recorded_shape(post: Post, name: str) -> None:
    number = 1 if name == "address_create_verify" else 0
    request, response = tape(name, number)["request"], tape(name, number)["response"]
    answer = await post.call("POST", request["uri"].partition("/v2")[2], request["body"])
    expected = 201 if name == "tracker_create" else response["status"]  # the tape's tracker existed already
    assert answer.status_code == expected
    assert differences(response["body"], answer.json()) == []


async def test_buying_and_refunding_answer_in_the_recorded_shapes(post: Post) -> None:
    asked = tape("shipment_buy", 0)["request"]["body"]
    made = (await post.call("POST", "/shipments", asked)).json()
    rate = {"rate": {"id": made["rates"][0]["id"]}}
    bought = await post.call("POST", f"/shipments/{made['id']}/buy", rate)
    recording = tape("shipment_buy", 1)["response"]
    assert bought.status_code == recording["status"]
    assert differences(recording["body"], bought.json()) == []
    recording = tape("shipment_refund", 1)["response"]
    refunded = await post.call("POST", f"/shipments/{made['id']}/refund", {})
    assert refunded.json()["refund_status"] == recording["body"]["refund_status"] == "submitted"
    assert differences(recording["body"], refunded.json(), open_keys=frozenset({"options"})) == []
    converted = await post.call("GET", f"/shipments/{made['id']}/label?file_format=ZPL")
    recording = tape("shipment_convert_label", 2)["response"]["body"]["postage_label"]
    assert differences(recording, converted.json()["postage_label"]) == []


async def test_forms_and_refunds_by_code_answer_in_the_recorded_shapes(post: Post) -> None:
    asked, form = tape("shipment_generate_form", 0), tape("shipment_generate_form", 1)
    made = (await post.call("POST", "/shipments", asked["request"]["body"])).json()
    answer = await post.call("POST", f"/shipments/{made['id']}/forms", form["request"]["body"])
    assert answer.status_code == form["response"]["status"]
    assert answer.headers["location"] == f"/api/v2/shipments/{made['id']}/forms/return_packing_slip"
    assert differences(form["response"]["body"], answer.json()) == []
    recording = tape("refund_create", 2)
    wanted = {"refund": {"carrier": "USPS", "tracking_codes": [made["tracking_code"]]}}
    refunds = await post.call("POST", "/refunds", wanted)
    assert refunds.status_code == recording["response"]["status"]
    assert differences(recording["response"]["body"], refunds.json()) == []


async def test_webhook_changes_answer_in_the_recorded_shapes(post: Post) -> None:
    made = (await post.call("POST", "/webhooks", {"webhook": {"url": "http://example.com"}})).json()
    change = tape("webhook_update", 1)
    answer = await post.call("PATCH", f"/webhooks/{made['id']}", change["request"]["body"])
    assert answer.status_code == change["response"]["status"]
    assert differences(change["response"]["body"], answer.json()) == []
    assert (await post.call("GET", f"/webhooks/{made['id']}")).json() == answer.json()
    assert (await post.call("GET", "/webhooks")).json() == {"webhooks": [answer.json()]}
    gone = await post.call("DELETE", f"/webhooks/{made['id']}")
    assert (gone.status_code, gone.json()) == (200, {})
    assert (await post.call("GET", f"/webhooks/{made['id']}")).status_code == 404


def test_the_signature_is_the_published_one() -> None:
    for case in json.loads((SHARED / "fixtures/signatures/easypost.json").read_text())["cases"]:
        assert (sign(case["secret"], case["raw_body"].encode()) == case["signature"]) is case["valid"]
