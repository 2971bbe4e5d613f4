"""An emulated AWS account, and Terraform's and the scripts' environment in it."""

import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from created import zip_file
from template import REGION, ROOT

HERE = Path(__file__).resolve().parent

# What only an emulator at a loopback address needs.
OVERRIDE = """
provider "aws" {
  s3_use_path_style = true
}
"""


class Account:
    """An account without any resource; closed, it is gone."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-B", HERE / "moto_account.py"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        self.endpoint = self.process.stdout.readline().strip()
        if not self.endpoint:
            raise RuntimeError("the emulated account did not start: run moto_account.py to see why")

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def empty(self):
        """Removes every resource."""
        request = urllib.request.Request(f"{self.endpoint}/moto-api/reset", method="POST")
        urllib.request.urlopen(request).close()

    def environment(self, **more):
        kept = ["HOME", "TMPDIR"]
        if Path(os.environ.get("TF_CLI_CONFIG_FILE", "")).is_file():
            kept.append("TF_CLI_CONFIG_FILE")
        # The tests' own AWS CLI first.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "PATH": path,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "TF_CLI_ARGS": "-no-color",
            "TF_CLI_ARGS_init": "-backend-config=use_path_style=true",
            "CHECKPOINT_DISABLE": "true",
            **more,
        }


class Checkout:
    """A copy of `infra/` with functions in `dist/`, where Terraform and the scripts may write."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp())
        ignored = shutil.ignore_patterns(".terraform", "*.tfstate*", "*.tfplan")
        shutil.copytree(ROOT / "infra", self.folder / "infra", ignore=ignored)
        self.infra = self.folder / "infra"
        for root in ("", "processor", "reporter", "examples/complete"):
            (self.infra / "terraform" / root / "emulator_override.tf").write_text(OVERRIDE)
        (self.folder / "dist").mkdir()
        for function in ("processor", "reporter"):
            file = self.folder / f"dist/{function}-arm64.zip"
            file.write_bytes(zip_file(function))

    def remove(self):
        shutil.rmtree(self.folder)


def run(*command, environment, folder=None, succeeds=True, given=None):
    """Runs a command; gives everything that it printed."""
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, env=environment, input=given, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )
    if succeeds is not None and (done.returncode == 0) != succeeds:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout
