"""Label files: small, real PDF, ZPL, PNG and GIF bytes."""

import struct
import zlib

CONTENT_TYPES = {"pdf": "application/pdf", "zpl": "application/zpl", "png": "image/png"}
_GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)


def label_file(kind: str, lines: list[str]) -> bytes:
    """The bytes of a label of the kind pdf, zpl, png or gif; the sixth line is what the bar code says."""
    if kind == "pdf":
        return _pdf(lines)
    if kind == "gif":
        return _GIF
    return _zpl(lines) if kind == "zpl" else _png()


def _zpl(lines: list[str]) -> bytes:
    fields = [f"^FO40,{40 + 50 * n}^A0N,36,36^FD{line}^FS" for n, line in enumerate(lines) if line]
    barcode = f"^FO40,480^BY2^BCN,120,Y,N,N^FD{lines[5]}^FS"
    return ("^XA\n" + "\n".join([*fields, barcode]) + "\n^XZ\n").encode()


def _pdf(lines: list[str]) -> bytes:
    """One page of 4 x 6 inches with text; offsets are counted so that strict readers accept it."""

    def escaped(text: str) -> bytes:
        raw = text.encode("latin-1", "replace")
        return raw.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")

    text = b"".join(b"(" + escaped(line) + b") Tj T*\n" for line in lines if line)
    content = b"BT /F1 14 Tf 24 392 Td 24 TL\n" + text + b"ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 288 432] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, offsets = b"%PDF-1.4\n", []
    for number, value in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (size, table, size, len(out))
    )


def _png() -> bytes:
    """A white picture of 40 x 60 dots."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"\x00" + b"\xff" * 40
    header = struct.pack(">IIBBBBB", 40, 60, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows * 60)) + chunk(b"IEND", b"")
    )
