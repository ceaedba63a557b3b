"""What the delay model is compared with. Nothing of the product is imported here, and any part may be replaced."""

from bench.baselines.boosting import Boosting
from bench.baselines.kaplan_meier import KaplanMeier
from bench.baselines.logistic import Logistic
from bench.baselines.orders import Predictor
from bench.baselines.rules import Calendar, NinetiethPercentile


def baselines() -> list[Predictor]:
    """New ones, not yet fitted."""
    return [NinetiethPercentile(), Calendar(), KaplanMeier(), Logistic(), Boosting(fed=False), Boosting(fed=True)]
