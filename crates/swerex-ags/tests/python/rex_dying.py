"""SWE-ReX's own client, when its sandbox dies in the middle of a command: an error, soon, and a fresh sandbox after close."""
import asyncio
import sys
import time

from swerex.exceptions import SwerexException
from swerex.runtime.abstract import BashAction, CreateBashSessionRequest
from swerex.runtime.remote import RemoteRuntime

runtime = RemoteRuntime(host=f"{sys.argv[1]}/v1/python%3A3.11/dying", auth_token=sys.argv[2])


async def run(command, timeout=20):
    return (await runtime.run_in_session(BashAction(command=command, check="silent", timeout=timeout))).output


async def refused(command):
    try:
        await run(command, 300)
    except SwerexException as error:
        assert type(error) is SwerexException, error
        return str(error)
    raise AssertionError("no error")


async def main():
    await runtime.create_session(CreateBashSessionRequest(startup_timeout=10))
    assert await run("echo here > mark; cat mark") == "here\n"
    print("working", flush=True)
    # Stopping a sandbox asks its processes to end; one that did would be an answer, not an error.
    why = await refused("(trap '' TERM; sleep 250)")
    print(f"refused: {why}", flush=True)
    # It stays dead until the agent begins anew.
    begun = time.monotonic()
    assert "the sandbox is gone" in await refused("true")
    alive = await runtime.is_alive()
    assert not alive.is_alive and "the sandbox is gone" in alive.message, alive
    assert time.monotonic() - begun < 5
    await runtime.close()
    await runtime.create_session(CreateBashSessionRequest(startup_timeout=10))
    assert await run("cat mark 2>/dev/null; echo fresh") == "fresh\n"
    await runtime.close()
    print("done", flush=True)


asyncio.run(main())
