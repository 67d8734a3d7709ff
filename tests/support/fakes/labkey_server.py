"""What a LabKey server answers: one folder with a sample type, a list of orders and an assay.

Written after LabKey's Python client, recorded requests and answers of a real server, and the texts of its
sources. It keeps LabKey's manners: a token that counts with its cookie, imports that answer refusals with
status 200, rows of replaced runs that are hidden by default, names without case, dates without a zone.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import secrets
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any

from fakes.server import Answered, LoopbackServer, Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

CSRF = "X-LABKEY-CSRF"
FOLDER = "MyLab/Screening One"
SAMPLE_TYPE = "Compounds"
SAMPLE_TYPE_LSID = "urn:lsid:labkey.com:SampleSet.Folder-3:Compounds"
ORDERS = "AssayflowOrders"
ASSAY = "assay.General.Potency"
WRITES = ("import", "saveRows", "insertRows", "updateRows", "deleteRows")
Row = dict[str, Any]
_COMPARED: dict[str, Callable[[Any, str], bool]] = {
    "eq": lambda value, text: _plain(value) == text.casefold(),
    "neq": lambda value, text: _plain(value) != text.casefold(),
    "gt": lambda value, text: value is not None and float(value) > float(text),
    "gte": lambda value, text: value is not None and float(value) >= float(text),
    "lt": lambda value, text: value is not None and float(value) < float(text),
    "isblank": lambda value, _text: value is None,
    "isnonblank": lambda value, _text: value is not None,
    "in": lambda value, text: _plain(value) in {item.casefold() for item in _members(text)},
}


class LabkeyServer(LoopbackServer):
    """What a LabKey server answers; `fakes.labkey` adds what a lab does with it."""

    def __init__(self) -> None:
        super().__init__()
        self.key = secrets.token_hex(16)
        self.keys = {self.key: "scientist@lab.example.org"}
        self.may_write = True
        self.names_rows = True
        self.date_format = "%Y/%m/%d %H:%M:%S"
        self.clock = datetime(2026, 3, 2, 9, 30)  # noqa: DTZ001 - the server's clock, without a zone
        self.sample_columns = {
            "RowId": new_column("RowId", "int", hidden=True),
            "Name": new_column("Name", "string", required=True),
            **{
                name: new_column(name, "string")
                for name in ("Structure", "Label", "AssayflowOrder", "Status")
            },
            "Prediction": new_column("Prediction", "float"),
        }
        self.order_columns = {
            "Key": new_column("Key", "string", required=True),
            **{name: new_column(name, "string") for name in ("Campaign", "Status")},
        }
        lookup = {
            "schemaName": "exp",
            "queryName": "Materials",
            "keyColumn": "RowId",
            "displayColumn": "Name",
        }
        self.assay_columns = {
            "RowId": new_column("RowId", "int", hidden=True),
            "SampleID": new_column("SampleID", "int", lookup=lookup),
            "Date": new_column("Date", "date"),
            "Result": new_column("Result", "float", mvEnabled=True),
            "ResultMVIndicator": new_column("ResultMVIndicator", "string", hidden=True),
            "ResultOORIndicator": new_column("ResultOORIndicator", "string"),
            **{name: new_column(name, "string") for name in ("Units", "Outcome", "Comments")},
            "Run": new_column("Run", "int", lookup={"schemaName": ASSAY, "queryName": "Runs"}),
        }
        self.samples: dict[str, Row] = {}
        self.order_rows: dict[str, Row] = {}
        self.results: list[Row] = []
        self.audit: list[str] = []
        self.cookies: set[str] = set()
        self.refused: dict[str, str] = {}
        self.most_rows: int | None = None
        self.ids = itertools.count(101)
        for method in ("GET", "POST"):
            self.route(method, r"/labkey/(.+)/(\w+)-(\w+)\.api", self._act)

    def is_write(self, sent: Sent) -> bool:
        return sent.path.rpartition("-")[2].removesuffix(".api") in WRITES

    def before(self, sent: Sent) -> Answered | None:
        if sent.path.endswith("/login-whoami.api"):
            return None
        if sent.headers.get("apikey") not in self.keys:
            words = "User does not have permission to perform this operation."
            return _failed(401, words, "org.labkey.api.view.UnauthorizedException")
        token = sent.headers.get(CSRF.lower())
        if sent.method == "POST" and (
            token not in self.cookies or f"{CSRF}={token}" not in _cookies_of(sent)
        ):
            words = "This request has an invalid security context."
            return _failed(401, words, "org.labkey.api.util.CSRFException")
        return None

    def _act(self, sent: Sent, folder: str, controller: str, action: str) -> Answered:
        if folder.strip("/") != FOLDER.replace(" ", "%20"):
            return _failed(
                404, f"No such folder or workbook: {folder}", "org.labkey.api.view.NotFoundException"
            )
        known: dict[str, Callable[[Sent], Answered]] = {
            "login-whoami": self._who_am_i,
            "query-getQueries": lambda _sent: Answered(200, {"queries": [{"name": SAMPLE_TYPE}]}),
            "query-getQueryDetails": self._get_query_details,
            "query-getQuery": self._get_query,
            "query-selectRows": self._get_query,
            "query-import": self._import,
            "query-saveRows": self._save_rows,
            "assay-assayList": lambda _sent: Answered(
                200, {"definitions": [{"name": "Potency", "id": 7, "protocolSchemaName": ASSAY}]}
            ),
            **{f"query-{name}": self._change_rows for name in ("insertRows", "updateRows", "deleteRows")},
        }
        handler = known.get(f"{controller}-{action}")
        return handler(sent) if handler else self.unknown(sent)

    def _who_am_i(self, sent: Sent) -> Answered:
        token = secrets.token_hex(16)
        self.cookies.add(token)
        email = self.keys.get(sent.headers.get("apikey", ""))
        who = {"id": 1005, "email": email, "displayName": email.partition("@")[0]} if email else {"id": 0}
        cookie = {"Set-Cookie": f"{CSRF}={token}; Path=/labkey; HttpOnly"}
        return Answered(200, {"displayName": "guest", **who, "CSRF": token}, cookie)

    def _table(self, schema: str, query: str) -> tuple[dict[str, Row], list[Row]] | None:
        tables = {
            ("samples", SAMPLE_TYPE): (self.sample_columns, list(self.samples.values())),
            ("exp", "Materials"): (self._material_columns(), self._as_materials()),
            ("lists", ORDERS): (self.order_columns, list(self.order_rows.values())),
            (ASSAY, "Data"): (self.assay_columns, self.results),
        }
        return tables.get((schema, query))

    def _get_query_details(self, sent: Sent) -> Answered:
        schema, query = sent.first("schemaName"), sent.first("queryName")
        table = self._table(schema, query)
        if table is None:
            return _no_query(schema, query)
        return Answered(200, {"schemaName": schema, "name": query, "columns": list(table[0].values())})

    def _get_query(self, sent: Sent) -> Answered:
        form = sent.form()
        schema, query = form["schemaName"], form["query.queryName"]
        table = self._table(schema, query)
        if table is None:
            return _no_query(schema, query)
        columns, rows = table
        wanted = form.get("query.columns", ",".join(columns)).split(",")
        filters = [
            (*name.removeprefix("query.").split("~"), text) for name, text in form.items() if "~" in name
        ]
        if schema == ASSAY and not any(item[0] == "Run/Replaced" for item in filters):
            filters.append(("Run/Replaced", "eq", "false"))
        kept = [row for row in rows if all(_COMPARED[op](_at(row, name), text) for name, op, text in filters)]
        kept.sort(key=lambda row: _at(row, form.get("query.sort", wanted[0])))
        first = int(form.get("query.offset", 0))
        last = first + int(form.get("query.maxRows", 100)) if form.get("query.maxRows") != "-1" else len(kept)
        page = kept[first:last][: self.most_rows]
        version = float(form.get("apiVersion", 8.3))
        told = [self._told(row, wanted, columns, version) for row in page]
        return Answered(200, {"schemaName": schema, "queryName": query, "rows": told, "rowCount": len(kept)})

    def _told(self, row: Row, wanted: Sequence[str], columns: Mapping[str, Row], version: float) -> Row:
        cells = {name: self._cell(row, name, columns.get(name, {})) for name in wanted}
        if version < 9.1:
            return {name: cell["value"] for name, cell in cells.items()}
        return {"data": cells} if version >= 13.2 else cells

    def _cell(self, row: Row, name: str, column: Mapping[str, Any]) -> Row:
        """Return a cell with what LabKey shows of it, which is no value for a machine."""
        value = _at(row, name)
        if isinstance(value, datetime):
            return {"value": value.strftime(self.date_format)}
        if isinstance(value, dict):
            return {"value": value["RowId"], "displayValue": f"run {value['RowId']}"}
        if row.get(f"{name}MVIndicator"):
            return {"value": None, "mvValue": row[f"{name}MVIndicator"], "mvRawValue": value}
        if sign := row.get(f"{name}OORIndicator"):
            return {"value": value, "displayValue": f"{escape(sign)}{value:.0f}"}
        if not column.get("lookup"):
            return {"value": value}
        names = {item["RowId"]: item["Name"] for item in self.samples.values()} | {
            SAMPLE_TYPE_LSID: SAMPLE_TYPE
        }
        return {"value": value, "displayValue": names.get(value)}

    def _import(self, sent: Sent) -> Answered:
        form = sent.form()
        if (form["schemaName"], form["queryName"]) != ("samples", SAMPLE_TYPE):
            return _no_query(form["schemaName"], form["queryName"])
        if not self.may_write:
            return Answered(
                200, {"success": False, "errors": {"_form": "User does not have permission to update rows"}}
            )
        rows = list(
            csv.DictReader(io.StringIO(form["text"]), delimiter="," if form.get("format") == "csv" else "\t")
        )
        is_merge = form.get("insertOption", "IMPORT") == "MERGE"
        errors = []
        for number, row in enumerate(rows, start=1):
            fault = self._fault_of(row, is_new=row["Name"].casefold() not in self.samples, is_merge=is_merge)
            if fault:
                errors.append({"exception": fault[1], "errors": {fault[0]: fault[1]}, "rowNumber": number})
        if errors and not self.names_rows:
            return Answered(200, {"success": False, "errors": {"_form": errors[0]["exception"]}})
        if errors:
            body = {"success": False, "errors": errors, "errorCount": len(errors)}
            return Answered(200, {**body, "exception": errors[0]["exception"]})
        for row in rows:
            held = self.samples.setdefault(
                row["Name"].casefold(), {"RowId": next(self.ids), "Name": row["Name"]}
            )
            # a column that does not exist is ignored without a word
            held.update(
                {name: row[name] or None for name in row if name in self.sample_columns and name != "Name"}
            )
        self.audit.append(form.get("auditUserComment", ""))
        return Answered(200, {"success": True, "rowCount": len(rows)})

    def _fault_of(self, row: Row, *, is_new: bool, is_merge: bool) -> tuple[str, str] | None:
        if words := self.refused.get(row["Name"].casefold()):
            return "_form", words
        if not is_new and not is_merge:
            return "_form", 'duplicate key value violates unique constraint "uq_material_name"'
        for name, column in self.sample_columns.items():
            if column["required"] and not row.get(name) and (is_new or name in row):
                return name, f"Missing value for required property: {name}"
        return None

    def _save_rows(self, sent: Sent) -> Answered:
        document = sent.json()
        before = json.loads(json.dumps([self.samples, self.order_rows]))
        told, errors = [], []
        for command in document["commands"]:
            rows, error = self._run(command)
            told.append(
                {**{name: command[name] for name in ("schemaName", "queryName", "command")}, "rows": rows}
            )
            if error:
                errors.append(error)
                told[-1]["errors"] = {
                    "success": False,
                    "errorCount": 1,
                    "exception": error,
                    "errors": [{"exception": error, "errors": [{"id": None, "msg": error}]}],
                }
        if errors or document.get("validateOnly"):
            self.samples, self.order_rows = before
        if errors and float(document.get("apiVersion", 8.3)) < 13.2:
            return _failed(400, errors[0], "org.labkey.api.query.BatchValidationException")
        return Answered(200, {"result": told, "committed": not errors, "errorCount": len(errors)})

    def _change_rows(self, sent: Sent) -> Answered:
        document = sent.json()
        command = sent.path.rpartition("-")[2].removesuffix("Rows.api")
        rows, error = self._run({**document, "command": command})
        if error:
            return _failed(400, error, "org.labkey.api.query.BatchValidationException")
        told = {name: document[name] for name in ("schemaName", "queryName")}
        return Answered(
            200,
            {
                "containerPath": f"/{FOLDER}",
                "rowsAffected": len(rows),
                **told,
                "command": command,
                "rows": rows,
            },
        )

    def _run(self, command: Row) -> tuple[list[Row], str | None]:
        """Carry out one command; return its rows, or the server's sentence."""
        self.audit.append(command.get("auditUserComment", ""))
        done = []
        for row in command["rows"]:
            table, key = self._held(command, row)
            if command["command"] == "insert":
                if key in table:
                    return (
                        [],
                        f'ERROR: duplicate key value violates unique constraint "pk_{command["queryName"]}"',
                    )
                table[key] = dict(row)
            elif key not in table:
                return [], "The existing row was not found."
            elif command["command"] == "delete":
                del table[key]
                done.append(row)
                continue
            table[key].update(row)
            done.append(table[key])
        return done, None

    def _held(self, command: Row, row: Row) -> tuple[dict[str, Row], str]:
        if command["schemaName"] == "lists":
            return self.order_rows, row["Key"]
        if "RowId" not in row:
            return self.samples, row["Name"].casefold()
        names = {item["RowId"]: name for name, item in self.samples.items()}
        return self.samples, names.get(row["RowId"], "")

    def _material_columns(self) -> dict[str, Row]:
        columns = {name: new_column(name, "string") for name in ("RowId", "Name", "Modified")}
        return {**columns, "SampleSet": new_column("SampleSet", "string", lookup={"queryName": "SampleSets"})}

    def _as_materials(self) -> list[Row]:
        return [{**row, "SampleSet": SAMPLE_TYPE_LSID} for row in self.samples.values()]


def new_column(name: str, type_: str, **more: Any) -> Row:
    words = {"hidden": False, "required": False, "mvEnabled": False, **more}
    return {"name": name, "caption": name, "type": type_, "jsonType": type_, **words}


def _at(row: Row, name: str) -> Any:
    """Return the value at a field key such as `Run/Replaced`."""
    outer, _, inner = name.partition("/")
    value = row.get(outer)
    return value.get(inner) if inner and isinstance(value, dict) else value


def _plain(value: Any) -> str:
    return str(value).casefold()


def _members(text: str) -> list[str]:
    if text.startswith("{json:"):
        return [str(item) for item in json.loads(text[len("{json:") : -1])]
    return text.split(";")


def _cookies_of(sent: Sent) -> list[str]:
    return [item.strip() for item in sent.headers.get("cookie", "").split(";")]


def _failed(status: int, words: str, name: str) -> Answered:
    return Answered(status, {"success": False, "exception": words, "exceptionClass": name})


def _no_query(schema: str, query: str) -> Answered:
    words = f"Could not find query '{query}' in schema '{schema}'."
    return _failed(404, words, "org.labkey.api.view.NotFoundException")
