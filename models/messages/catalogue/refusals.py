"""Messages about an object that may not be proposed: what speaks against it."""

TEMPLATES = {
    "refused_as_excluded": "It is excluded from proposals: rejected, withdrawn or already made.",
    "refused_as_tried": "It has been tried before without a result.",
    "refused_as_measured": "It has been measured before.",
    "refused_as_pending": "It has been proposed before, and its result is pending.",
    "refused_by_rule": "It breaks the rule {rule}: {detail}.",
    "refused_by_computed_constraint": "It violates a constraint on a computed property.",
    "refused_without_computed_objective": "A computed objective has no value for it.",
    "refused_by_constraint": (
        "It satisfies the constraint on {type} with less than the required probability of {probability:.0%}."
    ),
    "refused_by_guardrail": (
        "It may violate guardrail {guardrail}: the bound on the probability exceeds the accepted risk of "
        "{risk:g}."
    ),
}
