"""What every suite sends: the questions of `questions.json` as query events."""

import json
import os
from pathlib import Path


def question_events():
    """Gives `(request_id, body)` of each question."""
    questions = json.loads(Path(os.environ["QUESTIONS_FILE"]).read_text(encoding="utf-8"))
    return [(f"question-{index}", query_event(f"question-{index}", text)) for index, text in enumerate(questions)]


def query_event(request_id, text="Do you know Rust?"):
    """Gives the body of a query event."""
    event = {"eventType": "query", "requestId": request_id, "timestamp": 1763000000000, "query": text}
    return json.dumps(event, ensure_ascii=False)
