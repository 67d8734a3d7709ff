"""Messages of a campaign's insights: what its rounds brought, beside what chance would have."""

TEMPLATES = {
    "insights_no_round": (
        "No round was started, and no object is measured in all objectives yet: there is nothing to "
        "compare. Upload "
        "results, then start a round."
    ),
    "insights_no_results": (
        "{rounds} {rounds:round was|rounds were} started, and no object is measured in all objectives yet: "
        "there is "
        "nothing to compare. Upload results."
    ),
    "best_by_round": (
        "{count} {count:object is|objects are} measured; the best is {object}, proposed by round {round}."
    ),
    "best_of_first_data": (
        "{count} {count:object is|objects are} measured; the best is {object}, measured without being "
        "proposed."
    ),
    "front_size": (
        "{count} {count:object is|objects are} measured in all objectives; no other object beats {size} of "
        "them."
    ),
    "front_size_by_rounds": (
        "{count} {count:object is|objects are} measured in all objectives; no other object beats {size} of "
        "them "
        "({proposed} proposed by rounds)."
    ),
    "hits_of_rounds": "{rounds} rounds with results: {hits} of {measured} measured candidates are hits.",
    "hits_of_rounds_and_chance": (
        "{rounds} rounds with results: {hits} of {measured} measured candidates are hits; chance would give "
        "{expected:.1f} ± {sd:.1f}."
    ),
    "hits_of_round": (
        "Round {round}: {hits} of {measured} measured {measured:candidate is a hit|candidates are hits}."
    ),
    "hits_of_round_and_chance": (
        "Round {round}: {hits} of {measured} measured {measured:candidate is a hit|candidates are hits}; "
        "chance would "
        "give {expected:.1f} ± {sd:.1f}."
    ),
    "hit_rule": "A hit is {rule}.",
    "hypervolume_and_chance": (
        "Proposed objects span a hypervolume of {hypervolume:.3g}. As many objects like the first data "
        "would span "
        "{expected:.3g} ({low:.3g} to {high:.3g})."
    ),
    "largest_value_and_chance": (
        "The largest {objective} of the rounds is {best:.3g}{units:units}. As many objects like the first "
        "data would "
        "reach {expected:.3g}{units:units} ({low:.3g} to {high:.3g})."
    ),
    "smallest_value_and_chance": (
        "The smallest {objective} of the rounds is {best:.3g}{units:units}. As many objects like the first "
        "data would "
        "reach {expected:.3g}{units:units} ({low:.3g} to {high:.3g})."
    ),
    "smallest_distance_and_chance": (
        "The smallest distance of {objective} from {target:g} in the rounds is {best:.3g}. As many objects "
        "like the "
        "first data would reach {expected:.3g} ({low:.3g} to {high:.3g})."
    ),
    "failed_candidates": "{failed} of the {count} candidates with an outcome failed.",
    "strongest_parts": "The strongest contributors to predicted {objective}: {effects:effects}.",
    "policy_divergence": (
        "The policy of round {round} is {divergences:beta_nats} from its target (KL of trajectories; 0 is "
        "perfect)."
    ),
    "chance_unknown": (
        "No random baseline is shown: {count} {count:object was|objects were} measured without being "
        "proposed; it "
        "needs {needed}."
    ),
    "objective_without_range": (
        "{objective} has no range, so that of all measured values is used for utilities, hypervolumes and "
        "hits. It "
        "moves with every new extreme; set the objective's `range` to fix it."
    ),
    "objects_without_value": (
        "{count} {count:object is|objects are} not compared: a value of some objective is missing or "
        "bounded on one "
        "side only."
    ),
    "objects_forbidden": (
        "{count} {count:object is|objects are} not compared: a known value breaks a constraint or a "
        "guardrail."
    ),
}
