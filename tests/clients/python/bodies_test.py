"""`POST /v1/events` by curl with every content type that it sends, and by `requests` as people use it."""

import gzip
import itertools
import json
import os
import subprocess
import tempfile
import unittest

import requests

from questions import query_event, question_events

URL = f"{os.environ['AWS_ENDPOINT_URL']}/v1/events"
TOKEN = os.environ["CV_ANALYTICS_TOKEN"]
NUMBERS = itertools.count()

# None: no header at all; "": what curl says of its own accord.
CONTENT_TYPES = [
    None, "", "application/json", "application/x-ndjson", "application/jsonlines", "application/octet-stream",
    "text/plain", "text/plain; charset=utf-8", "application/x-www-form-urlencoded", "multipart/form-data", "nonsense",
]


def events():
    """Two new events."""
    return [json.loads(query_event(f"body-{next(NUMBERS)}")) for _ in range(2)]


def forms():
    """Every form of two events, each with events of its own."""
    lines = "\n".join(json.dumps(event) for event in events())
    return {
        "lines": lines,
        "lines with an end": "\n".join(json.dumps(event) for event in events()) + "\n",
        "an array": json.dumps(events()),
        "an indented array": json.dumps(events(), indent=2),
        "one after another": "".join(json.dumps(event) for event in events()),
        "indented, one after another": "\n".join(json.dumps(event, indent=2) for event in events()),
    }


class Bodies(unittest.TestCase):
    def assert_stored(self, status, answer, count=2):
        self.assertEqual(status, 200, answer)
        self.assertEqual([result["status"] for result in json.loads(answer)["results"]], ["stored"] * count, answer)

    def curl(self, data, *arguments):
        """Gives the status and the answer."""
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            done = subprocess.run(
                ["curl", "--silent", "--show-error", "--write-out", "\n%{http_code}", "--header",
                 f"Authorization: Bearer {TOKEN}", "--data-binary", f"@{file.name}", *arguments, URL],
                capture_output=True, text=True
            )
        self.assertEqual(done.returncode, 0, done.stderr)
        answer, _, status = done.stdout.rpartition("\n")
        return int(status), answer

    def test_curl_with_each_content_type(self):
        for content_type in CONTENT_TYPES:
            header = [] if content_type == "" else ["--header", f"Content-Type:{' ' + content_type if content_type else ''}"]
            for form, text in forms().items():
                with self.subTest(content_type=content_type, form=form):
                    self.assert_stored(*self.curl(text.encode(), *header))

    def test_curl_with_gzip_and_with_chunks(self):
        for form, text in forms().items():
            with self.subTest(form=form):
                packed = gzip.compress(text.encode())
                self.assert_stored(*self.curl(packed, "--header", "Content-Encoding: gzip"))
        for form, text in forms().items():
            with self.subTest(form=form):
                self.assert_stored(*self.curl(text.encode(), "--header", "Transfer-Encoding: chunked"))
        status, answer = self.curl(b"x", "--header", "Content-Encoding: br")
        self.assertEqual(status, 415, answer)

    def test_requests(self):
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {TOKEN}"
        with session:
            for body in [
                {"json": events()},
                {"data": json.dumps(events())},
                {"data": json.dumps(events()).encode("utf-16")},
                {"data": (json.dumps(event).encode() for event in events())},
                {"data": gzip.compress(json.dumps(events()).encode()), "headers": {"Content-Encoding": "gzip"}},
            ]:
                answer = session.post(URL, timeout=30, **body)
                self.assert_stored(answer.status_code, answer.text)
            answer = session.post(URL, timeout=30, json=json.loads(query_event(f"body-{next(NUMBERS)}")))
            self.assert_stored(answer.status_code, answer.text, 1)

    def test_questions_arrive_letter_by_letter(self):
        questions = [body for _, body in question_events()]
        self.assert_stored(*self.curl("\n".join(questions).encode()), len(questions))


if __name__ == "__main__":
    unittest.main()
