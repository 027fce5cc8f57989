"""Drives a server with SWE-ReX's own client, as a program that knows nothing of ours would.

usage: remote_runtime.py PORT TOKEN
"""

import asyncio
import os
import pathlib
import stat
import sys
import tempfile

import pexpect
from swerex.exceptions import (
    BashIncorrectSyntaxError,
    CommandTimeoutError,
    NonZeroExitCodeError,
    SessionDoesNotExistError,
    SessionExistsError,
)
from swerex.runtime.abstract import (
    BashAction,
    BashInterruptAction,
    CloseBashSessionRequest,
    Command,
    CreateBashSessionRequest,
    ReadFileRequest,
    UploadRequest,
    WriteFileRequest,
)
from swerex.runtime.remote import RemoteRuntime


async def raises(exception, awaitable):
    try:
        await awaitable
    except exception as raised:
        assert type(raised) is exception, type(raised)
        return raised
    raise AssertionError(f"{exception} was not raised")


async def execute(runtime):
    done = await runtime.execute(Command(command="echo out; echo err >&2; exit 3", shell=True))
    assert (done.stdout, done.stderr, done.exit_code) == ("out\n", "err\n", 3), done
    done = await runtime.execute(Command(command=["sh", "-c", "echo $A; pwd"], env={"A": "ü"}, cwd="/"))
    assert done.stdout == "ü\n/\n", done
    done = await runtime.execute(Command(command="echo 1; echo 2 >&2", shell=True, merge_output_streams=True))
    assert (done.stdout, done.stderr) == ("1\n2\n", ""), done
    await raises(NonZeroExitCodeError, runtime.execute(Command(command=["false"], check=True)))
    await raises(CommandTimeoutError, runtime.execute(Command(command=["sleep", "10"], timeout=0.2)))
    await raises(FileNotFoundError, runtime.execute(Command(command="echo no shell")))


async def sessions(runtime):
    await runtime.create_session(CreateBashSessionRequest())
    await raises(SessionExistsError, runtime.create_session(CreateBashSessionRequest()))
    seen = await runtime.run_in_session(BashAction(command="cd / && export A=1 && echo hello"))
    assert (seen.output, seen.exit_code) == ("hello\n", 0), seen
    seen = await runtime.run_in_session(BashAction(command="pwd\necho $A"))
    assert seen.output == "/\n1\n", seen
    seen = await runtime.run_in_session(BashAction(command="false", check="silent"))
    assert seen.exit_code == 1, seen
    await raises(NonZeroExitCodeError, runtime.run_in_session(BashAction(command="false", check="raise")))
    await raises(BashIncorrectSyntaxError, runtime.run_in_session(BashAction(command="echo (")))
    await raises(CommandTimeoutError, runtime.run_in_session(BashAction(command="sleep 30", timeout=0.3)))
    await runtime.run_in_session(BashInterruptAction())
    seen = await runtime.run_in_session(BashAction(command="echo after"))
    assert seen.output == "after\n", seen
    unknown = BashAction(command="true", session="unknown")
    await raises(SessionDoesNotExistError, runtime.run_in_session(unknown))
    await raises(pexpect.exceptions.EOF, runtime.run_in_session(BashAction(command="exit 5")))
    await runtime.close_session(CloseBashSessionRequest())
    await runtime.create_session(CreateBashSessionRequest())
    await runtime.close_session(CloseBashSessionRequest())


async def files(runtime, home):
    path = str(home / "new" / "file.txt")
    await runtime.write_file(WriteFileRequest(path=path, content="ü\r\nx"))
    read = await runtime.read_file(ReadFileRequest(path=path))
    assert read.content == "ü\nx", read
    await raises(FileNotFoundError, runtime.read_file(ReadFileRequest(path=str(home / "none"))))
    await raises(IsADirectoryError, runtime.read_file(ReadFileRequest(path=str(home))))


async def uploads(runtime, home):
    source = home / "a ü.bin"
    source.write_bytes(bytes(range(256)) * 1000)
    target = home / "deep" / "target.bin"
    await runtime.upload(UploadRequest(source_path=str(source), target_path=str(target)))
    assert target.read_bytes() == source.read_bytes()

    tree = home / "tree"
    (tree / "empty").mkdir(parents=True)
    (tree / "bin").mkdir()
    (tree / "bin" / "run.sh").write_text("#!/bin/sh\necho ran\n")
    (tree / "bin" / "run.sh").chmod(0o755)
    target = home / "unpacked"
    await runtime.upload(UploadRequest(source_path=str(tree), target_path=str(target)))
    assert (target / "empty").is_dir()
    script = target / "bin" / "run.sh"
    assert stat.S_IMODE(script.stat().st_mode) == 0o755, oct(script.stat().st_mode)
    done = await runtime.execute(Command(command=[str(script)]))
    assert done.stdout == "ran\n", done


async def main(port, token):
    runtime = RemoteRuntime(host="http://127.0.0.1", port=port, auth_token=token)
    assert await runtime.is_alive(timeout=5)
    with tempfile.TemporaryDirectory() as home:
        await execute(runtime)
        await sessions(runtime)
        await files(runtime, pathlib.Path(home))
        await uploads(runtime, pathlib.Path(home))
    await asyncio.gather(*(runtime.execute(Command(command=["sleep", "0.5"])) for _ in range(8)))
    stranger = RemoteRuntime(host="http://127.0.0.1", port=port, auth_token="wrong")
    assert not await stranger.is_alive(timeout=5)
    await runtime.close()
    assert await runtime.is_alive(timeout=5)
    print("every call agreed")


if __name__ == "__main__":
    os.environ.pop("TERM", None)
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
