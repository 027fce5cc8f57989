"""mini-swe-agent, unmodified, with its own docker environment; the program on PATH stands in for docker."""
import os
import sys
from concurrent.futures import ThreadPoolExecutor

from minisweagent.environments.docker import DockerEnvironment


def agent(number):
    environment = DockerEnvironment(image=f"python:3.{number}", cwd="/tmp", env={"PAGER": "cat", "N": str(number)}, timeout=20)
    try:
        seen = environment.execute({"command": "echo $N $PAGER; pwd; echo err >&2; exit 3"})
        assert seen["output"] == f"{number} cat\n/tmp\nerr\n" and seen["returncode"] == 3, seen
        seen = environment.execute({"command": "echo kept > mini-$N; cat mini-$N"}, cwd=os.environ["HOME"])
        assert seen["output"] == "kept\n", seen
        seen = environment.execute({"command": "sleep 60"}, timeout=2)
        assert seen["returncode"] == -1 and "timed out" in seen["exception_info"], seen
    finally:
        environment.cleanup()


with ThreadPoolExecutor(4) as pool:
    list(pool.map(agent, range(9, 9 + int(sys.argv[1]))))
print("done", flush=True)
