"""The tools as an agent has them: what a key offers, what is returned, and what an error says."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import anyio
import httpx
import pytest
from mcp import Client as McpClient
from mcp import StdioServerParameters
from players import Player
from typer.testing import CliRunner

from assayflow import AssayflowError, AsyncClient, UnauthorizedError
from service.cli.main import commands
from service.mcp.access import Access
from service.mcp.server import build_server

ROOT = Path(__file__).parents[3]
SCOPES = frozenset({"read", "write", "admin"})
HUMAN = Access(SCOPES)
"""Whoever starts the server keeps releases to themselves."""
ALLOWED = Access(SCOPES, allow_release=True)
FINAL = {"release_batch", "withdraw_result", "archive_campaign"}
T = TypeVar("T")
Use = Callable[[McpClient], Awaitable[T]]


def play(player: Player, use: Use[T], access: Access = HUMAN, key: str | None = None) -> T:
    """Use the tools in this process, through the protocol's own client."""

    async def main() -> T:
        server = build_server(AsyncClient(player.url, key or player.key), access)
        async with McpClient(server) as agent:
            return await use(agent)

    return anyio.run(main)


def called(player: Player, tool: str, access: Access = HUMAN, **arguments: Any) -> Any:
    """Call a tool and return its structured answer."""
    answer = play(player, lambda agent: agent.call_tool(tool, arguments), access)
    assert not answer.is_error, answer.content
    structured = answer.structured_content or {}
    return structured.get("result", structured)


def refused(player: Player, tool: str, key: str | None = None, **arguments: Any) -> str:
    """Call a tool that must fail, and return what the agent reads."""
    answer = play(player, lambda agent: agent.call_tool(tool, arguments), key=key)
    assert answer.is_error
    text: str = answer.content[0].text  # type: ignore[union-attr]
    return text


@pytest.fixture
def campaign(player: Player) -> str:
    made: str = player.api.campaign()["id"]
    return made


@pytest.mark.parametrize("allow_release", [True, False])
@pytest.mark.parametrize("scopes", [{"read"}, {"read", "write"}])
def test_a_key_has_the_tools_of_its_scopes_and_a_release_is_a_persons(
    player: Player, scopes: set[str], *, allow_release: bool
) -> None:
    access = Access(frozenset(scopes), allow_release)
    tools = {tool.name: tool for tool in play(player, lambda agent: agent.list_tools(), access).tools}
    assert {"list_campaigns", "get_batch", "follow_round", "get_insights"} <= set(tools)
    assert ("upload_results" in tools) == ("write" in scopes)
    assert (set(tools) >= FINAL) == ("write" in scopes and allow_release)
    assert not (FINAL & set(tools)) or allow_release
    for name, tool in tools.items():
        assert tool.description, name
        assert tool.output_schema is not None, name
        assert tool.annotations is not None
        assert bool(tool.annotations.destructive_hint) == (name in FINAL), name


def test_the_instructions_say_who_releases(player: Player) -> None:
    async def instructions(agent: McpClient) -> str:
        return agent.instructions or ""

    assert "left to a person" in play(player, instructions)
    assert "only when the user has named the batch" in play(player, instructions, ALLOWED)


def test_arguments_are_typed_and_explained(player: Player) -> None:
    tools = {tool.name: tool for tool in play(player, lambda agent: agent.list_tools()).tools}
    schema = tools["upload_results"].input_schema
    assert schema["properties"]["mode"]["enum"] == ["atomic", "partial"]
    assert "smiles" in schema["properties"]["rows"]["description"]
    assert set(schema["required"]) == {"campaign_id", "rows"}


def test_a_campaign_is_made_and_read(player: Player) -> None:
    spec = {
        "name": "Agents' lights",
        "domain": {"kind": "switches", "n": 4},
        "objectives": [{"name": "glow"}],
    }
    made = called(player, "create_campaign", spec=spec)
    assert called(player, "get_campaign", campaign_id=made["id"])["spec"]["name"] == "Agents' lights"
    assert made["id"] in [item["id"] for item in called(player, "list_campaigns")]
    said = refused(player, "create_campaign", spec={**spec, "colour": "blue"})
    assert "/colour" in said


def test_results_are_tried_stored_corrected_and_refused_row_by_row(player: Player, campaign: str) -> None:
    rows = [
        {"switches": "1010", "type": "glow", "value": 2.5, "units": "mW"},
        {"switches": "12", "type": "glow", "value": 1, "units": "mW"},
    ]
    tried = called(player, "check_results", campaign_id=campaign, rows=rows)
    assert (tried["accepted"], tried["rejected"], tried["is_dry_run"]) == (1, 1, True)
    assert tried["rows"][0]["row"] == 2
    said = refused(player, "upload_results", campaign_id=campaign, rows=rows)
    assert json.loads(said.partition("rejected rows: ")[2])[0]["row"] == 2
    assert called(player, "list_results", campaign_id=campaign) == []
    assert called(player, "upload_results", campaign_id=campaign, rows=rows[:1])["accepted"] == 1
    (stored,) = called(player, "list_results", campaign_id=campaign)
    called(
        player,
        "correct_result",
        campaign_id=campaign,
        result_id=stored["id"],
        row={"value": 9},
        reason="misread",
    )
    (corrected,) = called(player, "list_results", campaign_id=campaign)
    assert corrected["value"] == 9
    amended = {"campaign_id": campaign, "result_id": corrected["id"], "reason": "wrong plate"}
    called(player, "withdraw_result", ALLOWED, **amended)
    assert called(player, "list_results", campaign_id=campaign) == []


