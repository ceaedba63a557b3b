"""What is written into a template when it is loaded comes out as if it had been rendered."""

from dataclasses import replace

import pytest
from jinja2 import DictLoader, Environment
from markupsafe import Markup

from config.brand import load_brand
from config.templating import make_environment

BRAND = replace(load_brand(), name="Söhne & <Töchter>", support_phone="")


def env(*, escaped: bool, **templates: str) -> Environment:
    return make_environment(DictLoader(templates), "en", BRAND, escaped=escaped)


@pytest.mark.parametrize(
    ("template", "html", "text"),
    [
        ("{{ brand.name }}", "Söhne &amp; &lt;Töchter&gt;", BRAND.name),
        ("{{ brand.colours.text }}!", f"{BRAND.colours.text}!", f"{BRAND.colours.text}!"),
        ("{{ brand.name|upper }}", "SÖHNE &amp; &lt;TÖCHTER&gt;", BRAND.name.upper()),
        ("{% if brand.support_phone %}call{% else %}write{% endif %}", "write", "write"),
        ("{{ _('a <b>bold</b> 100%%') }}", "a <b>bold</b> 100%", "a <b>bold</b> 100%"),
        ("{{ _('from %(shop)s', shop=brand.name) }}", "from Söhne &amp; &lt;Töchter&gt;", f"from {BRAND.name}"),
        ("{{ other.brand.name }}", "&lt;other&gt;", "<other>"),
        ("{% raw %}{{ brand.name }}{% endraw %}", "{{ brand.name }}", "{{ brand.name }}"),
    ],
)
def test_steady_parts(template: str, html: str, text: str) -> None:
    context = {"other": {"brand": {"name": "<other>"}}}
    assert html == env(escaped=True, t=template).get_template("t").render(context)
    assert text == env(escaped=False, t=template).get_template("t").render(context)


def test_an_unknown_part_of_the_brand_is_found_when_the_template_is_loaded() -> None:
    with pytest.raises(AttributeError, match="motto"):
        env(escaped=True, t="{% if false %}{{ brand.motto }}{% endif %}").get_template("t")


def test_a_translation_stands_in_place_of_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    class German:
        def gettext(self, text: str) -> str:
            return {"Total": "Summe"}.get(text, text)

        def ngettext(self, one: str, many: str, count: int) -> str:
            return one if count == 1 else many

    monkeypatch.setattr("config.templating.translations", lambda language: German())
    assert "Summe <Total>" == env(escaped=False, t="{{ _('Total') }} <Total>").get_template("t").render()
    assert Markup("Summe") == env(escaped=True, t="{{ _('Total') }}").get_template("t").render()
