"""How programs run: a worker and a run of a deployment collect seldom, and not among what they imported."""

import json
import subprocess
import sys

import pytest

from tests.support.shared import ROOT

_TELL = """
import asyncio, gc, json, sys
from apps import flow_run, loops

def tell():
    loop = type(asyncio.get_running_loop()).__module__
    print(json.dumps([loop, gc.isenabled(), gc.get_threshold()[0] > 700, gc.get_freeze_count() > 10_000]))

async def program():
    tell()
"""
_WAYS = {
    "worker": "loops.run(program())",
    "run": "flow_run.runpy.run_module = lambda *_, **__: asyncio.run(program())\nflow_run.main()",
}


@pytest.mark.parametrize("way", _WAYS)
def test_it_is_on_uvloop_and_spares_what_is_imported(way: str) -> None:
    done = subprocess.run([sys.executable, "-c", _TELL + _WAYS[way]], cwd=ROOT, capture_output=True, check=False)

    assert 0 == done.returncode, done.stderr
    assert ["uvloop", True, True, True] == json.loads(done.stdout)
