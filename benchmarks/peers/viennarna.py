"""Energies of RNA duplexes by ViennaRNA (doi:10.1186/1748-7188-6-26), as in FLEXS (arXiv:2010.02141).

ViennaRNA's own licence allows use and forbids a fee for redistribution, so it is a peer that whoever wants
the figures installs: it is neither part of this project nor a dependency. The landscape is the binding energy
of a sequence to a target over that of the target's complement, per letter; values above 1 are possible.
"""

from collections.abc import Callable

from benchmarks.peers.folders import PeerFolder

PEER = PeerFolder("viennarna", "benchmarks.peers.viennarna", (("viennarna==2.8.0",),))
TARGETS = {
    "L14_RNA1": "GAACGAGGCACAUUCCGGCUCGCCCGGCCCAUGUGAGCAUGGGCCGGACC"
    "CCGUCCGCGCGGGGCCCCCGCGCGGACGGGGGCGAGCCGGAAUGUGCCUC",
    "L14_RNA2": "GAGGCACAUUCCGGCUCGCCCCCGUCCGCGCGGGGGCCCCGCGCGGACGG"
    "GGUCCGGCCCGCGCGGGGCCCCCGCGCGGGAGCCGGAAUGUGCCUCGUUC",
    "L14_RNA3": "CCGGUGAUACUGUUAGUGGUCACGGUGCAUUUAUAGCGCUAAAGUACAGU"
    "CUUCCCCUGUUGAACGGCGCCAUUGCAUACAGGGCCAGCCGCGUAACGCC",
}
"""The targets of FLEXS's problems for sequences of 14 letters."""
COMPLEMENT = str.maketrans("ACGU", "UGCA")


def binding(target: str) -> Callable[[str], float]:
    """Return the function of a sequence in A, C, G and U: its relative binding energy to the target.

    Raises:
        ModuleNotFoundError: if the peer is not installed.
    """
    duplexfold = PEER.open("RNA").duplexfold
    per_letter = float(duplexfold(target.translate(COMPLEMENT)[::-1], target).energy) / len(target)

    def value(sequence: str) -> float:
        return float(duplexfold(target, sequence).energy) / (per_letter * len(sequence))

    return value


if __name__ == "__main__":
    PEER.install()
