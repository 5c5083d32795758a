"""An agent, as far as a test needs one: the official client of the Model Context Protocol.

Arguments: what to do as JSON. Prints what came of it as one JSON line.
"""

import asyncio
import json
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamablehttp_client


async def use(session, calls):
    """Calls tools in turn; "$id" stands for the id of the last call placed."""
    opened = await session.initialize()
    tools = (await session.list_tools()).tools
    results, call_id = [], None
    for name, arguments in calls:
        progress = []

        async def told(step, total, message):
            progress.append([step, message])

        text = json.dumps(arguments).replace("$id", call_id or "")
        result = await session.call_tool(name, json.loads(text), progress_callback=told)
        content = result.structuredContent
        call_id = (content or {}).get("call_id") or (content or {}).get("id") or call_id
        results.append(
            {
                "tool": name,
                "is_error": result.isError,
                "content": content,
                "text": result.content[0].text if result.content else None,
                "progress": progress,
            }
        )
    return {
        "server": opened.serverInfo.name,
        "tools": {tool.name: sorted(tool.inputSchema.get("properties", {})) for tool in tools},
        "required": {tool.name: sorted(tool.inputSchema.get("required", [])) for tool in tools},
        "results": results,
    }


async def main(wanted):
    if "url" in wanted:
        transport = streamablehttp_client(wanted["url"], headers=wanted["headers"])
    else:
        command, *arguments = wanted["command"]
        parameters = StdioServerParameters(command=command, args=arguments, env=wanted["env"])
        transport = stdio_client(parameters)
    async with transport as streams:
        async with ClientSession(streams[0], streams[1]) as session:
            print(json.dumps(await use(session, wanted["calls"])))


asyncio.run(main(json.loads(sys.argv[1])))
