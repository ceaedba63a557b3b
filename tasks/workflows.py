"""The kinds of requests that the runner serves, each with its flow."""

from collections.abc import Mapping

from tasks.driving import Workflow
from tasks.editing.driver import EDITS
from tasks.returning.driver import RETURNS

WORKFLOWS: Mapping[str, Workflow] = {workflow.flow: workflow for workflow in (EDITS, RETURNS)}
