"""What an openBIS server answers over its V3 interface: a space with a project, samples and experiments.

Written after pyBIS, openBIS's documentation and the texts of its system tests. It keeps its manners: errors
with status 200 that repeat the token, one call as one transaction, codes in capitals, properties as texts,
objects that occur again as a mere number, and a trash that no search shows.
"""

from __future__ import annotations

import copy
import itertools
import re
import secrets
from typing import TYPE_CHECKING, Any

from fakes.openbis_documents import (
    PROJECT,
    SPACE,
    Document,
    as_jackson,
    base_of,
    cut,
    path_of,
    perm_id,
    project,
    properties,
    property_of,
    property_type,
    search_result,
    space,
    vocabulary_of,
)
from fakes.server import Answered, LoopbackServer, Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RPC = "/openbis/openbis/rmi-application-server-v3.json"
COMPOUND, RESULT, BATCH = "COMPOUND", "POTENCY", "DEFAULT_EXPERIMENT"
USER = "scientist"
WRITES = ("create", "update", "delete")
_CODE = re.compile(r"[A-Z0-9_.\-]+")


class Refusal(Exception):  # noqa: N818 - the server's own notion
    """An error of the server, in its words."""

    def __init__(self, words: str, name: str = "UserFailureException") -> None:
        super().__init__(words)
        self.name = name


