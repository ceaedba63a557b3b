"""Texts: every template with its sample, lengths, and what none of them may carry."""

import re
from datetime import UTC

import pytest

from config.brand import load_brand
from domain.claims import Channel, ClaimKind, Purpose
from domain.message_catalogue import CATALOGUE
from domain.messages import FactsError
from domain.texts import NAMES, TEXTED, Encoding, ForbiddenName, TooLong, check_names
from tasks.text_rendering import TEMPLATES, RenderedText, named_in, preview_texts, render_text

BRAND = load_brand()
LINK = "https://shop.example.com/portal/links/ord_0192f5a0c0de7a0b9c0d1e2f3a4b5c6d/1/1795000000/" + "a" * 40
SELLING = re.compile(r"\b(off|sale|discount|coupon|voucher|code|deal|save|shop now|buy|new in|credit)\b|[%$€£]", re.I)


def text(kind: ClaimKind, *, link: str = LINK, most: int = 2, **facts: object) -> RenderedText:
    sample = CATALOGUE[kind].sample | facts
    return render_text(kind, sample, link=link, locale="en", brand=BRAND, tz=UTC, most=most)


@pytest.mark.row("COM-3")
def test_every_text_fits_says_who_writes_and_how_to_end_it() -> None:
    written = preview_texts(BRAND, most=2)

    assert TEXTED == set(written)
    for kind, rendered in written.items():
        assert rendered.body.startswith(f"{BRAND.name}: ")
        assert rendered.body.endswith("Reply STOP to end texts.")
        assert CATALOGUE[kind].sample["order_name"] in rendered.body
        assert "{" not in rendered.body
        assert Encoding.GSM7 is rendered.size.encoding
        assert rendered.size.segments <= 2
        assert LINK in text(kind).body, "with a real link too"


@pytest.mark.row("COM-3")
def test_no_text_sells_anything() -> None:
    """The names are the rule; that our own English words keep it is looked at besides."""
    for kind, rendered in preview_texts(BRAND, most=2).items():
        said = rendered.body.removeprefix(BRAND.name).partition("http")[0]
        assert not SELLING.search(said), kind
        source = (TEMPLATES / f"{kind}.txt.j2").read_text()
        assert named_in(source) <= NAMES[CATALOGUE[kind].purpose]


@pytest.mark.row("COM-3", bad_input=True)
@pytest.mark.parametrize("promotion", ["amount_text", "brand.website_url", "money(5)", "lines[0].title", "code"])
def test_a_template_with_a_promotion_is_refused_before_it_is_written(promotion: str) -> None:
    named = named_in("{{ shop }}: {{ _('sorry about %(order)s', order=order_name) }} {{ " + promotion + " }}")

    with pytest.raises(ForbiddenName):
        check_names(ClaimKind.PARCEL_LOST, Purpose.APOLOGY, named)


def test_there_is_a_template_for_each_kind_that_is_texted_and_no_other() -> None:
    assert {f"{kind}.txt.j2" for kind in TEXTED} == {path.name for path in TEMPLATES.iterdir()}
    assert "sms" == Channel.SMS == TEMPLATES.name


@pytest.mark.row("COM-3")
def test_a_link_that_does_not_fit_is_left_out_and_nothing_is_cut() -> None:
    longer = text(ClaimKind.PARCEL_STUCK, link=LINK + "b" * 200)
    assert "http" not in longer.body
    assert longer.body.endswith("Reply STOP to end texts.")

    with pytest.raises(TooLong) as caught:
        text(ClaimKind.PARCEL_STUCK, order_name="#" + "9" * 400)
    assert 4 == caught.value.size.segments


@pytest.mark.row("COM-3", bad_input=True)
def test_what_cannot_be_said_is_named() -> None:
    with pytest.raises(FactsError, match="invalid fact: link"):
        text(ClaimKind.PARCEL_STUCK, link="javascript:alert(1)")
    sample = CATALOGUE[ClaimKind.PARCEL_DELAYED].sample
    facts = {key: value for key, value in sample.items() if key != "arrives_to"}
    with pytest.raises(FactsError, match="missing fact: arrives_to"):
        render_text(ClaimKind.PARCEL_DELAYED, facts, link="", locale="en", brand=BRAND, tz=UTC, most=2)


def test_a_day_is_short_and_the_recipients() -> None:
    assert "by Fri, Nov 27." in text(ClaimKind.PARCEL_DELAYED).body


def test_a_name_in_another_script_is_measured_as_it_is_sent() -> None:
    rendered = text(ClaimKind.PARCEL_DELIVERED, link="", order_name="№ 12")

    assert Encoding.UCS2 is rendered.size.encoding
    assert 2 == rendered.size.segments
