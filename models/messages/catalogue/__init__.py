"""Every message's template, by its code.

The one place where the service's English about results is written.
"""

from models.messages.catalogue import (
    batches,
    candidates,
    inference,
    insights,
    proxies,
    refusals,
    results,
    stopping,
    training,
)

SECTIONS: dict[str, dict[str, str]] = {
    "Results": results.TEMPLATES,
    "Models": proxies.TEMPLATES,
    "Training": training.TEMPLATES,
    "Batches": batches.TEMPLATES,
    "Reasons for candidates and samples": candidates.TEMPLATES,
    "Why an object may not be proposed": refusals.TEMPLATES,
    "Whether another round is worth it": stopping.TEMPLATES,
    "Samples and predictions": inference.TEMPLATES,
    "Insights": insights.TEMPLATES,
}
"""Templates by the title of their section in the reference."""
TEMPLATES: dict[str, str] = {code: text for section in SECTIONS.values() for code, text in section.items()}
