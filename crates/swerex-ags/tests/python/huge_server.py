"""A sandbox that wants its host's memory: answers of any length, and JSON of very many very small values."""
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PIECE = 1 << 16
NODES = 20_000_000


class Huge(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200, [b'{"is_alive": true, "message": ""}'])

    def do_POST(self):
        body = self.body()
        if self.path in ("/execute", "/native/execute"):
            kind, number = json.loads(body)["command"]
            getattr(self, kind)(int(number))
        else:
            self.answer(200, [b'{"output": "", "session_type": "bash"}'])

    def body(self):
        left = int(self.headers.get("Content-Length") or 0)
        kept = b""
        while left:
            piece = self.rfile.read(min(left, PIECE))
            left -= len(piece)
            kept = (kept + piece)[:PIECE]
        return kept

    def text(self, length):
        pieces = [b'{"stdout": "begin'] + [b"0123456789abcdef" * 4096] * (length // PIECE)
        self.told(200, pieces + [b'end", "stderr": "", "exit_code": 7}'])

    def nodes(self, status):
        pieces = [b"[0"] + [b',{"":0}' * 8192] * (NODES // (7 * 8192)) + [b"]"]
        if status == 511:
            pieces = [b'{"swerexception": {"message": "m", "extra_info": {"a": '] + pieces + [b"}}}"]
        if status == 422:
            pieces = [b'{"detail": '] + pieces + [b"}"]
        self.told(status, pieces)

    def told(self, status, pieces):
        if self.path.startswith("/native"):
            head = f'{{"event": "result", "id": 1, "status": {status}, "body": '.encode()
            status, pieces = 200, [head] + pieces + [b"}\n"]
        self.answer(status, pieces)

    def answer(self, status, pieces):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(sum(map(len, pieces))))
        if "NATIVE" in os.environ:
            self.send_header("X-SWEREX-Native", os.environ["NATIVE"])
        self.end_headers()
        try:
            for piece in pieces:
                self.wfile.write(piece)
        except OSError:
            self.close_connection = True

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    port = int(sys.argv[sys.argv.index("--port") + 1])
    ThreadingHTTPServer(("127.0.0.1", port), Huge).serve_forever()
