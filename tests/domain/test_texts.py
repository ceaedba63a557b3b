"""Sizes of texts at every boundary, numbers, answers, and what a text may name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.claims import ClaimKind, Purpose
from domain.texts import NAMES, Answer, Encoding, ForbiddenName, answer_of, check_names, phone_number, plainer, size_of


@pytest.mark.row("COM-3")
@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        pytest.param("", Encoding.GSM7, 0, 1, id="nothing"),
        pytest.param("a" * 160, Encoding.GSM7, 160, 1, id="one full segment"),
        pytest.param("a" * 161, Encoding.GSM7, 161, 2, id="one more"),
        pytest.param("a" * 306, Encoding.GSM7, 306, 2, id="two full segments"),
        pytest.param("a" * 307, Encoding.GSM7, 307, 3, id="three"),
        pytest.param("€" * 80, Encoding.GSM7, 160, 1, id="extended characters count twice"),
        pytest.param("a" * 152 + "€" + "a" * 7, Encoding.GSM7, 161, 2, id="an escape is not cut from its character"),
        pytest.param("a" * 152 + "€" + "a" * 152, Encoding.GSM7, 306, 3, id="so a segment may stay short"),
        pytest.param("é" * 160, Encoding.GSM7, 160, 1, id="accents of the alphabet"),
        pytest.param("ł" + "a" * 69, Encoding.UCS2, 70, 1, id="one foreign letter"),
        pytest.param("ł" + "a" * 70, Encoding.UCS2, 71, 2, id="and one more"),
        pytest.param("😀" * 35, Encoding.UCS2, 70, 1, id="a smiley counts twice"),
        pytest.param("a" * 66 + "😀" * 34, Encoding.UCS2, 134, 3, id="and is not cut in two"),
    ],
)
def test_size_of_a_text(text: str, encoding: Encoding, units: int, segments: int) -> None:
    size = size_of(text)

    assert (encoding, units, segments) == (size.encoding, size.units, size.segments)


@given(st.text(max_size=400))
def test_segments_hold_what_they_hold(text: str) -> None:
    size = size_of(text)

    most = {Encoding.GSM7: (160, 153), Encoding.UCS2: (70, 67)}[size.encoding]
    assert size.units <= (most[0] if size.segments == 1 else size.segments * most[1])


def test_typographic_signs_do_not_make_a_text_longer() -> None:
    assert 'It\'s "here" - now...' == plainer("It\u2019s \u201chere\u201d \u2013 now\u2026")
    assert Encoding.GSM7 is size_of(plainer("\u201cWe\u2019re sorry\u201d \u2014 \u2026\u00a0")).encoding


@pytest.mark.row("COM-3", bad_input=True)
@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("+1 (415) 555-0100", "+14155550100"),
        ("0049 30 901820", "+4930901820"),
        ("+49.30.901820", "+4930901820"),
        ("415 555 0100", ""),  # of which country?
        ("+0 415 555 0100", ""),
        ("+1", ""),
        ("+1234567890123456", ""),
        ("+1415555O100", ""),
        ("\uff0b14155550100", ""),
        ("", ""),
    ],
)
def test_phone_numbers(typed: str, number: str) -> None:
    assert number == phone_number(typed)


@pytest.mark.row("COM-3")
@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("STOP", Answer.STOP),
        (" stop. ", Answer.STOP),
        ("Opt  Out!", Answer.STOP),
        ("unsubscribe", Answer.STOP),
        ("Start", Answer.START),
        ("HELP?", Answer.HELP),
        ("Please stop by at noon", Answer.WORDS),
        ("don't stop", Answer.WORDS),
        ("", Answer.WORDS),
    ],
)
def test_answers_to_texts(text: str, answer: Answer) -> None:
    assert answer is answer_of(text)


@pytest.mark.row("COM-3", bad_input=True)
@pytest.mark.parametrize("name", ["amount", "money", "code", "lines", "brand", "url", "first_name"])
def test_a_text_that_says_sorry_has_nothing_to_sell_with(name: str) -> None:
    for purpose in Purpose:
        with pytest.raises(ForbiddenName, match=name):
            check_names(ClaimKind.PARCEL_LOST, purpose, NAMES[purpose] | {name})
        check_names(ClaimKind.PARCEL_LOST, purpose, NAMES[purpose])
