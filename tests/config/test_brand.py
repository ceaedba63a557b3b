"""The brand file is refused with file, key and reason."""

from pathlib import Path

import pytest

from config.brand import BRAND_FILE, BrandError, contrast, load_brand


def test_shipped_brand_loads() -> None:
    assert load_brand().support_email


def test_contrast_of_black_on_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('name = "Harbour & Pine"\n', "", "brand.toml: name: missing"),
        ('name = "Harbour & Pine"\n', 'name = ""\n', "brand.toml: name: must be one line of text"),
        ('name = "Harbour & Pine"\n', "name = 3\n", "brand.toml: name: must be one line of text"),
        ("support_phone", "support_fone", "brand.toml: support_phone: missing"),
        ('"#1f5c4d"', '"green"', "brand.toml: colours.accent: must be #rrggbb"),
        ('"#5d646b"', '"#bbbbbb"', "brand.toml: colours.muted on card: contrast 1.9 is below 4.5"),
        ("help@shop.example.com", "help", "brand.toml: support_email: not a mail address"),
        ("orders@shop.example.com", "orders", "brand.toml: sender_email: not a mail address"),
        ("https://shop.example.com", "shop", "brand.toml: website_url: not a web address"),
        ("[colours]", "[colours", r"brand.toml: cannot be read \(TOMLDecodeError\)"),
    ],
)
def test_wrong_brand_is_refused(tmp_path: Path, old: str, new: str, reason: str) -> None:
    text = BRAND_FILE.read_text("utf-8")
    assert old in text
    path = tmp_path / "brand.toml"
    path.write_text(text.replace(old, new, 1), "utf-8")

    with pytest.raises(BrandError, match=f"^{reason}$"):
        load_brand(path)
