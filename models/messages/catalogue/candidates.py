"""Messages that explain one candidate or sample.

What is expected, why it was chosen, what is known nearby.
"""

TEMPLATES = {
    "expected_value": (
        "Expected {objective} {mean:.3g}{units:units} (90 % between {low:.3g} and {high:.3g})."
    ),
    "computed_value": "Computed {objective} {value:.3g}{units:units}.",
    "value_without_results": "{objective} is unknown (no results yet).",
    "value_not_computable": "{objective} is unknown (the object has no value).",
    "chosen_to_exploit": "Chosen to exploit: among the most promising.",
    "chosen_to_exploit_trade_off": (
        "Chosen to exploit: among the most promising when weighing {preference:shares}."
    ),
    "chosen_to_explore": "Chosen to explore: its values are among the least known.",
    "chosen_to_fill_space": "Chosen to explore: as unlike the rest of the batch as possible.",
    "chosen_as_control": "Measured again as a control that is part of every batch.",
    "chosen_as_replicate": (
        "Measured again as a replicate: among the best measured, with only {count} {count:result|results} "
        "so far."
    ),
    "sample_drawn": "Drawn at inverse temperature {beta:.3g}.",
    "sample_drawn_trade_off": "Drawn at inverse temperature {beta:.3g} when weighing {preference:shares}.",
    "sample_drawn_near": (
        "Drawn near the given object (similarity {similarity:.2f}) at inverse temperature {beta:.3g}."
    ),
    "sample_drawn_near_trade_off": (
        "Drawn near the given object (similarity {similarity:.2f}) at inverse temperature {beta:.3g} when "
        "weighing "
        "{preference:shares}."
    ),
    "nothing_measured": "Nothing has been measured yet.",
    "measured_before": "It has been measured before.",
    "nearest_measured": "The nearest measured object is {display} (similarity {similarity:.2f}).",
    "matched_pair": "It differs from the measured {partner} by {change}.",
    "structural_alerts": "Structural alerts: {alerts:list}.",
    "outside_applicability_domain": (
        "It lies outside the domain where predictions have been tested, so trust them less."
    ),
    "predictions_held_there": (
        "At similarity {similarity:.2f} to measured objects, held-out errors of {type} were {ratio:.0%} of "
        "those of predicting the mean, so predictions held there."
    ),
    "predictions_not_held_there": (
        "It lies where predictions of {type} did not hold: at similarity {similarity:.2f} to measured "
        "objects, held-out errors were {ratio:.0%} of those of predicting the mean. Trust them less."
    ),
    "predictions_not_tested_there": (
        "It lies where predictions of {type} were not tested: no held-out object was as far from measured "
        "ones (similarity {similarity:.2f}). Trust them less."
    ),
    "may_not_be_feasible": "It can be made and measured with probability {probability:.0%}.",
}
