"""Mails: every template with its sample, hostile values, languages, and the catalogue of texts."""

import re
from datetime import UTC, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from jinja2 import UndefinedError

from config.brand import load_brand
from config.languages import LOCALES, languages, pick_locale, translations
from domain.message_catalogue import ADDRESS_PROBLEMS, EDIT_KINDS, EDIT_REFUSALS, EXCEPTION_CODES, NEXT_STEPS
from domain.messages import CATALOGUE, ClaimKind, FactsError
from domain.order import Address, Facts
from tasks.mail_templates import TEMPLATES, environment
from tasks.rendering import Recipient, Rendered, preview_all, render

BRAND = load_brand()
HOSTILE = "<script>alert(1)</script>\"'&{{ 7*7 }}\r\nBcc: x@example.com"


def mail(kind: ClaimKind, facts: Facts | None = None, locale: str = "en", **changes: object) -> Rendered:
    recipient = Recipient(**{"first_name": "Ada", **changes})  # type: ignore[arg-type]
    sample = CATALOGUE[kind].sample
    return render(kind, sample | (facts or {}), recipient, locale=locale, brand=BRAND, tz=UTC)


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.row("COM-4")
def test_every_template_renders_its_sample_whole_and_accessible() -> None:
    seen = []
    for kind, rendered in preview_all(BRAND):
        seen.append(kind)
        order = CATALOGUE[kind].sample["order_name"]
        assert order in rendered.subject
        assert order in rendered.text
        assert order in rendered.html
        for part in (rendered.subject, rendered.text, rendered.html):
            assert "{{" not in part
            assert "{%" not in part
        assert "<mj-" not in rendered.html
        tags = Tags(rendered.html).found
        assert ("html", "en") in [(tag, attrs.get("lang")) for tag, attrs in tags]
        assert 1 == sum(tag == "h1" for tag, _ in tags)
        assert all(attrs.get("alt") is not None for tag, attrs in tags if tag == "img")
        layout = [attrs for tag, attrs in tags if tag == "table" and "role" not in attrs]
        assert len(layout) <= 2  # only tables of data

    assert list(ClaimKind) == seen


@pytest.mark.row("COM-5")
def test_every_mail_says_how_to_reach_a_person_and_why_it_came() -> None:
    for _, rendered in preview_all(BRAND):
        for part in (rendered.text, rendered.html):
            assert BRAND.support_email in part
            assert "Reply to this mail" in part
            assert "because you ordered" in part


def test_every_template_renders_with_the_least_it_needs() -> None:
    for kind, entry in CATALOGUE.items():
        least = {name: entry.sample[name] for name in entry.required}
        rendered = render(kind, least, Recipient(), locale="en", brand=BRAND, tz=UTC)

        assert "Hello," in rendered.text
        assert "None" not in rendered.text


@pytest.mark.row("COM-4", bad_input=True)
@pytest.mark.parametrize("kind", ClaimKind)
def test_missing_fact_is_named_before_rendering(kind: ClaimKind) -> None:
    for name in CATALOGUE[kind].required:
        facts = {key: value for key, value in CATALOGUE[kind].sample.items() if key != name}
        with pytest.raises(FactsError, match=f"missing fact: {name}"):
            render(kind, facts, Recipient(), locale="en", brand=BRAND, tz=UTC)


def test_undefined_name_in_a_template_raises() -> None:
    with pytest.raises(UndefinedError):
        environment("en", BRAND).from_string("{{ nothing }}").render()


def test_what_no_mail_can_carry_is_left_out() -> None:
    rendered = mail(ClaimKind.PARCEL_SHIPPED, {"carrier": "U\x00P\ud800S"}, first_name="A\x07da\udfff")

    assert "Hi Ada?," in rendered.text
    assert "UP?S" in rendered.html


