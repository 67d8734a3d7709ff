"""What the space of a molecule campaign reaches, and what its samples are before any training.

Lipophilicity and ESOL: half of a table is measured, the other half is looked for in the space. Analogues:
one aromatic hydrogen of a measured compound is replaced by a usual substituent, or one aromatic CH by N.
Samples: of uniform walks, and of the priors of 200 measured compounds. Both sets of rules run side by side.
"""

import csv
import random
from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from rdkit import Chem, rdBase
from rdkit.Chem.FilterCatalog import FilterCatalog, FilterCatalogParams
from torch import Tensor

from benchmarks.report import Report, run
from benchmarks.tables.catalogue import DATA
from models.domains.contract import InvalidObjectError
from models.domains.molecules import PLUGIN
from models.domains.molecules.chemistry.fingerprints import tanimoto
from models.domains.molecules.chemistry.reading import canonical_smiles
from models.domains.molecules.fragments.pieces_of_fragments import aza_analogues
from models.domains.molecules.spec import MoleculesSpec
from models.gflownet.environment import Environment
from models.gflownet.prior import ActionPrior
from models.gflownet.sampler import sample_actions
from models.rounds.training.base_measure import EVERY_OBJECT
from models.rounds.training.round_prior import round_prior
from models.specs.sampler import SamplerSpec

SUBSTITUENTS = ("F", "Cl", "Br", "C", "CC", "C(C)C", "C(F)(F)F", "OC", "O", "C#N", "N", "N(C)C")
N_LEADS, N_MEASURED, N_SAMPLES = 40, 200, 500
SPECS = {
    "units": MoleculesSpec(),
    "brics": MoleculesSpec(fragmentation="brics", max_fragments=6, max_heavy_atoms=32, vocabulary_size=200),
}
PARTS = ("reach", "samples")


