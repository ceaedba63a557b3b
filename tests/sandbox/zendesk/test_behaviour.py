"""Tickets, comments and users of the fake Zendesk."""

from typing import Any

import pytest

from tests.sandbox.zendesk.support import API, AUTH, Desk, ticket_body


async def test_a_ticket_is_made_found_and_answered(desk: Desk) -> None:
    made = await desk.call("POST", "/tickets", ticket_body())
    ticket = made.json()["ticket"]
    assert (made.status_code, made.headers["location"]) == (201, ticket["url"])
    assert (ticket["status"], ticket["priority"], ticket["tags"]) == ("new", "high", ["aftercart", "edit"])
    assert (ticket["description"], ticket["is_public"]) == ("Ana wants another size.", False)
    change = {"ticket": {"status": "solved", "comment": {"body": "Done.", "public": True}, "tags": ["Done Deal"]}}
    answered = await desk.done("PUT", f"/tickets/{ticket['id']}", change)
    assert (answered["ticket"]["status"], answered["ticket"]["tags"]) == ("solved", ["done_deal"])
    assert answered["ticket"]["assignee_id"] == (await desk.done("GET", "/users/me"))["user"]["id"]
    assert {"type": "Change", "field_name": "status", "value": "solved", "previous_value": "new"} in answered["audit"][
        "events"
    ]
    [found] = (await desk.done("GET", "/tickets", query={"external_id": "er_1"}))["tickets"]
    assert found == (await desk.done("GET", f"/tickets/{ticket['id']}"))["ticket"] == answered["ticket"]
    comments = (await desk.done("GET", f"/tickets/{ticket['id']}/comments"))["comments"]
    assert [(entry["body"], entry["public"]) for entry in comments] == [
        ("Ana wants another size.", False),
        ("Done.", True),
    ]
    assert (await desk.done("GET", "/tickets", query={"external_id": "er_2"}))["tickets"] == []
    [row] = await desk.control("/tickets?external_id=er_1")
    assert (row["requester"]["email"], len(row["comments"])) == ("ana@example.com", 2)


async def test_a_requester_is_known_by_the_address(desk: Desk) -> None:
    first = await desk.made()
    again = await desk.made(requester={"name": "A. L.", "email": "Ana@Example.com"}, external_id="er_2")
    other = await desk.made(requester={"name": "Bo", "email": "bo@example.com"})
    same = await desk.made(requester=..., requester_id=other["requester_id"])
    ours = await desk.made(requester=...)
    assert first["requester_id"] == again["requester_id"] != other["requester_id"] == same["requester_id"]
    assert ours["requester_id"] == ours["submitter_id"]
    person = (await desk.done("GET", f"/users/{first['requester_id']}"))["user"]
    assert (person["name"], person["role"]) == ("Ana Lopez", "end-user")
    assert (await desk.refused("GET", "/users/5"))[0] == 404


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        (
            {"requester": {"name": "A", "email": "not-an-address"}},
            "requester",
            "not-an-address is not properly formatted",
        ),
        ({"requester": {"name": "A", "email": "a@b"}}, "requester", "a@b is not properly formatted"),
        ({"requester": {"name": "A"}}, "requester", "cannot be blank"),
        ({"requester": {"email": "new@example.com"}}, "requester", "Name: is too short"),
        ({"requester": ..., "requester_id": 5}, "requester", "is invalid"),
        ({"comment": ...}, "base", "Description: cannot be blank"),
        ({"comment": {"body": "  "}}, "base", "Description: cannot be blank"),
        ({"comment": {"body": "x", "author_id": 5}}, "author", "is invalid"),
        ({"priority": "huge"}, "priority", "not included"),
        ({"status": "closed"}, "status", "not included"),
        ({"status": None}, "status", "not included"),
        ({"assignee_id": 5}, "assignee", "is invalid"),
        ({"group_id": 5}, "group", "is invalid"),
        ({"external_id": "x" * 256}, "external_id", "too long"),
        ({"due_at": "soon"}, "due_at", "not a valid date"),
    ],
)
async def test_a_faulty_ticket_is_refused(desk: Desk, change: dict[str, Any], field: str, sentence: str) -> None:
    status, body = await desk.refused("POST", "/tickets", ticket_body(**change))
    assert (status, body["error"]) == (422, "RecordInvalid")
    assert sentence in body["details"][field][0]["description"]
    assert await desk.control("/tickets") == []


