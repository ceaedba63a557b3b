"""Languages that mails are written in: the Babel catalogues under config/locale.

A catalogue is compiled from its .po file when it is first used, so that no build step and no binary file is
needed. Texts are gathered with (from the project's root):

    pybabel extract -F config/locale/babel.cfg -o config/locale/aftercart.pot --no-location .
    pybabel update -D aftercart -i config/locale/aftercart.pot -d config/locale \\
        --ignore-obsolete --no-fuzzy-matching
"""

from dataclasses import dataclass
from functools import cache, lru_cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

from babel.core import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = Path(__file__).with_name("locale")
DOMAIN = "aftercart"
DEFAULT_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class PickedLocale:
    """`language` has a catalogue; `format` (Babel) and `tag` (BCP 47) keep the region, as in en_GB."""

    language: str
    format: str
    tag: str


@cache
def languages(root: Path = LOCALES) -> frozenset[str]:
    """Languages with a catalogue."""
    return frozenset(path.parent.parent.name for path in root.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


@lru_cache(maxsize=512)
def pick_locale(wanted: str, root: Path = LOCALES) -> PickedLocale:
    """The nearest locale that we can write; English when there is none. Never raises.

    Without a catalogue dates and amounts are English too: half a language reads worse than another one.
    """
    fallback = PickedLocale(DEFAULT_LANGUAGE, DEFAULT_LANGUAGE, DEFAULT_LANGUAGE)
    try:
        locale = Locale.parse(wanted.strip().replace("-", "_"))
    except (ValueError, UnknownLocaleError, TypeError):
        language = wanted.strip().lower().replace("-", "_").split("_")[0]
        return PickedLocale(language, language, language) if language in languages(root) else fallback
    if locale.language not in languages(root):
        return fallback
    code = f"{locale.language}_{locale.territory}" if locale.territory else locale.language
    return PickedLocale(locale.language, code, code.replace("_", "-"))


@cache
def translations(language: str, root: Path = LOCALES) -> GNUTranslations:
    """The catalogue of a language. A text that it lacks comes out in English. Raises: OSError without one."""
    with (root / language / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as file:
        catalogue = read_po(file, locale=language, domain=DOMAIN)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
