"""Every kind of case and every choice that the code offers has words for agents."""

import re

import pytest

from domain.case_words import CHOICES, KINDS, choice_words, kind_words
from tests.support.shared import ROOT

SOURCE = "\n".join(
    path.read_text(encoding="utf-8") for top in ("ledger", "tasks") for path in (ROOT / top).rglob("*.py")
)


@pytest.mark.row("PEO-1")
def test_every_kind_has_a_title_and_a_sentence() -> None:
    drafts = re.findall(r"CaseDraft\((.*?)choices=", SOURCE, flags=re.DOTALL)
    pairs = [pair for draft in drafts for pair in re.findall(r'kind=[^,]*?"(\w+)"(?: if .*? else "(\w+)")?', draft)]
    kinds = {kind for pair in pairs for kind in pair if kind}

    assert len(kinds) > 15
    assert set() == kinds - set(KINDS)


@pytest.mark.row("PEO-1")
def test_every_choice_says_what_will_happen() -> None:
    lists = re.findall(r"(?:choices\s*=\s*|CHOICES\s*=\s*)[\[(](.*?)[\])]", SOURCE, flags=re.DOTALL)
    choices = {choice for found in lists for choice in re.findall(r'"(\w+)"', found)}

    assert len(choices) > 20
    assert set() == choices - set(CHOICES)
    assert all(words.outcome.endswith(".") for words in CHOICES.values())


@pytest.mark.row("PEO-1", bad_input=True)
def test_what_has_no_words_is_shown_by_its_code_and_asked_about_twice() -> None:
    assert ("Something new", "") == kind_words("something_new")
    words = choice_words("something_new", "burn_it")
    assert ("Burn it", True) == (words.label, words.final)
