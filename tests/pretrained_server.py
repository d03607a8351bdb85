"""A server on loopback in the place of those that publish weights: files by path, ranges, redirections, commits."""

import contextlib
import http.server
import threading

from jax_slim.nets import pretrained

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked.append((self.path, self.headers.get("Range")))
        content = server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        if isinstance(content, str):
            self.send_response(302)
            self.send_header("Location", content)
            self.end_headers()
            return
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        self.wfile.write(content[start : server.cut])

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def running(cache, monkeypatch):
    """The server; its `files` are path -> content, or an address to go on to, and `asked` are (path, range).

    What follows fetches from it, into the folder `cache`.
    """
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.files, server.asked, server.cut = {}, [], None
    server.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("JAX_SLIM_CACHE", str(cache))
    for name in ("TF_SLIM", "MOBILENET_V1", "MOBILENET_V2"):
        monkeypatch.setattr(pretrained, name, f"{server.base}/models/")
    monkeypatch.setattr(pretrained, "HUB", f"{server.base}/timm/")
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
