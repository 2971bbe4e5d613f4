"""The code of docs/use/python.md, taken from the page: both ways of sending, and what surrounds a question."""

import datetime
import json
import os
import re
import sys
import time
import types
import unittest
import urllib.request
from pathlib import Path

from questions import question_events

PAGE = Path(__file__).resolve().parents[3] / "docs/use/python.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def block(beginning, containing=""):
    """The one block of the page that begins and contains so."""
    found = [code for code in BLOCKS if code.startswith(beginning) and containing in code]
    assert len(found) == 1, f"{len(found)} blocks begin with {beginning!r} and contain {containing!r}"
    return found[0]


def module(name, code):
    """Makes a module of the page's code, as if it were a file of that name."""
    made = types.ModuleType(name)
    sys.modules[name] = made
    exec(compile(code, f"{name}.py of python.md", "exec"), made.__dict__)
    return made


def outcomes():
    """The outcomes of this week so far."""
    year, week, _ = datetime.datetime.now(datetime.timezone.utc).isocalendar()
    request = urllib.request.Request(
        f"{os.environ['AWS_ENDPOINT_URL']}/v1/reports/{year}-W{week:02}",
        headers={"Authorization": f"Bearer {os.environ['CV_ANALYTICS_TOKEN']}"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        report = json.load(response)
    return {**report["outcomes"], "joined": report["capture"]["joined"]}


class Recipes(unittest.TestCase):
    def check(self, way):
        sqs = module("sqs", block("# sqs.py", f"import {way}\n"))
        for request_id, body in question_events():
            sqs.send_message(json.loads(body), f"{request_id}:query")

        cv_analytics = module("cv_analytics", block("# cv_analytics.py"))
        state = {"is_closed": False}
        agent = module("agent", block("from cv_analytics import"))
        agent.is_closed = lambda: state["is_closed"]
        agent.answer_from = lambda question: ("Yes.", "full")
        before = outcomes()
        self.assertEqual(agent.handle("Does she know Go?", "s-1"), "Yes.")
        state["is_closed"] = True
        agent.handle("Is anybody there?", "s-1")
        state["is_closed"] = False
        del agent.answer_from
        with self.assertRaises(NameError):
            agent.handle("Does she know Rust?", None)
        with cv_analytics.interaction("Does she know Ada?") as said:
            request_id = said["requestId"]
        for rating in ("up", "down"):
            cv_analytics.feedback(request_id, rating, "A comment.")
        with self.assertNoLogs("cv-analytics"):
            cv_analytics._senders.shutdown(wait=True)
        expected = {"answered": 2, "off_hours": 1, "error": 1, "joined": 4}
        end = time.monotonic() + 20
        while True:
            now = outcomes()
            found = {name: now[name] - before[name] for name in expected}
            if found == expected or time.monotonic() > end:
                break
            time.sleep(0.2)
        self.assertEqual(found, expected)

    def test_boto3(self):
        self.check("boto3")

    def test_requests(self):
        self.check("requests")

    def test_an_exception_keeps_a_reason_and_a_blank_question_sends_nothing(self):
        sent = []
        sys.modules["sqs"] = types.SimpleNamespace(send_message=lambda event, _: sent.append(event))
        cv_analytics = module("cv_analytics", block("# cv_analytics.py"))
        for outcome in ("answered", "no_match", "blocked", "off_hours", "quota", "ai_error"):
            with self.assertRaises(KeyError), cv_analytics.interaction("Does she know Go?") as said:
                said.update(outcome=outcome, matchType="none")
                raise KeyError
        with cv_analytics.interaction(" \n", "s-1") as said:
            said.update(matchType="none")
        cv_analytics._senders.shutdown(wait=True)
        self.assertEqual({event["query"] for event in sent}, {"Does she know Go?"})
        responses = [event for event in sent if event["eventType"] == "response"]
        self.assertEqual(len(sent), 2 * len(responses))
        self.assertCountEqual(
            [event["outcome"] for event in responses],
            ["error", "error", "blocked", "off_hours", "quota", "ai_error"],
        )
        for event in responses:
            self.assertNotIn("matchType", event)

    def test_a_queue_that_refuses_is_a_line_without_the_question(self):
        def refuse(event, _):
            raise RuntimeError(event["query"])

        sys.modules["sqs"] = types.SimpleNamespace(send_message=refuse)
        cv_analytics = module("cv_analytics", block("# cv_analytics.py"))
        with self.assertLogs("cv-analytics") as logs:
            with cv_analytics.interaction("a confidential question"):
                pass
            cv_analytics._senders.shutdown(wait=True)
        self.assertEqual(len(logs.output), 2)
        self.assertNotIn("confidential", "".join(logs.output))


if __name__ == "__main__":
    unittest.main()
