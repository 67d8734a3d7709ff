"""The columns of result and batch tables: one vocabulary for specifications, domains and files.

Torch-free, pure. Whoever names a column of their own (a process variable, a scorer) asks `is_reserved`;
whoever reads or writes tables uses the names themselves.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from models.specs.result_metadata import RESULT_METADATA

if TYPE_CHECKING:
    from collections.abc import Iterable

RESULT_FIELDS = ("relation", "units", "outcome", "comment")
"""The empty columns that follow the objectives in a downloaded batch."""
MEASURED_FIELDS = ("upper_value", "standard_error")
"""Further numbers of one result, in the units of its value."""
IDENTITIES = frozenset({"candidate_id", "smiles", "canonical_smiles", "sequence", "helm", "formula"})
"""Columns that say what was measured, by which the header of a table is found below a title."""
OBJECT_SYNONYMS = MappingProxyType(
    {
        **dict.fromkeys(
            (
                *("smiles_string", "smiles_code", "structure_smiles", "structures_smiles", "molecule_smiles"),
                *(
                    "compound_smiles",
                    "ligand_smiles",
                    "smiles_structure",
                    "parent_smiles",
                    "input_smiles",
                    "smi",
                ),
                *("pubchem_ext_datasource_smiles", "structure", "compound_structure", "molecule_structure"),
                *("chemical_structure",),
            ),
            "smiles",
        ),
        **dict.fromkeys(
            (
                "peptide_sequence",
                "aa_sequence",
                "amino_acid_sequence",
                "sequence_aa",
                "protein_sequence",
                "seq",
            ),
            "sequence",
        ),
        **dict.fromkeys(("helm_notation", "helm_string"), "helm"),
        **dict.fromkeys(
            (
                "chemical_formula",
                "formula_pretty",
                "pretty_formula",
                "reduced_formula",
                "composition_formula",
            ),
            "formula",
        ),
    }
)
"""Other names of an object's column, as `key` writes them; read where no column has the name itself."""
OWN_IDS = (
    *(
        "compound_id",
        "compound_name",
        "molecule_name",
        "molecule_id",
        "sample_id",
        "substance_id",
        "entity_id",
    ),
    *(
        "corporate_id",
        "registration_id",
        "formatted_id",
        "peptide_id",
        "material_id",
        "formulation_id",
        "cdd_number",
    ),
    *("compound", "entity", "verbindung"),
)
"""Names of a column of ids that a laboratory gives its objects, the more certain ones first."""
TRAITS = tuple(name for name in RESULT_METADATA if name not in RESULT_FIELDS)
"""What describes how a result came about."""
FIELDS = ("candidate_id", "type", "value", *RESULT_FIELDS, *MEASURED_FIELDS, *TRAITS)
"""What a table of results can say of one result."""

SYNONYMS = MappingProxyType(
    {
        **dict.fromkeys(
            ("unit", "unit_s", "uom", "unit_of_measure", "units_of_measure", "einheit", "einheiten"), "units"
        ),
        **dict.fromkeys(("value_unit", "value_units", "result_unit", "result_units"), "units"),
        **dict.fromkeys(("comments", "activity_comment"), "comment"),
        **dict.fromkeys(("std_error", "sem"), "standard_error"),
        **dict.fromkeys(("plate_id", "plate_barcode"), "plate"),
        **dict.fromkeys(
            ("relationship", "comparator", "inequality", "value_relation", "result_relation"), "relation"
        ),
    }
)
"""Other names of `FIELDS`, as `key` writes them."""
SPREAD = MappingProxyType(
    {
        **dict.fromkeys(("sd", "stdev", "std", "std_dev", "standard_deviation"), "standard_deviation"),
        **dict.fromkeys(("n", "n_replicates", "n_readings"), "n"),
        **dict.fromkeys(
            ("cv%", "%cv", "cv_%", "%_cv", "cv_percent", "percent_cv", "rsd%", "%rsd", "rsd_%"), "cv"
        ),
    }
)
"""Names of what makes a standard error of the mean, beside an assay's name or where only one assay is
measured."""
QUALIFIERS = frozenset(
    {
        "qualifier",
        "qual",
        "relation_type",
        "operator",
        "modifier",
        "mod",
        "prefix",
        "sign",
        "op",
        "rel",
        "censor",
        "relational_operator",
        "symbol",
    }
)
"""Names that mean `relation` when the cells do: an operator may also be a person."""