@pytest.mark.parametrize("kind", ClaimKind)
def test_hostile_values_stay_text(kind: ClaimKind) -> None:
    facts: Facts = {"order_name": HOSTILE}
    if "lines" in CATALOGUE[kind].sample:
        facts["lines"] = [{"title": HOSTILE, "sku": HOSTILE, "quantity": 1}]
    if "carrier" in CATALOGUE[kind].required:
        facts |= {"carrier": HOSTILE, "tracking_url": 'https://x.example/"><script>'}
    address = Address(name=HOSTILE, line1=HOSTILE, city=HOSTILE, country="US")

    rendered = mail(kind, facts, first_name=HOSTILE, address=address, suggestion=address)

    assert "<script" not in rendered.html
    assert "script" not in {tag for tag, _ in Tags(rendered.html).found}
    assert "49" not in rendered.subject
    assert not re.search(r"[\r\n]", rendered.subject)
    assert "\nBcc:" not in rendered.text.split("\n\n")[0]


@pytest.mark.parametrize("kind", [kind for kind in ClaimKind if kind.startswith("parcel_")])
def test_parcel_without_tracking_can_be_told_of(kind: ClaimKind) -> None:
    rendered = mail(kind, {"carrier": "", "tracking_number": "", "tracking_url": ""})

    assert "Track your parcel" not in rendered.html + rendered.text
    assert "tracking number" not in rendered.html + rendered.text
    assert "to ." not in rendered.text


def test_hostile_link_is_refused() -> None:
    with pytest.raises(FactsError, match=r"links\.order_status"):
        mail(ClaimKind.ORDER_CONFIRMED, links={"order_status": "javascript:alert(1)"})


@pytest.mark.parametrize("code", [*EXCEPTION_CODES, "never_heard_of"])
def test_every_exception_has_a_sentence(code: str) -> None:
    rendered = mail(ClaimKind.PARCEL_EXCEPTION, {"exception": code})
    general = mail(ClaimKind.PARCEL_EXCEPTION, {"exception": "x"})

    assert (code == "never_heard_of") is (rendered.subject == general.subject)
    assert rendered.subject.split(": ")[1] in rendered.html


@pytest.mark.parametrize("problem", ADDRESS_PROBLEMS)
def test_every_address_problem_has_a_sentence(problem: str) -> None:
    rendered = mail(ClaimKind.ADDRESS_QUESTION, {"problem": problem})

    assert "We could not confirm the address." not in rendered.text


@pytest.mark.row("COM-4")
@pytest.mark.parametrize(
    ("wanted", "written"),
    [
        ("en", "en"),
        ("en-GB", "en-GB"),
        ("en_us", "en-US"),
        ("de", "en"),
        ("de-CH", "en"),
        ("", "en"),
        ("xx-YY-nonsense-!", "en"),
        ("🙂", "en"),
        ("../../etc", "en"),
    ],
)
def test_unknown_locale_falls_back(wanted: str, written: str) -> None:
    rendered = mail(ClaimKind.ORDER_CONFIRMED, locale=wanted)

    assert written == rendered.locale
    assert "Order #1042 is confirmed" == rendered.subject


def test_amounts_and_dates_follow_locale_and_zone() -> None:
    british = mail(ClaimKind.ORDER_CONFIRMED, {"order_date": "2026-11-20T23:30:00+00:00"}, locale="en-GB")

    assert "US$141.60" in british.text
    assert "20 November 2026" in british.text

    sample = CATALOGUE[ClaimKind.ORDER_CONFIRMED].sample | {"order_date": "2026-11-20T23:30:00+00:00"}
    tokyo = render(ClaimKind.ORDER_CONFIRMED, sample, Recipient(), locale="en", brand=BRAND, tz=ZoneInfo("Asia/Tokyo"))
    assert "November 21, 2026" in tokyo.text


def test_answer_time_names_its_zone() -> None:
    entry = CATALOGUE[ClaimKind.ADDRESS_QUESTION]
    rendered = render(
        entry.kind,
        entry.sample,
        Recipient(),
        locale="en-GB",
        brand=BRAND,
        tz=timezone(timedelta(hours=1), "CET"),
    )

    assert "Sunday, 22 November 2026, 13:00 CET" in rendered.text


