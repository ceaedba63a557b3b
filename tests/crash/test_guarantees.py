"""The hand-written table of promises against the registry of effects."""

import re

import pytest

from tasks.effect_kinds import KINDS
from tests.crash.promises import EXPECTED, GUIDE, promises
from tests.support.shared import ROOT


@pytest.mark.row("TRU-1")
def test_every_kind_is_promised_something() -> None:
    assert set(promises()) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_code_agrees_with_the_promise(kind: str) -> None:
    handlers, look_up = KINDS[kind].handlers, KINDS[kind].look_up
    words = promises()[kind].words
    if words == "exactly once by vendor key":
        assert handlers.keyed
    elif words == "exactly once by look-up before repeat":
        assert handlers.can_look_up
        assert look_up is not None or handlers.keyed, "looked up by the machine, or within the call itself"
    elif words == "at most once and an open case on doubt":
        assert not handlers.keyed
        assert not handlers.can_look_up
        assert look_up is None
    elif words == "at most once, found or an open case":
        assert (handlers.keyed, handlers.can_look_up) == (False, True)
        assert look_up is not None
    else:
        assert (handlers.keyed, handlers.can_look_up) == (True, False)


def test_every_promise_is_explained_and_names_tests_that_exist() -> None:
    text = GUIDE.read_text("utf-8")
    for words in EXPECTED:
        assert f"- **{words}**" in text
    for line in text.splitlines():
        if line.startswith("| `"):
            assert len([cell for cell in line.split("|") if cell.strip()]) == 4, line
            shown_by = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", line)
            assert shown_by, line
            for path, name in shown_by:
                assert f"def {name}(" in (ROOT / path).read_text("utf-8"), (path, name)
    for path in re.findall(r"`(tests/[\w/]+\.py)`", text):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize(
    ("words", "point", "accepted", "asked", "done", "kept"),
    [
        ("exactly once by vendor key", "acted", 1, False, True, True),
        ("exactly once by vendor key", "acted", 2, False, True, False),
        ("exactly once by vendor key", "acted", 0, False, True, False),
        ("exactly once by look-up before repeat", "acted", 1, True, False, False),
        ("at most once and an open case on doubt", "after-intent", 0, True, False, True),
        ("at most once and an open case on doubt", "acted", 1, True, False, True),
        ("at most once and an open case on doubt", "before-record", 1, False, True, False),
        ("at most once and an open case on doubt", "acted", 0, False, True, False),
        ("at most once and an open case on doubt", "acted", 2, True, False, False),
        ("at most once and an open case on doubt", "before-intent", 0, True, False, False),
        ("at most once and an open case on doubt", "before-intent", 1, False, True, True),
        ("at most once and an open case on doubt", "after-record", 1, True, False, False),
        ("at most once and an open case on doubt", "after-record", 1, False, True, True),
        ("at most once, found or an open case", "acted", 1, False, True, True),
        ("at most once, found or an open case", "after-intent", 0, True, False, True),
        ("at most once, found or an open case", "acted", 0, False, True, False),
        ("at most once, found or an open case", "acted", 2, False, True, False),
        ("at most once, found or an open case", "acted", 1, True, False, False),
        ("at most once, found or an open case", "before-intent", 0, True, False, False),
        ("free to repeat", "acted", 2, False, True, True),
        ("free to repeat", "acted", 0, False, True, False),
    ],
)
def test_what_counts_as_kept(words: str, point: str, accepted: int, asked: bool, done: bool, kept: bool) -> None:
    promise = next(p for p in promises().values() if p.words == words)
    assert kept == promise.kept(point=point, accepted=accepted, asked=asked, done=done)
