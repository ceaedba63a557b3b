"""The mailbox for people: a list, and one mail with its HTML in a frame that may run nothing."""

from html import escape

from sandbox.core.clock import stamp
from sandbox.core.http import Reply, html_reply
from sandbox.mail.store import Mail, MailStore

_SHOWN = 200
_STYLE = """
:root{--ink:#1d2530;--soft:#667085;--line:#e4e7ec;--paper:#fff;--wash:#f5f6f8;--accent:#1f6f5c}
*{box-sizing:border-box}
body{margin:0;background:var(--wash);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:960px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.35rem;margin:0 0 1rem}
.count{color:var(--soft);font-weight:400}
.card{background:var(--paper);border:1px solid var(--line);border-radius:10px;overflow:hidden}
a.row{display:grid;grid-template-columns:15rem 1fr 10rem;gap:1rem;padding:.7rem 1rem;color:inherit;
text-decoration:none;border-top:1px solid var(--line)}
a.row:first-child{border-top:0}
a.row:hover,a.row:focus{background:#eef5f3}
.cut{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
small{color:var(--soft)}
.subject{font-weight:600}
time{color:var(--soft);text-align:right;font-variant-numeric:tabular-nums}
dl{display:grid;grid-template-columns:6rem 1fr;gap:.15rem 1rem;margin:0;padding:1rem}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
iframe{display:block;width:100%;height:62vh;border:0;border-top:1px solid var(--line);background:#fff}
pre{margin:0;padding:1rem;border-top:1px solid var(--line);white-space:pre-wrap;overflow-wrap:anywhere}
nav a{color:var(--accent)}
.empty{padding:2rem;color:var(--soft);text-align:center}
@media(max-width:640px){a.row{grid-template-columns:1fr}time{text-align:left}}
"""


def _page(title: str, body: str) -> Reply:
    return html_reply(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )


def list_page(store: MailStore, to: str | None, subject: str | None) -> Reply:
    """The newest mails."""
    rows = []
    for mail in store.newest(to, subject):
        rows.append(_row(mail))
        if len(rows) == _SHOWN:
            break
    inside = "".join(rows) or '<p class="empty">No mail yet.</p>'
    return _page(
        "Mailbox",
        f'<h1>Mailbox <span class="count">{len(store)} mails</span></h1><div class="card">{inside}</div>',
    )


def _row(mail: Mail) -> str:
    sender, recipients = escape(mail.header("from")), escape(", ".join(mail.recipients))
    return (
        f'<a class="row" href="messages/{mail.id}"><span class="cut">{recipients}<br><small>{sender}</small></span>'
        f'<span class="subject">{escape(mail.subject or "(no subject)")}</span>'
        f"<time>{stamp(mail.received_at)[:16].replace('T', ' ')}</time></a>"
    )


def mail_page(mail: Mail) -> Reply:
    """One mail."""
    rows = (
        ("From", mail.header("from")),
        ("To", ", ".join(mail.recipients)),
        ("Subject", mail.subject),
        ("Received", f"{stamp(mail.received_at)[:16].replace('T', ' ')} UTC"),
    )
    head = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in rows)
    html, text = mail.body("html"), mail.body("plain")
    frame = f'<iframe sandbox title="HTML body" srcdoc="{escape(html)}"></iframe>' if html else ""
    plain = f"<pre>{escape(text)}</pre>" if text else ""
    return _page(
        mail.subject or "Mail",
        f'<nav><a href="../">All mails</a></nav><h1>{escape(mail.subject or "(no subject)")}</h1>'
        f'<div class="card"><dl>{head}</dl>{frame}{plain}</div>',
    )
