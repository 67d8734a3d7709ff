"""Messages about a batch: how it was selected, and why it holds fewer candidates than requested."""

TEMPLATES = {
    "batch_space_filling": (
        "No result and no computed objective ranks the candidates yet. The batch is space-filling: each "
        "candidate is "
        "as unlike the others and earlier attempts as possible."
    ),
    "batch_chosen_jointly": (
        "The batch was chosen as in Bayesian optimisation, for the largest joint expected improvement, "
        "because all {listed} objects could be scored. `selection` has the settings."
    ),
    "design_stated": (
        "The batch is designed for {words}, because the campaign's `design` is {design}. That preset set "
        "{decided:list}."
    ),
    "design_by_default": (
        "The batch is designed for {words}: `design` is not set, and with {measured} measured "
        "{measured:object|objects} it is {design} (explore below {needed}, hit_to_lead from {needed} on). "
        "That preset set {decided:list}."
    ),
    "batch_outside_applicability": (
        "{outside} candidates lie outside the applicability domain, more than the exploration share, "
        "because only "
        "{inside} allowed {inside:object is|objects are} inside. Set `applicability.outside_share` to "
        "forbid this."
    ),
    "batch_short_of_shared_value": (
        "Only {sharing} of the {allowed} allowed objects have {shared}, which the whole batch must share. "
        "Reduce "
        "`batch.size` or remove that limit for a full batch."
    ),
    "batch_short_by_limits": (
        "The limits of the batch ({limits:semicolons}) admit {chosen} of the {allowed} allowed objects. "
        "Widen them "
        "for a full batch."
    ),
    "batch_short_by_limits_within_shared_value": (
        "The limits of the batch ({limits:semicolons}) admit {chosen} of the {allowed} allowed objects with "
        "{shared}. "
        "Widen them for a full batch."
    ),
    "batch_short_all_listed": (
        "The batch holds {chosen} of the {requested} requested candidates: of all {listed} objects that can "
        "be built, "
        "no more were new, allowed and safe. `refused` counts the reasons."
    ),
    "batch_short_all_drawn": (
        "The batch holds {chosen} of the {requested} requested candidates: of {drawn} objects drawn, in the "
        "end by "
        "random walks, no more were new, allowed and safe. `refused` counts the reasons; the space may hold "
        "no others."
    ),
    "guardrail_refused": (
        "Guardrail {guardrail} refused {refused} of {judged} objects: some plausible hypothesis gave each "
        "of them more "
        "than {risk:g} probability of violating it. The bound holds only if the truth is among the "
        "hypotheses."
    ),
}