class OpenbisServer(LoopbackServer):
    def __init__(self) -> None:
        super().__init__()
        self.password = secrets.token_urlsafe(12)
        self.tokens: dict[str, str] = {f"$pat-{USER}-{secrets.token_hex(16)}": USER}
        self.sessions: dict[str, str] = {}
        self.may_write = True
        self.types: dict[str, dict[str, dict[str, Document]]] = {
            "sample": {
                COMPOUND: properties("NAME", "SMILES", "STATUS", PREDICTION="REAL"),
                RESULT: {
                    **properties("VALUE", "UNITS", "OUTCOME", MEASURED="TIMESTAMP"),
                    "RELATION": {
                        **property_of("RELATION", "CONTROLLEDVOCABULARY"),
                        "terms": ["EQ", "GT", "LT"],
                    },
                },
            },
            "experiment": {BATCH: properties("NAME", "STATUS", "CAMPAIGN")},
            "dataset": {"RAW_DATA": properties("VALUE", "UNITS")},
        }
        self.samples: dict[str, Document] = {}
        self.experiments: dict[str, Document] = {}
        self.data_sets: dict[str, Document] = {}
        self.trash: dict[str, Document] = {}
        self.refused: dict[str, str] = {}
        self._numbers = itertools.count(1)
        self._clock = itertools.count(1_772_440_200_000)
        self.route("POST", RPC, self._rpc)

    # the protocol

    def is_write(self, sent: Sent) -> bool:
        return sent.json()["method"].startswith(WRITES)

    def _rpc(self, sent: Sent) -> Answered:
        document = sent.json()
        before = copy.deepcopy((self.samples, self.experiments, self.trash))
        try:
            result = self._result(document["method"], document["params"])
        except Refusal as refusal:
            self.samples, self.experiments, self.trash = before
            data = {"exceptionTypeName": refusal.name, "message": str(refusal)}
            answer = {"error": {"code": -32001, "message": str(refusal), "data": data}}
        else:
            answer = {"result": as_jackson(result)}
        return Answered(200, {"jsonrpc": "2.0", "id": document.get("id"), **answer})

    def _result(self, method: str, params: Sequence[Any]) -> Any:
        if method == "login":
            return self._login(*params)
        token, *rest = params
        if method == "isSessionActive":
            return token in self.tokens or token in self.sessions
        if token not in self.tokens and token not in self.sessions:
            words = f"Session token '{token}' is invalid: user is not logged in."
            raise Refusal(words, "InvalidSessionException")
        if method.startswith(WRITES) and not self.may_write:
            words = "Authorization failure: ERROR: \"None of method roles '[PROJECT_USER]' could be found.\"."
            raise Refusal(words, "AuthorizationFailureException")
        name = re.sub("([A-Z])", r"_\1", method).lower()
        handler = getattr(self, f"do_{name}", None)
        if handler is None:
            raise Refusal(f"method not found: {method}")
        return handler(*rest)

    def _login(self, user: str, password: str) -> str | None:
        if (user, password) != (USER, self.password):
            return None
        token = f"{user}-{secrets.token_hex(16)}"
        self.sessions[token] = user
        return token

    # who and where

    def do_logout(self) -> None:
        self.sessions.clear()

    def do_get_session_information(self) -> Document:
        return {"@type": "as.dto.session.SessionInformation", "userName": USER, "homeGroupCode": SPACE}

    def do_get_server_information(self) -> Document:
        return {
            "api-version": "3.7",
            "openbis-version": "20.10.12",
            "project-samples-enabled": "true",
            "personal-access-tokens-enabled": "true",
        }

    def do_get_spaces(self, ids: Sequence[Document], _options: Document) -> Document:
        return {SPACE: space()} if any(item["permId"] == SPACE for item in ids) else {}

    def do_get_projects(self, ids: Sequence[Document], _options: Document) -> Document:
        path = f"/{SPACE}/{PROJECT}"
        is_wanted = any(path in (item.get("identifier"), item.get("permId")) for item in ids)
        return {path: project(space())} if is_wanted else {}

    # types

    def do_search_sample_types(self, _criteria: Document, _options: Document) -> Document:
        return self._all_types("sample")

    def do_search_experiment_types(self, _criteria: Document, _options: Document) -> Document:
        return self._all_types("experiment")

    def do_search_data_set_types(self, _criteria: Document, _options: Document) -> Document:
        return self._all_types("dataset")

    def do_get_sample_types(self, ids: Sequence[Document], _options: Document) -> Document:
        known = self.types["sample"]
        return {
            item["permId"]: self._type("sample", item["permId"]) for item in ids if item["permId"] in known
        }

    def do_get_property_types(self, ids: Sequence[Document], _options: Document) -> Document:
        known = {
            name: item
            for types in self.types.values()
            for group in types.values()
            for name, item in group.items()
        }
        return {item["permId"]: property_type(known[item["permId"]]) for item in ids}

    def do_get_vocabularies(self, ids: Sequence[Document], _options: Document) -> Document:
        return {item["permId"]: vocabulary_of(item["permId"], ()) for item in ids}

    def do_search_vocabulary_terms(self, _criteria: Document, _options: Document) -> Document:
        found = vocabulary_of("RELATION", self.types["sample"][RESULT]["RELATION"]["terms"])["terms"]
        return search_result(found, len(found))

    def _all_types(self, kind: str) -> Document:
        found = [self._type(kind, code) for code in self.types[kind]]
        return {"@type": "as.dto.common.search.SearchResult", "objects": found, "totalCount": len(found)}

    def _type(self, kind: str, code: str) -> Document:
        name = {"sample": "Sample", "experiment": "Experiment", "dataset": "DataSet"}[kind]
        assignments = [
            {
                "@type": "as.dto.property.PropertyAssignment",
                "mandatory": item["mandatory"],
                "showInEditView": True,
                "plugin": None,
                "propertyType": property_type(item),
            }
            for item in self.types[kind][code].values()
        ]
        return {
            "@type": f"as.dto.{kind}.{name}Type",
            "permId": {
                "@type": "as.dto.entitytype.id.EntityTypePermId",
                "permId": code,
                "entityKind": kind.upper(),
            },
            "code": code,
            "description": "",
            "autoGeneratedCode": False,
            "validationPlugin": None,
            "propertyAssignments": assignments,
        }

    # samples and experiments

    def do_create_samples(self, creations: Sequence[Document]) -> list[Document]:
        return [
            self._create("sample", item, number, len(creations)) for number, item in enumerate(creations, 1)
        ]

    def do_create_experiments(self, creations: Sequence[Document]) -> list[Document]:
        return [
            self._create("experiment", item, number, len(creations))
            for number, item in enumerate(creations, 1)
        ]

    def do_update_samples(self, updates: Sequence[Document]) -> None:
        for item in updates:
            held = self._held(self.samples, item["sampleId"])
            self._set_properties("sample", held, item.get("properties") or {})
            if (item.get("experimentId") or {}).get("isModified"):
                held["experiment"] = self._held(self.experiments, item["experimentId"]["value"])["permId"]
            held["modified"] = next(self._clock)

    def do_update_experiments(self, updates: Sequence[Document]) -> None:
        for item in updates:
            held = self._held(self.experiments, item["experimentId"])
            self._set_properties("experiment", held, item.get("properties") or {})
            held["modified"] = next(self._clock)

    def do_delete_samples(self, ids: Sequence[Document], _options: Document) -> Document:
        for item in ids:
            held = self._held(self.samples, item)
            self.trash[held["permId"]] = self.samples.pop(held["permId"])
        return {"@type": "as.dto.deletion.id.DeletionTechId", "techId": next(self._numbers)}

    def do_get_samples(self, ids: Sequence[Document], options: Document) -> Document:
        wanted = [item.get("permId") or item.get("identifier") for item in ids]
        found = [
            item for item in self.samples.values() if item["permId"] in wanted or path_of(item) in wanted
        ]
        seen: dict[str, Document] = {}
        return {item["permId"]: self._sample(item, options, seen) for item in found}

    def do_search_samples(self, criteria: Document, options: Document) -> Document:
        found = [item for item in self.samples.values() if self._matches(item, criteria)]
        seen: dict[str, Document] = {}
        return search_result([self._sample(item, options, seen) for item in cut(found, options)], len(found))

    def do_search_experiments(self, criteria: Document, options: Document) -> Document:
        found = [item for item in self.experiments.values() if self._matches(item, criteria)]
        return search_result([self._experiment(item) for item in cut(found, options)], len(found))

    def _create(self, kind: str, creation: Document, number: int, n_all: int) -> Document:
        held = {"samples": self.samples}.get(f"{kind}s", self.experiments)
        code = creation["code"].upper()
        context = f" (Context: [verifying ({number}/{n_all}) {{'identifier' : '/{SPACE}/{code}'}}])"
        if not _CODE.fullmatch(code):
            raise Refusal(f"The code '{code}' contains illegal characters.{context}")
        if any(item["code"] == code for item in [*held.values(), *self.trash.values()]):
            article = f"Insert/Update of {kind} (code: {code}) failed because {kind} with the same code"
            raise Refusal(f"{article} already exists.{context}")
        if code in self.refused:
            raise Refusal(self.refused[code] + context)
        type_ = creation["typeId"]["permId"]
        if type_ not in self.types[kind]:
            raise Refusal(
                f"Object with EntityTypePermId = [{type_} ({kind.upper()})] has not been found.{context}"
            )
        made = {
            "permId": f"20260302093000-{next(self._numbers)}",
            "code": code,
            "type": type_,
            "properties": {},
            "parents": [self._held(self.samples, item)["permId"] for item in creation.get("parentIds") or ()],
            "experiment": None,
            "is_in_project": bool(creation.get("projectId")),
            "registered": next(self._clock),
        }
        made["modified"] = made["registered"]
        self._set_properties(kind, made, creation.get("properties") or {})
        for name, item in self.types[kind][type_].items():
            if item["mandatory"] and not made["properties"].get(name):
                raise Refusal(f"Value of mandatory property '{name}' not specified.{context}")
        held[made["permId"]] = made
        return perm_id(kind, made["permId"])

    def _set_properties(self, kind: str, held: Document, given: Document) -> None:
        known = self.types[kind][held["type"]]
        for name, value in given.items():
            code = name.upper()
            if code not in known:
                raise Refusal(f"Property type with code '{code}' does not exist!")
            if value is not None and known[code].get("terms") and value not in known[code]["terms"]:
                raise Refusal(
                    f"Vocabulary value '{value}' is not valid. It must exist in '{code}' vocabulary."
                )
            held["properties"][code] = value
        held["properties"] = {name: value for name, value in held["properties"].items() if value is not None}

    def _held(self, table: dict[str, Document], id_: Document) -> Document:
        wanted = id_.get("permId") or id_.get("identifier")
        for item in table.values():
            if wanted in (item["permId"], path_of(item)):
                return item
        raise Refusal(
            f"Object with {id_['@type'].rpartition('.')[2]} = [{wanted}] has not been found.",
            "ObjectNotFoundException",
        )

    def _matches(self, item: Document, criteria: Document) -> bool:
        results = [self._fits(item, one) for one in criteria.get("criteria", ())]
        return not results or (any if criteria.get("operator") == "OR" else all)(results)

    def _fits(self, item: Document, one: Document) -> bool:
        name = one["@type"].rpartition(".")[2]
        value = one.get("fieldValue")
        text = value.get("value") if isinstance(value, dict) else value
        if name in ("SampleParentsSearchCriteria", "SampleChildrenSearchCriteria"):
            others = self._relatives(item, name)
            return any(self._matches(other, one) for other in others)
        simple: dict[str, Callable[[], bool]] = {
            "CodeSearchCriteria": lambda: item["code"] == str(text).upper(),
            "CodesSearchCriteria": lambda: item["code"] in value,
            "PermIdSearchCriteria": lambda: item.get("permId") == text,
            "IdentifierSearchCriteria": lambda: path_of(item) == text,
            "SpaceSearchCriteria": lambda: self._matches({"code": SPACE}, one),
            "ProjectSearchCriteria": lambda: self._matches({"code": PROJECT}, one),
            "SampleTypeSearchCriteria": lambda: self._matches({"code": item["type"]}, one),
            "EntityTypeSearchCriteria": lambda: self._matches({"code": item["type"]}, one),
            "SampleSearchCriteria": lambda: self._matches(item, one),
        }
        if name not in simple:
            raise Refusal(f"unsupported criteria {name}")
        return simple[name]()

    def _relatives(self, item: Document, name: str) -> list[Document]:
        if name == "SampleParentsSearchCriteria":
            return [self.samples[id_] for id_ in item["parents"] if id_ in self.samples]
        return [other for other in self.samples.values() if item["permId"] in other["parents"]]

    def _sample(self, item: Document, options: Document, seen: dict[str, Document]) -> Document:
        """Return a sample as far as it is fetched, as the same object however often it occurs."""
        key = f"{item['permId']} {sorted(name for name, value in options.items() if value)}"
        if key in seen:
            return seen[key]
        type_ = seen.setdefault(f"type {item['type']}", self._type("sample", item["type"]))
        told = seen[key] = {
            **base_of("sample", item),
            "@type": "as.dto.sample.Sample",
            "type": type_,
            "space": seen.setdefault("space", space()),
            "project": seen.setdefault("project", project(space())) if item["is_in_project"] else None,
            **dict.fromkeys(
                ("parents", "children", "components", "tags", "dataSets", "experiment", "container")
            ),
        }
        if options.get("experiment") and item["experiment"]:
            told["experiment"] = self._experiment(self.experiments[item["experiment"]])
        for name, criteria in (
            ("parents", "SampleParentsSearchCriteria"),
            ("children", "SampleChildrenSearchCriteria"),
        ):
            if options.get(name) is not None:
                others = self._relatives(item, criteria)
                told[name] = [self._sample(other, options[name], seen) for other in others]
        if options.get("dataSets") is not None:
            sets = [other for other in self.data_sets.values() if other["sample"] == item["permId"]]
            told["dataSets"] = [
                {
                    **base_of("dataset", other),
                    "@type": "as.dto.dataset.DataSet",
                    "type": self._type("dataset", other["type"]),
                }
                for other in sets
            ]
        told["tags"] = [] if options.get("tags") else None
        return told

    def _experiment(self, item: Document) -> Document:
        told = {**base_of("experiment", item), "@type": "as.dto.experiment.Experiment"}
        return {**told, "type": self._type("experiment", item["type"]), "project": project(space())}
