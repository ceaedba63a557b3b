"""Photos of goods as they may be kept: decoded and written anew, so that of the file that was sent nothing stays but
the picture. Where it was taken, with what and by whom stands in the metadata; what else a file may be (a page, an
archive) stands behind its picture or inside it."""

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO

from PIL import Image
from PIL.ExifTags import Base

LARGEST_BYTES = 15_000_000  # as it is sent; what a phone makes at its best
LARGEST_PIXELS = 50_000_000  # of a plain JPEG, which is decoded at a fraction of its size
LARGEST_WHOLE_PIXELS = 25_000_000  # of all else: it takes four bytes a pixel
SMALLEST_SIDE = 16  # pixels; nothing can be seen on less
LONGEST_SIDE = 2048  # pixels, as it is kept: a label can be read, and a page of photos is not endless
CONTENT_TYPE = "image/jpeg"
_QUALITY = 85
# A progressive JPEG is a pile of scans, each over the whole picture: some bytes more, some seconds more. Encoders write
# ten, and a thumbnail and a second picture may be in the file.
_MOST_SCANS = 40
_SCAN = b"\xff\xda"  # inside a scan's data an FF is always followed by 00
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"})
_TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # EXIF's orientation -> what makes it upright
# What the decoders say of a file that is no picture or is broken
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, OverflowError, struct.error, zlib.error)


class BadPhoto(Exception):
    """A file that is not kept. `code`: photo_empty, photo_too_large, photo_wrong_type, photo_heic,
    photo_too_many_pixels, photo_too_small, photo_broken."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Photo:
    """A JPEG of our own making, upright, in RGB, without metadata. Sizes in pixels."""

    content: bytes
    width: int
    height: int


def clean_photo(raw: bytes) -> Photo:
    """The picture in a JPEG, PNG or WebP file; of several in one file the first. What it is, its content says, not its
    name. A colour profile goes with the metadata. Raises: BadPhoto."""
    if not raw:
        raise BadPhoto("photo_empty")
    if len(raw) > LARGEST_BYTES:
        raise BadPhoto("photo_too_large")
    kind = _kind_of(raw)
    try:
        with Image.open(BytesIO(raw), formats=(kind,)) as image:
            _check_size(image)
            upright = _turned(_small(image), _orientation(image))
            return Photo(_written(upright), *upright.size)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadPhoto("photo_too_many_pixels") from None
    except _BROKEN:
        raise BadPhoto("photo_broken") from None


def _kind_of(raw: bytes) -> str:
    """Pillow's name of the format by the first bytes. Raises: BadPhoto."""
    if raw.startswith(b"\xff\xd8\xff"):
        if raw.count(_SCAN) > _MOST_SCANS:
            raise BadPhoto("photo_broken")
        return "JPEG"
    if raw.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        return "WEBP"
    raise BadPhoto("photo_heic" if raw[4:8] == b"ftyp" and raw[8:12] in _HEIF_BRANDS else "photo_wrong_type")


def _check_size(image: Image.Image) -> None:
    """Before anything is decoded. Raises: BadPhoto."""
    pixels = image.width * image.height
    plain = image.format in ("JPEG", "MPO") and not image.info.get("progressive")
    if pixels > (LARGEST_PIXELS if plain else LARGEST_WHOLE_PIXELS):
        raise BadPhoto("photo_too_many_pixels")
    if min(image.size) < SMALLEST_SIDE:
        raise BadPhoto("photo_too_small")


def _small(image: Image.Image) -> Image.Image:
    """In RGB, on white, and no longer than is kept."""
    image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    image.load()
    see_through = image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info
    pixels = image.convert("RGBA" if see_through else "RGB")
    pixels.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    plain = Image.new("RGB", pixels.size, "white")  # a new one: comments and profiles go along with a copy
    plain.paste(pixels, mask=pixels if see_through else None)
    return plain


def _orientation(image: Image.Image) -> int:
    """As EXIF says it; metadata that cannot be read is no reason to refuse the picture."""
    try:
        return int(image.getexif().get(Base.Orientation, 1))
    except _BROKEN:
        return 1


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    method = _TURNED.get(orientation)
    return image if method is None else image.transpose(method)


def _written(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return out.getvalue()
