"""The forward pass of the sEH proxy, against a plain one atom by atom."""

from typing import Any

import numpy as np
import pytest
from rdkit import Chem

from models.backtests.oracles.seh import SehProxy

WIDTH = 4
TEXTS = ["CCO", "c1ccccc1C(=O)N", "C#N", "C", "FC(Cl)Br", "CC(C)(C)OC(=O)c1ccncc1"]


@pytest.fixture
def arrays() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    d = WIDTH
    shapes = [
        (d, 71),
        (d,),
        (d, d),
        (d,),
        (8, 4),
        (8,),
        (d * d, 8),
        (d * d,),
        (3 * d, d),
        (3 * d, d),
        (3 * d,),
        (3 * d,),
    ]
    shapes += [(1,)] * 4 + [(4 * d, 2 * d), (4 * d, d), (4 * d,), (4 * d,), (1, 2 * d), (1,)]
    return {f"p{index:02d}": 0.5 * rng.standard_normal(shape) for index, shape in enumerate(shapes)}


def leaky(x: Any) -> Any:
    return np.where(x > 0, x, 0.01 * x)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def plain(text: str, p: list[Any]) -> float:
    """Compute one molecule with loops over atoms and bonds."""
    mol, d = Chem.MolFromSmiles(text), WIDTH
    rows = []
    for atom in mol.GetAtoms():
        row = np.zeros(71)
        row[{"H": 0, "C": 1, "N": 2, "O": 3, "F": 4}.get(atom.GetSymbol(), 5)] = 1
        row[9] = atom.GetIsAromatic()
        row[10 + ["SP", "SP2", "SP3"].index(str(atom.GetHybridization()))] = 1
        row[13] = atom.GetTotalNumHs()
        row[13 + atom.GetAtomicNum()] = 1
        rows.append(leaky(p[0] @ row + p[1]))
    state = np.array(rows)
    for _ in range(12):
        after = []
        for atom in mol.GetAtoms():
            heard = []
            for bond in atom.GetBonds():
                kind = np.eye(4)[["SINGLE", "DOUBLE", "TRIPLE", "AROMATIC"].index(str(bond.GetBondType()))]
                matrix = (p[6] @ leaky(p[4] @ kind + p[5]) + p[7]).reshape(d, d)
                heard.append(state[bond.GetOtherAtomIdx(atom.GetIdx())] @ matrix)
            own = state[atom.GetIdx()]
            m = leaky((np.mean(heard, axis=0) if heard else 0) + own @ p[2] + p[3])
            gates, kept = p[8] @ m + p[10], p[9] @ own + p[11]
            reset, update = sigmoid(gates[:d] + kept[:d]), sigmoid(gates[d : 2 * d] + kept[d : 2 * d])
            new = np.tanh(gates[2 * d :] + reset * kept[2 * d :])
            after.append((1 - update) * new + update * own)
        state = np.array(after)
    question, memory, read = np.zeros(d), np.zeros(d), np.zeros(2 * d)
    for _ in range(3):
        gates = p[16] @ read + p[18] + p[17] @ question + p[19]
        enter, forget, new, leave = (gates[i * d : (i + 1) * d] for i in range(4))
        memory = sigmoid(forget) * memory + sigmoid(enter) * np.tanh(new)
        question = sigmoid(leave) * np.tanh(memory)
        weight = np.exp(state @ question)
        read = np.concatenate([question, (weight / weight.sum()) @ state])
    return float((p[20] @ read + p[21])[0])


def test_it_agrees_with_a_plain_pass(arrays: dict[str, Any]) -> None:
    expected = [plain(text, list(arrays.values())) for text in TEXTS]
    assert SehProxy(arrays)(TEXTS) == pytest.approx(expected, abs=1e-5)
    assert np.std(expected) > 1e-3


def test_neither_company_nor_the_order_of_atoms_matters(arrays: dict[str, Any]) -> None:
    proxy = SehProxy(arrays)
    alone = [float(proxy([text])[0]) for text in TEXTS]
    shuffled = [Chem.MolToSmiles(Chem.MolFromSmiles(text), doRandom=True) for text in TEXTS]
    assert proxy(TEXTS) == pytest.approx(alone, abs=1e-5)
    assert proxy(shuffled) == pytest.approx(alone, abs=1e-5)
    assert len(proxy([])) == 0


@pytest.mark.parametrize(("change", "message"), [("p21", "p21"), ("p00", "71 columns")])
def test_wrong_arrays_are_refused(arrays: dict[str, Any], change: str, message: str) -> None:
    wrong = {name: array for name, array in arrays.items() if name != change}
    if change == "p00":
        wrong["p00"] = np.zeros((WIDTH, 70))
    with pytest.raises(ValueError, match=message):
        SehProxy(wrong)
