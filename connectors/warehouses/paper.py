"""Pages of A4 with text in any script that a font at hand covers, and QR codes."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal

import fontpkg_noto_sans  # type: ignore[import-untyped]  # it has no types
import segno
from fpdf import FPDF
from fpdf.fonts import TTFFont

_NOTO = Path(fontpkg_noto_sans.ROOT) / "files" / "NotoSans[wdth,wght].ttf"
_MISSING = "?"
_MARGIN_MM = 12


class Paper(FPDF):
    """One document. Western texts use the built-in fonts, which cost nothing; others embed Noto Sans.

    `extra_fonts` are files for scripts that Noto Sans lacks (Chinese, Arabic); what no font has prints "?".
    The same content gives the same bytes: the only time in it is `created_at`.
    """

    def __init__(
        self, texts: Sequence[str], *, title: str, created_at: datetime, extra_fonts: Sequence[Path] = ()
    ) -> None:
        super().__init__(format="A4")
        self.set_margin(_MARGIN_MM)
        self.set_auto_page_break(True, margin=_MARGIN_MM + 4)
        self._covered: set[int] | None = None
        self._family = "helvetica"
        if not all(map(_is_western, [*texts, title])):
            self._embed(extra_fonts)
        self.set_title(self.plain(title))
        self.set_creation_date(created_at)
        self.footer_text = self.plain(title)

    def _embed(self, extra_fonts: Sequence[Path]) -> None:
        self._family = "noto"
        self.add_font("noto", fname=_NOTO)
        for number, path in enumerate(extra_fonts):
            self.add_font(f"extra{number}", fname=path)
        self.set_fallback_fonts([f"extra{number}" for number in range(len(extra_fonts))], exact_match=False)
        loaded = [font for font in self.fonts.values() if isinstance(font, TTFFont)]
        self._covered = {code for font in loaded for code in font.cmap}

    def plain(self, text: str) -> str:
        """One line, without what no font covers: fpdf2 would log it, and names are personal."""
        line = " ".join(text.split())
        if self._covered is None:
            return line
        covered = self._covered
        return "".join(char if ord(char) in covered else _MISSING for char in line)

    def footer(self) -> None:
        """Called by fpdf2 at the end of each page."""
        self.set_y(-_MARGIN_MM)
        self.font(8)
        self.cell(0, 5, f"{self.footer_text}  {self.page_no()}/{{nb}}", align="R")

    def font(self, size: float, *, bold: bool = False) -> None:
        """Set the size (points) of what follows; cutting a bold out of Noto's file would take seconds."""
        self.set_font(self._family, "B" if bold and self._covered is None else "", size)

    def say(self, width: float, height: float, text: str, *, align: str = "L", border: Literal[0, 1] | str = 0) -> None:
        """One line in a box of that width (mm); a text that is too long is cut with an ellipsis."""
        self.cell(width, height, self.fitted(self.plain(text), width - 2), align=align, border=border)

    def fitted(self, text: str, width: float) -> str:
        """The longest beginning of the text that fits."""
        if self.get_string_width(text) <= width:
            return text
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            if self.get_string_width(text[:middle] + "...") <= width:
                low = middle
            else:
                high = middle - 1
        return text[:low] + "..."

    def qr(self, text: str, x: float, y: float, size: float) -> None:
        """A QR code (level M, quiet zone included) of that size in mm."""
        rows = _qr_rows(text)
        module = size / (len(rows) + 8)  # four modules of quiet zone on each side
        self.set_fill_color(0)
        for index, runs in enumerate(rows):
            for start, length in runs:
                left, top = x + (start + 4) * module, y + (index + 4) * module
                self.rect(left, top, length * module, module, style="F")


@lru_cache(maxsize=512)
def _qr_rows(text: str) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Dark runs (start, length) per row."""
    rows = []
    for row in segno.make(text, error="m", micro=False).matrix:
        runs, start = [], None
        for column, dark in enumerate([*row, 0]):
            if dark and start is None:
                start = column
            elif not dark and start is not None:
                runs.append((start, column - start))
                start = None
        rows.append(tuple(runs))
    return tuple(rows)


def _is_western(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True
