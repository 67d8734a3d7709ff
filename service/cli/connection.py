"""What every command over HTTP shares: the address, the key, and answers as tables or as JSON."""

import functools
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType

from assayflow import ApiError, AssayflowError, Client, ComputationError, Patience
from assayflow.client.client import HERE, KEY_VARIABLES, URL_VARIABLE
from service.terminal.tables import console, say

Campaign = Annotated[str, typer.Argument(help="The campaign's id.", metavar="CAMPAIGN")]
Url = Annotated[str, typer.Option("--url", envvar=URL_VARIABLE, help="Address of the service.")]
Key = Annotated[
    str,
    typer.Option(
        "--key",
        envvar=list(KEY_VARIABLES),
        show_envvar=False,
        help=f"The API key; prefer the environment ({KEY_VARIABLES[0]}), because process lists show options.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines in place of a table.")]
Reason = Annotated[str, typer.Option(help="Why, for the record.")]
_PATIENCE = Patience(retries=2)
"""A person waits: about a second for a service that does not answer."""
_Handler = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Shell:
    """An open connection, and how answers are shown."""

    client: Client
    is_json: bool

    def show(self, data: Any, *shown: RenderableType | str) -> None:
        """Print an answer as JSON, or as these tables and lines."""
        if self.is_json:
            print_json(data)
            return
        for each in shown:
            self.say(each) if isinstance(each, str) else console().print(each)

    def say(self, line: str) -> None:
        """Print a line for a person; nothing with `--json`."""
        if not self.is_json:
            say(console(), line)

    def save(self, path: Path, content: bytes) -> None:
        """Write a file and say where it is."""
        path.write_bytes(content)
        self.show({"path": str(path)}, f"written to {path}")

    @property
    def progress_console(self) -> Console:
        """Where progress is shown: not among the answers."""
        return console(is_error=True)


def connected(url: str, key: str) -> Client:
    """Return a client of the service, with the key that was given or is in the environment.

    Raises:
        AssayflowError: if there is no key, or this is no address.
    """
    return Client(url, key, patience=_PATIENCE)


def over_http(group: typer.Typer, name: str, *, has_json: bool = True) -> Callable[[_Handler], _Handler]:
    """Make a function a command that calls the API.

    The function's first argument is the open `Shell`. The command has the options `--url`, `--key` and
    `--json` beside its own. An argument that is a dataclass stands for one option per field.
    Without `has_json` it has a `--json FILE` of its own.
    """

    def register(function: _Handler) -> _Handler:
        signature = inspect.signature(function)
        own = list(signature.parameters.values())[1:]
        dataclasses: dict[str, Any] = {
            each.name: each.annotation for each in own if is_dataclass(each.annotation)
        }
        parameters = [option for each in own for option in _options(each)]
        parameters += _SHARED if has_json else _SHARED[:-1]

        def command(*, url: str, key: str, is_json: bool = False, **values: Any) -> None:
            for argument, kind in dataclasses.items():
                values[argument] = kind(**{each.name: values.pop(each.name) for each in fields(kind)})
            with connected(url, key) as client:
                try:
                    function(Shell(client, is_json), **values)
                except AssayflowError as error:
                    if is_json:
                        print_json({"error": _problem(error)})
                    raise

        functools.update_wrapper(command, function)
        del command.__wrapped__  # type: ignore[attr-defined] # the command has a signature of its own
        command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {each.name: each.annotation for each in parameters}
        group.command(name)(command)
        return function

    return register


_KEYWORD = inspect.Parameter.KEYWORD_ONLY
_SHARED = [
    inspect.Parameter("url", _KEYWORD, default=HERE, annotation=Url),
    inspect.Parameter("key", _KEYWORD, default="", annotation=Key),
    inspect.Parameter("is_json", _KEYWORD, default=False, annotation=Json),
]


def _problem(error: AssayflowError) -> dict[str, Any]:
    """Return what is wrong for a machine; its title is the line that a person reads, unless it has one."""
    if isinstance(error, ApiError):
        return error.problem
    failure = error.resource.get("failure") if isinstance(error, ComputationError) else None
    return failure or {"title": str(error)}


def _options(parameter: inspect.Parameter) -> list[inspect.Parameter]:
    if not is_dataclass(parameter.annotation):
        return [parameter.replace(kind=_KEYWORD)]
    return [
        inspect.Parameter(each.name, _KEYWORD, default=each.default, annotation=each.type)
        for each in fields(parameter.annotation)
    ]


def secret_line(secret: str | None, remedy: str) -> str:
    """Return a new secret as it is shown once.

    Raises:
        AssayflowError: if the answer that had it was lost, and a repeated request has it no more.
    """
    if secret is None:
        raise AssayflowError(f"it was made, but the answer with its secret was lost: {remedy}")
    return secret


def print_json(data: Any) -> None:
    """Print a value as JSON."""
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False))


def read_json(path: Path, noun: str) -> dict[str, Any]:
    """Return the JSON object in a file.

    Raises:
        typer.BadParameter: if it holds none.
    """
    try:
        value = json.loads(path.read_bytes())
    except ValueError as error:
        raise typer.BadParameter(f"{path.name} is no JSON: {error}", param_hint="FILE") from error
    if not isinstance(value, Mapping):
        raise typer.BadParameter(f"{path.name} is no JSON object of {noun}", param_hint="FILE")
    return dict(value)
