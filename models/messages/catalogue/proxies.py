"""Messages about the fitted models: their skill, their calibration and how far they reach."""

TEMPLATES = {
    "derived_objective": (
        "{objective} is predicted from {parts:list}, as if the errors of its parts were independent."
    ),
    "p_value_as_concentration": (
        "{objective} reads {type} as a concentration: log10 of {units} is {decades:g} - {type}."
    ),
    "proxy_failed": "The {proxy:words} could not learn from these results and was not used ({error}).",
    "model_without_skill": (
        "The model of {type} has no skill: its cross-validated error ({rmse:.3g}) is about the deviation of "
        "the values "
        "themselves ({deviation:.3g}), so that it explains {skill:.0%} of their variance ({low:.0%} to "
        "{high:.0%}, 90 % interval). In {type} the batch is little better than chance; upload more, or "
        "more varied, "
        "results."
    ),
    "model_with_doubtful_skill": (
        "The model of {type} may have no skill: it explains {skill:.0%} of the variance of held-out values "
        "(error {rmse:.3g}, deviation of the values {deviation:.3g}). The 90 % interval of that share, from "
        "{low:.0%} to {high:.0%}, includes predicting the mean. Upload more, or more varied, results."
    ),
    "better_sanity_check": (
        "A {check:words} predicts held-out values of {type} better than the chosen {proxy:words} (error "
        "{rmse:.3g} "
        "against {chosen_rmse:.3g}). Set `proxies.kinds` to choose which models compete."
    ),
    "intervals_too_narrow": (
        "The 90 % intervals of {objective} held {inside} of {count} results in {rounds:rounds} and errors "
        "were "
        "{error_ratio:.1f} times as large as predicted. Trust the uncertainties less."
    ),
    "intervals_too_wide": (
        "The 90 % intervals of {objective} held {inside} of {count} results in {rounds:rounds} and errors "
        "were "
        "{error_ratio:.1f} times as large as predicted. The uncertainties are larger than necessary."
    ),
    "intervals_widened": (
        "The 90 % intervals of {type} are {factor:.1f} times as wide as cross-validation alone would make "
        "them. "
        "Those would have held {inside} of the {count} results of the last batches."
    ),
    "applicability_unknown": (
        "Only {count} {count:object is|objects are} measured, so every candidate counts as inside the "
        "applicability "
        "domain. Set `applicability.min_similarity`, or upload results of at least {needed} objects."
    ),
    "predictions_held_nowhere": (
        "Held-out predictions of {types:list} were nowhere at least a fifth better than predicting the mean "
        "(errors above {share:.0%} of its errors, at every similarity to what was measured). No candidate is "
        "therefore called inside the domain; upload more, or more varied, results."
    ),
    "constraint_not_enforced": (
        "The constraint on {type} is not enforced yet: it has {count} of the {needed} results that it needs. "
        "Upload more results of {type} to enforce it."
    ),
    "guardrail_data_missing": (
        "Nothing is proposed: the {guardrails:assay|assays} of {guardrails:guardrail|guardrails} "
        "{guardrails:list} "
        "{guardrails:has|have} too few results to bound the risk. Upload at least {needed} results of it, "
        "{needed_values} of them uncensored."
    ),
    "measured_objects_break_rules": (
        "Of {sought} measured objects some break rules of the campaign: {rules:list}. They are learned from, "
        "and objects like them are never proposed."
    ),
    "measured_objects_reached": (
        "The campaign's space reaches {reached} of {sought} measured objects. What keeps the others out: "
        "{reasons:list}. Objects like those are never proposed."
    ),
    "measured_objects_unreachable": (
        "The campaign's space reaches {reached} of {sought} measured objects: {outside_limits} break its "
        "limits or "
        "rules, {other_parts} need other building blocks. Objects like those are never proposed; widen the "
        "domain's "
        "limits or building blocks to reach them."
    ),
}
