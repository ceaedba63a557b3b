"""What a scanner reads is found again in the ledger."""

import pytest

from domain.scans import article_codes, is_same_article, tracking_numbers

PARCEL = "9202090100000000000013"


@pytest.mark.parametrize("code", [PARCEL, f"42011201{PARCEL}", f"420112011234{PARCEL}", f" 420 11201\x1d{PARCEL} "])
def test_a_usps_label_is_read_with_and_without_its_routing(code: str) -> None:
    assert PARCEL in tracking_numbers(code)


def test_other_labels_are_taken_as_they_are() -> None:
    assert ("1z999aa10123456784", "1Z999AA10123456784") == tracking_numbers("1z999aa10123456784")
    assert ("420123",) == tracking_numbers("420123")
    assert () == tracking_numbers(" ")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("MUG-ENA-WHT", "mug-ena-wht", True),
        ("0614141999996", "614141999996", True),
        ("614141999996", "614141999997", False),
        ("", "", False),
        ("0", "", False),
    ],
)
def test_articles_are_the_same_whatever_the_scanner_adds(one: str, other: str, same: bool) -> None:
    assert same is is_same_article(one, other)


def test_a_catalogue_is_asked_for_every_length_of_a_number() -> None:
    assert {"614141999996", "0614141999996", "00614141999996"} == set(article_codes("0614141999996"))
    assert ("mug", "MUG") == article_codes("mug ")