def test_new_language_is_a_catalogue_and_gaps_are_english(tmp_path: Path) -> None:
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "aftercart.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Total"\nmsgstr "Summe"\n',
        "utf-8",
    )

    assert {"de"} == languages(tmp_path)
    assert ("de", "de_CH", "de-CH") == (
        (picked := pick_locale("de-CH", tmp_path)).language,
        picked.format,
        picked.tag,
    )
    assert "Summe" == translations("de", tmp_path).gettext("Total")
    assert "Tax" == translations("de", tmp_path).gettext("Tax")


def test_every_text_of_the_templates_is_in_the_catalogue() -> None:
    extracted = {
        message
        for _, _, message, _, _ in extract_from_dir(
            TEMPLATES.parent,
            method_map=[("**.j2", "jinja2")],
            options_map={"**.j2": {"extensions": "jinja2.ext.i18n", "newstyle_gettext": "true"}},
        )
    }
    with (LOCALES / "en" / "LC_MESSAGES" / "aftercart.po").open("rb") as file:
        known = {message.id for message in read_po(file) if message.id}

    assert len(extracted) > 50
    assert extracted == known


@pytest.mark.row("EDT-7")
def test_every_edit_refusal_and_next_step_has_a_sentence_of_its_own() -> None:
    reasons = {mail(ClaimKind.EDIT_REFUSED, {"reason": reason}).text for reason in EDIT_REFUSALS}
    steps = {mail(ClaimKind.EDIT_REFUSED, {"next_step": step}).text for step in NEXT_STEPS}
    change = {"title": "Mug", "to": "Cup", "was": 1, "quantity": 2}
    changes = {mail(ClaimKind.EDIT_APPLIED, {"changes": [{**change, "kind": kind}]}).text for kind in EDIT_KINDS}

    assert (len(EDIT_REFUSALS), len(NEXT_STEPS), len(EDIT_KINDS)) == (len(reasons), len(steps), len(changes))


@pytest.mark.row("EDT-7")
def test_a_refusal_says_why_what_there_is_instead_and_what_it_costs() -> None:
    facts = {"next_step": "carrier_intercept", "next_step_minor": 1950}
    refused = mail(ClaimKind.EDIT_REFUSED, facts)

    for part in (refused.text, refused.html):
        assert "There is not enough left" in part
        assert "Linen shirt, olive, L" in part
        assert "$59.00" in part
        assert "$19.50" in part
        assert "$22.10" in part


@pytest.mark.row("EDT-5")
def test_a_payment_mail_leads_to_the_page_and_an_applied_edit_shows_where_it_goes() -> None:
    asked = mail(ClaimKind.EDIT_PAYMENT, links={"payment": "https://pay.example/1"})
    assert "https://pay.example/1" in asked.text
    assert "https://pay.example/1" in asked.html
    assert "$22.10" in asked.subject

    home = Address(name="Ada", line1="77 Kent Avenue", city="Brooklyn", postal_code="11249", country="US")
    assert "77 Kent Avenue" in mail(ClaimKind.EDIT_APPLIED, address=home).text
    only_fewer = {"changes": [{"kind": "quantity", "title": "Mug", "was": 2, "quantity": 1}]}
    assert "77 Kent Avenue" not in mail(ClaimKind.EDIT_APPLIED, only_fewer, address=home).text


@pytest.mark.row("COM-4", bad_input=True)
def test_hostile_titles_of_an_edit_stay_text() -> None:
    change = {"kind": "swap", "title": HOSTILE, "to": HOSTILE, "quantity": 1}
    for kind in (ClaimKind.EDIT_RECEIVED, ClaimKind.EDIT_APPLIED, ClaimKind.EDIT_REFUSED):
        rendered = mail(kind, {"changes": [change]})
        assert "<script>" not in rendered.html
        assert "{{ 7*7 }}" in rendered.html
        assert "\nBcc" not in rendered.subject
