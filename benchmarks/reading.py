"""Cost of reading a table beside the libraries that it uses: the csv module and RDKit, in one run.

The molecules are drawn by RDKit's rules from ten cores and substituents, so that all texts differ; no table
is needed. `structures` parses and canonicalises each once, beside RDKit's own parsing and writing. `rows`
reads a whole upload of repeated molecules beside `csv.DictReader` alone, including its decisions about units,
relations and decimal signs. The remainder after the structures is the cost of a row. Ratios of processor
seconds, medians of several runs.
"""

import csv
import io
import itertools
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from rdkit import Chem

from benchmarks.report import Report, run
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.domains.molecules.chemistry import reading
from service.exchange import CampaignView
from service.exchange.results import read_results

CORES = (
    *("c1ccc({a})cc1{b}", "c1cc({a})ncc1{b}", "c1c({a})csc1{b}", "C1CC({a})CCN1{b}", "O=C({a})N{b}"),
    *("c1c({a})c[nH]c1{b}", "C1OCC({a})CC1{b}", "O=S(=O)({a})N{b}", "c1nc({a})oc1{b}", "C1CC({a})C1{b}"),
)
GROUPS = (
    *("C", "CC", "CCC", "C(C)C", "OC", "CO", "CCO", "CN", "CC#N", "C(F)(F)F", "CF", "CCl", "CCBr", "c9ccccc9", "C9CC9"),
    *("CC(=O)O", "C(=O)N", "CS(C)(=O)=O", "c9ccncc9", "C9CCOC9", "CC(C)(C)C", "CCOC", "CCN(C)C", "C#C", "C=C"),
)
SEEN = 2_000
MOST_TIMES_RDKIT = 6.0
MOST_TIMES_CSV = 60.0


def _smiles(number: int) -> list[str]:
    made = (core.format(a=a, b=b) for core, a, b in itertools.product(CORES, GROUPS, GROUPS))
    return list(itertools.islice(made, number))


def _seconds(work: Callable[[], object], repeats: int) -> float:
    """Return the median processor seconds of a piece of work."""
    measured = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        measured.append(time.process_time() - start)
    return statistics.median(measured)


def _bare(texts: list[str]) -> None:
    for text in texts:
        Chem.MolToSmiles(Chem.MolFromSmiles(text))


def _ours(texts: list[str]) -> None:
    reading._read.cache_clear()  # noqa: SLF001 - what is remembered would be measured
    for text in texts:
        reading.read_smiles(text)


def _csv_rows(content: bytes) -> list[dict[str | Any, str | Any]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def _table(texts: list[str], rows: int) -> bytes:
    lines = [f"{texts[row % len(texts)]},{1 + row / 7:.3f},run {row}" for row in range(rows)]
    return "\n".join(("smiles,IC50 (nM),comment", *lines)).encode()


def measure(report: Report, quick: bool) -> None:  # noqa: FBT001 - as `run` calls it
    """Compare structures with RDKit and rows with the csv module."""
    repeats = 2 if quick else 5
    texts = _smiles(400 if quick else SEEN)
    bare, ours = (_seconds(partial(work, texts), repeats) for work in (_bare, _ours))
    report.row(
        structures=len(texts), ours_ms=1e3 * ours / len(texts), rdkit_ms=1e3 * bare / len(texts), ratio=ours / bare
    )
    report.claim("structures, over RDKit's parsing and writing alone", ours / bare, "<=", MOST_TIMES_RDKIT)
    objectives = [{"name": "IC50", "type": "IC50", "units": "nM"}]
    spec = CampaignSpec.model_validate({"name": "x", "domain": {"kind": "molecules"}, "objectives": objectives})
    view = CampaignView(spec, open_domain(spec.domain))
    costs = []
    for rows in (1_000, 10_000) if quick else (1_000, 10_000, 100_000):
        content = _table(texts[:200], rows)
        accepted = read_results(content, "text/csv", view).count("accepted")
        whole = _seconds(partial(read_results, content, "text/csv", view), min(repeats, 3))
        alone = _seconds(partial(_csv_rows, content), min(repeats, 3))
        costs.append(1e6 * whole / rows)
        report.row(rows=rows, accepted=accepted, ours_us=costs[-1], csv_us=1e6 * alone / rows, ratio=whole / alone)
    report.claim("rows, over the csv module alone", whole / alone, "<=", MOST_TIMES_CSV)
    report.claim("cost of a row, largest table over smallest", costs[-1] / costs[0], "<=", 2.0)


if __name__ == "__main__":
    run("Reading", measure)
