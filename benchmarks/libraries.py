"""A list as the space: time and memory of reading it, of opening it and of scoring all of it, by its length.

Molecules are made of ten cores and three substituents each, so that no table is needed. Reading is what a
worker does with an upload (standardising every structure), scoring what a round does with a campaign over the
list: two objectives, one computed and one predicted from 200 results that a formula gives. Training is left
out by taking two steps. Seconds are the processor's. Every length runs in a process of its own, whose peak
memory is its own.
"""

import hashlib
import itertools
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.report import Report, run
from models.campaign.spec import CampaignSpec
from models.domains import collections, open_domain
from models.domains.molecules.spec import MoleculesSpec
from models.records import History, Measurement
from service.exchange.list_parts import list_parts
from service.exchange.object_lists import ListReport, read_part

CORES = (
    *("c1cc({a})c({b})cc1{c}", "c1c({a})nc({b})cc1{c}", "c1({a})nc({b})nc(c1){c}", "C1({a})CN({b})CCC1{c}"),
    *("O=C(N{a})c1c({b})cccc1{c}", "c1c({a})c({b})sc1{c}", "O=S(=O)(N{a})c1cc({b})ccc1{c}"),
    *("O=C(N{a})C({b})N{c}", "c1({a})nn({b})cc1{c}", "C1({a})CC({b})OCC1{c}"),
)
GROUPS = (
    *("C", "CC", "CCC", "C(C)C", "OC", "CO", "CCO", "CC#N", "C(F)(F)F", "CF", "CCl", "c9ccccc9", "C9CC9"),
    *("CC(=O)O", "C(=O)N", "CS(C)(=O)=O", "c9ccncc9", "C9CCOC9", "CC(C)(C)C", "CCOC", "CCN(C)C", "CC(C)C"),
    *("C9CCC9", "C9CCCC9", "C9CCCCC9", "c9ccc(F)cc9", "c9ccc(Cl)cc9", "c9ccc(C)cc9", "c9ccc(OC)cc9"),
    *(
        "c9ccsc9",
        "c9ccoc9",
        "Cc9ccccc9",
        "CCc9ccccc9",
        "Cc9ccncc9",
        "CCN9CCOCC9",
        "CC9CCNCC9",
        "COC",
        "CCOCC",
    ),
    *("CC(N)=O", "CNC(C)=O", "CCC(N)=O", "CC(C)O", "CCCO", "CCCC", "CCCCC", "CC(F)F", "c9cnccn9", "c9cncnc9"),
)
N_RESULTS = 200
MOST_MEBIBYTES_PER_MILLION = 3_000


def molecules(number: int) -> list[str]:
    """Return so many SMILES in a fixed random order."""
    every = itertools.product(CORES, GROUPS, GROUPS, GROUPS)
    made = [core.format(a=a, b=b, c=c) for core, a, b, c in every]
    random.Random(0).shuffle(made)  # noqa: S311 - no secret
    return made[:number]


def table(number: int) -> bytes:
    """Return a list as vendors send it."""
    rows = (f"{smiles},V-{index}\n" for index, smiles in enumerate(molecules(number)))
    return ("smiles,catalogue_number\n" + "".join(rows)).encode()


def peak() -> float:
    """Return the peak memory of this process in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def stages(number: int) -> Iterator[tuple[str, int, float]]:
    """Yield stage, rows and processor seconds, one stage after the other."""
    sent = table(number)
    began = time.process_time()
    domain = open_domain(MoleculesSpec.model_validate({}))
    report = ListReport("smiles", domain.normal_form or "")
    for part in list_parts(sent, "text/csv", domain.object_columns):
        report.add(read_part(part, domain, lambda _share: None))
    content = report.content()
    del report
    yield "read", number, time.process_time() - began
    digest = hashlib.sha256(content).hexdigest()
    collections.set_source(lambda _digest: content)
    began = time.process_time()
    spec = CampaignSpec.model_validate(
        {
            "name": "library",
            "domain": {"kind": "molecules", "builder": "library", "library": {"collection": digest}},
            "objectives": [{"name": "potency", "type": "pIC50"}, {"name": "tpsa", "computed": "tpsa"}],
            "batch": {"size": 24},
            "sampler": {"steps": 2},
        }
    )
    environment = open_domain(spec.domain).environment([])
    listed = environment.listed()
    assert listed is not None
    yield "open", len(listed), time.process_time() - began
    known = environment.objects(listed[:: max(1, len(listed) // N_RESULTS)])
    values = open_domain(spec.domain).properties(known, ["logp"])["logp"]
    pairs = zip(known, values.tolist(), strict=True)
    history = History(tuple(Measurement(text, "pIC50", 5 + value / 2) for text, value in pairs))
    from models.propose import propose

    began = time.process_time()
    made = propose(spec, history, seed=1, report=lambda *_: None, is_diagnosed=False)
    assert len(made.candidates) == 24  # noqa: PLR2004 - the batch
    yield "round", made.summary["allowed"], time.process_time() - began


def alone(number: int) -> list[dict[str, Any]]:
    """Return the stages of one length, each with what was needed, from a process of its own."""
    program = f"from benchmarks.libraries import say; say({number})"
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    rows = []
    for line in said.stdout.splitlines():
        stage, n_rows, seconds, mebibytes = line.split()
        rows.append(
            {
                "molecules": number,
                "stage": stage,
                "rows": int(n_rows),
                "seconds": round(float(seconds), 1),
                "ms_each": round(1000 * float(seconds) / number, 3),
                "peak_mib": round(float(mebibytes)),
            }
        )
    return rows


def say(number: int) -> None:
    """Print the stages of one length."""
    for stage, n_rows, seconds in stages(number):
        print(stage, n_rows, seconds, peak(), flush=True)


def measure(report: Report, quick: bool) -> None:  # noqa: FBT001 - as `run` calls it
    """Measure lists of two lengths, and what the difference says of a million molecules."""
    lengths = (2_000, 10_000) if quick else (10_000, 100_000)
    needed = []
    for number in lengths:
        rows = alone(number)
        for row in rows:
            report.row(**row)
        needed.append(rows[-1]["peak_mib"])
    growth = 1e6 * (needed[1] - needed[0]) / (lengths[1] - lengths[0])
    report.claim("peak MiB that a million molecules add", growth, "<=", MOST_MEBIBYTES_PER_MILLION)


if __name__ == "__main__":
    run("Libraries", measure)
