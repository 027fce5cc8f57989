"""An agent that opens a session and then only waits."""
import asyncio
import sys

from swerex.deployment.config import RemoteDeploymentConfig
from swerex.runtime.abstract import CreateBashSessionRequest


async def main():
    there = RemoteDeploymentConfig(host=f"{sys.argv[1]}/v1/python%3A3.11/idle", auth_token=sys.argv[2]).get_deployment()
    await there.start()
    await there.runtime.create_session(CreateBashSessionRequest(startup_timeout=10))
    print("working", flush=True)
    await asyncio.sleep(600)


asyncio.run(main())
