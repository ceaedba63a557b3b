"""A fail point: inert unless armed, strikes once, leaves a line."""

import os
import subprocess
import sys
from pathlib import Path

from ledger import failpoints
from tests.support.shared import ROOT
from tests.support.waiting import PATIENCE_S

PROGRAM = """
from ledger import failpoints
for kind in ("mail.send", "shop.hold"):
    if failpoints.ARMED:
        failpoints.reached("after-intent", ["mail.send"] if kind == "mail.send" else [kind, "mail.send"])
print("lived")
"""


def run(**environment: str) -> "subprocess.CompletedProcess[str]":
    env = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


def test_unarmed_it_is_not_there(tmp_path: Path) -> None:
    assert not failpoints.ARMED, "the tests' own process must live"
    assert run().stdout == "lived\n"


def test_it_kills_once_and_leaves_a_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    armed = {"AFTERCART_FAIL_POINT": "shop.hold:after-intent", "AFTERCART_FAIL_LOG": str(log)}

    assert run(**armed).returncode == -9
    assert log.read_text().startswith("shop.hold:after-intent ")

    assert run(**armed).stdout == "lived\n", "the file is there: whoever comes next lives"


def test_other_kinds_and_points_pass(tmp_path: Path) -> None:
    log = tmp_path / "log"
    for point in ("shop.hold:after-record", "label.buy:after-intent"):
        assert run(AFTERCART_FAIL_POINT=point, AFTERCART_FAIL_LOG=str(log)).stdout == "lived\n"
    assert not log.exists()


def test_a_misspelt_point_is_named() -> None:
    ended = run(AFTERCART_FAIL_POINT="shop.hold:after-lunch", AFTERCART_FAIL_LOG="unused")
    assert ended.returncode == 1
    assert "after-lunch" in ended.stderr
