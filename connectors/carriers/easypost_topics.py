"""Topics of EasyPost's webhooks."""

# Topics whose bodies we read, and those that are known and of no use here; the caller flags anything else.
TOPICS = ("tracker.created", "tracker.updated", "refund.successful")
IGNORED_TOPICS = frozenset(
    {
        "batch.created",
        "batch.updated",
        "claim.submitted",
        "claim.updated",
        "insurance.cancelled",
        "insurance.purchased",
        "payment.created",
        "payment.completed",
        "payment.failed",
        "report.available",
        "report.failed",
        "report.new",
        "scan_form.created",
        "scan_form.updated",
        "shipment.invoice.created",
        "shipment.invoice.updated",
    }
)