@pytest.mark.parametrize(
    "change",
    [
        {"comment": 5},
        {"comment": {"body": 5}},
        {"comment": {"body": "x", "public": "yes"}},
        {"requester": "Ana"},
        {"requester": {"name": 5, "email": "a@example.com"}},
        {"requester": ..., "requester_id": {}},
        {"tags": "edit"},
        {"custom_fields": [{"value": 1}]},
        {"subject": 5},
    ],
)
async def test_an_attribute_of_the_wrong_kind_is_refused(desk: Desk, change: dict[str, Any]) -> None:
    status, body = await desk.refused("POST", "/tickets", ticket_body(**change))
    assert (status, body["error"]) == (400, "InvalidAttribute")


async def test_a_body_that_is_no_ticket_is_refused(desk: Desk) -> None:
    assert (await desk.refused("POST", "/tickets", {"request": {}}))[0] == 400
    answer = await desk.client.post(API + "/tickets", content=b"{", auth=AUTH)
    assert (answer.status_code, answer.json()["error"]) == (422, "Unprocessable Entity")


async def test_a_closed_ticket_can_no_longer_change(desk: Desk) -> None:
    ticket = await desk.made()
    path = f"/tickets/{ticket['id']}"
    await desk.done("PUT", path, {"ticket": {"status": "solved"}})
    assert (await desk.control(f"{path}/close", {}))["status"] == "closed"
    status, body = await desk.refused("PUT", path, {"ticket": {"comment": {"body": "Still there?"}}})
    assert (status, body["details"]) == (422, {"status": [{"description": "Status: closed prevents ticket update"}]})
    assert len((await desk.done("GET", f"{path}/comments"))["comments"]) == 1
    assert (await desk.client.post("/_control/zendesk/tickets/9/close")).status_code == 404


async def test_a_faulty_change_is_refused_and_changes_nothing(desk: Desk) -> None:
    ticket = await desk.made()
    path = f"/tickets/{ticket['id']}"
    for change in ({"priority": "huge", "subject": "New"}, {"subject": "New", "comment": {"body": ""}}):
        assert (await desk.refused("PUT", path, {"ticket": change}))[0] == 422
    assert (await desk.done("GET", path))["ticket"] == ticket
    for method in ("GET", "PUT"):
        assert (await desk.refused(method, "/tickets/99", {"ticket": {}} if method == "PUT" else None))[0] == 404
    assert (await desk.refused("GET", "/tickets/99/comments"))[0] == 404


async def test_a_key_makes_one_ticket(desk: Desk) -> None:
    first = await desk.call("POST", "/tickets", ticket_body(), key="er_1:opened")
    again = await desk.call("POST", "/tickets", ticket_body(), key="er_1:opened")
    assert (again.status_code, again.content) == (201, first.content)
    assert [a.headers["x-idempotency-lookup"] for a in (first, again)] == ["miss", "hit"]
    status, body = await desk.refused("POST", "/tickets", ticket_body(subject="Other"), key="er_1:opened")
    assert (status, body["error"]) == (400, "IdempotentRequestError")
    assert desk.accepted("POST /api/v2/tickets") == {"er_1": 1}
    await desk.client.post("/_control/clock", json={"offset_s": 7201})
    assert (await desk.call("POST", "/tickets", ticket_body(), key="er_1:opened")).json() != first.json()
    assert desk.accepted("POST /api/v2/tickets") == {"er_1": 2}


async def test_a_refusal_is_not_kept_under_its_key(desk: Desk) -> None:
    assert (await desk.refused("POST", "/tickets", ticket_body(priority="huge"), key="k"))[0] == 422
    assert (await desk.call("POST", "/tickets", ticket_body(), key="k")).status_code == 201


async def test_the_same_comment_twice_is_counted_twice(desk: Desk) -> None:
    path = f"/tickets/{(await desk.made())['id']}"
    for text in ("One.", "Two.", "Two."):
        await desk.done("PUT", path, {"ticket": {"comment": {"body": text}}})
    assert sorted(desk.accepted("PUT /api/v2/tickets/{ticket_id}").values()) == [1, 2]


