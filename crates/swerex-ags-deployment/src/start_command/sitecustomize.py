# Put before the Python SWE-ReX server by the start command, which has no other way in: the server takes its key from its command line only, where
# everybody in the sandbox can read it, and refuses the platform's probe, which has none. So the key is asked for here, in front of the server.
# Other Pythons that find this go on as if it were not there. It is sent without these comments.
import os, sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [path for path in sys.path if os.path.abspath(path) != here]
before = os.environ.pop("PYTHONPATH", "")
rest = [path for path in before.split(":") if path not in ("", here)]
if rest:
    os.environ["PYTHONPATH"] = ":".join(rest)
# The one that this one hides.
this = sys.modules.pop("sitecustomize", None)
try:
    import sitecustomize
except ImportError:
    pass
sys.modules.setdefault("sitecustomize", this)


def guarded(app, key):
    import hmac, json

    async def serve(scope, receive, send):
        if scope["type"] != "http":
            return await app(scope, receive, send)
        given = dict(scope["headers"]).get(b"x-api-key", b"").strip()
        if given and hmac.compare_digest(given, key):
            return await app(scope, receive, send)
        # The probe of the platform has no key. A client that has a wrong one is to know.
        probe = not given and scope["method"] == "GET" and scope["path"] in ("/", "/is_alive")
        status, answer = (200, {"is_alive": True, "message": ""}) if probe else (401, {"detail": "Invalid API Key" if given else "Not authenticated"})
        body = json.dumps(answer).encode()
        head = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": body})

    return serve


def guard():
    try:
        import uvicorn
    except ImportError:
        # Not the server, but a program of that name that starts it, perhaps in an environment of its own: there this is found again.
        os.environ["PYTHONPATH"] = before
        return
    try:
        with open(os.path.join(here, "key"), "rb") as file:
            key = file.read().strip()
    except OSError as error:
        raise SystemExit("swerex-remote does not start without its key: " + repr(error))
    run = uvicorn.run
    uvicorn.run = lambda app, *args, **more: run(guarded(app, key), *args, **more)


# An interpreter's own options may come first.
if any(word == "swerex.server" or os.path.basename(word) == "swerex-remote" for word in getattr(sys, "orig_argv", [])[1:4]):
    guard()
