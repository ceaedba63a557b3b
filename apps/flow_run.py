"""A run of a deployment, begun as quickly as Python allows: `python -m apps.flow_run` is `python -m prefect.engine`,
with what every flow needs imported first.

Collecting garbage among what is imported (`apps.loops`), while it is imported and again at the end, costs a second of
CPU for each run, of three to four in all.
"""

import gc
import importlib
import runpy
import warnings

from apps.loops import spare_what_is_imported, use_uvloop

_ENGINE = "prefect.engine"
_NEEDED = ("prefect.flow_engine", "config.wiring")


def main() -> None:
    """Does not return where the run failed: Prefect's engine ends the process."""
    gc.disable()
    for name in _NEEDED:
        importlib.import_module(name)
    spare_what_is_imported()
    gc.enable()
    use_uvloop()
    # what is run is a copy beside the one that Prefect's other modules import, as `python -m` makes it too
    warnings.filterwarnings("ignore", f"'{_ENGINE}' found in sys.modules", RuntimeWarning)
    runpy.run_module(_ENGINE, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