BATCH_FIELDS = (
    *("object", "display", "rank", "status", "acquisition", "feasibility", "beta", "nearest_measured"),
    *(
        "nearest_similarity",
        "purpose",
        "in_domain",
        "reason",
        "alerts",
        "matched_pair",
        "matched_change",
        "log_reward",
        "log_pf",
        "round",
        "row",
        "refused",
        "stereo",
    ),
)
"""What a batch or a table of predictions says of a candidate beside what was predicted."""
ROUTE_FIELDS = ("route_steps", "route_reactions", "route_blocks", "route_cost", "route_yield", "n_routes")
"""What a batch says of how a candidate can be made."""
OF_A_BATCH = frozenset(
    (*BATCH_FIELDS, *ROUTE_FIELDS, *(f"batch_{name}" for name in (*BATCH_FIELDS, *ROUTE_FIELDS)))
)
"""Columns that are known whatever their cells look like: a nearest peptide GE is no relation."""
PREDICTED = ("mean", "sd", "low", "high")
"""What follows an objective's name in the columns of its prediction."""
SO_FAR = "so_far"
"""What follows an objective's name in the column of what was measured before the batch was downloaded."""
PREFERENCE, GUARDRAIL = "preference_", "guardrail_"
"""What precedes the name of an objective, or of a guardrail, in the columns of its preference or bound."""

RESERVED = frozenset({*FIELDS, *SYNONYMS, *BATCH_FIELDS})
"""Columns that tables have for something else."""


_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉\u2212\u2010\u2011\u2013\u2014", "0123456789-----")
_OWN_MEANING = "ºª"
"""Letters that compatibility would turn into others: º is a degree sign on many keyboards."""
_SIGNED = re.compile(r"(?:^|(?<=[(\[]))-|(?<=\w)-(?=\s|$|[)\]])")
"""A minus that belongs to what it stands at, as in `-IC50`, `(-)-menthol` and `Cl-`, and is no hyphen."""
_MINUS = "\u2212"
_SEPARATORS = re.compile(r"[\s_.,:;/|\\'\"()\[\]{}-]+")


@lru_cache(maxsize=2048)
def key(header: str) -> str:
    """Return a header without capitals, blanks, hyphens, brackets and stops.

    `Standard Value` is `standard_value`. Letters of every script stay, and so do signs that change what a
    column is about: `Δvalue` is no value, and `Li+` is not `Li`.
    """
    text = _SIGNED.sub(_MINUS, plain_letters(header).strip().casefold())
    return _SEPARATORS.sub("_", re.sub(r"^#(?=\w)", "", text)).strip("_").replace(_MINUS, "-")


def plain_letters(text: str) -> str:
    """Return a text with its wide letters, ligatures and lowered digits as plain ones.

    Raised digits stay raised.
    """
    if text.isascii():
        return text
    plain = text.translate(_SUBSCRIPTS)
    kept = (
        letter
        if letter in _OWN_MEANING or unicodedata.category(letter) == "No"
        else unicodedata.normalize("NFKC", letter)
        for letter in plain
    )
    return unicodedata.normalize("NFC", "".join(kept)).replace("\u2212", "-")


def is_reserved(name: str) -> bool:
    """Return whether a table has a column of this name for something else, whatever is measured."""
    plain = key(name)
    return plain in RESERVED or plain.startswith((PREFERENCE, GUARDRAIL))


def columns_of_objective(name: str) -> tuple[str, ...]:
    """Return the keys of the columns that an objective of this name has in a table beside its own."""
    parts = (
        *PREDICTED,
        SO_FAR,
        "result",
        *(field for field in FIELDS if field not in ("candidate_id", "type")),
    )
    return (*(key(f"{name}_{part}") for part in parts), key(f"{PREFERENCE}{name}"))


def own_column(objective: str, kind: str, field: str) -> str:
    """Return the name of a column that says a field of one objective's result: `potency_relation`.

    One whose name means the field of whatever was measured (`value_relation`) begins with the assay's type
    instead.
    """
    name = f"{objective}_{field}"
    return f"{kind}_{field}" if key(name) in SYNONYMS else name


def clashes(name: str, objectives: Iterable[str]) -> str | None:
    """Return the objective in whose columns a column of this name would be lost, if there is one."""
    plain = key(name)
    return next((objective for objective in objectives if plain in columns_of_objective(objective)), None)