def test_a_round_is_started_followed_decided_and_released(player: Player, campaign: str) -> None:
    assert called(player, "start_round", campaign_id=campaign)["number"] == 1
    assert "The state does not allow it" in refused(player, "start_round", campaign_id=campaign)
    waiting = called(player, "follow_round", campaign_id=campaign, number=1, seconds=0.2)
    assert waiting["state"] == "queued"
    (started,) = player.api.client.get(f"/v1/campaigns/{campaign}/rounds").json()["items"]
    player.worker.finish_with_reserves(started, ("1111", "1110"), ("0111",))
    heard: list[float] = []

    async def follow(agent: McpClient) -> Any:
        async def hear(progress: float, _total: float | None, _message: str | None) -> None:
            heard.append(progress)

        return await agent.call_tool(
            "follow_round", {"campaign_id": campaign, "number": 1}, progress_callback=hear
        )

    assert play(player, follow).structured_content["state"] == "awaiting_results"
    assert heard[-1] == 1.0
    first, second = called(player, "get_batch", campaign_id=campaign, number=1)["candidates"]
    assert first["predictions"]["glow"]["mean"] == 2.0
    decided = called(player, "decide_candidate", candidate_id=second["id"], status="rejected", reason="toxic")
    assert decided["status"] == "rejected"
    assert called(player, "replace_candidate", candidate_id=second["id"])["object"] == "0111"
    assert called(player, "get_insights", campaign_id=campaign)["statements"]
    assert "Unknown tool" in refused(player, "release_batch", campaign_id=campaign, number=1)
    assert called(player, "release_batch", ALLOWED, campaign_id=campaign, number=1)["released_at"]
    assert called(player, "archive_campaign", ALLOWED, campaign_id=campaign)["state"] == "archived"


def test_samples_and_predictions_come_from_the_trained_campaign(player: Player) -> None:
    from api_actors import judged

    told = {"rows": [judged(1, "1010")]}
    with player.answering("predictions", lambda job: player.worker.answer(job, told)):
        objects = [{"switches": "1010"}, {"switches": "x"}]
        found = called(player, "predict", campaign_id=player.campaign, objects=objects)
    assert found["predictions"][0]["predictions"]["glow"]["mean"] == 1.5
    assert found["rejected"][0]["row"] == 2
    with player.answering("samples", lambda job: player.worker.answer(job, player.worker.samples("1010"))):
        (sample,) = called(player, "sample", campaign_id=player.campaign, n=1, beta="bolder")
    assert sample["object"] == "1010"


def test_a_key_that_was_narrowed_meanwhile_is_refused_by_the_service(player: Player, campaign: str) -> None:
    said = refused(player, "start_round", key=player.narrow_key("read"), campaign_id=campaign)
    assert "needs the scope write" in said


def test_a_campaign_of_another_workspace_is_not_found(player: Player) -> None:
    said = refused(player, "get_campaign", campaign_id="00000000-0000-0000-0000-000000000000")
    assert "Not found" in said


def test_the_command_serves_stdio_with_the_scopes_of_its_key(player: Player) -> None:
    environment = {**os.environ, "ASSAYFLOW_URL": player.url, "ASSAYFLOW_API_KEY": player.narrow_key("read")}
    program = StdioServerParameters(
        command=sys.executable,
        args=["-m", "assayflow", "mcp", "--allow-release"],
        env={**environment, "PYTHONPATH": str(ROOT)},
    )

    async def main() -> tuple[set[str], Any]:
        async with McpClient(program) as agent:
            tools = {tool.name for tool in (await agent.list_tools()).tools}
            return tools, await agent.call_tool("list_campaigns", {})

    tools, answer = anyio.run(main)
    assert "list_campaigns" in tools
    assert not tools & {"upload_results", *FINAL}
    assert player.campaign in [item["id"] for item in answer.structured_content["result"]]


def test_the_command_serves_http_on_this_machine(player: Player) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "assayflow", "mcp", "--http", str(port)]
    environment = {**os.environ, **player.environment, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:  # noqa: S603
        try:
            for _ in range(200):
                time.sleep(0.1)
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break

            async def main() -> Any:
                async with McpClient(f"http://127.0.0.1:{port}/mcp") as agent:
                    return await agent.call_tool("list_campaigns", {})

            found = anyio.run(main).structured_content["result"]
            assert player.campaign in [item["id"] for item in found]
            foreign = {"Host": "evil.example", "Content-Type": "application/json"}
            answer = httpx.post(f"http://127.0.0.1:{port}/mcp", json={}, headers=foreign)
            assert answer.status_code in (403, 421)
        finally:
            process.terminate()
            process.communicate(timeout=20)


def test_the_command_refuses_a_wrong_key_before_it_serves(player: Player) -> None:
    wrong = {"ASSAYFLOW_URL": player.url, "ASSAYFLOW_API_KEY": "af_000000000000_" + "0" * 64}
    assert isinstance(CliRunner().invoke(commands, ["mcp"], env=wrong).exception, UnauthorizedError)


def test_without_the_extra_its_name_is_said(player: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("service.mcp.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)
    error = CliRunner().invoke(commands, ["mcp"], env=player.environment).exception
    assert isinstance(error, AssayflowError)
    assert "assayflow[mcp]" in str(error)


def test_the_command_line_loads_the_protocol_only_for_its_own_command() -> None:
    script = "import sys, service.cli.main; sys.exit('mcp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0  # noqa: S603
