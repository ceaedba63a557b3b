"""The constraints files against pyproject.toml: nothing unpinned, nothing without a hash, no registry named."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.shared import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
FILES = ("constraints.txt", "constraints-dev.txt")
RUN = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["build"]]


def pins(*names: str) -> dict[str, str]:
    text = "\n".join((ROOT / name).read_text("utf-8") for name in names)
    return {
        canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", text, re.MULTILINE)
    }


@pytest.mark.parametrize(
    ("wanted", "files"), [(RUN, FILES[:1]), (PROJECT["optional-dependencies"]["dev"], FILES)], ids=["run", "dev"]
)
def test_every_dependency_is_pinned_to_a_version_that_is_allowed(wanted: list[str], files: tuple[str, ...]) -> None:
    pinned = pins(*files)

    for requirement in map(Requirement, wanted):
        version = pinned.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not pinned; run `make constraints`"
        assert version in requirement.specifier, requirement.name


@pytest.mark.parametrize("name", FILES)
def test_pins_have_hashes_and_name_no_registry(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")

    assert "://" not in text
    assert "--index" not in text
    for block in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in block, block.splitlines()[0]
