"""mini-swe-agent, unmodified, with SWE-ReX's DockerDeployment under it; it never stops what it starts."""
from minisweagent.environments.extra.swerex_docker import SwerexDockerEnvironment

more = {"container_runtime": "podman", "pull": "never"}
environment = SwerexDockerEnvironment(image="python:3.11", cwd="/tmp", timeout=2, deployment_extra_kwargs=more)
seen = environment.execute({"command": "pwd; echo err >&2; exit 3"})
assert (seen["output"], seen["returncode"]) == ("/tmp\nerr\n", 3), seen
seen = environment.execute({"command": "sleep 30"})
assert seen["returncode"] == -1 and "exceeded" in seen["output"], seen
seen = environment.execute({"command": "echo well"})
assert (seen["output"], seen["returncode"]) == ("well\n", 0), seen
print("done", flush=True)
