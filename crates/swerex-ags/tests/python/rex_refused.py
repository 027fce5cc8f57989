"""SWE-ReX's own client, when no sandbox starts: its own class of error, with the cause and the id of the request."""
import asyncio
import sys

from swerex.deployment.config import RemoteDeploymentConfig
from swerex.exceptions import DeploymentStartupError
from swerex.runtime.abstract import CreateBashSessionRequest


async def main():
    there = RemoteDeploymentConfig(host=f"{sys.argv[1]}/v1/python%3A3.11/refused", auth_token=sys.argv[2]).get_deployment()
    await there.start()
    try:
        await there.runtime.create_session(CreateBashSessionRequest(startup_timeout=10))
        raise AssertionError("no error")
    except DeploymentStartupError as error:
        assert "UnauthorizedOperation" in str(error) and "request id" in str(error), error
    await there.runtime.close()
    # The next start is not refused.
    await there.runtime.create_session(CreateBashSessionRequest(startup_timeout=10))
    await there.runtime.close()
    print("done", flush=True)


asyncio.run(main())
