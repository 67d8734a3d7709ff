"""Each family of reactions makes the right product, and refuses what would compete or not survive."""

import pytest

from models.domains.molecules.chemistry.reading import canonical_smiles
from models.domains.molecules.reactions.chemistry import Reactions
from models.domains.molecules.reactions.groups import own_groups, tracked_groups
from models.domains.molecules.reactions.stock import Stock
from models.domains.molecules.reactions.templates import own_templates

EXAMPLES = """
amide coupling: primary amine
    OC(=O)c1ccccc1 + NCC1CC1 -> O=C(NCC1CC1)c1ccccc1
    OC(=O)c1ccccc1 + NCCCNC
amide coupling: secondary amine
    CC(C)(C)OC(=O)N[C@@H](C)C(=O)O + C1COCCN1 -> C[C@H](NC(=O)OC(C)(C)C)C(=O)N1CCOCC1
    OC(=O)CCC(=O)O + C1COCCN1
amide coupling of an aniline: aniline
    OC(=O)C1CC1 + Nc1ccccc1 -> O=C(Nc1ccccc1)C1CC1
    OC(=O)C1CC1 + Nc1cccc(N)c1
amide coupling of an aniline: alkyl aniline
    OC(=O)C1CC1 + CNc1ccccc1 -> CN(C(=O)C1CC1)c1ccccc1
    NCCC(=O)O + CNc1ccccc1
amide coupling of a heteroarylamine: aminopyridine
    CC(=O)O + Nc1ccccn1 -> CC(=O)Nc1ccccn1
    CC(=O)O + Nc1ccc(CN)cn1
amide coupling of a heteroarylamine: heteroaryl amine
    CC(=O)O + Nc1nccs1 -> CC(=O)Nc1nccs1
    CC(=O)O + Nc1nc(N)cs1
amide from an acid chloride: primary amine
    O=C(Cl)c1ccco1 + NCc1ccccc1 -> O=C(NCc1ccccc1)c1ccco1
    O=C(Cl)c1ccco1 + NCCO
sulfonamide formation: aniline
    CS(=O)(=O)Cl + Nc1ccccc1 -> CS(=O)(=O)Nc1ccccc1
    CS(=O)(=O)Cl + Nc1cccc(O)c1
urea from an isocyanate: secondary amine
    O=C=Nc1ccccc1 + C1CCNC1 -> O=C(Nc1ccccc1)N1CCCC1
    O=C=Nc1ccccc1 + CNCCNC
thiourea from an isothiocyanate: primary amine
    CN=C=S + NCc1ccccc1 -> CNC(=S)NCc1ccccc1
    CN=C=S + NCC(=O)O
urea from a carbamoyl chloride: secondary amine
    CN(C)C(=O)Cl + C1COCCN1 -> CN(C)C(=O)N1CCOCC1
    CN(C)C(=O)Cl + OC1CCNCC1
urea of two amines: secondary amine
    Nc1ccccc1 + C1COCCN1 -> O=C(Nc1ccccc1)N1CCOCC1
    Nc1cccc(N)c1 + C1COCCN1
urea of two amines
    NCc1ccccc1 + C1COCCN1 -> O=C(NCc1ccccc1)N1CCOCC1
    NCCN + C1COCCN1
carbamate from a chloroformate: aniline
    CC(C)COC(=O)Cl + Nc1ccccc1 -> CC(C)COC(=O)Nc1ccccc1
    CC(C)COC(=O)Cl + Nc1ccc(O)cc1
carbamate from an isocyanate: primary alcohol
    CCN=C=O + OCC1CC1 -> CCNC(=O)OCC1CC1
    CCN=C=O + NCCCO
Steglich esterification: phenol
    CC(=O)O + Oc1ccccc1 -> CC(=O)Oc1ccccc1
    CC(=O)O + Nc1ccc(O)cc1
ester from an acid chloride: secondary alcohol
    CC(=O)Cl + OC1CCCC1 -> CC(=O)OC1CCCC1
    CC(=O)Cl + OCC1CCCC1O
hydrolysis of a methyl ester
    COC(=O)c1ccc(Br)cc1 -> O=C(O)c1ccc(Br)cc1
    COC(=O)CC(=O)OC
hydrolysis of an ethyl ester
    CCOC(=O)c1cn[nH]c1 -> O=C(O)c1cn[nH]c1
    CCOC(=O)C(=O)OC
reductive amination of an aldehyde: primary amine
    O=Cc1ccccc1 + NC1CC1 -> c1ccc(CNC2CC2)cc1
    O=Cc1ccc(C=O)cc1 + NC1CC1
reductive amination of an aldehyde: alkyl aniline
    O=Cc1ccccc1 + CNc1ccccc1 -> CN(Cc1ccccc1)c1ccccc1
    O=Cc1ccc(C(C)=O)cc1 + CNc1ccccc1
reductive amination of a ketone: secondary amine
    O=C1CCOCC1 + C1CCNC1 -> C1CCN(C2CCOCC2)C1
    O=C(c1ccccc1)c1ccccc1 + C1CCNC1
reductive amination of an aryl ketone
    CC(=O)c1ccccc1 + NC1CC1 -> CC(NC1CC1)c1ccccc1
    CC(=O)c1ccc(C(C)=O)cc1 + NC1CC1
alkylation of a secondary amine: primary bromide
    BrCc1ccccc1 + C1COCCN1 -> c1ccc(CN2CCOCC2)cc1
    BrCc1ccccc1 + C1CNCCN1
alkylation with a bromoketone
    O=C(CBr)c1ccccc1 + C1COCCN1 -> O=C(CN1CCOCC1)c1ccccc1
    O=C(CBr)CBr + C1COCCN1
opening of an epoxide: secondary amine
    C[C@H]1CO1 + C1COCCN1 -> C[C@H](O)CN1CCOCC1
    CC1OC1C + C1COCCN1
opening of an epoxide by a phenol
    C[C@H]1CO1 + Oc1ccccc1 -> C[C@H](O)COc1ccccc1
    C[C@H]1CO1 + Oc1ccccc1O
aza-Michael addition: acryloyl
    C=CC(=O)OC + C1COCCN1 -> COC(=O)CCN1CCOCC1
    C=CC(=O)O + C1COCCN1
alkylation of an azole: primary bromide
    BrCc1ccccc1 + c1cn[nH]c1 -> c1ccc(Cn2cccn2)cc1
    BrCc1ccccc1 + Cc1ccn[nH]1
azide from a halide: primary bromide
    BrCc1ccccc1 -> [N-]=[N+]=NCc1ccccc1
    BrCCCBr
Staudinger reduction of an azide
    [N-]=[N+]=NCc1ccccc1 -> NCc1ccccc1
    [N-]=[N+]=NCC=O
Gabriel deprotection
    O=C1c2ccccc2C(=O)N1CCO -> NCCO
    COC(=O)CN1C(=O)c2ccccc2C1=O
ether of a phenol: primary chloride
    ClCc1cccnc1 + Oc1ccccc1 -> c1ccc(OCc2cccnc2)cc1
    ClCc1cccnc1 + Oc1ccc(O)cc1
ether of a phenol and a bromoketone
    O=C(CBr)c1ccccc1 + Oc1ccccc1 -> O=C(COc1ccccc1)c1ccccc1
    O=C(CBr)c1ccccc1 + Nc1ccc(O)cc1
Williamson ether: primary bromide + secondary alcohol
    BrCC1CC1 + C[C@@H](O)c1ccccc1 -> C[C@@H](OCC1CC1)c1ccccc1
    BrCC1CC1 + OC1CCNCC1
thioether: primary bromide
    BrCC1CC1 + Sc1ccccc1 -> c1ccc(SCC2CC2)cc1
    BrCC1CC1 + Nc1ccccc1S
Mitsunobu ether: primary alcohol
    OCC1CC1 + Oc1ccccc1 -> c1ccc(OCC2CC2)cc1
    OCCO + Oc1ccccc1
Mitsunobu ether with inversion
    C[C@@H](O)c1ccccc1 + Oc1cccnc1 -> C[C@H](Oc1cccnc1)c1ccccc1
    C[C@@H](O)c1ccccc1 + OC(=O)c1cccc(O)c1
Mitsunobu reaction of an imide: primary alcohol + phthalimide nh
    OCCc1ccccc1 + O=C1NC(=O)c2ccccc21 -> O=C1c2ccccc2C(=O)N1CCc1ccccc1
    OCCc1ccc(O)cc1 + O=C1NC(=O)c2ccccc21
Mitsunobu reaction of a sulfonamide: simple alcohol
    OCc1ccccc1 + CNS(=O)(=O)c1ccccc1 -> CN(Cc1ccccc1)S(=O)(=O)c1ccccc1
    OCc1ccccc1 + CS(=O)(=O)NCCO
Mitsunobu ester with inversion
    OC(=O)c1ccccc1 + CC[C@@H](C)O -> CC[C@H](C)OC(=O)c1ccccc1
    OC(=O)c1ccc(O)cc1 + CC[C@@H](C)O
SNAr with an amine: active fluoride + secondary amine
    N#Cc1ccc(F)cc1 + C1COCCN1 -> N#Cc1ccc(N2CCOCC2)cc1
    COc1ccc(F)cc1 + C1COCCN1
SNAr with an amine: active azinyl chloride + primary amine
    Clc1ncccn1 + NCc1ccccc1 -> c1ccc(CNc2ncccn2)cc1
    Clc1cncc(Cl)n1 + NCc1ccccc1
SNAr with an aniline: active azinyl chloride
    Clc1ncccn1 + Nc1ccccc1 -> c1ccc(Nc2ncccn2)cc1
    Clc1ncccn1 + Nc1cccc(N)c1
SNAr at C4 of a 2,4-dichloropyrimidine: secondary amine
    Clc1ccnc(Cl)n1 + C1COCCN1 -> Clc1nccc(N2CCOCC2)n1
    Clc1cc(Cl)nc(Cl)n1 + C1COCCN1
SNAr with a phenol: active azinyl fluoride
    N#Cc1ccc(F)nc1 + Oc1ccccc1 -> N#Cc1ccc(Oc2ccccc2)nc1
    N#Cc1ccc(F)nc1 + Nc1ccc(O)cc1
SNAr with an alcohol: active fluoride + primary alcohol
    O=[N+]([O-])c1ccc(F)cc1 + OCC1CC1 -> O=[N+]([O-])c1ccc(OCC2CC2)cc1
    O=[N+]([O-])c1ccc(F)cc1 + OB(O)c1ccc(CO)cc1
SNAr with a thiol: active fluoride
    N#Cc1ccccc1F + Sc1ccccc1 -> N#Cc1ccccc1Sc1ccccc1
    N#Cc1ccccc1F + SCCN
SNAr with an azole: active fluoride
    N#Cc1ccc(F)cc1 + c1cn[nH]c1 -> N#Cc1ccc(-n2cccn2)cc1
    N#Cc1cccc(F)c1 + c1cn[nH]c1
Suzuki coupling of an iodide: aryl iodide + boronic acid
    Brc1ccc(I)cc1 + OB(O)c1ccccc1 -> Brc1ccc(-c2ccccc2)cc1
    Ic1ccc(I)cc1 + OB(O)c1ccccc1
Suzuki coupling of a bromide: azinyl bromide + boronic ester
    Brc1ccccn1 + CC1(C)OB(c2ccccc2)OC1(C)C -> c1ccc(-c2ccccn2)cc1
    Brc1ccc(Br)nc1 + CC1(C)OB(c2ccccc2)OC1(C)C
Suzuki coupling of an activated chloride: active azinyl chloride + boronic acid
    Clc1ncccn1 + OB(O)c1ccccc1 -> c1ccc(-c2ncccn2)cc1
    Clc1ncc(Br)cn1 + OB(O)c1ccccc1
Suzuki coupling of a chloride: boronic acid
    COc1ccc(Cl)cc1 + OB(O)c1ccccc1 -> COc1ccc(-c2ccccc2)cc1
    Clc1ccc(Br)cc1 + OB(O)c1ccccc1
Buchwald-Hartwig amination: aryl bromide + primary amine
    COc1ccc(Br)cc1 + NC1CC1 -> COc1ccc(NC2CC2)cc1
    Nc1ccc(Br)cc1 + NC1CC1
Buchwald-Hartwig amination: aryl bromide + secondary amine
    COc1ccc(Br)cc1 + C1COCCN1 -> COc1ccc(N2CCOCC2)cc1
    COc1ccc(Br)cc1 + C1CNCCN1
Buchwald-Hartwig amination of a chloride: aryl chloride + secondary amine
    COc1ccc(Cl)cc1 + C1COCCN1 -> COc1ccc(N2CCOCC2)cc1
    Clc1ccc(Br)cc1 + C1COCCN1
Ullmann arylation of an azole: aryl iodide
    Ic1ccccc1 + c1cn[nH]c1 -> c1ccc(-n2cccn2)cc1
    Ic1ccccc1 + c1nc[nH]n1
Chan-Lam coupling of an azole
    OB(O)c1ccccc1 + c1c[nH]cn1 -> c1ccc(-n2ccnc2)cc1
    Nc1cccc(B(O)O)c1 + c1c[nH]cn1
Sonogashira coupling: aryl iodide
    COc1ccc(I)cc1 + C#CC1CC1 -> COc1ccc(C#CC2CC2)cc1
    C#Cc1ccc(I)cc1 + C#CC1CC1
Sonogashira coupling: aryl bromide
    COc1ccc(Br)cc1 + C#CC1CC1 -> COc1ccc(C#CC2CC2)cc1
    Brc1ccc(I)cc1 + C#CC1CC1
Heck reaction: aryl bromide
    COc1ccc(Br)cc1 + C=CC(=O)OC -> COC(=O)/C=C/c1ccc(OC)cc1
    C=Cc1ccc(Br)cc1 + C=CC(=O)OC
Miyaura borylation: aryl bromide
    COc1ccc(Br)cc1 -> COc1ccc(B2OC(C)(C)C(C)(C)O2)cc1
    Brc1ccc(Br)cc1
cyanation of a bromide: aryl bromide
    COc1ccc(Br)cc1 -> COc1ccc(C#N)cc1
    Fc1ccc(Br)cc1
addition of an aryllithium to an aldehyde: aryl bromide
    O=CC1CC1 + Brc1ccccc1 -> OC(c1ccccc1)C1CC1
    O=CCC(=O)O + Brc1ccccc1
addition of an aryllithium to a ketone: aryl bromide
    O=C1CCOCC1 + Brc1ccccc1 -> OC1(c2ccccc2)CCOCC1
    O=C1CCOCC1 + COC(=O)c1ccc(Br)cc1
addition of methyl Grignard to an aldehyde
    O=Cc1ccccc1 -> CC(O)c1ccccc1
    O=Cc1ccc(O)cc1
addition of methyl Grignard to a ketone: aryl ketone
    CC(=O)c1ccccc1 -> CC(C)(O)c1ccccc1
    CC(=O)c1ccc(C#N)cc1
oxidation of a primary alcohol
    OCC1CCOCC1 -> O=CC1CCOCC1
    OCCCO
nitro reduction
    COc1ccc([N+](=O)[O-])cc1 -> COc1ccc(N)cc1
    O=[N+]([O-])c1cccc([N+](=O)[O-])c1
removal of Boc: boc secondary
    CC(C)(C)OC(=O)N1CCC(C(=O)O)CC1 -> O=C(O)C1CCNCC1
    CC(C)(C)OC(=O)NCCNC(=O)OC(C)(C)C
removal of Boc: boc aniline
    CC(C)(C)OC(=O)Nc1ccc(Br)cc1 -> Nc1ccc(Br)cc1
    CC(C)(C)OC(=O)Nc1ccc(C=O)cc1
removal of Cbz: cbz primary
    C[C@H](NC(=O)OCc1ccccc1)C(=O)O -> C[C@H](N)C(=O)O
    CC(C)(C)OC(=O)NCCNC(=O)OCc1ccccc1
removal of Cbz: cbz aniline
    O=C(Nc1ccccc1)OCc1ccccc1 -> Nc1ccccc1
    O=C(Nc1cccc(O)c1)OCc1ccccc1
removal of Fmoc: fmoc primary
    C[C@H](NC(=O)OCC1c2ccccc2-c2ccccc21)C(=O)O -> C[C@H](N)C(=O)O
    O=C(NCCBr)OCC1c2ccccc2-c2ccccc21
removal of a tert-butyl ester
    CC(C)(C)OC(=O)c1ccc(Br)cc1 -> O=C(O)c1ccc(Br)cc1
    CC(C)(C)OC(=O)CNC(=O)OC(C)(C)C
removal of TBS: tbs primary
    CC(C)(C)[Si](C)(C)OCCCc1ccccc1 -> OCCCc1ccccc1
    CC(C)(C)[Si](C)(C)OCCCO[Si](C)(C)C(C)(C)C
removal of TBS: tbs phenol
    CC(C)(C)[Si](C)(C)Oc1ccccc1 -> Oc1ccccc1
    CC(C)(C)[Si](C)(C)Oc1ccc(N)cc1
1,2,3-triazole (CuAAC): alkyl azide
    [N-]=[N+]=NCc1ccccc1 + C#CC1CC1 -> c1ccc(Cn2cc(C3CC3)nn2)cc1
    [N-]=[N+]=NCc1ccccc1 + C#CCCC#C
benzimidazole from an aldehyde
    Nc1ccccc1N + O=Cc1ccccc1 -> c1ccc(-c2nc3ccccc3[nH]2)cc1
    Nc1cc(C)ccc1N + O=Cc1ccccc1
benzimidazole from an aldehyde, substituted at N
    CNc1ccccc1N + O=Cc1ccccc1 -> Cn1c(-c2ccccc2)nc2ccccc21
    CNc1cc(N)ccc1N + O=Cc1ccccc1
benzimidazole from an acid, substituted at N
    CNc1ccccc1N + OC(=O)C1CC1 -> Cn1c(C2CC2)nc2ccccc21
    CNc1ccccc1N + NCC(=O)O
benzoxazole from an aldehyde
    Nc1ccccc1O + O=Cc1ccccc1 -> c1ccc(-c2nc3ccccc3o2)cc1
    Nc1ccc(O)cc1O + O=Cc1ccccc1
benzoxazole from an acid
    Nc1ccccc1O + OC(=O)C1CC1 -> c1ccc2oc(C3CC3)nc2c1
    Nc1ccccc1O + CC(C)(C)OC(=O)NCC(=O)O
benzothiazole from an aldehyde
    Nc1ccccc1S + O=Cc1ccccc1 -> c1ccc(-c2nc3ccccc3s2)cc1
    Nc1ccccc1S + O=Cc1ccc(O)cc1
benzothiazole from an acid
    Nc1ccccc1S + OC(=O)C1CC1 -> c1ccc2sc(C3CC3)nc2c1
    Nc1ccccc1S + OC(=O)CC(=O)O
1,2,4-oxadiazole from a nitrile and an acid
    N#Cc1ccccc1 + OC(=O)C1CC1 -> c1ccc(-c2noc(C3CC3)n2)cc1
    N#Cc1ccc(C#N)cc1 + OC(=O)C1CC1
1,3,4-oxadiazole from a hydrazide and an acid
    NNC(=O)c1ccccc1 + OC(=O)C1CC1 -> c1ccc(-c2nnc(C3CC3)o2)cc1
    NNC(=O)c1ccccc1 + OC(=O)CN
tetrazole from a nitrile
    N#Cc1ccccc1 -> c1ccc(-c2nnn[nH]2)cc1
    N#Cc1ccc(F)cc1
thiazole (Hantzsch)
    O=C(CBr)c1ccccc1 + NC(=S)C1CC1 -> c1ccc(-c2csc(C3CC3)n2)cc1
    O=C(CBr)CBr + NC(=S)C1CC1
2-aminothiazole (Hantzsch): thiourea nh
    O=C(CBr)c1ccccc1 + CNC(N)=S -> CNc1nc(-c2ccccc2)cs1
    O=C(CBr)c1ccccc1 + NC(N)=S
imidazo[1,2-a]pyridine
    Nc1ccccn1 + O=C(CBr)c1ccccc1 -> c1ccc(-c2cn3ccccc3n2)cc1
    Nc1cc(N)ccn1 + O=C(CBr)c1ccccc1
pyrazole (Knorr)
    CC(=O)CC(C)=O + NNc1ccccc1 -> Cc1cc(C)n(-c2ccccc2)n1
    CC(=O)CC(=O)c1ccccc1 + NNc1ccccc1
"""
"""Name, reaction, and reactants that are refused, on three lines each."""

