"""The plugin that says which requirements a run has proven."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.rows_list import ROWS
from tests.support.shared import ROOT

SUITE = """
import pytest

@pytest.mark.row("CAP-1")
def test_good(): pass

@pytest.mark.row("CAP-1", bad_input=True)
@pytest.mark.row("CAP-2")
def test_bad(): pass

@pytest.mark.row("VAL-1")
def test_lacks_bad_input(): pass

@pytest.mark.row("VAL-2")
def test_val_good(): pass

@pytest.mark.row("VAL-2", bad_input=True)
def test_val_bad(): pass

@pytest.mark.row("VAL-2")
def test_val_skipped(): pytest.skip("no shared contracts: not here")

@pytest.mark.row("RTE-1")
def test_rte_good(): pass

@pytest.mark.row("RTE-1", bad_input=True)
def test_rte_fails(): assert False
"""


def run(folder: Path, suite: str, *options: str) -> str:
    (folder / "suite").mkdir(exist_ok=True)
    (folder / "suite" / "test_suite.py").write_text(suite)
    (folder / "suite" / "conftest.py").write_text(
        f"import pathlib\nfrom tests.support import rows\nrows.FILE = pathlib.Path({str(folder)!r}) / 'rows.json'\n"
        "from tests.support.rows import pytest_configure\n"
    )
    (folder / "pytest.ini").write_text(
        "[pytest]\ntestpaths = suite\nmarkers = row(id, bad_input)\naddopts = --import-mode=importlib\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", *options]
    env = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "AFTERCART_SHARED": str(folder / "none")}
    ended = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    return ended.stdout + ended.stderr


@pytest.mark.parametrize(
    "options", [(), ("-n", "2"), ("-p", "no:cacheprovider")], ids=["one process", "xdist", "no cache"]
)
def test_a_row_is_proven_by_both_kinds_of_tests_and_no_broken_one(tmp_path: Path, options: tuple[str, ...]) -> None:
    said = run(tmp_path, SUITE, *options)

    found = json.loads((tmp_path / "rows.json").read_text())
    assert list(found) == list(ROWS)
    assert {row: tests for row, tests in found.items() if tests} == {
        "CAP-1": ["suite/test_suite.py::test_bad", "suite/test_suite.py::test_good"]
    }
    assert "1 tests were skipped: no shared contracts" in said


def test_a_part_of_the_suite_is_not_written(tmp_path: Path) -> None:
    run(tmp_path, SUITE, "-k", "test_good")

    assert not (tmp_path / "rows.json").exists()


def test_an_unknown_row_is_refused(tmp_path: Path) -> None:
    said = run(tmp_path, 'import pytest\n\n@pytest.mark.row("CAP-99")\ndef test_it(): pass\n')

    assert "REQUIREMENTS has no row CAP-99" in said


def test_the_list_is_that_of_the_requirements(shared: Path) -> None:
    text = (shared / "REQUIREMENTS.md").read_text(encoding="utf-8")

    assert re.findall(r"^\| ([A-Z]{3}-\d+) \|", text, re.MULTILINE) == list(ROWS)
