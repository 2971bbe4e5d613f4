"""Every option of the template and the fewest, and the same for Terraform."""

import json
import re

from template import PARAMETERS

ALL_OPTIONS = {
    **PARAMETERS,
    "RecipientEmails": "you@example.org,me@example.org",
    "EnvironmentPrefix": "dev-",
    "Environment": "dev",
    "TableBilling": "Provisioned",
    "TableClass": "STANDARD_INFREQUENT_ACCESS",
    "PointInTimeRecovery": "false",
    "StopIntakeAtBudget": "true",
    "Architecture": "x86_64",
    "ProcessorConcurrency": 20,
    "KeepAnswers": "false",
    "LogRetentionDays": 90,
    "SilenceHours": 24,
    "JoinRateMinimumMessages": 50,
    "BudgetAmount": 9,
    "BudgetCurrency": "GBP",
    "Schedule": "cron(30 6 ? * TUE *)",
}
FEWEST = {
    **PARAMETERS, "CreateSenderIdentity": "false", "SilenceHours": 0, "FreeTierAlert": "false",
    "DeletionProtection": "false",
}
# What Terraform calls otherwise, or takes in another way.
OWN_NAMES = {
    "environment_prefix": "name_prefix", "processor_code_key": "processor_zip",
    "reporter_code_key": "reporter_zip", "code_bucket": None,
    # Its pinned provider knows 256 KiB only.
    "maximum_message_size": None,
}


def variable(parameter):
    """Terraform's name of a parameter; None where it has none."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", parameter).lower()
    return OWN_NAMES.get(name, name)


def variables_file(parameters):
    """The parameters as a file for Terraform, which takes the code from `dist/`."""
    lines = []
    for parameter, value in parameters.items():
        name = variable(parameter)
        if name == "recipient_emails":
            value = value.split(",")
        if value in ("true", "false"):
            value = value == "true"
        if name and not name.endswith("_zip"):
            lines.append(f"{name} = {json.dumps(value)}")
    return "\n".join(lines) + "\n"
