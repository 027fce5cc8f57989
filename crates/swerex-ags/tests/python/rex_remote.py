"""SWE-ReX's own RemoteDeployment, unmodified, against the bridge: four agents at a time, each with its own image."""
import asyncio
import os
import pathlib
import sys
import tempfile

from swerex.deployment.config import RemoteDeploymentConfig
from swerex.exceptions import BashIncorrectSyntaxError, CommandTimeoutError, SwerexException
from swerex.runtime.abstract import BashAction, BashInterruptAction, Command, CreateBashSessionRequest, ReadFileRequest, UploadRequest

BRIDGE, TOKEN = sys.argv[1], sys.argv[2]


def deployment(image, instance):
    host = f"{BRIDGE}/v1/{image.replace('/', '%2F').replace(':', '%3A')}/{instance}"
    return RemoteDeploymentConfig(host=host, auth_token=TOKEN).get_deployment()


async def run(runtime, command, **more):
    return await runtime.run_in_session(BashAction(command=command, check="silent", timeout=20, **more))


async def agent(number):
    there = deployment(f"registry.example.com/team/image{number}:1", f"task-{number}")
    await there.start()
    for _ in range(2):
        runtime = there.runtime
        await runtime.create_session(CreateBashSessionRequest(startup_timeout=10))
        assert (await run(runtime, f"export N={number}; mkdir -p work; cd work")).exit_code == 0
        assert (await run(runtime, "echo $N")).output == f"{number}\n"
        try:
            await run(runtime, "if then")
            raise AssertionError("no syntax error")
        except BashIncorrectSyntaxError as error:
            assert "bash_stderr" in error.extra_info, error.extra_info
        try:
            await runtime.run_in_session(BashAction(command="sleep 30", timeout=0.5))
            raise AssertionError("no timeout")
        except CommandTimeoutError:
            await runtime.run_in_session(BashInterruptAction())
        assert (await run(runtime, "echo well")).output == "well\n"
        try:
            await runtime.read_file(ReadFileRequest(path="/nowhere"))
            raise AssertionError("no error")
        except FileNotFoundError:
            pass
        with tempfile.TemporaryDirectory() as home:
            (pathlib.Path(home) / "bundle" / "bin").mkdir(parents=True)
            (pathlib.Path(home) / "bundle" / "bin" / "tool").write_text("#!/bin/sh\necho tool\n")
            (pathlib.Path(home) / "large").write_bytes(os.urandom(20_000_000))
            target = (await runtime.execute(Command(command="pwd", shell=True))).stdout.strip()
            await runtime.upload(UploadRequest(source_path=f"{home}/bundle", target_path=f"{target}/bundle"))
            await runtime.upload(UploadRequest(source_path=f"{home}/large", target_path=f"{target}/large"))
        done = await runtime.execute(Command(command="sh bundle/bin/tool; wc -c < large", shell=True, check=True))
        assert done.stdout.split() == ["tool", "20000000"], done
        # SWE-agent's hard reset: close, then create again on the same address.
        await runtime.close()
    await there.stop()


async def main():
    for image, token, what in [("x", "wrong", "401")]:
        there = RemoteDeploymentConfig(host=f"{BRIDGE}/v1/{image}/a", auth_token=token).get_deployment()
        await there.start()
        alive = await there.is_alive()
        assert not alive.is_alive and what in alive.message, alive
    # As SWE-agent asks after a soft failure, which the RemoteDeployment of swe-rex 1.4.0 does not take by itself.
    there = deployment("x", "a")
    await there.start()
    assert await there.is_alive(timeout=10)
    await asyncio.gather(*(agent(number) for number in range(4)))
    print("done", flush=True)


asyncio.run(main())
