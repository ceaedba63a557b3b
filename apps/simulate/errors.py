"""What can be wrong with a simulation."""


class SimulationError(Exception):
    """A trial cannot go on; the message says what did not happen."""


class NotInThisBuild(SimulationError):
    """A step of the workflow that is to be measured does not exist; the message names it."""
