"""The peptide domain's torch-free half: identity, limits, properties, formats and pictures. Knows no policy.

Identity: the bare upper-case sequence is the peptide with the campaign's own end groups, because that is what
a lab means by a sequence in its table; a peptide with other ends carries both of them, in the chemist's
notation (`H-ACD-OH`, `Ac-ACD-NH2`). Within a campaign each peptide has exactly one such text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

from models.domains.contract import Domain, FileFormat, InvalidObjectError, ParsedObject, Sizes, Violation
from models.domains.peptides import drawing, features, parts, properties
from models.domains.peptides.expressions import searching
from models.domains.peptides.notation import (
    Ends,
    Peptide,
    check_ends,
    is_a_code,
    read_canonical,
    read_helm,
    read_sequence,
    write_helm,
    write_sequence,
)
from models.domains.peptides.order_sheet import NOT_MADE, write_order
from models.domains.peptides.qualifiers import QUALIFYING_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from gpytorch.kernels import Kernel

    from models.domains.contract import FeatureGroup, Floats
    from models.domains.peptides.spec import PeptidesSpec
    from models.gflownet.environment import Environment

GROUPINGS = {"length": "number of residues", "residues": "the same residues in any order"}


@final
class Peptides(Domain):
    """Linear peptides within one campaign's limits."""

    object_columns = ("sequence", "helm")
    cluster_similarity = 0.3
    """Reached by one in a thousand pairs of random peptides, and half of an 8-mer's double mutants."""
    qualifying_columns = QUALIFYING_COLUMNS
    missing_formats = {  # noqa: RUF012 - never written to
        "cif": "a peptide that nobody has made has no crystal structure"
    }

    def __init__(self, spec: PeptidesSpec) -> None:
        self.spec = spec
        self.every_prefix_may_stop = spec.min_length == 1 and spec.construction == "append"
        self.structure = "tokens" if spec.construction == "append" else None
        self.ends = Ends(spec.n_terminus, spec.c_terminus)
        self.computed = properties.COMPUTED
        self.groupings = GROUPINGS
        self.sizes = Sizes("residues", spec.min_length, spec.max_length)
        self.formats = {
            "fasta": FileFormat("text/x-fasta", self._write_fasta),
            "helm": FileFormat("text/plain", self._write_helm),
            "order": FileFormat("text/csv", self._write_order, extension="csv"),
        }

    def read(self, text: str) -> Peptide:
        """Return the peptide of a canonical text."""
        return read_canonical(text, self.ends)

    def read_object(self, fields: Mapping[str, str]) -> ParsedObject:
        """Return the canonical text: the bare sequence, with its ends when they are not the campaign's.

        Raises:
            InvalidObjectError: if neither column is given, one cannot be read, or two differ.
        """
        lengths = range(self.spec.min_length, self.spec.max_length + 1)
        read = [read_sequence(fields["sequence"], self.ends, fields, lengths)] if "sequence" in fields else []
        if "helm" in fields:
            read.append(read_helm(fields["helm"]))
            check_ends(read[-1], fields)
        if not read:
            raise InvalidObjectError("sequence", "a peptide needs a sequence or helm")
        if len(set(read)) > 1:
            raise InvalidObjectError("helm", "describes another peptide than the other columns do")
        text = write_sequence(read[0], self.ends)
        if "helm" not in fields and is_a_code(fields["sequence"]):
            return ParsedObject(
                text, (f"{text!r} was read as residues in one-letter codes, not as one residue",)
            )
        return ParsedObject(text)

    def check(self, text: str) -> list[Violation]:
        """Return which of the campaign's limits the peptide breaks."""
        return list(self._broken_limits(self.read(text)))

    def _broken_limits(self, peptide: Peptide) -> Iterator[Violation]:
        spec, sequence = self.spec, peptide.sequence
        if not spec.min_length <= len(sequence) <= spec.max_length:
            yield Violation(
                "length", f"length {len(sequence)} is outside {spec.min_length}-{spec.max_length}"
            )
        for position, residue in sorted(spec.fixed.items()):
            if sequence[position - 1 : position] != residue:
                yield Violation("fixed", f"position {position} is not {residue}")
        free = {residue for position, residue in enumerate(sequence, start=1) if position not in spec.fixed}
        if not free <= set(spec.alphabet):
            foreign = ", ".join(sorted(free - set(spec.alphabet)))
            yield Violation("alphabet", f"residues {foreign} are outside the alphabet")
        if peptide.ends.n_terminus != spec.n_terminus:
            yield Violation(
                "n_terminus", f"the N-terminus is {peptide.ends.n_terminus}, not {spec.n_terminus}"
            )
        if peptide.ends.c_terminus != spec.c_terminus:
            yield Violation(
                "c_terminus", f"the C-terminus is {peptide.ends.c_terminus}, not {spec.c_terminus}"
            )

    def pattern(self, text: str) -> Callable[[str], bool]:
        """Return whether a regular expression (RE2) occurs in the one-letter sequence, ignoring case.

        Raises:
            ValueError: if it is no regular expression, or matches every sequence.
        """
        search = searching(text)
        return lambda peptide: search(self.read(peptide).sequence)

    def properties(self, texts: Sequence[str], names: Sequence[str]) -> dict[str, Floats]:
        """Return the named computed properties, each [N]."""
        return properties.compute([self.read(text) for text in texts], names)

    def group(self, texts: Sequence[str], name: str) -> list[str]:
        """Return the length of each peptide, or its residues in alphabetical order."""
        if name not in self.groupings:
            raise KeyError(name)
        sequences = [self.read(text).sequence for text in texts]
        return [str(len(chain)) if name == "length" else "".join(sorted(chain)) for chain in sequences]

    def columns(self, text: str) -> dict[str, str | float]:
        """Return the sequence and HELM columns."""
        return {"sequence": text, "helm": write_helm(self.read(text))}

    def display(self, text: str) -> str:
        """Return HELM, which always states the end groups."""
        return write_helm(self.read(text))

    def features(self, texts: Sequence[str]) -> Floats:
        """Return spectrum counts, descriptors and, where all have one length, positional residues [N, D]."""
        is_aligned = self.spec.min_length == self.spec.max_length
        return features.compute(
            [self.read(text) for text in texts], self.spec.max_length, is_aligned=is_aligned
        )

    def parts(self, texts: Sequence[str]) -> tuple[FeatureGroup, ...]:
        """Return residues, motifs, positions and descriptors in which the peptides differ."""
        return parts.parts_of(self.features(texts), self.spec.max_length)

    def similarity(self, left: Sequence[str], right: Sequence[str]) -> Floats:
        """Return Tanimoto similarities [N, M] of motifs, positional residues and end groups."""
        return features.similarity([self.read(text) for text in left], [self.read(text) for text in right])

    def draw(self, texts: Sequence[str], captions: Sequence[str]) -> str:
        """Return one SVG of residue boxes coloured by class."""
        return drawing.draw([self.read(text) for text in texts], captions)

    def environment(self, known: Sequence[str], device: str = "cpu") -> Environment:  # noqa: ARG002 - the alphabet is given
        """Return the environment in which the campaign builds."""
        from models.domains.peptides.any_order import AnyOrderPeptides
        from models.domains.peptides.environment import PeptidesEnvironment

        build = AnyOrderPeptides if self.spec.construction == "any_order" else PeptidesEnvironment
        return build(self.spec, device)

    def kernel(self) -> Kernel:
        """Return the sum of a Tanimoto kernel over the spectrum and a Matern kernel over the descriptors."""
        from models.domains.kernels import TanimotoAndDescriptorsKernel
        from models.domains.peptides.features import SPECTRUM_WIDTH, descriptor_width

        return TanimotoAndDescriptorsKernel(SPECTRUM_WIDTH, descriptor_width(self.spec.max_length))

    def _write_fasta(self, rows: Sequence[Mapping[str, Any]]) -> bytes:
        """Return records named by candidate, with rank and HELM, which alone states the end groups."""
        records = []
        for number, row in enumerate(rows, start=1):
            peptide = self.read(str(row["object"]))
            records.append(f">{_name(row, number)} {write_helm(peptide)}\n{peptide.sequence}\n")
        return "".join(records).encode()

    def _write_order(self, rows: Sequence[Mapping[str, Any]]) -> bytes:
        """Return the order sheet for a peptide vendor, with blanks for amount, purity and salt form."""
        to_be_made = [row for row in rows if row.get("status") not in NOT_MADE]
        return write_order([(row, self.read(str(row["object"]))) for row in to_be_made])

    def _write_helm(self, rows: Sequence[Mapping[str, Any]]) -> bytes:
        """Return a line for each candidate: HELM, a tab, its name and rank."""
        lines = (
            f"{write_helm(self.read(str(row['object'])))}\t{_name(row, number)}\n"
            for number, row in enumerate(rows, start=1)
        )
        return "".join(lines).encode()


def _name(row: Mapping[str, Any], number: int) -> str:
    """Return the candidate's id and rank; the rank or row number alone for other rows."""
    rank = row.get("rank") or number
    name = "_".join(str(row.get("candidate_id") or "").split())
    return f"{name} rank={rank}" if name else str(rank)
