import csv
from pathlib import Path

import torch

from models.domains.materials import PLUGIN
from models.proxies.contract import TrainingTable
from models.proxies.gaussian_process import GaussianProcess

BAND_GAPS = Path(__file__).parents[5] / "examples" / "band_gaps.csv"


def test_kernel_has_unit_diagonal_and_follows_its_lengthscales():
    domain = PLUGIN.open(PLUGIN.spec.model_validate(PLUGIN.examples[0][0]))
    rows = torch.tensor(domain.features(["GaAs", "GaP", "NaCl"]))
    kernel = domain.kernel().double()
    gram = kernel(rows).to_dense()
    torch.testing.assert_close(gram.diagonal(), torch.ones(3, dtype=torch.float64))
    torch.testing.assert_close(kernel(rows, diag=True), gram.diagonal())
    assert gram[0, 1] > gram[0, 2]
    gram.sum().backward()
    assert kernel.raw_weight.grad is not None


def test_band_gaps_are_predicted_from_each_other():
    """Leave-one-out mean absolute error of log10 gaps: at most 2/3 of the error of a constant prediction."""
    domain = PLUGIN.open(PLUGIN.spec.model_validate(PLUGIN.examples[3][0]))
    with BAND_GAPS.open(newline="") as file:
        table = list(csv.DictReader(file))
    rows = torch.tensor(domain.features([domain.parse(row) for row in table]))
    gaps = torch.tensor([float(row["value"]) for row in table], dtype=torch.float64).log10()
    unknown, one = torch.full((len(gaps), 1), float("nan"), dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    training = TrainingTable(("band_gap",), rows, gaps[:, None], unknown, 0 * one, one)
    predicted = GaussianProcess(domain.kernel).fit(training, seed=0).leave_one_out(0)
    mean_of_others = (gaps.sum() - gaps) / (len(gaps) - 1)
    assert (predicted - gaps).abs().mean() < 2 / 3 * (mean_of_others - gaps).abs().mean()
