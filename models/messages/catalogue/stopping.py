"""Messages behind the advice to continue or to consider stopping."""

TEMPLATES = {
    "plateau_nothing_measured": (
        "No object that may be proposed has been measured yet, so a plateau cannot be detected. Upload "
        "results of "
        "such objects."
    ),
    "plateau_no_candidate": "This round proposes no new candidate, so it cannot improve on what is measured.",
    "plateau_too_few_rounds": (
        "{count} of the {needed} rounds that are needed to detect a plateau {count:has|have} results."
    ),
    "plateau_recent_growth": (
        "Rounds {first} to {last} brought {share:.1%} of what has been reached (hypervolume)."
    ),
    "plateau_expected_gain": (
        "This batch is expected to add {share:.1%} to the reached hypervolume, if its predictions are right."
    ),
    "plateau_below_noise": "The best {objective} is expected to improve by less than the noise of one "
    "reading.",
}
