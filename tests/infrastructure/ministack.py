"""An AWS account on ministack, which has CloudFormation, event source mappings and functions of its own."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from account import Account
from template import REGION

# The program `ministack`, as the one that runs the tests has installed it.
MINISTACK_VARIABLE = "CV_ANALYTICS_MINISTACK"
START_TIMEOUT_S = 120

# A resource of the template, with its name and everything that is indented below it.
RESOURCE = re.compile(r"^  (\w+):\n    Type: AWS::.*\n(?:(?:    .*)?\n)+", re.MULTILINE)


class Ministack(Account):
    """An account without any resource; closed, it is gone, with the functions' processes."""

    def __init__(self):
        self.folder = tempfile.mkdtemp()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = str(free.getsockname()[1])
        self.endpoint = f"http://127.0.0.1:{port}"
        self.log = Path(self.folder) / "ministack.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [os.environ[MINISTACK_VARIABLE]],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={
                    "PATH": os.environ["PATH"], "HOME": self.folder, "TMPDIR": self.folder,
                    "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": port, "MINISTACK_HOST": "127.0.0.1",
                    "MINISTACK_REGION": REGION,
                    # For the functions.
                    "AWS_ENDPOINT_URL": self.endpoint,
                },
            )
        self.wait_until_it_answers()

    def wait_until_it_answers(self):
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                return urllib.request.urlopen(f"{self.endpoint}/_ministack/health").close()
            except OSError as error:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise RuntimeError(f"ministack did not start:\n{self.log.read_text()}") from error
                time.sleep(0.1)

    def close(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def leave_out_what_it_lacks(template):
    """Takes the resources out of a template's file for which ministack's CloudFormation has nothing: budgets, their
    action, and alarms on a calculated metric. Gives their names."""
    left_out = []

    def kept(match):
        resource = match.group(0)
        if "Type: AWS::Budgets::" in resource or re.search(r"^      Metrics:", resource, re.MULTILINE):
            left_out.append(match.group(1))
            return ""
        return resource

    template.write_text(RESOURCE.sub(kept, template.read_text()))
    return left_out
