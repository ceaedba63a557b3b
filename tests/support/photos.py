"""Pictures to send: good ones, and such as nobody should have to open."""

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

SECRET = b"Kleine Gasse 7, behind the church"


def picture(kind: str = "JPEG", size: tuple[int, int] = (120, 80), *, mode: str = "RGB", **save: Any) -> bytes:
    """Its left half is red, its right half blue."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    out = BytesIO()
    image.convert(mode).save(out, kind, **save)
    return out.getvalue()


def told_picture(kind: str = "JPEG", *, orientation: int = 1, **save: Any) -> bytes:
    """With a place, a device, a comment and a profile in its metadata."""
    exif = Image.Exif()
    exif[Base.Orientation] = orientation
    exif[Base.Make] = SECRET.decode()
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] = (52.0, 31.0, 12.0)
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSAreaInformation] = SECRET
    comment = {"comment": SECRET} if kind == "JPEG" else {}
    return picture(kind, exif=exif, icc_profile=SECRET, **comment, **save)


def png_bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """Some hundred bytes that say that they are 3.6 gigapixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + _chunk(b"IEND", b"")
    )


def text_bomb() -> bytes:
    """A small picture with a text that unpacks to a hundred megabytes."""
    good = picture("PNG")
    text = b"note\0\0" + zlib.compress(b"\0" * 100_000_000, 9)
    return good[:33] + _chunk(b"zTXt", text) + good[33:]


def scan_bomb(scans: int = 5_000) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    good = picture("JPEG", (800, 800), progressive=True)
    last = good.rfind(b"\xff\xda")
    return good[:last] + good[last:-2] * scans + good[-2:]


def polyglot() -> bytes:
    """A picture with a page of script in its comment and a whole one behind its end."""
    page = b"<script>alert(1)</script>" + SECRET
    return picture("JPEG", comment=page) + page


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
