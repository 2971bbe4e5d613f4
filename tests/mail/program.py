"""The program in a data folder of its own, with one question in the last week that is over."""

import datetime
import json
import os
import signal
import sqlite3
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from mail_server import AUTHORITY, PASSWORD

PROGRAM = "CV_ANALYTICS_PROGRAM"
QUESTION = "Does your Müller know Kubernetes? 100 % …"
PUBLIC_URL = "https://cv.example.org"
READY = "cv-analytics is ready: "


def last_week():
    """A moment within the last week that is over, as Python's own calendar has it, and its name."""
    moment = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=7)
    year, week, _ = moment.isocalendar()
    return moment, f"{year}-W{week:02}"


class Installation:
    """A data folder, and the program run over it as its owner would."""

    def __init__(self, test):
        if PROGRAM not in os.environ:
            raise RuntimeError(f"{PROGRAM} names no program: `cargo xtask test mail` builds it")
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        self.test, self.folder = test, Path(folder.name)
        AUTHORITY.cert_pem.write_to_path(self.authority)
        moment, self.week = last_week()
        event = {"eventType": "query", "requestId": "r1", "timestamp": moment.isoformat(), "query": QUESTION}
        self.run("events", "import", input=json.dumps(event)).check_returncode()

    @property
    def authority(self):
        return self.folder / "authority.pem"

    def environment(self, password=PASSWORD):
        return {"PATH": os.environ["PATH"], "CV_ANALYTICS_SMTP_PASSWORD": password}

    def run(self, *arguments, password=PASSWORD, input=""):
        return subprocess.run(
            [os.environ[PROGRAM], *arguments], cwd=self.folder, env=self.environment(password),
            input=input, capture_output=True, text=True, encoding="utf-8"
        )

    def mail_options(self, server, *options):
        return [
            "--mail-from", "Reports <reports@example.com>", "--smtp-host", "localhost", "--smtp-port",
            str(server.port), "--smtp-ca", str(self.authority), "--public-url", PUBLIC_URL, *options
        ]

    def send(self, server, to, *options, password=PASSWORD):
        """`report --send`: whether all was sent, and what was said."""
        done = self.run("report", "--send", "--to", to, *self.mail_options(server, *options), password=password)
        said = done.stdout + done.stderr
        self.test.assertNotIn(PASSWORD, said)
        self.test.assertIn(done.returncode, (0, 1), said)
        return done.returncode == 0, said

    def serve(self, server, *options):
        return Serving(self, self.mail_options(server, *options))

    def ledger(self):
        """What the program keeps for itself."""
        connection = sqlite3.connect(self.folder / "cv-analytics-data/cv-analytics.db")
        self.test.addCleanup(connection.close)
        return connection

    def recipients(self):
        """The records of the mail's recipients, by their keys."""
        query = "SELECT key, value FROM ledger WHERE key LIKE 'cv-analytics:mail-recipient:%'"
        return {key: json.loads(value) for key, value in self.ledger().execute(query)}

    def make_older(self, weeks):
        """Makes the installation one that has had its recipients for `weeks`."""
        with self.ledger() as ledger:
            for key, record in self.recipients().items():
                record["since"] -= weeks * 7 * 24 * 3600 * 1000
                ledger.execute("UPDATE ledger SET value = ? WHERE key = ?", (json.dumps(record), key))


class Serving:
    """`cv-analytics serve`, while its block runs."""

    def __init__(self, installation, options):
        self.installation = installation
        self.command = [os.environ[PROGRAM], "serve", "--listen", "127.0.0.1:0", *options]

    def __enter__(self):
        self.log = open(self.installation.folder / "serve.log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            self.command, cwd=self.installation.folder, env=self.installation.environment(),
            stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        for line in self.process.stdout:
            if line.startswith(READY):
                self.local = line.strip().rpartition("listening on ")[2]
                return self
        raise RuntimeError(f"the server did not become ready: {self.last_words()}")

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.installation.test.assertEqual(self.process.wait(60), 0, self.last_words())
        self.process.stdout.close()
        self.log.close()

    def last_words(self):
        self.log.seek(0)
        return self.log.read()

    def request(self, path, form=None, is_owner=True):
        """The status and the text of an answer."""
        headers = {"Host": PUBLIC_URL.partition("://")[2]}
        if is_owner:
            file = (self.installation.folder / "cv-analytics-data/credentials.env").read_text("utf-8")
            token = dict(line.split("=", 1) for line in file.splitlines() if "=" in line)["CV_ANALYTICS_TOKEN"]
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(self.local + path, data=form, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def page(self, path):
        status, text = self.request(path)
        self.installation.test.assertEqual(status, 200, text)
        return text

    def until(self, is_so):
        """Waits until `is_so`, and returns what it returned."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            found = is_so()
            if found:
                return found
            time.sleep(0.05)
        self.installation.test.fail(f"it did not become so: {self.last_words()}")
