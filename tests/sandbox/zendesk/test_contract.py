"""The routes of the fake Zendesk are a part of the vendor's OpenAPI files, and their calls are as they say."""

from typing import Any

import pytest

from sandbox.core.world import World
from sandbox.zendesk import build
from tests.sandbox.zendesk.support import CONTRACT, Desk, check_call, ticket_body
from tests.support.openapi import load_spec
from tests.support.shared import SHARED, missing_reason

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=missing_reason())

# The file has this path as that of any user; the vendor's reference names it apart.
ME = "GET /users/me"


def routes() -> set[str]:
    """Each operation of the API ("POST /tickets"); the agent's pages are not the API's."""
    served = (name.partition(" /api/v2") for name in build(World()).app.operations())
    return {f"{method} {path}" for method, found, path in served if found}


def operations(name: str, prefix: str = "") -> set[str]:
    spec = load_spec(CONTRACT.with_name(name))
    return {f"{verb.upper()} {path.removeprefix(prefix)}" for path, item in spec["paths"].items() for verb in item}


def test_every_route_is_the_vendors() -> None:
    assert len(routes()) == 7
    assert routes() - operations(CONTRACT.name) == {ME}
    paths = operations("tickets-openapi-original.yml", "/api/v2")
    assert {route for route in routes() if "/tickets" in route} <= paths


async def test_a_walk_through_every_route_is_documented(desk: Desk) -> None:
    """`Desk` holds each call and each answer against the file."""
    ticket = await desk.made(type="task", due_at="2026-12-01T10:00:00Z", custom_fields=[{"id": 5, "value": "x"}])
    path = f"/tickets/{ticket['id']}"
    for status in ("open", "pending", "hold", "solved"):
        await desk.done("PUT", path, {"ticket": {"status": status, "comment": {"body": status, "public": True}}})
    await desk.done("GET", path)
    await desk.done("GET", f"{path}/comments", query={"page[size]": 2})
    await desk.done("GET", "/tickets", query={"external_id": "er_1", "per_page": 5})
    await desk.done("GET", "/users/me")
    await desk.done("GET", f"/users/{ticket['requester_id']}")
    assert desk.seen == routes() - {ME}


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        ({"ticket": {"priority": "huge"}}, {}),
        ({"ticket": {"comment": {"public": True}}}, {}),
        ({"ticket": {"requester": {"email": 5}}}, {}),
        ({}, {}),
        (ticket_body(), {"status": "lost"}),
        (ticket_body(), {"requester_id": "5"}),
        (ticket_body(), {"created_at": "today"}),
        (ticket_body(), {"is_public": None}),
    ],
)
async def test_the_check_refuses_what_the_file_does_not_allow(
    desk: Desk, sent: dict[str, Any], answer: dict[str, Any]
) -> None:
    good = await desk.made()
    spec = load_spec(CONTRACT)
    fits: dict[str, Any] = {"query": None, "status": 201}
    check_call(spec, "POST", "/tickets", sent=ticket_body(), answer={"ticket": good}, **fits)
    with pytest.raises(AssertionError, match="POST /tickets"):
        check_call(spec, "POST", "/tickets", sent=sent, answer={"ticket": good | answer}, **fits)
