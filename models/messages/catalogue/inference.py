"""Messages about samples and predictions of a trained campaign."""

TEMPLATES = {
    "beta_outside_training": (
        "The policy was trained at inverse temperatures from {low:g} to {high:g}: at {betas:list} it "
        "extrapolates. "
        "Samples may be far from the request; ask for a beta within that range."
    ),
    "samples_are_neighbours": (
        "The samples are neighbours of the given object: taken apart a little and rebuilt by the policy. "
        "They are not "
        "drawn from its distribution, whose density `log_pf` nevertheless is."
    ),
    "samples_short_space_exhausted": (
        "The answer holds {found} of the {requested} requested samples: of {drawn} objects drawn, no more "
        "were new, "
        "allowed and as requested. `refused` counts the reasons; relax them to get more."
    ),
    "samples_short_limit_reached": (
        "The answer holds {found} of the {requested} requested samples: {drawn} objects were drawn, the "
        "limit for one "
        "request. `refused` counts the reasons; ask again with another seed to get more."
    ),
    "neighbours_of_simplified_object": (
        "No policy builds the {lost} of the object: its neighbours are those of {display}."
    ),
    "computed_by_other_versions": (
        "The round was computed with another {packages:list}. Its proxies are fitted again with the "
        "installed one, so "
        "numbers may differ in their last digits."
    ),
}