_LINES = [line.strip() for line in EXAMPLES.strip().splitlines()]
CASES = list(zip(_LINES[::3], _LINES[1::3], _LINES[2::3], strict=True))
PROTECTED = [
    "CC(C)(C)OC(=O)NCCc1ccccc1",
    "CC(C)(C)OC(=O)N1CCOCC1",
    "CC(C)(C)OC(=O)Nc1ccccc1",
    "O=C(NCc1ccccc1)OCc1ccccc1",
    "O=C(N1CCCC1)OCC1c2ccccc2-c2ccccc21",
]


def _reactants(text: str) -> list[str]:
    return [canonical_smiles(part) for part in text.split(" + ")]


@pytest.fixture(scope="module")
def reactions() -> Reactions:
    texts = {
        text
        for _, made, refused in CASES
        for part in (made.split(" -> ")[0], refused)
        for text in _reactants(part)
    }
    stock = Stock.from_rows(
        {"smiles": text} for text in sorted(texts.union(map(canonical_smiles, PROTECTED)))
    )
    return Reactions(own_templates(), tracked_groups(), stock, max_steps=1, max_heavy_atoms=60)


def _made(reactions: Reactions, name: str, reactants: list[str]) -> str | None:
    template = [template.name for template in reactions.templates].index(name)
    step = next(
        place for place, kind in enumerate(reactions.steps) if kind.template == template and kind.role == 0
    )
    growing, *partner = reactants
    return reactions.apply(growing, step, reactions.stock.index[partner[0]] if partner else None)


