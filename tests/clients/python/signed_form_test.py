"""A form post that is signed by hand, over as little as may be signed, with the standard library only."""

import datetime
import hashlib
import hmac
import os
import unittest
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree

from questions import query_event, question_events

QUEUE_URL = os.environ["AWS_SQS_URL"]
REGION = os.environ["AWS_REGION"]
CONTENT_TYPE = "application/x-www-form-urlencoded"
NAMESPACE = {"sqs": "http://queue.amazonaws.com/doc/2012-11-05/"}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def hmac_sha256(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signed_request(fields, url=QUEUE_URL, secret=os.environ["AWS_SECRET_ACCESS_KEY"], now=None, host=None):
    """Signs `content-type;host;x-amz-date` (AWS Signature Version 4); `host` is another than the URL's."""
    body = urllib.parse.urlencode(fields).encode()
    parts = urllib.parse.urlsplit(url)
    date = (now or datetime.datetime.now(datetime.timezone.utc)).strftime("%Y%m%dT%H%M%SZ")
    signed_headers = "content-type;host;x-amz-date"
    canonical = "\n".join(["POST", parts.path or "/", "", f"content-type:{CONTENT_TYPE}", f"host:{host or parts.netloc}",
                           f"x-amz-date:{date}", "", signed_headers, sha256(body)])
    scope = f"{date[:8]}/{REGION}/sqs/aws4_request"
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac_sha256(key, part)
    to_sign = "\n".join(["AWS4-HMAC-SHA256", date, scope, sha256(canonical.encode())])
    signature = hmac_sha256(key, to_sign).hex()
    credential = f"{os.environ['AWS_ACCESS_KEY_ID']}/{scope}"
    return urllib.request.Request(url, data=body, method="POST", headers={
        "Content-Type": CONTENT_TYPE,
        "X-Amz-Date": date,
        "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={signed_headers}, "
                         f"Signature={signature}",
    })


def post(request):
    """Gives the status and the answer's XML."""
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, ElementTree.fromstring(response.read())
    except urllib.error.HTTPError as error:
        return error.code, ElementTree.fromstring(error.read())


def send_fields(body, **fields):
    return {"Action": "SendMessage", "Version": "2012-11-05", "MessageBody": body, "MessageGroupId": "form", **fields}


class SignedForm(unittest.TestCase):
    def send(self, body, **fields):
        status, answer = post(signed_request(send_fields(body, **fields)))
        self.assertEqual(status, 200)
        self.assertEqual(answer.findtext(".//sqs:MD5OfMessageBody", namespaces=NAMESPACE),
                         hashlib.md5(body.encode()).hexdigest())
        self.assertRegex(answer.findtext(".//sqs:SequenceNumber", namespaces=NAMESPACE), r"^[0-9]{20}$")
        self.assertTrue(answer.findtext(".//sqs:RequestId", namespaces=NAMESPACE))
        return answer.findtext(".//sqs:MessageId", namespaces=NAMESPACE)

    def assert_refused(self, request, status, code):
        found, answer = post(request)
        self.assertEqual((found, answer.findtext(".//{*}Code")), (status, code))

    def test_a_message_is_taken_and_deduplicated(self):
        first = self.send(query_event("by-id"), MessageDeduplicationId="by-id:query")
        self.assertEqual(self.send(query_event("by-id", "other"), MessageDeduplicationId="by-id:query"), first)
        by_content = self.send(query_event("by-content"))
        self.assertEqual(self.send(query_event("by-content")), by_content)
        self.assertNotEqual(by_content, first)

    def test_questions_arrive_letter_by_letter(self):
        for request_id, body in question_events():
            self.send(body, MessageGroupId=request_id, MessageDeduplicationId=f"{request_id}:query")

    def test_the_root_takes_the_queue_as_a_field(self):
        root = urllib.parse.urljoin(QUEUE_URL, "/")
        status, _ = post(signed_request(send_fields(query_event("root"), QueueUrl=QUEUE_URL), url=root))
        self.assertEqual(status, 200)

    def test_a_signer_that_leaves_the_port_out_is_taken(self):
        host = urllib.parse.urlsplit(QUEUE_URL).hostname
        status, _ = post(signed_request(send_fields(query_event("no-port")), host=host))
        self.assertEqual(status, 200)
        self.assert_refused(signed_request(send_fields(query_event("other-host")), host="other.example"),
                            403, "SignatureDoesNotMatch")

    def test_what_is_not_signed_right_is_refused(self):
        body = query_event("refused")
        self.assert_refused(signed_request(send_fields(body), secret="wrong"), 403, "SignatureDoesNotMatch")
        changed = signed_request(send_fields(body))
        changed.data = changed.data + b"&DelaySeconds=0"
        self.assert_refused(changed, 403, "SignatureDoesNotMatch")
        hour_ago = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
        found, _ = post(signed_request(send_fields(body), now=hour_ago))
        self.assertEqual(found, 403)
        unsigned = signed_request(send_fields(body))
        unsigned.remove_header("Authorization")
        found, _ = post(unsigned)
        self.assertEqual(found, 403)

    def test_an_unknown_queue_is_named_so(self):
        request = signed_request(send_fields(query_event("nowhere")), url=QUEUE_URL.replace("events", "other"))
        self.assert_refused(request, 400, "AWS.SimpleQueueService.NonExistentQueue")


if __name__ == "__main__":
    unittest.main()
