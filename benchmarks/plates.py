"""Coverage of 95 % intervals of IC50s on simulated plates with known truth, beside SciPy's intervals.

Each plate of 384 wells holds fourteen candidates at ten doses (10 uM down, a third each) in two replicates,
with fourteen controls of each kind. Every well scatters by the stated percentage, controls as well. IC50s are
drawn from the doses and a decade beyond both ends, steepness from 0.7 to 2; every seventh candidate is
inactive. The whole path is measured: layout, a long file as readers export it, percentages, curve. The peer
is `scipy.optimize.curve_fit` with the interval of its covariance, on the same percentages.
"""

import math
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from benchmarks.report import Report, run
from service.plates.analysis import WellsFile, analyse
from service.plates.layouts import lay_out
from service.plates.records import Analysis, Finding, PlateLayout
from service.plates.specs import DoseSeries, LayoutSpec

FULL, NONE = 2_000.0, 20_000.0
SPEC = LayoutSpec(name="P-1", type="IC50", doses=DoseSeries(top=10.0, points=10, factor=3.0), replicates=2)
CANDIDATES = tuple(UUID(int=index + 1) for index in range(14))
NOISE = (2.0, 5.0, 10.0)
LOW, HIGH = math.log10(SPEC.doses.concentrations()[-1]), math.log10(SPEC.doses.top)
LEAST_FOR_A_SHARE = 20
"""Fewest curves for which a share is reported."""
T_975 = 2.1199
"""Student's t with 16 degrees of freedom."""


@dataclass(frozen=True, slots=True)
class Truth:
    """A candidate's true log10 IC50 (None: inactive) and steepness."""

    midpoint: float | None
    hill: float

    @property
    def zone(self) -> str:
        """The range of doses in which the IC50 lies."""
        if self.midpoint is None:
            return "inactive"
        if not LOW <= self.midpoint <= HIGH:
            return "beyond the doses"
        return "between the doses" if LOW + 1 <= self.midpoint <= HIGH - 1 else "near an end"


Curve = tuple[Finding, Truth, bool | None]
"""The result, the truth, and whether SciPy's interval covers it."""


def _truths(generator: np.random.Generator) -> dict[UUID, Truth]:
    drawn = {
        key: Truth(float(generator.uniform(LOW - 1, HIGH + 1)), float(generator.uniform(0.7, 2))) for key in CANDIDATES
    }
    return {key: Truth(None, 1.0) if index % 7 == 0 else drawn[key] for index, key in enumerate(CANDIDATES)}


def _long_file(
    layout: PlateLayout, truths: Mapping[UUID, Truth], noise: float, generator: np.random.Generator
) -> bytes:
    """Return the long file as a plate reader would export it."""
    lines = ["Well,Signal"]
    for well in layout.wells:
        percent = 100.0 if well.role == "positive" else 0.0
        if well.candidate_id is not None and well.concentration is not None:
            truth = truths[well.candidate_id]
            if truth.midpoint is not None:
                percent = 100.0 / (1.0 + 10.0 ** (truth.hill * (truth.midpoint - math.log10(well.concentration))))
        percent += float(generator.normal(0.0, noise))
        lines.append(f"{well.well},{NONE + (FULL - NONE) * percent / 100.0:.2f}")
    return "\n".join(lines).encode()


def _plates(noise: float, seeds: int) -> Iterator[tuple[Mapping[UUID, Truth], Analysis]]:
    for seed in range(seeds):
        generator = np.random.default_rng((seed, int(noise)))
        truths, layout = _truths(generator), lay_out(SPEC, CANDIDATES, seed)
        content = _long_file(layout, truths, noise, generator)
        yield truths, analyse(WellsFile(content, "text/csv"), SPEC, layout, {})


def _covers(finding: Finding, midpoint: float) -> bool:
    curve = finding.curve
    assert curve is not None
    assert curve.low is not None
    assert curve.high is not None
    return math.log10(curve.low) <= midpoint <= math.log10(curve.high)


