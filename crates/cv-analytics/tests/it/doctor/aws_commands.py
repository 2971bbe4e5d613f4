"""Runs commands of the AWS CLI, a JSON text with one on each line, by botocore's models of the services.

A command that the CLI would refuse, for an option that the service does not have or a value of another kind, fails. It
answers each with a line of JSON: null, or what went wrong. Its arguments are the endpoint's address and the region.
"""

import json
import shlex
import sys

import botocore.session
from botocore import xform_name


# The options that the CLI calls otherwise (awscli/customizations/argrename.py).
RENAMED = {("sns", "Endpoint"): "--notification-endpoint"}


def value_of(shape, words):
    kind = shape.type_name
    if kind == "boolean":
        return words in ([], ["true"])
    if kind == "list" and not words[:1] or words[0][:1] in "[{" and kind in ("list", "structure", "map"):
        return json.loads(words[0]) if words else []
    if kind == "list":
        return [value_of(shape.member, [word]) for word in words]
    [word] = words
    if kind in ("structure", "map"):
        pairs = (pair.split("=", 1) for pair in word.split(","))
        inner = (lambda name: shape.members[name]) if kind == "structure" else (lambda name: shape.value)
        return {name: value_of(inner(name), [text]) for name, text in pairs}
    if kind in ("integer", "long"):
        return int(word)
    if kind in ("double", "float"):
        return float(word)
    return word


def run(command, client_of):
    program, service, action, *words = shlex.split(command)
    if program != "aws":
        raise ValueError("not a command of the AWS CLI")
    client = client_of(service)
    operations = {xform_name(name, "-"): name for name in client.meta.service_model.operation_names}
    shape = client.meta.service_model.operation_model(operations[action]).input_shape
    options = {RENAMED.get((service, name), "--" + xform_name(name, "-")): name for name in shape.members}
    arguments = {}
    while words:
        option = words.pop(0)
        taken = []
        while words and not words[0].startswith("--"):
            taken.append(words.pop(0))
        if option.startswith("--no-"):
            arguments[options["--" + option.removeprefix("--no-")]] = False
        else:
            name = options[option]
            arguments[name] = value_of(shape.members[name], taken)
    getattr(client, xform_name(operations[action]))(**arguments)


def main(endpoint, region):
    session = botocore.session.Session()
    session.set_credentials("test", "test")
    clients = {}

    def client_of(service):
        if service not in clients:
            clients[service] = session.create_client(service, region_name=region, endpoint_url=endpoint)
        return clients[service]

    for line in sys.stdin:
        try:
            run(json.loads(line), client_of)
            wrong = None
        except Exception as error:
            wrong = f"{type(error).__name__}: {error}"
        print(json.dumps(wrong), flush=True)


main(*sys.argv[1:])
