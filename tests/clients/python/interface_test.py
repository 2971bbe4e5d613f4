"""The OpenAPI document by tools of others: it is valid, the server serves it, and answers as it says."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import requests
from openapi_spec_validator import validate
from openapi_spec_validator.readers import read_from_filename

from questions import question_events

SERVER = os.environ["AWS_ENDPOINT_URL"]
DOCUMENT = Path(os.environ["OPENAPI_FILE"])
TOKEN = {"Authorization": f"Bearer {os.environ['CV_ANALYTICS_TOKEN']}"}
# Schemathesis signs nothing, the stream of what arrives does not end, and one address of two that are the same is enough.
LEFT_OUT = ["/", "/{account}/{queue}", "/live/events", "/v1/events/"]


class Interface(unittest.TestCase):
    def test_the_document_is_valid(self):
        document, place = read_from_filename(str(DOCUMENT))
        validate(document, base_uri=place)

    def test_the_server_serves_it_with_its_schemas(self):
        for file in DOCUMENT.parent.iterdir():
            answer = requests.get(f"{SERVER}/schemas/{file.name}", headers=TOKEN, timeout=10)
            self.assertEqual((answer.status_code, answer.json()), (200, json.loads(file.read_text())), file.name)

    def test_questions_are_sent_as_it_says(self):
        events = [json.loads(body) for _, body in question_events()]
        answer = requests.post(f"{SERVER}/v1/events", json=events, headers=TOKEN, timeout=10)
        self.assertEqual((answer.status_code, answer.json()["stored"]), (200, len(events)), answer.text)

    def test_the_server_answers_as_it_says(self):
        command = [
            Path(sys.executable).with_name("st"), "run", DOCUMENT, "--url", SERVER,
            "--header", f"Authorization: {TOKEN['Authorization']}", "--phases", "examples,coverage,fuzzing",
            "--max-examples", "5", "--generation-deterministic", "--request-timeout", "10", "--checks",
            "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
        ]
        command += [word for path in LEFT_OUT for word in ("--exclude-path", path)]
        # It keeps what it found in the folder that it runs in.
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, f"{done.stdout}\n{done.stderr}")


if __name__ == "__main__":
    unittest.main()