def table(name: str) -> list[str]:
    """Return the canonical SMILES of a measured table, in an order that a seed decides."""
    texts: dict[str, None] = {}
    with (DATA / "molecules" / f"{name}.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            try:
                texts[canonical_smiles(row["smiles"].strip())] = None
            except InvalidObjectError:
                continue
    order = list(texts)
    random.Random(0).shuffle(order)  # noqa: S311 - a split
    return order


def analogues(text: str) -> list[str]:
    """Return the single-point analogues of a molecule at its aromatic CH."""
    mol = Chem.MolFromSmiles(text)
    found = set(aza_analogues(text))
    for place in (atom.GetIdx() for atom in mol.GetAtoms() if atom.GetIsAromatic() and atom.GetTotalNumHs()):
        if mol.GetAtomWithIdx(place).GetAtomicNum() == 6:  # noqa: PLR2004 - carbon
            for substituent in SUBSTITUENTS:
                editable = Chem.RWMol(Chem.CombineMols(mol, Chem.MolFromSmiles(substituent)))
                editable.AddBond(place, mol.GetNumAtoms(), Chem.BondType.SINGLE)
                Chem.SanitizeMol(editable)
                found.add(canonical_smiles(Chem.MolToSmiles(editable)))
    return sorted(found)


def measure_reach(report: Report, n: int) -> None:
    """Look for measured, unseen and chiral compounds, and for analogues of measured ones."""
    for name in ("Lipophilicity", "ESOL"):
        texts = table(name)
        half = len(texts) // 2
        known, unseen = texts[:half], texts[half : half + n]
        for rules, spec in SPECS.items():
            domain = PLUGIN.open(spec)
            environment = domain.environment(known)
            shares = {
                "measured": _share(environment, known[:n]),
                "unseen": _share(environment, unseen),
                "chiral measured": _share(environment, [text for text in known[:n] if "@" in text]),
            }
            report.row(table=name, rules=rules, fragments=len(domain.fragments(known)), **shares)
            if rules == "units":
                _claim(report, name, shares)
                reasons = Counter(filter(None, map(environment.obstacle, _missing(environment, unseen))))
                report.row(table=name, unseen=len(unseen), **dict(reasons.most_common()))
    leads = [text for text in table("Lipophilicity") if Chem.MolFromSmiles(text).GetNumHeavyAtoms() <= 30][  # noqa: PLR2004 - room for analogues
        :N_LEADS
    ]
    for rules, spec in SPECS.items():
        environment = PLUGIN.open(spec).environment(leads)
        leads_reached = [lead for lead in leads if lead not in _missing(environment, leads)]
        share = _share(environment, [other for lead in leads_reached for other in analogues(lead)])
        report.row(rules=rules, leads=len(leads_reached), of=len(leads), analogues=share)
        if rules == "units":
            report.claim("share of single-point analogues of reached leads", share, ">=", 0.95)


def _claim(report: Report, name: str, shares: dict[str, float]) -> None:
    report.claim(f"{name}: share of measured compounds", shares["measured"], ">=", 0.9)
    if name == "Lipophilicity":
        report.claim(f"{name}: share of unseen compounds", shares["unseen"], ">=", 0.8)
        report.claim(f"{name}: share of chiral measured ones", shares["chiral measured"], ">=", 0.85)


def _share(environment: Environment, texts: Sequence[str]) -> float:
    return float(environment.states(texts)[1].float().mean()) if texts else float("nan")


def _missing(environment: Environment, texts: Sequence[str]) -> list[str]:
    is_known = environment.states(texts)[1].tolist()
    return [text for text, known in zip(texts, is_known, strict=True) if not known]


def measure_samples(report: Report, n: int) -> None:
    """Draw from untrained policies and compare what comes with medicinal chemistry."""
    measured = table("Lipophilicity")[:N_MEASURED]
    _describe(report, "measured compounds", measured, measured)
    for rules, spec in SPECS.items():
        environment = PLUGIN.open(spec).environment(measured)
        for kind in ("none", "common") if rules == "units" else ("none",):
            sampler = SamplerSpec(prior=kind)
            prior = round_prior(sampler, environment, EVERY_OBJECT, measured, 0).learned
            texts = environment.objects(_walk(environment, prior, n))
            _describe(report, f"{rules}, {'uniform' if prior is None else kind}", texts, measured)


def _walk(environment: Environment, prior: ActionPrior | None, n: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    states, live = environment.reset(n), torch.arange(n)
    while len(live):
        mask = environment.forward_mask(states[live])
        logits = (
            mask.new_zeros(mask.shape, dtype=torch.float32) if prior is None else prior(states[live], mask)
        )
        actions = sample_actions(logits.masked_fill(~mask, -torch.inf), generator)
        states[live] = environment.step(states[live], actions)
        live = live[~environment.is_final(states[live])]
    return states


def _describe(report: Report, name: str, drawn: Sequence[str], measured: Sequence[str]) -> None:
    texts = [text for text in drawn if text]
    domain, catalogue = PLUGIN.open(MoleculesSpec()), FilterCatalogParams()
    catalogue.AddCatalog(FilterCatalogParams.FilterCatalogs.BRENK)
    alerts = FilterCatalog(catalogue)
    values = domain.properties(texts, ["sa_score", "qed", "heavy_atoms"])
    similarity = np.asarray(tanimoto(texts, measured))
    if drawn is measured:
        np.fill_diagonal(similarity, 0)
    report.row(
        samples=name,
        objects=len(texts) / len(drawn),
        **{key: float(column.mean()) for key, column in values.items()},
        brenk=float(np.mean([alerts.HasMatch(Chem.MolFromSmiles(text)) for text in texts])),
        refused=float(np.mean([bool(domain.check(text)) for text in texts])),
        nearest=float(similarity.max(axis=1).mean()),
    )


def measure(report: Report, quick: bool, parts: Sequence[str]) -> None:  # noqa: FBT001 - as `run` calls it
    """Measure the chosen parts."""
    with rdBase.BlockLogs():
        if "reach" in parts:
            measure_reach(report, 100 if quick else 1_000)
        if "samples" in parts:
            measure_samples(report, 100 if quick else N_SAMPLES)


if __name__ == "__main__":
    run("Reach", measure, parts=PARTS)
