"""Dock molecules with a programme of your own, as a scorer: `python docking.py --port 9000 -- smina ...`.

The command gets `{ligand}`, an SDF file with one 3D conformer, and writes poses to `{poses}`, an SDF file
whose first record has the score as a tag. smina and gnina work as they are:

    python docking.py --port 9000 -- smina -r receptor.pdb --autobox_ligand site.sdf -l {ligand} -o {poses} \
        --seed 0 --cpu 1 --num_modes 1

AutoDock Vina reads PDBQT alone, so wrap it in a script that converts with Meeko and writes an SDF file back.
A score is a rough rank within a series and no affinity. One conformer and one protonation state are docked.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from functools import lru_cache, partial
from pathlib import Path
from shutil import which

from http_scorer import server
from rdkit import Chem, RDLogger
from rdkit.Chem import AllChem

TAG = "minimizedAffinity"
"""Where smina and gnina write the score, in kcal/mol."""
SECONDS = 30
"""That one molecule may take; `batch_size` of them must fit into `timeout_seconds`."""


class DockingError(RuntimeError):
    """The programme does not work at all, whatever the molecule."""


@lru_cache(100_000)
def dock(smiles: str, command: tuple[str, ...], tag: str = TAG) -> float | None:
    """Return the best score of a molecule; None where it has no conformer or no pose.

    Equal molecules get equal scores if the command fixes its own seed.

    Raises:
        DockingError: if the programme cannot be started.
    """
    ligand = conformer(smiles)
    if ligand is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        place, poses = Path(folder, "ligand.sdf"), Path(folder, "poses.sdf")
        place.write_text(Chem.MolToMolBlock(ligand) + "$$$$\n")
        filled = [part.format(ligand=place, poses=poses) for part in command]
        try:
            done = subprocess.run(filled, timeout=SECONDS, capture_output=True, check=False)  # noqa: S603 - the operator's own command, without a shell
        except subprocess.TimeoutExpired:
            return None
        except OSError as error:
            raise DockingError(f"{command[0]} cannot be started: {error}") from error
        return _score(poses, tag) if done.returncode == 0 else None


def conformer(smiles: str) -> Chem.Mol | None:
    """Return a molecule with hydrogens and one conformer, always the same; None if it cannot be embedded."""
    mol = Chem.MolFromSmiles(smiles)
    if mol is None:
        return None
    mol = Chem.AddHs(mol)
    if AllChem.EmbedMolecule(mol, randomSeed=0) != 0:
        return None
    AllChem.MMFFOptimizeMolecule(mol)
    return mol


def _score(poses: Path, tag: str) -> float | None:
    if not poses.exists():
        return None
    first = next(iter(Chem.SDMolSupplier(str(poses), sanitize=False)), None)
    return float(first.GetProp(tag)) if first is not None and first.HasProp(tag) else None


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--tag", default=TAG, help="SDF tag of the score")
    parser.add_argument("command", nargs="+", help="programme with {ligand} and {poses}")
    asked = parser.parse_args()
    if which(asked.command[0]) is None:
        sys.exit(f"{asked.command[0]} is not installed here")
    RDLogger.DisableLog("rdApp.*")
    server(partial(dock, command=tuple(asked.command), tag=asked.tag), asked.port).serve_forever()


if __name__ == "__main__":
    main()
