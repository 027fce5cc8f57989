"""SWE-ReX's own DockerDeployment, unmodified, with the program on PATH standing in for docker."""
import asyncio
import sys

from swerex.deployment.config import DockerDeploymentConfig
from swerex.runtime.abstract import BashAction, Command, CreateBashSessionRequest, ReadFileRequest, WriteFileRequest

FOREVER = len(sys.argv) > 1 and sys.argv[1] == "forever"


async def main():
    config = DockerDeploymentConfig(image="python:3.11", python_standalone_dir="/root", startup_timeout=60, docker_args=["--label=ags.cpu=2"])
    deployment = config.get_deployment()
    await deployment.start()
    for attempt in range(2):
        runtime = deployment.runtime
        await runtime.create_session(CreateBashSessionRequest(startup_timeout=10))
        seen = await runtime.run_in_session(BashAction(command="export A=1; cd /tmp && pwd", check="silent", timeout=20))
        assert (seen.output, seen.exit_code) == ("/tmp\n", 0), seen
        seen = await runtime.run_in_session(BashAction(command="echo $A; false", check="silent", timeout=20))
        assert (seen.output, seen.exit_code) == ("1\n", 1), seen
        done = await runtime.execute(Command(command="cat", shell=True, timeout=20))
        assert done.exit_code == 0, done
        assert (await deployment.is_alive(timeout=10)).is_alive
        if FOREVER:
            print("working", flush=True)
            await asyncio.sleep(600)
        # A hard reset: the same deployment is stopped and started again.
        await deployment.stop()
        if attempt == 0:
            await deployment.start()
    print("done", flush=True)


asyncio.run(main())
