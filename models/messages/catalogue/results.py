"""Messages about a campaign's results: bounds, assay versions, plates, failures and outliers."""

TEMPLATES = {
    "cold_start": (
        "No usable results for {type} yet (cold start). This round cannot rank candidates by {type}; upload "
        "results to "
        "enable it."
    ),
    "unusable_results": (
        "{count} {count:result|results} of {type} {count:has|have} no value on the modelled scale and "
        "{count:was|were} "
        "left out. A log10 scale needs values above 0; correct the results or the transform."
    ),
    "censored_results": (
        "{count} {count:result|results} of {type} {count:is a bound|are bounds} (<, > or a wide range), "
        "modelled as "
        "{count:a bound and not as a value|bounds and not as values}."
    ),
    "contradictory_bounds": (
        "The bounds of {count} {count:object|objects} on {type} contradict each other; each value is taken "
        "to lie "
        "between them. Check those results for typing errors."
    ),
    "versions_superseded": (
        "{count} results of {type} by earlier assay versions were left out, as `proxies.assay_versions` asks."
    ),
    "versions_pooled_by_request": (
        "{count} assay versions of {type} are pooled as if they were one, as `proxies.assay_versions` asks."
    ),
    "versions_pooled_too_few": (
        "{count} assay versions of {type} are pooled as if they were one: the results are too few for an "
        "offset. "
        "Measure some objects with each version."
    ),
    "version_offset": (
        "Results of {type} by {version:version} differ by {offset:+.3g} ± {standard_error:.2g} from "
        "{reference:version} (modelled scale) and were corrected to it."
    ),
    "version_offset_no_shared_object": (
        "For {type}, {version:version} shares no object with {reference:version}. Its offset rests on "
        "similar objects "
        "only and may be their chemistry; measure some objects with both."
    ),
    "version_offset_few_results": (
        "For {type}, {version:version} has only {count} {count:result|results} and shares no object with "
        "{reference:version}. Its offset is uncertain; measure some objects with both."
    ),
    "plate_offsets": (
        "Offsets of {count} {count:plate|plates} of {type} were removed; the largest is {largest:.3g} "
        "(modelled scale)."
    ),
    "offsets_not_learned": (
        "No offsets of assay versions and plates of {type} could be learned, so none was removed ({error}). "
        "Check "
        "`assay_version` and `plate` of these results."
    ),
    "object_failures": "Objects that failed: {counts:counts}. Similar candidates are scored lower.",
    "assay_failures_count_less": "A failed assay counts as a quarter of a failure.",
    "outlier": (
        "1 result of {type} disagrees with {by}: {value:.3g} where {expected:.3g} was expected "
        "({deviations:.1f} "
        "robust deviations). Nothing was dropped; check the result listed in `outliers`."
    ),
    "outliers": (
        "{count} results of {type} disagree with their replicates or with similar objects. The strongest is "
        "{value:.3g} where {expected:.3g} was expected ({deviations:.1f} robust deviations). Nothing was "
        "dropped; check those listed in `outliers`."
    ),
    "outliers_by_replicates_only": (
        "Results were compared with their replicates only: no model of similar objects could be fitted "
        "({error})."
    ),
    "feasibility_not_learned": (
        "No model of failures could be fitted, so all objects count as feasible ({error}). Check the "
        "recorded outcomes."
    ),
}
