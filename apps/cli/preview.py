"""Every mail as a page to look at."""

from html import escape
from pathlib import Path

from config.brand import Brand
from tasks.rendering import preview_all

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<body style="font: 16px/1.6 sans-serif; max-width: 40rem; margin: 2rem auto"><h1>{title}</h1><ul>
{items}
</ul></body></html>
"""


def write_preview(out: Path, brand: Brand, locale: str) -> Path:
    """One HTML and one text file per kind of mail, and an index of them, whose path is returned."""
    out.mkdir(parents=True, exist_ok=True)
    items = []
    for kind, mail in preview_all(brand, locale=locale):
        (out / f"{kind}.html").write_text(mail.html, encoding="utf-8")
        (out / f"{kind}.txt").write_text(mail.text, encoding="utf-8")
        link = f'<a href="{kind}.html">{escape(mail.subject)}</a>'
        items.append(f'<li>{link} <small>{kind} · <a href="{kind}.txt">text</a></small></li>')
    index = out / "index.html"
    title = f"Mails of {escape(brand.name)}"
    index.write_text(PAGE.format(title=title, items="\n".join(items)), encoding="utf-8")
    return index
