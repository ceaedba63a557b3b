"""The programs of a chaos run: killed by signal 9 and reaped, started again; an end of their own is noted."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.chaos.programs import Program, ProgramError
from tests.support.waiting import wait_until

ECHO = "import sys\nfor line in sys.stdin:\n    print('done', flush=True)\n"
Make = Callable[..., Program]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    with ExitStack() as stack:

        def start(code: str, *, talks: bool = False) -> Program:
            program = Program("clerk", ["-c", code], {}, tmp_path / "clerk.log", talks=talks)
            program.start()
            stack.callback(program.stop)
            return program

        yield start


def test_a_killed_program_is_reaped_and_answers_again(make: Make) -> None:
    program = make(ECHO, talks=True)
    assert program.ask("round")

    program.kill()

    assert program.ask("round")
    assert (program.deaths, program.faults) == (1, [])


def test_one_that_dies_over_its_work_says_so(make: Make) -> None:
    program = make("import os, sys\nsys.stdin.readline()\nos.kill(os.getpid(), 9)", talks=True)
    assert not program.ask("round")


def test_one_that_hangs_over_its_work_is_killed(make: Make) -> None:
    program = make("import sys\nsys.stdin.read()", talks=True)

    with pytest.raises(ProgramError, match="clerk has not done 'round'"):
        program.ask("round", within_s=0.2)

    program.mend()
    assert program.faults == ["clerk ended by itself with -9: nothing said"]


def test_a_program_that_ends_by_itself_is_noted_with_its_last_words(make: Make) -> None:
    program = make("import sys\nsys.exit('the ledger went away')")

    def noted() -> list[str]:
        program.mend()
        return program.faults

    wait_until(noted)

    assert program.faults[0] == "clerk ended by itself with 1: the ledger went away"
    assert program.deaths == 0
