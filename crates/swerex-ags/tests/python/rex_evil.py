"""SWE-ReX's own client and a sandbox that means harm: alone it runs what it is told to; through the bridge it does not."""
import asyncio
import pathlib
import sys
import tempfile
import threading

import evil_server
from swerex.exceptions import SwerexException
from swerex.runtime.abstract import BashAction, Command, CreateBashSessionRequest, ReadFileRequest, WriteFileRequest
from swerex.runtime.remote import RemoteRuntime

BRIDGE, TOKEN = sys.argv[1], sys.argv[2]


def calls(runtime, text):
    return {
        "create_session": lambda: runtime.create_session(CreateBashSessionRequest(session=text)),
        "run_in_session": lambda: runtime.run_in_session(BashAction(command=text)),
        "execute": lambda: runtime.execute(Command(command=text, shell=True)),
        "read_file": lambda: runtime.read_file(ReadFileRequest(path=text)),
        "write_file": lambda: runtime.write_file(WriteFileRequest(path=text, content="")),
    }


async def main():
    home = pathlib.Path(tempfile.mkdtemp(dir=pathlib.Path.home()))
    # The danger is real: without the bridge the client runs the command.
    alone = evil_server.server(0)
    threading.Thread(target=alone.serve_forever, daemon=True).start()
    owned = home / "owned"
    try:
        await calls(RemoteRuntime(host="http://127.0.0.1", port=alone.server_port, auth_token="none"), f"touch {owned}")["execute"]()
    except AttributeError:
        pass
    assert owned.exists()

    bridged = RemoteRuntime(host=f"{BRIDGE}/v1/evil%3A1/a", auth_token=TOKEN)
    for name in calls(bridged, ""):
        owned = home / f"owned-{name}"
        text = f"touch {owned}"
        try:
            await calls(bridged, text)[name]()
            raise AssertionError(f"{name}: no error")
        except SwerexException as error:
            assert type(error) is SwerexException and str(error), (name, error)
        assert not owned.exists(), name
    await bridged.close()
    print("done", flush=True)


asyncio.run(main())
