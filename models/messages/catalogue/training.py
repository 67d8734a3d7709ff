"""Messages about the trained policy: its target, its constraints and the sizes that it draws."""

TEMPLATES = {
    "policy_under_trained": (
        "The policy is under-trained: few of its samples represent the target at {shares:beta_shares}. This "
        "affects "
        "the batch and later samples; raise `sampler.steps` or lower `sampler.beta`."
    ),
    "policy_under_trained_listed": (
        "The policy is under-trained: few of its samples represent the target at {shares:beta_shares}. This "
        "affects "
        "later samples only, because the batch was chosen among all objects; raise `sampler.steps` or lower "
        "`sampler.beta`."
    ),
    "start_damaged": (
        "Training began from a new policy, because that of the earlier round cannot be used: {reason}."
    ),
    "start_of_other_policy": (
        "Training began from a new policy, because the earlier one does not fit this round: {reason}."
    ),
    "start_missing": ("Training began from a new policy, because no policy was kept of {source}."),
    "beta_range_without_meaning": (
        "The reward hardly differs between the {compared:,} objects that were compared, so that inverse "
        "temperatures "
        "have no meaning yet. The sampler serves the usual range, {low:g} to {high:g}: bold and careful "
        "samples will be "
        "alike."
    ),
    "beta_range_blunt": (
        "At the greatest inverse temperature ({high:g}) samples are as good as the best {counting:.0f} of "
        "{compared:,} reference objects, not the best {wanted:.0f}. Many objects share the best prediction, "
        "or the "
        "`range` of an objective is far wider than its predictions: narrow it for sharper samples."
    ),
    "multiplier_at_bound": (
        "The multiplier of the constraint on {type} reached its bound of {bound:g} and {share:.0%} of the "
        "sampler's "
        "objects still violate it. Few objects may satisfy it; relax the constraint if that is acceptable."
    ),
    "size_counts_uncertain": (
        "The number of objects of {sizes:list} {unit} is known to a standard error of up to {error:.0%} "
        "only. The "
        "sampler's weights of these sizes are off by as much."
    ),
    "one_size_by_predictions": (
        "{share:.0%} of what the policy drew has {size} {unit}, a size that weighs {weight:.0%} before any "
        "reward. The "
        "predictions favour that size."
    ),
    "one_size_by_number": (
        "{share:.0%} of what the policy drew has {size} {unit}: all objects weigh the same "
        "(`base_measure.kind` is "
        "objects), and most have that size. Set it to sizes to weigh sizes evenly."
    ),
    "prior_decides_sizes": (
        "The prior was learned of measured objects whose size is not known while they are built, so it also "
        "decides how often each size is sampled. `base_measure` is not used."
    ),
    "prior_not_kept": (
        "The round that training began from left no prior for this space, so the sampler has none: before "
        "any reward, only the base measure counts. Set `sampler.prior` to measured to learn one."
    ),
    "prior_not_learned": (
        "The {objects} measured objects that can be built show nothing in common that predicts others of "
        "them better than chance, so the sampler has no prior: before any reward, only the base measure "
        "counts."
    ),
    "checkpoint_not_saved": (
        "The training could not be saved while it ran ({error}). Nothing of this batch is lost, but an "
        "interrupted "
        "round would have started again; make room in the artefacts folder."
    ),
}
