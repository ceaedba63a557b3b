"""An order's evidence for a bank, as paper. Pure."""

from collections.abc import Sequence
from pathlib import Path

from connectors.warehouses.paper import Paper
from domain.evidence import Evidence

_WIDTH_MM = 186.0


def evidence_pdf(evidence: Evidence, *, extra_fonts: Sequence[Path] = ()) -> bytes:
    """A PDF, which every bank's form takes."""
    paper = Paper(evidence.texts, title=evidence.title, created_at=evidence.created_at, extra_fonts=extra_fonts)
    paper.add_page()
    paper.font(16, bold=True)
    paper.say(_WIDTH_MM, 10, evidence.title)
    paper.ln(12)
    for title, lines in evidence.sections:
        paper.font(11, bold=True)
        paper.say(_WIDTH_MM, 7, title)
        paper.ln(7)
        paper.font(9)
        for line in lines:
            paper.multi_cell(0, 4.5, paper.plain(line), align="L", new_x="LMARGIN", new_y="NEXT")
        paper.ln(3)
    return bytes(paper.output())