async def test_comments_are_paged_by_cursor_or_by_number(desk: Desk) -> None:
    path = f"/tickets/{(await desk.made(comment={'body': '0'}))['id']}"
    for number in range(1, 5):
        await desk.done("PUT", path, {"ticket": {"comment": {"body": str(number)}}})
    seen, query = [], {"page[size]": 2}
    while True:
        page = await desk.done("GET", f"{path}/comments", query=query)
        seen += [entry["body"] for entry in page["comments"]]
        if not page["meta"]["has_more"]:
            break
        query = {"page[size]": 2, "page[after]": page["meta"]["after_cursor"]}
    assert seen == ["0", "1", "2", "3", "4"]
    assert page["links"]["next"] is None
    before = {"page[size]": 2, "page[before]": page["meta"]["before_cursor"]}
    back = await desk.done("GET", f"{path}/comments", query=before)
    assert ([entry["body"] for entry in back["comments"]], back["meta"]["has_more"]) == (["2", "3"], True)
    linked = await desk.client.get(back["links"]["next"], auth=AUTH)
    assert [entry["body"] for entry in linked.json()["comments"]] == ["4"]
    newest = await desk.done("GET", f"{path}/comments", query={"sort": "-created_at", "page[size]": 1})
    assert newest["comments"][0]["body"] == "4"
    numbered = await desk.done("GET", f"{path}/comments", query={"per_page": 2, "page": 2, "sort_order": "desc"})
    assert ([entry["body"] for entry in numbered["comments"]], numbered["count"]) == (["2", "1"], 5)
    last = (await desk.client.get(numbered["next_page"], auth=AUTH)).json()
    assert ([entry["body"] for entry in last["comments"]], last["next_page"]) == (["0"], None)
    bad: tuple[dict[str, Any], ...] = (
        {"page[size]": 0},
        {"page[size]": 101},
        {"page[size]": 2, "page[after]": "x"},
        {"page": 0},
        {"per_page": "x"},
    )
    for wrong in bad:
        assert (await desk.refused("GET", f"{path}/comments", query=wrong))[0] == 400


async def test_tickets_are_sorted_as_asked(desk: Desk) -> None:
    for priority in ("low", "urgent", "high"):
        await desk.made(priority=priority)
    found = await desk.done("GET", "/tickets", query={"sort_by": "priority", "sort_order": "desc"})
    assert [ticket["priority"] for ticket in found["tickets"]] == ["urgent", "low", "high"]
    assert (await desk.refused("GET", "/tickets", query={"sort_by": "mood"}))[0] == 400


@pytest.mark.parametrize(
    "auth",
    [
        None,
        "Bearer wrong",
        "Basic %%%",
        "Basic YWZ0ZXJjYXJ0QHNhbmRib3guZXhhbXBsZTpzYW5kYm94LXplbmRlc2stdG9rZW4=",  # without the /token
    ],
)
async def test_without_the_token_nothing_is_answered(desk: Desk, auth: str | None) -> None:
    answer = await desk.client.get(API + "/users/me", headers={"authorization": auth} if auth else {})
    assert (answer.status_code, answer.json()) == (401, {"error": "Couldn't authenticate you"})


async def test_the_token_may_be_a_bearer(desk: Desk) -> None:
    headers = {"authorization": "Bearer sandbox-zendesk-token"}
    assert (await desk.client.get(API + "/users/me", headers=headers)).json()["user"]["role"] == "admin"


async def test_the_limit_says_when_to_come_back(desk: Desk) -> None:
    await desk.control("/settings", {"rate_limit_per_minute": 1})
    await desk.done("GET", "/users/me")
    answer = await desk.call("GET", "/users/me")
    assert (answer.status_code, answer.json()["error"]) == (429, "TooManyRequests")
    assert 0 < int(answer.headers["retry-after"]) <= 60
    await desk.client.post("/_control/clock", json={"offset_s": 61})
    assert (await desk.call("GET", "/users/me")).status_code == 200
    await desk.control("/settings", {"rate_limit_per_minute": None})
    fault = {"vendor": "zendesk", "operation": "GET /api/v2/users/me", "kind": "throttle"}
    await desk.client.post("/_control/faults", json=fault)
    assert (await desk.call("GET", "/users/me")).headers["retry-after"] == "5"
    for body in ({"rate_limit_per_minute": "x"}, {"speed": 1}):
        assert (await desk.client.post("/_control/zendesk/settings", json=body)).status_code == 400


async def test_its_pages_show_tickets_to_people(desk: Desk) -> None:
    nasty = "<b>A&B</b>"
    ticket = await desk.made(
        subject=nasty, comment={"body": nasty, "public": False}, requester={"name": nasty, "email": "n@example.com"}
    )
    for page in ("/", "/agent/tickets", f"/agent/tickets/{ticket['id']}"):
        text = (await desk.client.get("/zendesk" + page)).text
        assert "&lt;b&gt;A&amp;B" in text
        assert nasty not in text
    assert "(internal)" in text
    assert (await desk.client.get("/zendesk/agent/tickets/99")).status_code == 404
