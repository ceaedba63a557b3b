"""What is written into a template when it is loaded comes out as if it had been rendered."""

from dataclasses import replace

import pytest
from jinja2 import DictLoader, Environment, UndefinedError
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
        ("{{ _('<b>%(a)s</b> %(b)s, 100%%', a=bad, b=good) }}", "<b>&lt;i&gt;</b> <i>, 100%", "<b><i></b> <i>, 100%"),
        ("{{ _('%(a)s', a=bad|upper)|lower ~ _('%(n)s', n=1) }}", "&lt;i&gt;1", "<i>1"),
        ("{{ _('in %(a)s', a=_('on %(b)s', b=_('it'))) }}", "in on it", "in on it"),
        ("{{ other.brand.name }}", "&lt;other&gt;", "<other>"),
        ("{% raw %}{{ brand.name }}{% endraw %}", "{{ brand.name }}", "{{ brand.name }}"),
    ],
)
def test_steady_parts(template: str, html: str, text: str) -> None:
    context = {"other": {"brand": {"name": "<other>"}}, "bad": "<i>", "good": Markup("<i>")}
    assert html == env(escaped=True, t=template).get_template("t").render(context)
    assert text == env(escaped=False, t=template).get_template("t").render(context)


def test_a_value_that_is_missing_is_no_empty_place() -> None:
    with pytest.raises(UndefinedError):
        env(escaped=True, t="{{ _('from %(shop)s', shop=nobody) }}").get_template("t").render()
    with pytest.raises(KeyError):
        env(escaped=True, t="{{ _('from %(shop)s', ship='x') }}").get_template("t").render()


def test_what_is_made_global_after_a_template_was_loaded_is_known_to_it() -> None:
    made = env(escaped=False, t="{% include 'u' %}", u="{{ later }}")
    template = made.get_template("t")
    made.globals["later"] = "now"
    assert "now" == template.render()


def test_an_unknown_part_of_the_brand_is_found_when_the_template_is_loaded() -> None:
    with pytest.raises(AttributeError, match="motto"):
        env(escaped=True, t="{% if false %}{{ brand.motto }}{% endif %}").get_template("t")


def test_a_translation_stands_in_place_of_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    class German:
        def gettext(self, text: str) -> str:
            return {"Total": "Summe", "Hi %(name)s,": "Guten Tag %(name)s,"}.get(text, text)

        def ngettext(self, one: str, many: str, count: int) -> str:
            return one if count == 1 else many

    monkeypatch.setattr("config.templating.translations", lambda language: German())
    assert "Summe <Total>" == env(escaped=False, t="{{ _('Total') }} <Total>").get_template("t").render()
    assert "Guten Tag A," == env(escaped=True, t="{{ _('Hi %(name)s,', name='A') }}").get_template("t").render()
    assert Markup("Summe") == env(escaped=True, t="{{ _('Total') }}").get_template("t").render()
