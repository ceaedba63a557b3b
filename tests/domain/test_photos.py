"""Photos: what is kept of a file that somebody sends, and what is refused."""

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from domain import photos
from domain.photos import LARGEST_BYTES, LONGEST_SIDE, BadPhoto, clean_photo
from tests.support.photos import SECRET, picture, png_bomb, polyglot, scan_bomb, text_bomb, told_picture

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100


def opened(raw: bytes) -> Image.Image:
    image = Image.open(BytesIO(raw))
    image.load()
    return image


def colour_at(image: Image.Image, x: float, y: float) -> str:
    red, _, blue = image.getpixel((int(image.width * x), int(image.height * y)))  # type: ignore[misc]
    return "red" if red > 200 > blue else "blue" if blue > 200 > red else "none of both"


@pytest.mark.row("RET-1")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_each_kind_becomes_a_plain_jpeg(kind: str) -> None:
    photo = clean_photo(picture(kind))
    image = opened(photo.content)
    assert ("JPEG", "RGB", (120, 80)) == (image.format, image.mode, image.size)
    assert (120, 80) == (photo.width, photo.height)
    assert ("red", "blue") == (colour_at(image, 0.2, 0.5), colour_at(image, 0.8, 0.5))


@pytest.mark.row("RET-1")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_no_metadata_stays(kind: str) -> None:
    raw = told_picture(kind)
    assert SECRET in raw or kind == "PNG"  # the profile of a PNG is packed
    assert opened(raw).getexif()
    image = opened(clean_photo(raw).content)
    assert not image.getexif()
    assert not {"exif", "icc_profile", "comment", "xmp"} & set(image.info)
    assert SECRET not in clean_photo(raw).content


@pytest.mark.parametrize(
    ("orientation", "size", "red_at"),
    [(1, (120, 80), (0.2, 0.5)), (2, (120, 80), (0.8, 0.5)), (3, (120, 80), (0.8, 0.5)), (4, (120, 80), (0.2, 0.5)),
     (5, (80, 120), (0.5, 0.2)), (6, (80, 120), (0.5, 0.2)), (7, (80, 120), (0.5, 0.8)), (8, (80, 120), (0.5, 0.8)),
     (99, (120, 80), (0.2, 0.5))],
)  # fmt: skip
def test_it_stands_upright(orientation: int, size: tuple[int, int], red_at: tuple[float, float]) -> None:
    image = opened(clean_photo(told_picture(orientation=orientation)).content)
    assert size == image.size
    assert "red" == colour_at(image, *red_at)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "I;16"])
def test_every_mode_of_a_png_can_be_seen(mode: str) -> None:
    out = BytesIO()
    Image.new(mode, (40, 40)).save(out, "PNG")
    assert "RGB" == opened(clean_photo(out.getvalue()).content).mode


def test_nothing_behind_glass_turns_black() -> None:
    out = BytesIO()
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(out, "PNG")
    assert (255, 255, 255) == opened(clean_photo(out.getvalue()).content).getpixel((5, 5))


def test_a_large_one_is_made_smaller() -> None:
    image = opened(clean_photo(picture(size=(6000, 4000))).content)
    assert LONGEST_SIDE == max(image.size)
    assert image.width == pytest.approx(image.height * 1.5, abs=2)


@pytest.mark.row("RET-1", bad_input=True)
@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "photo_empty"),
        (b"\xff\xd8\xff" + b"\0" * LARGEST_BYTES, "photo_too_large"),
        (b"<html><script>alert(1)</script>", "photo_wrong_type"),
        (b"%PDF-1.7\n", "photo_wrong_type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "photo_wrong_type"),
        (picture("GIF"), "photo_wrong_type"),
        (picture("TIFF"), "photo_wrong_type"),
        (HEIC, "photo_heic"),
        (picture(size=(15, 400)), "photo_too_small"),
        (png_bomb(), "photo_too_many_pixels"),
        (png_bomb(10_000, 9_500), "photo_too_many_pixels"),
        (png_bomb(5_001, 5_001), "photo_too_many_pixels"),
        (png_bomb(100, 100), "photo_broken"),
        (scan_bomb(), "photo_broken"),
        (text_bomb(), "photo_broken"),
        (picture()[:200], "photo_broken"),
        (picture("JPEG", (900, 900))[:-400], "photo_broken"),
        (picture("PNG")[:-30], "photo_broken"),
        (picture("WEBP")[:-20], "photo_broken"),
        (b"\xff\xd8\xff" + b"nothing of that kind", "photo_broken"),
        (b"RIFF\xff\xff\xff\xffWEBPVP8 ", "photo_broken"),
    ],
)  # fmt: skip
def test_what_is_refused(raw: bytes, code: str) -> None:
    with pytest.raises(BadPhoto) as refused:
        clean_photo(raw)
    assert code == refused.value.code


@pytest.mark.row("RET-1", bad_input=True)
def test_of_a_file_that_is_two_things_only_the_picture_stays() -> None:
    raw = polyglot()
    assert b"<script>" in raw
    kept = clean_photo(raw).content
    assert b"<script>" not in kept
    assert SECRET not in kept


def test_progressive_pictures_are_held_to_what_they_take() -> None:
    assert clean_photo(picture(size=(400, 300), progressive=True)).width == 400
    assert photos.LARGEST_WHOLE_PIXELS < photos.LARGEST_PIXELS


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_broken_bytes_are_refused_in_one_way(data: st.DataObject) -> None:
    raw = bytearray(told_picture(data.draw(st.sampled_from(["JPEG", "PNG", "WEBP"]))))
    for _ in range(data.draw(st.integers(1, 12))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        kept = clean_photo(bytes(raw[: data.draw(st.integers(1, len(raw)))])).content
    except BadPhoto:
        return
    assert "JPEG" == opened(kept).format
