"""The catalogue of claims, its facts, and the verdict at the moment of sending."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.message_facts import FactType, is_web_url
from domain.messages import (
    CATALOGUE,
    ClaimKind,
    FactsError,
    Suppressed,
    check_facts,
    dedupe_key,
    facts_digest,
    may_send,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
EACH_REQUIRED = [
    pytest.param(kind, name, id=f"{kind}-{name}") for kind in ClaimKind for name in CATALOGUE[kind].required
]
WRONG: dict[FactType, Any] = {
    FactType.TEXT: " ",
    FactType.CODE: "Not a code",
    FactType.MINOR: 12.5,
    FactType.CURRENCY: "QQQ",
    FactType.DATE: "2026-11-20T10:00:00",  # no offset
    FactType.URL: "javascript:alert(1)",
    FactType.MAYBE_TEXT: None,
    FactType.MAYBE_URL: "javascript:alert(1)",
    FactType.FLAG: "yes",
    FactType.LINES: [],
    FactType.CHANGES: {},
}


def test_catalogue_has_every_kind_with_a_sample_that_can_be_said() -> None:
    assert set(ClaimKind) == set(CATALOGUE)
    for kind, entry in CATALOGUE.items():
        check_facts(kind, entry.sample)


@pytest.mark.row("COM-4", bad_input=True)
@pytest.mark.parametrize(("kind", "name"), EACH_REQUIRED)
def test_check_facts_names_what_is_missing(kind: ClaimKind, name: str) -> None:
    facts = {key: value for key, value in CATALOGUE[kind].sample.items() if key != name}

    with pytest.raises(FactsError) as caught:
        check_facts(kind, facts)

    assert ("missing", name) == (caught.value.code, caught.value.name)


@pytest.mark.parametrize(("kind", "name"), EACH_REQUIRED)
def test_check_facts_names_what_is_wrong(kind: ClaimKind, name: str) -> None:
    wrong = WRONG[CATALOGUE[kind].required[name]]

    with pytest.raises(FactsError) as caught:
        check_facts(kind, CATALOGUE[kind].sample | {name: wrong})

    assert ("invalid", name) == (caught.value.code, caught.value.name)
    assert not str(wrong) or str(wrong) not in str(caught.value) or not str(wrong).strip()


def test_check_facts_refuses_a_fact_that_nobody_knows() -> None:
    with pytest.raises(FactsError, match="unknown fact: email"):
        check_facts(ClaimKind.PARCEL_SHIPPED, CATALOGUE[ClaimKind.PARCEL_SHIPPED].sample | {"email": "a@b.c"})


@pytest.mark.parametrize(
    ("line", "code", "name"),
    [
        ({"title": "Mug", "sku": "M"}, "missing", "lines[1].quantity"),
        ({"title": "Mug", "sku": "M", "quantity": 0}, "invalid", "lines[1].quantity"),
        ({"title": "", "sku": "M", "quantity": 1}, "invalid", "lines[1].title"),
        ({"sku": "M", "quantity": 1}, "missing", "lines[1].title"),
        ({"title": "Mug", "sku": "M", "quantity": 1, "total_minor": "5"}, "invalid", "lines[1].total_minor"),
        ({"title": "Mug", "sku": "M", "quantity": 1, "gift_note": "x"}, "unknown", "lines[1].gift_note"),
        ("Mug", "invalid", "lines[1]"),
    ],
)
def test_check_facts_looks_into_lines(line: Any, code: str, name: str) -> None:
    with pytest.raises(FactsError) as caught:
        check_facts(ClaimKind.PARCEL_SHIPPED, CATALOGUE[ClaimKind.PARCEL_SHIPPED].sample | {"lines": [line]})

    assert (code, name) == (caught.value.code, caught.value.name)


def test_dedupe_key_depends_on_facts_not_on_their_order() -> None:
    assert facts_digest({"a": 1, "b": 2}) == facts_digest({"b": 2, "a": 1})
    key = dedupe_key(ClaimKind.PARCEL_SHIPPED, "par_1", {"a": 1}, "email")

    assert f"message:parcel_shipped:par_1:{facts_digest({'a': 1})}:email" == key
    assert key != dedupe_key(ClaimKind.PARCEL_SHIPPED, "par_1", {"a": 2}, "email")


@pytest.mark.row("COM-2")
@pytest.mark.parametrize(
    ("kind", "said", "still_true", "age", "reason"),
    [
        pytest.param("parcel_shipped", [], True, timedelta(0), None, id="first"),
        pytest.param("parcel_shipped", ["parcel_delivered"], True, timedelta(0), "superseded", id="delivered already"),
        pytest.param("parcel_exception", ["parcel_delivered"], True, timedelta(0), "superseded", id="late trouble"),
        pytest.param("parcel_delivered", ["parcel_exception"], True, timedelta(0), None, id="all is well"),
        pytest.param("parcel_out_for_delivery", ["parcel_exception"], True, timedelta(0), None, id="moving again"),
        pytest.param("parcel_exception", ["parcel_exception"], True, timedelta(0), None, id="another exception"),
        pytest.param("parcel_shipped", ["parcel_shipped"], True, timedelta(0), "already_said", id="twice"),
        pytest.param("order_confirmed", ["parcel_shipped"], True, timedelta(0), None, id="takes no part"),
        pytest.param("order_confirmed", [], False, timedelta(0), "no_longer_true", id="cancelled meanwhile"),
        pytest.param("parcel_out_for_delivery", [], True, timedelta(hours=12), None, id="last instant"),
        pytest.param("parcel_out_for_delivery", [], True, timedelta(hours=12, seconds=1), "stale", id="a moment late"),
    ],
)
def test_may_send(kind: str, said: list[str], still_true: bool, age: timedelta, reason: str | None) -> None:
    verdict = may_send(
        kind=ClaimKind(kind),
        said=[ClaimKind(word) for word in said],
        still_true=still_true,
        created_at=NOW - age,
        now=NOW,
    )

    assert (Suppressed(reason) if reason else None) == verdict.reason
    assert verdict.send is (reason is None)


@pytest.mark.parametrize("text", ["data:text/html,x", "//evil", "http://", "http://[bad", "mailto:a@b.c", ""])
def test_only_web_links_stand_in_mails(text: str) -> None:
    assert not is_web_url(text)


@pytest.mark.parametrize(
    ("change", "code", "where"),
    [
        ("swap", "invalid", "changes[1]"),
        ({"kind": "swap"}, "missing", "changes[1].title"),
        ({"kind": "swap", "title": "Mug", "email": "a@example.com"}, "unknown", "changes[1].email"),
        ({"kind": "Not a code", "title": "Mug"}, "invalid", "changes[1].kind"),
        ({"kind": "quantity", "title": "Mug", "was": "1"}, "invalid", "changes[1].was"),
    ],
)
def test_changes_that_cannot_be_said_are_named_by_their_place(change: Any, code: str, where: str) -> None:
    facts = {**CATALOGUE[ClaimKind.EDIT_RECEIVED].sample, "changes": [change]}

    with pytest.raises(FactsError) as caught:
        check_facts(ClaimKind.EDIT_RECEIVED, facts)

    assert (code, where) == (caught.value.code, caught.value.name)