def _is_false(finding: Finding, truth: Truth) -> bool:
    """Return whether a limit lies on the wrong side of the truth."""
    if finding.verdict != "censored" or finding.value is None or truth.midpoint is None:
        return finding.relation == "<" and truth.midpoint is None
    limit = math.log10(finding.value)
    return truth.midpoint < limit if finding.relation == ">" else truth.midpoint > limit


def _scipy(analysis: Analysis, candidate_id: UUID, truth: float) -> bool | None:
    """Return whether the interval of SciPy's curve_fit covers the truth; None if it gives none."""
    from scipy.optimize import curve_fit  # type: ignore[import-untyped] # no types published

    wells = [well for well in analysis.wells if well.candidate_id == candidate_id]
    x = np.log10([well.concentration or 0.0 for well in wells])
    y = np.array([well.inhibition or 0.0 for well in wells])

    def curve(at: np.ndarray, bottom: float, top: float, midpoint: float, hill: float) -> np.ndarray:
        return bottom + (top - bottom) / (1.0 + 10.0 ** np.clip(hill * (midpoint - at), -300, 300))

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted, covariance = curve_fit(curve, x, y, p0=(0.0, 100.0, float(x.mean()), 1.0))
    except RuntimeError:
        return None
    reach = T_975 * math.sqrt(covariance[2, 2]) if np.isfinite(covariance[2, 2]) else math.inf
    return bool(abs(fitted[2] - truth) <= reach) if math.isfinite(reach) else None


def measure(report: Report, quick: bool) -> None:  # noqa: FBT001 - as `run` calls it
    """Count the coverage of intervals, and the results of candidates without an IC50 between the doses."""
    seeds = 4 if quick else 60
    report.seeds.update(range(seeds))
    every: list[Curve] = []
    for noise in NOISE:
        zones: defaultdict[str, list[Curve]] = defaultdict(list)
        z_primes = []
        for truths, analysis in _plates(noise, seeds):
            z_primes.append(analysis.quality.z_prime or 0.0)
            for finding in analysis.findings:
                truth = truths[finding.candidate_id]
                peer = None if truth.midpoint is None else _scipy(analysis, finding.candidate_id, truth.midpoint)
                zones[truth.zone].append((finding, truth, peer))
        for zone, curves in sorted(zones.items()):
            report.row(**{"noise, %": int(noise), "Z'": float(np.mean(z_primes)), "IC50": zone, **_cells(curves)})
            every += curves
    covered = [_covers(f, t.midpoint) for f, t, _ in every if f.verdict == "measured" and t.midpoint is not None]
    wrong = [_is_false(f, t) for f, t, _ in every if f.verdict == "censored"]
    invented = [f.verdict == "measured" for f, t, _ in every if t.midpoint is None]
    report.claim("coverage of the 95 % interval, where a number is given", float(np.mean(covered)), ">=", 0.93)
    report.claim("the same coverage, from above", float(np.mean(covered)), "<=", 0.98)
    report.claim("share of limits on the wrong side of the truth", float(np.mean(wrong)), "<=", 0.05)
    report.claim("share of inactive candidates with a number", float(np.mean(invented)), "<=", 0.01)


def _cells(curves: Sequence[Curve]) -> dict[str, float | int | None]:
    measured = [(f, t.midpoint) for f, t, _ in curves if f.verdict == "measured" and t.midpoint is not None]
    errors = [abs(math.log10(f.value or 1.0) - midpoint) for f, midpoint in measured]
    peers = [peer for f, _, peer in curves if peer is not None and f.verdict == "measured"]
    limits = [_is_false(f, t) for f, t, _ in curves if f.verdict == "censored"]
    is_shown = len(measured) >= LEAST_FOR_A_SHARE
    return {
        "candidates": len(curves),
        "numbers": len(measured),
        "limits": len(limits),
        "on the wrong side": sum(limits),
        "no fit": sum(f.verdict == "failed" for f, _, _ in curves),
        "coverage": float(np.mean([_covers(f, midpoint) for f, midpoint in measured])) if is_shown else None,
        "SciPy's coverage": float(np.mean(peers)) if is_shown else None,
        "median error, decades": float(np.median(errors)) if is_shown else None,
    }


if __name__ == "__main__":
    run("Plates", measure)
