# Loaded by every Python that the start command starts; only the SWE-ReX server is changed. It asks for the key itself, in front of the
# server's own check, so that the key stands on no command line and the platform's probe, which has none, is answered all the same.
import os, sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != here]
rest = [path for path in os.environ.get("PYTHONPATH", "").split(":") if path and path != here]
os.environ["PYTHONPATH"] = ":".join(rest)
if not rest:
    del os.environ["PYTHONPATH"]
this = sys.modules.pop("sitecustomize", None)
try:
    import sitecustomize  # the one that this one hides
except ImportError:
    pass
if this is not None:
    sys.modules.setdefault("sitecustomize", this)


def guarded(app, key):
    async def serve(scope, receive, send):
        if scope["type"] != "http":
            return await app(scope, receive, send)
        given = b""
        for name, value in scope["headers"]:
            if name == b"x-api-key":
                given = value.strip()
        if given and hmac.compare_digest(given, key):
            return await app(scope, receive, send)
        probe = not given and scope["method"] == "GET" and scope["path"] in ("/", "/is_alive")
        body = b'{"is_alive":true,"message":""}' if probe else b'{"detail":"Invalid API Key"}' if given else b'{"detail":"Not authenticated"}'
        head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200 if probe else 401, "headers": head})
        await send({"type": "http.response.body", "body": body})

    return serve


words = getattr(sys, "orig_argv", [])[1:4]
if any(os.path.basename(word) == "swerex-remote" or word == "swerex.server" for word in words):
    import hmac, shutil
    import uvicorn

    with open(os.path.join(here, "key"), "rb") as file:
        key = file.read().strip()
    shutil.rmtree(here, ignore_errors=True)
    run = uvicorn.run
    uvicorn.run = lambda app, *args, **more: run(guarded(app, key), *args, **more)
