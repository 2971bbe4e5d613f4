"""Between one principal and AWS: hands every call on, and notes it as IAM sees it."""

import http.client
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from template import ACCOUNT

# A batch asks for the right on the single call:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
BATCHES = {
    "SendMessageBatch": "SendMessage", "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}
# SES's second API asks for the first one's right as well where a message is raw data:
# https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html
MAIL_PATH, RAW_MAIL = "/v2/email/outbound-emails", ("ses:SendEmail", "ses:SendRawEmail")


@dataclass(frozen=True)
class Call:
    """One action on one resource: what a policy has to allow."""

    action: str
    resource: str
    # Condition keys.
    context: tuple = ()


@dataclass
class Request:
    """What was asked of AWS."""

    path: str
    headers: dict
    body: bytes
    access_key: str = field(init=False)
    region: str = field(init=False)
    service: str = field(init=False)

    def __post_init__(self):
        signature = self.headers.get("authorization", "")
        found = re.search(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request", signature)
        if not found:
            raise ValueError(f"a request to {self.path} is not signed")
        self.access_key, self.region, self.service = found.groups()

    @property
    def operation(self):
        """The call's name in AWS's API."""
        target = self.headers.get("x-amz-target")
        if target:
            return target.rpartition(".")[2]
        form = parse_qs(self.body.decode(errors="replace"))
        if "Action" in form:
            return form["Action"][0]
        if self.service == "ses" and urlsplit(self.path).path == MAIL_PATH:
            return "SendEmail"
        raise ValueError(f"no name is known for {self.service} {self.path}")

    @property
    def parameters(self):
        if "x-amz-target" in self.headers or self.service == "ses":
            return json.loads(self.body)
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}

    def calls(self):
        """What a policy has to allow for it."""
        of = {"sqs": self.of_queue, "dynamodb": self.of_table, "ses": self.of_mail}
        if self.service not in of:
            raise ValueError(f"what {self.service} asks of IAM is not known here")
        return of[self.service]()

    def arn(self, service, name):
        return f"arn:aws:{service}:{self.region}:{ACCOUNT}:{name}"

    def of_queue(self):
        operation = BATCHES.get(self.operation, self.operation)
        name = self.parameters["QueueUrl"].rpartition("/")[2]
        return [Call(f"sqs:{operation}", self.arn("sqs", name))]

    def of_table(self):
        given = self.parameters
        tables = given["RequestItems"] if "RequestItems" in given else [given["TableName"]]
        index = f"/index/{given['IndexName']}" if "IndexName" in given else ""
        action = f"dynamodb:{self.operation}"
        return [Call(action, self.arn("dynamodb", f"table/{table}{index}")) for table in tables]

    def of_mail(self):
        given = self.parameters
        actions = RAW_MAIL if "Raw" in given["Content"] else RAW_MAIL[:1]
        sender = given["FromEmailAddress"]
        # In SES's sandbox the recipients' identities are asked for, too.
        identities = [sender, *given["Destination"]["ToAddresses"]]
        context = (("ses:FromAddress", sender),)
        return [
            Call(action, self.arn("ses", f"identity/{identity}"), context)
            for action in actions for identity in identities
        ]


class RecordingProxy:
    """Serves on a free port in the place of `endpoint`."""

    def __init__(self, endpoint):
        self.upstream = urlsplit(endpoint)
        self.requests, self.not_understood = [], []
        # Gives the answer to a request that is not to reach AWS, as (status, JSON).
        self.refusal = lambda request: None
        handler = type("Handler", (Handler,), {"proxy": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def calls(self):
        """Everything that was asked for so far."""
        if self.not_understood:
            raise AssertionError(f"requests that have no name in IAM here: {self.not_understood}")
        return {call for request in self.requests for call in request.calls()}

    def answer(self, method, path, headers, body):
        """The status, header fields and body for one request."""
        try:
            request = Request(path, {name.lower(): value for name, value in headers}, body)
            request.calls()
            refused = self.refusal(request)
            self.requests.append(request)
        except (ValueError, KeyError) as error:
            self.not_understood.append(repr(error))
            refused = None
        if refused:
            status, document = refused
            return status, [("Content-Type", "application/x-amz-json-1.0")], json.dumps(document).encode()
        connection = http.client.HTTPConnection(self.upstream.hostname, self.upstream.port)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Of each connection, not of the whole.
    OWN = {"connection", "transfer-encoding", "content-length", "keep-alive"}

    def log_message(self, *words):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, headers, answer = self.proxy.answer(self.command, self.path, self.headers.items(), body)
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in self.OWN:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_PUT = do_DELETE = do_POST
