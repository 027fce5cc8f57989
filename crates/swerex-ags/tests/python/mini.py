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
        # A number that nothing else sleeps for: a command that takes too long ends with its client, and is in nobody's way.
        sleep = f"sleep 60{os.getpid()}.{number}"
        seen = environment.execute({"command": sleep}, timeout=2)
        assert seen["returncode"] == -1 and "timed out" in seen["exception_info"], seen
        seen = environment.execute({"command": f"while pgrep -fx '{sleep}' >/dev/null; do sleep 0.05; done; echo gone"})
        assert seen["output"] == "gone\n", seen
        seen = environment.execute({"command": "kill -9 $$"})
        assert seen["returncode"] == 137, seen
    finally:
        environment.cleanup()


with ThreadPoolExecutor(4) as pool:
    list(pool.map(agent, range(9, 9 + int(sys.argv[1]))))
print("done", flush=True)
