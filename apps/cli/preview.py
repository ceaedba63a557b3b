"""Every mail as a page to look at, and every text with what it costs."""

from html import escape
from pathlib import Path

from config.brand import Brand
from tasks.rendering import preview_all
from tasks.text_rendering import preview_texts

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<body style="font: 16px/1.6 sans-serif; max-width: 40rem; margin: 2rem auto"><h1>{title}</h1><ul>
{items}
</ul><h2>Texts</h2><ul>
{texts}
</ul></body></html>
"""


def write_preview(out: Path, brand: Brand, locale: str, *, segments: int = 2) -> Path:
    """One HTML and one text file per kind of mail, and an index of them and of all texts, whose path is returned.

    `segments`: the most that a text may cost."""
    out.mkdir(parents=True, exist_ok=True)
    items = []
    for kind, mail in preview_all(brand, locale=locale):
        (out / f"{kind}.html").write_text(mail.html, encoding="utf-8")
        (out / f"{kind}.txt").write_text(mail.text, encoding="utf-8")
        link = f'<a href="{kind}.html">{escape(mail.subject)}</a>'
        items.append(f'<li>{link} <small>{kind} · <a href="{kind}.txt">text</a></small></li>')
    index = out / "index.html"
    title = f"Mails of {escape(brand.name)}"
    texts = [
        f"<li>{escape(text.body)} <small>{kind} · {text.size.segments} × {text.size.encoding}</small></li>"
        for kind, text in preview_texts(brand, locale=locale, most=segments).items()
    ]
    page = PAGE.format(title=title, items="\n".join(items), texts="\n".join(texts))
    index.write_text(page, encoding="utf-8")
    return index
