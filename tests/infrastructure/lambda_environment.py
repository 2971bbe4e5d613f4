"""An execution environment of Lambda: a deployed function's own program under its own settings, behind
the Runtime API (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html)."""

import json
import queue
import subprocess
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Longer than Lambda's own 10 seconds, since a test's machine may be busy.
START_SECONDS = 60


@dataclass
class Invocation:
    """How an invocation ended, and what was written meanwhile."""

    outcome: str
    answer: object
    lines: list

    def response(self):
        if self.outcome != "response":
            lines = "\n".join(self.lines)
            raise AssertionError(f"the function returned nothing: {self.outcome} {self.answer}\n{lines}")
        return self.answer


class LambdaEnvironment:
    """Started when it is made; it takes one invocation after another."""

    def __init__(self, function, credentials, endpoint):
        self.function = function
        self.events, self.said = queue.Queue(), queue.Queue()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (RuntimeApi,), {"of": self}))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        # A file: what was written before a call of the runtime is there at that call.
        self.output = tempfile.TemporaryFile()
        self.read_so_far = 0
        self.process = subprocess.Popen(
            [function.program], env=self.variables(credentials, endpoint), cwd=function.program.parent,
            stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT,
        )
        said, what = self.wait(START_SECONDS)
        if said != "next":
            lines = "\n".join(self.lines())
            self.close()
            raise AssertionError(f"{function.name} did not start: {said} {what}\n{lines}")

    def variables(self, credentials, endpoint):
        """What Lambda sets, the function's own, and the address of AWS; nothing of this machine."""
        function = self.function
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": function.log_stream,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "LAMBDA_TASK_ROOT": str(function.program.parent),
            "_HANDLER": function.handler,
            "AWS_REGION": function.region,
            "AWS_DEFAULT_REGION": function.region,
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": credentials["SessionToken"],
            "AWS_ENDPOINT_URL": endpoint,
            **function.variables,
        }

    def invoke(self, event):
        """Hands an event over, and waits for the end of it as long as the function is given."""
        identifier = str(uuid.uuid4())
        self.events.put((identifier, json.dumps(event).encode()))
        said, what = self.wait(self.function.timeout_s)
        if said in ("response", "error"):
            # Ready again, so that all of its lines are there.
            self.wait(self.function.timeout_s)
        return Invocation(said, what, self.lines())

    def wait(self, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                return self.said.get(timeout=0.05)
            except queue.Empty:
                if self.process.poll() is not None and self.said.empty():
                    return "ended", self.process.returncode
        return "timed out", seconds

    def lines(self):
        """What was written since the last look."""
        self.output.seek(self.read_so_far)
        text = self.output.read()
        self.read_so_far += len(text)
        self.output.seek(0, 2)
        return text.decode().splitlines()

    def close(self):
        self.process.kill()
        self.process.wait()
        self.server.shutdown()
        self.server.server_close()
        self.output.close()


class RuntimeApi(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def do_GET(self):
        environment = self.of
        environment.said.put(("next", None))
        identifier, event = environment.events.get()
        deadline = int((time.time() + environment.function.timeout_s) * 1000)
        self.send_response_only(200)
        for name, value in {
            "Lambda-Runtime-Aws-Request-Id": identifier,
            "Lambda-Runtime-Deadline-Ms": str(deadline),
            "Lambda-Runtime-Invoked-Function-Arn": environment.function.arn,
            "Content-Type": "application/json",
            "Content-Length": str(len(event)),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(event)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        said = "response" if self.path.endswith("/response") else "error"
        self.of.said.put((said, json.loads(body) if body else None))
        self.send_response_only(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
