"""The server behind nginx and Caddy as their documents set them up: what is sent arrives, the dashboard
opens, and the live feed is live."""

import contextlib
import http.client
import json
import os
import queue
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse
import urllib.request
from pathlib import Path

PROGRAM = os.environ["CV_ANALYTICS_PROGRAM"]
NGINX = os.environ["CV_ANALYTICS_NGINX"]
CADDY = os.environ["CV_ANALYTICS_CADDY"]
TESTS = Path(__file__).resolve().parent.parent
QUESTIONS = json.loads((TESTS / "clients/questions.json").read_text(encoding="utf-8"))
READY = "cv-analytics is ready: "
PATIENCE = 30

# nginx's own defaults buffer answers and replace the Host header by the upstream's address.
NGINX_CONF = """
daemon off;
pid nginx.pid;
error_log nginx.log;
worker_processes 1;
events {{}}
http {{
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxied;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server {{
    listen 127.0.0.1:{front};
    location / {{
      proxy_pass http://127.0.0.1:{server};
      {more}
    }}
  }}
}}
"""
HOST_IS_PASSED_ON = "proxy_set_header Host $http_host;"
CLIENT_IS_NAMED = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"

CADDYFILE = """
{{
	admin off
	auto_https off
}}
http://127.0.0.1:{front} {{
	reverse_proxy 127.0.0.1:{server}
}}
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def until(is_so, told):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if is_so():
            return
        time.sleep(0.05)
    raise AssertionError(told())


def accepts(port):
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


class Proxies(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.front, self.server = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.front}"

    def run_until_the_end(self, name, command, end=signal.SIGTERM):
        log = open(self.folder / f"{name}.log", "w+", encoding="utf-8")
        self.addCleanup(log.close)
        process = subprocess.Popen(
            command, cwd=self.folder, stdout=log, stderr=log,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        )

        def stop():
            process.send_signal(end)
            process.wait(60)

        self.addCleanup(stop)

        def said():
            log.seek(0)
            return f"{name} said:\n{log.read()}"

        return said

    def behind_nginx(self, more=""):
        (self.folder / "nginx.conf").write_text(NGINX_CONF.format(front=self.front, server=self.server, more=more))
        self.start([NGINX, "-p", str(self.folder), "-c", "nginx.conf", "-e", "nginx.log"])

    def behind_caddy(self):
        (self.folder / "Caddyfile").write_text(CADDYFILE.format(front=self.front, server=self.server))
        self.start([CADDY, "run", "--config", "Caddyfile", "--adapter", "caddyfile"])

    def start(self, proxy):
        said = self.run_until_the_end("server", [
            PROGRAM, "serve", "--listen", f"127.0.0.1:{self.server}", "--public-url", self.url,
            "--trusted-proxy", "127.0.0.1"
        ])
        self.server_said = said
        until(lambda: READY in said(), said)
        # A proxy that is asked to end waits for the live feed to end.
        said = self.run_until_the_end("proxy", proxy, signal.SIGKILL)
        until(lambda: accepts(self.front), said)
        file = (self.folder / "cv-analytics-data/credentials.env").read_text("utf-8")
        self.credentials = dict(line.split("=", 1) for line in file.splitlines() if "=" in line)
        self.assertTrue(self.credentials["AWS_SQS_URL"].startswith(self.url), "the queue is at the public address")

    def send(self, request_id, text):
        """Sends a question through the proxy by the program's own client."""
        event = {"eventType": "query", "requestId": request_id, "timestamp": int(time.time() * 1000), "query": text}
        done = subprocess.run(
            [PROGRAM, "events", "send"], cwd=self.folder, input=json.dumps(event, ensure_ascii=False), text=True,
            encoding="utf-8", capture_output=True, env={"PATH": os.environ["PATH"]}
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def open(self, path, data=None, **headers):
        headers = {"Authorization": f"Bearer {self.credentials['CV_ANALYTICS_TOKEN']}", **headers}
        request = urllib.request.Request(self.url + path, data=data, headers=headers)
        return urllib.request.urlopen(request, timeout=PATIENCE)

    def check(self):
        """All that an owner does through a proxy."""
        for index, text in enumerate(QUESTIONS):
            self.send(f"question-{index}", text)
        with self.open("/questions.jsonl") as export:
            kept = [json.loads(line)["question"] for line in export.read().decode().split("\n") if line]
        self.assertEqual(sorted(kept), sorted(QUESTIONS))

        self.sign_in()
        lines = "".join(json.dumps({"eventType": "query", "requestId": f"line-{index}",
                                    "timestamp": int(time.time() * 1000), "query": "Go?"}) + "\n" for index in range(50))
        with self.open("/v1/events", lines.encode(), **{"Content-Type": "application/x-ndjson"}) as answer:
            self.assertEqual(answer.status, 200)

        feed = self.feed()
        for number in range(3):
            # Each is seen before the next one is sent: nobody waits for a buffer to fill.
            self.send(f"live-{number}", f"Is question {number} live?")
            self.next_of(feed, f"Is question {number} live?")

    def sign_in(self):
        """The way of a browser: a form, a cookie, a page."""
        with self.open("/login", Authorization="") as page:
            self.assertIn("text/html", page.headers["Content-Type"])
        jar = urllib.request.HTTPCookieProcessor()
        browser = urllib.request.build_opener(jar)
        form = urllib.parse.urlencode({"token": self.credentials["CV_ANALYTICS_TOKEN"]}).encode()
        request = urllib.request.Request(f"{self.url}/login", data=form, headers={"Origin": self.url})
        with browser.open(request, timeout=PATIENCE) as answer:
            self.assertEqual(answer.status, 200)
            self.assertTrue(answer.url.startswith(self.url), answer.url)
        with browser.open(f"{self.url}/questions", timeout=PATIENCE) as answer:
            self.assertIn("Questions", answer.read().decode())

    def feed(self):
        """Lines of the live feed as they arrive."""
        lines = queue.Queue()
        stream = self.open("/live/events", Accept="text/event-stream")

        def read():
            # Until the proxy ends.
            with stream, contextlib.suppress(OSError, http.client.HTTPException):
                for line in stream:
                    lines.put(line.decode())

        threading.Thread(target=read, daemon=True).start()
        return lines

    def next_of(self, feed, text):
        end = time.monotonic() + PATIENCE
        while True:
            try:
                if text in feed.get(timeout=max(0.01, end - time.monotonic())):
                    return
            except queue.Empty:
                self.fail(f"{text!r} did not arrive while the feed was open")

    def check_who_guessed(self):
        """A stranger of another address, who claims another's address."""
        stranger = http.client.HTTPConnection("127.0.0.1", self.front, PATIENCE, source_address=("127.0.0.2", 0))
        self.addCleanup(stranger.close)
        stranger.request("POST", "/login", "token=guess", {"Origin": self.url, "X-Forwarded-For": "203.0.113.7"})
        self.assertEqual(stranger.getresponse().status, 403)
        until(lambda: "client_address=127.0.0.2 " in self.server_said(), self.server_said)
        self.assertNotIn("203.0.113.7", self.server_said())

    def test_nginx_with_its_defaults(self):
        self.behind_nginx()
        self.check()

    def test_nginx_that_passes_the_host_on(self):
        self.behind_nginx(HOST_IS_PASSED_ON)
        self.check()

    def test_nginx_that_names_the_client(self):
        self.behind_nginx(CLIENT_IS_NAMED)
        self.check_who_guessed()

    def test_caddy_with_its_defaults(self):
        self.behind_caddy()
        self.check()
        self.check_who_guessed()


if __name__ == "__main__":
    unittest.main()