@pytest.mark.parametrize(("name", "made", "refused"), CASES, ids=[case[0] for case in CASES])
def test_a_reaction_makes_its_product_and_refuses_what_competes(
    reactions: Reactions, name: str, made: str, refused: str
) -> None:
    left, product = made.split(" -> ")
    assert _made(reactions, name, _reactants(left)) == canonical_smiles(product)
    assert _made(reactions, name, _reactants(refused)) is None


def test_every_family_has_an_example() -> None:
    names = {name for name, _, _ in CASES}
    examples = {template.family for template in own_templates() if template.name in names}
    assert examples == {template.family for template in own_templates()}
    assert len(examples) >= 80


def test_protected_amines_react_with_nothing_but_their_deprotection(reactions: Reactions) -> None:
    for text in map(canonical_smiles, PROTECTED):
        steps = [
            reactions.templates[kind.template].name
            for place, kind in enumerate(reactions.steps)
            if reactions.may_react(text, place)
        ]
        assert steps
        assert all(name.startswith("removal of") for name in steps)


def test_conditions_and_yields_are_stated() -> None:
    for template in own_templates():
        assert len(template.conditions) > 10
        assert template.expected_yield is not None
        assert 0.4 <= template.expected_yield < 1
        assert template.change, template.name
        assert set(template.change) <= set(own_groups())
